//! `run_state`: what holds for a run now, derived from the run, its events and signatures by one function.

use crate::{
    Error, Reading, Result, Writing,
    ids::RunId,
    review::{Decision, ReviewEvent},
    run::{Identity, Run, RunStatus},
    signature::{Meaning, Signature},
    words::words,
};
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;
use std::collections::BTreeSet;

words! {
    /// What is to be done with a run, or was.
    pub enum Disposition("disposition") {
        /// It has no results (yet).
        None = "none",
        /// Nobody has said whose plate it is.
        WaitingSample = "waiting-sample",
        /// A person must look.
        ToReview = "to-review",
        /// It counts.
        Accepted = "accepted",
        /// It does not count.
        Rejected = "rejected",
        /// A run made to replace it has been accepted.
        Superseded = "superseded",
    }
}

words! {
    /// The furthest signature that still holds.
    pub enum Signed("signature state") {
        /// Nobody has signed.
        No = "",
        /// Somebody had, but the run was reviewed afterwards.
        Void = "void",
        /// Performed.
        Performed = "performed",
        /// Reviewed.
        Reviewed = "reviewed",
        /// Approved.
        Approved = "approved",
    }
}

/// What holds for a run now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RunState {
    /// How far it is.
    pub status: RunStatus,
    /// What is to be done with it.
    pub disposition: Disposition,
    /// Whose plate it is.
    pub identity: Identity,
    /// Whether the program wanted a person to look.
    pub needs_review: bool,
    /// Whether two people decided without knowing of each other, and nobody has decided since.
    pub conflict: bool,
    /// The furthest signature that still holds.
    pub signed: Signed,
    /// Its newest event; 0 for none.
    pub last_event_seq: i64,
    /// The event whose results hold; `None` while they are the run's own.
    pub final_event_seq: Option<i64>,
    /// The end points that hold, as JSON.
    pub distribution: String,
}

/// What [`derive`] needs to know of a run.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) status: RunStatus,
    pub(crate) identity: &'a Identity,
    pub(crate) needs_review: bool,
    pub(crate) distribution: String,
    /// Whether a run made to replace it has been accepted.
    pub(crate) replaced: bool,
}

/// What holds for a run.
pub(crate) fn derive(facts: &Facts<'_>, events: &[ReviewEvent], signatures: &[Signature]) -> RunState {
    let mut identity = facts.identity.clone();
    let (mut decided, mut decided_seq) = (None, 0);
    for event in events.iter().filter(|event| !event.undone) {
        match &event.decision {
            Decision::Sample(newer) => identity = newer.clone(),
            Decision::Accept => decided = Some(Disposition::Accepted),
            Decision::Reject => decided = Some(Disposition::Rejected),
            Decision::Override { .. } | Decision::Grid { .. } | Decision::Undo { .. } => {}
        }
        if matches!(event.decision, Decision::Accept | Decision::Reject) && !event.late {
            decided_seq = event.seq;
        }
    }
    let conflict = events.iter().any(|event| event.late && event.seq > decided_seq);
    let automatic = if facts.needs_review { Disposition::ToReview } else { Disposition::Accepted };
    let disposition = match (facts.status, decided.unwrap_or(automatic)) {
        (RunStatus::Completed, Disposition::Rejected) => Disposition::Rejected,
        (RunStatus::Completed, _) if facts.replaced => Disposition::Superseded,
        (RunStatus::Completed, _) if identity.sample_no.is_empty() => Disposition::WaitingSample,
        (RunStatus::Completed, _) if conflict => Disposition::ToReview,
        (RunStatus::Completed, decided) => decided,
        _ => Disposition::None,
    };
    let last_event_seq = events.last().map_or(0, |event| event.seq);
    let reviewed = events.iter().rev().find_map(|event| Some((event.seq, event.distribution.clone()?)));
    let (final_event_seq, distribution) =
        reviewed.map_or_else(|| (None, facts.distribution.clone()), |(seq, distribution)| (Some(seq), distribution));
    RunState {
        status: facts.status,
        disposition,
        identity,
        needs_review: facts.needs_review,
        conflict,
        signed: signed(signatures, last_event_seq),
        last_event_seq,
        final_event_seq,
        distribution,
    }
}

impl RunState {
    /// Whether it is what follows from the run alone, before anybody has decided anything and without later runs.
    pub(crate) fn is_plain(&self, run: &Run) -> bool {
        let plain = match (self.status, self.needs_review) {
            (RunStatus::Completed, _) if run.identity.sample_no.is_empty() => Disposition::WaitingSample,
            (RunStatus::Completed, true) => Disposition::ToReview,
            (RunStatus::Completed, false) => Disposition::Accepted,
            _ => Disposition::None,
        };
        self.last_event_seq == 0 && self.signed == Signed::No && self.disposition == plain
    }

    /// Whether both are found by the same words and filters.
    fn found_alike(&self, other: &Self) -> bool {
        self.identity == other.identity
            && self.status == other.status
            && self.disposition == other.disposition
            && self.needs_review == other.needs_review
    }
}

