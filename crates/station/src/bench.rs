//! The bench: what a technician sees at a glance, and what needs a person now.

use crate::{Station, intake::next_plate, views::RunDetail};
use serde::Serialize;
use std::path::PathBuf;
use wellread_store::{
    Disposition, Health, HealthStatus, Identity, InterfaceStatus, Page, RunFilter, RunId, RunLine, RunStatus,
};

/// Plates shown beside the one just read.
const RECENT: u32 = 12;

/// The bench at one moment.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Bench {
    /// The watched folder.
    pub inbox: Option<PathBuf>,
    /// Whether it can be reached.
    pub inbox_online: bool,
    /// How the parts of the station are, as last noted.
    pub parts: Vec<Health>,
    /// Runs by what is to be done with them.
    pub runs: Vec<(Disposition, u64)>,
    /// The run that ended last.
    pub latest: Option<RunDetail>,
    /// The newest runs.
    pub recent: Vec<RunLine>,
    /// Plates entered and not yet come.
    pub next_plates: Vec<Identity>,
    /// What needs a person, the most urgent first.
    pub attention: Vec<Attention>,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Attention {
    /// A part of the station is not well.
    Part {
        /// Which.
        part: String,
        /// How it is.
        status: HealthStatus,
        /// In words, with what to do.
        message: String,
    },
    /// Runs of which nobody has said whose plate they are.
    WaitingSample {
        /// How many.
        runs: u64,
    },
    /// Runs that a person must look at.
    ToReview {
        /// How many.
        runs: u64,
    },
    /// Pictures in which no plate could be read, and that nobody has dealt with.
    Failed {
        /// How many, at most a page.
        runs: u64,
    },
    /// Interface files that were refused or could not be made.
    InterfaceFailed {
        /// How many, at most a page.
        files: u64,
    },
}

impl Station {
    /// The bench as it is now.
    pub fn bench(&self) -> anyhow::Result<Bench> {
        let inbox = self.settings()?.intake.inbox;
        let (bench, latest) = self.read(|reading| {
            let recent = reading.runs(&RunFilter::default(), Page::first(RECENT))?.rows;
            let most = Page::first(Page::MOST_ROWS);
            let files = reading.interface_files(None, Some(InterfaceStatus::Failed), most)?.rows.len();
            let unread = RunFilter {
                status: Some(RunStatus::Failed),
                disposition: Some(Disposition::None),
                ..RunFilter::default()
            };
            let unread = reading.runs(&unread, most)?.rows.len();
            let (parts, runs) = (reading.health()?, reading.run_counts()?);
            let attention = attention(&parts, &runs, unread as u64, files as u64);
            let is_over = |line: &&RunLine| matches!(line.status, RunStatus::Completed | RunStatus::Failed);
            let latest: Option<RunId> = recent.iter().find(is_over).map(|line| line.run_id);
            let bench = Bench {
                inbox_online: inbox.as_ref().is_some_and(|inbox| inbox.is_dir()),
                inbox,
                parts,
                runs,
                latest: None,
                recent,
                next_plates: next_plate::waiting(reading)?,
                attention,
            };
            Ok((bench, latest))
        })?;
        Ok(Bench { latest: latest.map(|id| self.run(id)).transpose()?, ..bench })
    }
}

fn attention(parts: &[Health], runs: &[(Disposition, u64)], failed_runs: u64, failed_files: u64) -> Vec<Attention> {
    let count = |wanted| runs.iter().find(|(is, _)| *is == wanted).map_or(0, |(_, count)| *count);
    let ill = parts.iter().filter(|part| part.status != HealthStatus::Healthy).map(|part| Attention::Part {
        part: part.service.clone(),
        status: part.status,
        message: part.message.clone(),
    });
    let counted = [
        (failed_runs, Attention::Failed { runs: failed_runs }),
        (count(Disposition::WaitingSample), Attention::WaitingSample { runs: count(Disposition::WaitingSample) }),
        (failed_files, Attention::InterfaceFailed { files: failed_files }),
        (count(Disposition::ToReview), Attention::ToReview { runs: count(Disposition::ToReview) }),
    ];
    ill.chain(counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, what)| what)).collect()
}
