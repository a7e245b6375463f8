//! A trial of models on plates that were read before: what would be called otherwise, before anybody switches.

use crate::{
    Station,
    eyes::Eyes,
    judged::Judged,
    people::{Permission, Session},
    steps::Steps,
};
use anyhow::Context as _;
use serde::Serialize;
use wellread_plate::{
    class::{Call, WellClass},
    format::WellId,
    interpret::{CalledWell, interpret},
    reading::OrientationBy,
};
use wellread_store::{Page, RunFilter, RunId, RunLine, RunStatus};

/// The most changes listed one by one.
const MOST_LISTED: usize = 2_000;
/// The most plates of one trial.
pub const MOST_RUNS: u32 = 1_000;

/// What a trial found.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Trial {
    /// Plates read again.
    pub runs: u64,
    /// Their wells.
    pub wells: u64,
    /// Wells of another class than what holds now.
    pub classes_changed: u64,
    /// Of them, those of another call.
    pub calls_changed: u64,
    /// Which; calls first within a plate.
    pub changed: Vec<TrialChange>,
    /// How many more there are.
    pub more: u64,
    /// Plates that these models could not read.
    pub failed: Vec<TrialFailure>,
}

/// A well that would be judged otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TrialChange {
    /// The plate's run.
    pub run_id: RunId,
    /// Its sample number.
    pub sample_no: String,
    /// Its plate number.
    pub plate_no: String,
    /// The well.
    pub well: WellId,
    /// The class that holds.
    pub class_before: WellClass,
    /// The class these models give.
    pub class_after: WellClass,
    /// The call that holds.
    pub call_before: Call,
    /// The call that would follow.
    pub call_after: Call,
}

/// A plate that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TrialFailure {
    /// Its run.
    pub run_id: RunId,
    /// Why.
    pub why: String,
}

impl Station {
    /// Reads the newest completed plates again with a set of models, and compares with what holds. Nothing is recorded.
    pub fn try_models(&self, session: &Session, set: &str, runs: u32, steps: &Steps) -> anyhow::Result<Trial> {
        self.ask(session, Permission::ConfigWrite, |_| Ok(()))?;
        let eyes = Eyes::open(Some(&self.set_folder(set)?), 1).context("these models cannot be used")?;
        let filter = RunFilter { status: Some(RunStatus::Completed), ..RunFilter::default() };
        let newest = self.runs(&filter, Page::first(runs.clamp(1, MOST_RUNS)))?.rows;
        let mut trial = Trial::default();
        let total = newest.len() as u64;
        for (done, run) in newest.iter().enumerate() {
            steps.reached(done as u64, Some(total))?;
            match self.compare(&eyes, run) {
                Ok((wells, changes)) => trial.count(wells, changes),
                Err(why) => trial.failed.push(TrialFailure { run_id: run.run_id, why: format!("{why:#}") }),
            }
        }
        Ok(trial)
    }

    /// How many wells a plate has, and those that would be judged otherwise.
    fn compare(&self, eyes: &Eyes, line: &RunLine) -> anyhow::Result<(usize, Vec<TrialChange>)> {
        let judged = self.read(|reading| Judged::load(reading, line.run_id))?;
        let picture = self.blobs().get(&line.image_sha256.to_string())?;
        let decoded = eyes.decode(&picture).map_err(|unseen| anyhow::anyhow!(unseen.message))?;
        // Where a person put the wells they stay; else finding them is part of what is tried.
        let by_hand = judged.run.grid.as_ref().filter(|grid| grid.orientation.by == OrientationBy::Calibration);
        let seen = eyes.look(&decoded.raster, &judged.assay.classes, by_hand);
        let reading = seen.map_err(|unseen| anyhow::anyhow!(unseen.message))?.reading;
        let after = interpret(&reading, &judged.assay)?;
        let before = judged.with(&judged.calls());
        let pairs = before.wells.iter().zip(&after.wells).filter(|(old, new)| old.class != new.class);
        let mut changes: Vec<_> = pairs.map(|(old, new)| change(line, old, new)).collect();
        changes.sort_by_key(|change| change.call_before == change.call_after);
        Ok((before.wells.len(), changes))
    }
}

fn change(line: &RunLine, old: &CalledWell, new: &CalledWell) -> TrialChange {
    TrialChange {
        run_id: line.run_id,
        sample_no: line.identity.sample_no.clone(),
        plate_no: line.identity.plate_no.clone(),
        well: old.well,
        class_before: old.class.clone(),
        class_after: new.class.clone(),
        call_before: old.label,
        call_after: new.label,
    }
}

impl Trial {
    fn count(&mut self, wells: usize, changes: Vec<TrialChange>) {
        self.runs += 1;
        self.wells += wells as u64;
        self.classes_changed += changes.len() as u64;
        self.calls_changed += changes.iter().filter(|change| change.call_before != change.call_after).count() as u64;
        let room = MOST_LISTED.saturating_sub(self.changed.len());
        self.more += changes.len().saturating_sub(room) as u64;
        self.changed.extend(changes.into_iter().take(room));
    }
}
