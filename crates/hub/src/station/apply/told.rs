//! A record and what it tells, or why it tells nothing to this hub.

use serde_json::Value;
use uuid::Uuid;
use wellread_wire::{
    batch::{Outcome, Record},
    event::{Event, EventError},
};

/// A record at its place.
#[derive(Debug)]
pub(in crate::station) struct Told {
    /// Its place.
    pub(in crate::station) seq: i64,
    /// As it came.
    pub(in crate::station) record: Record,
    /// What it tells.
    pub(in crate::station) event: Result<Event, Refused>,
}

/// Why a record is kept aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::station) struct Refused {
    code: String,
    reason: String,
}

impl Told {
    /// Reads records that follow one another.
    pub(in crate::station) fn read_all(records: Vec<Record>, first_seq: i64) -> Vec<Self> {
        records.into_iter().zip(first_seq..).map(|(record, seq)| Self::read(record, seq)).collect()
    }

    /// Reads a record.
    pub(in crate::station) fn read(record: Record, seq: i64) -> Self {
        let event = Event::read(&record.kind, record.schema_version, record.payload.get());
        let event = event.map_err(|why| Refused::unreadable(&why)).and_then(|event| match why_not(&event) {
            Some(refused) => Err(refused),
            None => Ok(event),
        });
        Self { seq, record, event }
    }

    /// The account that made it true, where it was one.
    pub(super) fn account(&self) -> Option<Uuid> {
        self.record.actor.parse().ok()
    }

    /// The run it is about.
    pub(in crate::station) fn run_id(&self) -> Option<Uuid> {
        match self.event.as_ref().ok()? {
            Event::Run(run) => Some(run.head.run_id),
            Event::RunFailed(run) => Some(run.head.run_id),
            Event::RunState(state) => Some(state.run_id),
            Event::Review(review) => Some(review.run_id),
            Event::Signature(signature) => Some(signature.run_id),
            _ => None,
        }
    }

    /// What those who watch are told that changed.
    pub(in crate::station) fn change_kind(&self) -> Option<&'static str> {
        Some(match self.event.as_ref().ok()? {
            Event::Run(_) | Event::RunFailed(_) => "run",
            Event::RunState(_) => "run-state",
            Event::Review(_) => "review",
            Event::Signature(_) => "signature",
            Event::InterfaceFile(_) => "interface-file",
            Event::Rejection(_) => "rejection",
            Event::User(_) | Event::Config(_) | Event::Layout(_) | Event::Assay(_) => "station-reference",
        })
    }
}

impl Refused {
    pub(super) fn new(code: &str, reason: impl Into<String>) -> Self {
        Self { code: code.to_owned(), reason: reason.into() }
    }

    fn unreadable(why: &EventError) -> Self {
        Self::new(why.code(), why.to_string())
    }

    /// PostgreSQL takes no such rows.
    pub(super) fn rows(code: &str, message: &str, constraint: &str) -> Self {
        let rule = if constraint.is_empty() { code.to_owned() } else { format!("{code}, {constraint}") };
        Self::new("rows-refused", format!("the database refuses its rows: {message} ({rule})"))
    }

    /// The run was told otherwise before.
    pub(super) fn run_differs(run: Uuid) -> Self {
        Self::new(
            "run-differs",
            format!("the hub has run {run} already with other content: compare both and keep the right one"),
        )
    }

    /// The run that it is about never came.
    pub(super) fn run_missing(run: Uuid) -> Self {
        let why = format!("the hub has no run {run}: if the run is in quarantine, retry that one, and this follows");
        Self::new(RUN_MISSING, why)
    }

    /// The run that it is about is another station's.
    pub(super) fn run_foreign(run: Uuid) -> Self {
        Self::new("run-foreign", format!("run {run} is another station's, and only that one tells about it"))
    }

    pub(in crate::station) fn outcome(&self) -> Outcome {
        Outcome::Quarantined { code: self.code.clone(), reason: self.reason.clone() }
    }
}

/// What waits for its run.
pub(in crate::station) const RUN_MISSING: &str = "run-missing";

/// What no constraint says, or says only in riddles.
fn why_not(event: &Event) -> Option<Refused> {
    match event {
        Event::Run(run) => {
            let distribution = run.made.results.get("distribution");
            (run.head.status != "completed")
                .then(|| Refused::new("status", format!("a run with results is completed, not '{}'", run.head.status)))
                .or_else(|| not_a_distribution(distribution.unwrap_or(&Value::Null)))
        }
        Event::RunFailed(run) => (run.head.status != "failed")
            .then(|| Refused::new("status", format!("a run without results has failed, not '{}'", run.head.status))),
        Event::RunState(state) => state.distribution.values().find_map(not_a_count),
        _ => None,
    }
}

fn not_a_distribution(value: &Value) -> Option<Refused> {
    match value {
        Value::Object(counts) => counts.values().find_map(not_a_count),
        _ => Some(Refused::new("distribution", "its results have no distribution: an object of end points and counts")),
    }
}

fn not_a_count(value: &Value) -> Option<Refused> {
    let is_count = value.as_i64().is_some_and(|count| (0..=i64::from(i32::MAX)).contains(&count));
    (!is_count).then(|| Refused::new("distribution", format!("'{value}' is no count of series")))
}