fn signed(signatures: &[Signature], last_event_seq: i64) -> Signed {
    let holding = signatures.iter().filter(|signature| signature.covers_seq >= last_event_seq);
    match holding.map(|signature| signature.meaning).max() {
        Some(Meaning::Performed) => Signed::Performed,
        Some(Meaning::Reviewed) => Signed::Reviewed,
        Some(Meaning::Approved) => Signed::Approved,
        None if signatures.is_empty() => Signed::No,
        None => Signed::Void,
    }
}

impl Writing<'_> {
    /// Brings a run's state, those of the runs it was made to replace, and their samples' summaries up to date.
    pub(crate) fn derive_run(&self, id: RunId) -> Result<()> {
        let mut samples = BTreeSet::new();
        let mut next = Some(id);
        while let Some(id) = next {
            let run = self.run(id)?;
            let (old, new) = (self.find_state(id)?, self.computed_state(&run)?);
            if old.as_ref() == Some(&new) {
                break;
            }
            self.put_state(&run, &new)?;
            // What holds at first for a run that is over, the hub derives by itself from the run.
            if old.as_ref().is_some_and(|old| old.status.is_over()) {
                self.tell_state(id, &new)?;
            }
            if old.as_ref().is_none_or(|old| !old.found_alike(&new)) {
                self.index_run(run.seq)?;
            }
            samples.extend(old.map(|old| old.identity.sample_no));
            samples.insert(new.identity.sample_no);
            next = run.supersedes;
        }
        self.summarise(&samples)
    }

    /// Tells the hub what holds for a run that is over.
    pub(crate) fn tell_state(&self, id: RunId, state: &RunState) -> Result<()> {
        let RunState { status, disposition, identity, needs_review, conflict, signed, last_event_seq, .. } = state;
        let distribution: serde_json::Value = serde_json::from_str(&state.distribution)?;
        let told = serde_json::json!({
            "run_id": id, "status": status, "disposition": disposition, "identity": identity,
            "needs_review": needs_review, "conflict": conflict, "signed": signed, "last_event_seq": last_event_seq,
            "distribution": distribution,
        });
        self.tell_hub("run-state", &told)
    }

    pub(crate) fn put_state(&self, run: &Run, state: &RunState) -> Result<()> {
        let RunState { identity, .. } = state;
        self.execute(
            "INSERT INTO run_state (seq, run_id, status, disposition, sample_no, submission_no, plate_no, assay_id,
               predict_at, needs_review, conflict, signed, last_event_seq, final_event_seq, distribution)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (seq) DO UPDATE SET status = ?3, disposition = ?4, sample_no = ?5, submission_no = ?6,
               plate_no = ?7, predict_at = ?9, needs_review = ?10, conflict = ?11, signed = ?12,
               last_event_seq = ?13, final_event_seq = ?14, distribution = ?15",
            params![
                run.seq,
                run.id,
                state.status,
                state.disposition,
                identity.sample_no,
                identity.submission_no,
                identity.plate_no,
                run.assay.id,
                run.predict_at.utc_ms,
                state.needs_review,
                state.conflict,
                state.signed,
                state.last_event_seq,
                state.final_event_seq,
                state.distribution
            ],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// What holds for a run now.
    pub fn run_state(&self, id: RunId) -> Result<RunState> {
        self.find_state(id)?.ok_or_else(|| Error::not_found("run", &id))
    }

    pub(crate) fn find_state(&self, id: RunId) -> Result<Option<RunState>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT status, disposition, sample_no, submission_no, plate_no, needs_review, conflict, signed,
               last_event_seq, final_event_seq, distribution FROM run_state WHERE run_id = ?1",
        )?;
        let state = statement.query_row(params![id], |row| {
            Ok(RunState {
                status: row.get(0)?,
                disposition: row.get(1)?,
                identity: Identity { sample_no: row.get(2)?, submission_no: row.get(3)?, plate_no: row.get(4)? },
                needs_review: row.get(5)?,
                conflict: row.get(6)?,
                signed: row.get(7)?,
                last_event_seq: row.get(8)?,
                final_event_seq: row.get(9)?,
                distribution: row.get(10)?,
            })
        });
        Ok(state.optional()?)
    }

    /// What holds for a run, worked out anew; of other states only those of the runs made to replace it are used.
    pub(crate) fn computed_state(&self, run: &Run) -> Result<RunState> {
        let connection = self.connection();
        let mut replacing = connection.prepare_cached(
            "SELECT count(*) FROM prediction_run r JOIN run_state s ON s.seq = r.seq
             WHERE r.supersedes = ?1 AND s.disposition IN ('accepted', 'superseded')",
        )?;
        let replaced: i64 = replacing.query_row(params![run.id], |row| row.get(0))?;
        let mut first = connection.prepare_cached(
            "SELECT json_extract(results, '$.distribution') FROM interface_results WHERE run_id = ?1",
        )?;
        let distribution: Option<String> = first.query_row(params![run.id], |row| row.get(0)).optional()?;
        let facts = Facts {
            status: run.status,
            identity: &run.identity,
            needs_review: run.needs_review,
            distribution: distribution.unwrap_or_else(|| "{}".to_owned()),
            replaced: replaced > 0,
        };
        Ok(derive(&facts, &self.events(run.id)?, &self.signatures(run.id)?))
    }
}
