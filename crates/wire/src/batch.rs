//! `POST /v1/stations/{id}/log`: records of a station's log, in order.

use crate::chain::{Link, Sha256};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A push. Its records are `first_seq`, `first_seq + 1`, …
#[derive(Debug, Serialize, Deserialize)]
pub struct Batch {
    /// The hub's epoch, as the station knows it.
    pub epoch: Uuid,
    /// Which writer of its log the station is.
    pub incarnation: u32,
    /// The place of the first record.
    pub first_seq: i64,
    /// The hash of the record before it.
    pub after: Sha256,
    /// The hash of the last record; those between follow from the chain.
    pub last: Sha256,
    /// The records, at least one.
    pub records: Vec<Record>,
}

/// A record, without what follows from its neighbours.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    /// What it tells of.
    pub kind: String,
    /// The version of its payload.
    #[serde(rename = "v")]
    pub schema_version: i64,
    /// Who made it true.
    pub actor: String,
    /// When, in milliseconds since 1970 by the station's clock.
    pub at_ms: i64,
    /// What the local clock showed beside it, in minutes east of UTC.
    pub offset_min: i32,
    /// The payload, to the letter, because the hash covers it.
    pub payload: Box<RawValue>,
}

/// Whether a record counts as a run in [`crate::MOST_RUNS`]: those with results and those without.
pub fn is_run(kind: &str) -> bool {
    matches!(kind, "run" | "run-failed")
}

/// A place of a batch is none: the chain does not end in the hash it states.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the records do not chain up from {after} to {last}: the station must send them again from its log")]
pub struct BrokenChain {
    after: Sha256,
    last: Sha256,
}

impl Batch {
    /// The hash of every record, each built on the one before.
    pub fn hashes(&self) -> Result<Vec<Sha256>, BrokenChain> {
        let mut previous = self.after;
        let mut hashes = Vec::with_capacity(self.records.len());
        for (record, seq) in self.records.iter().zip(self.first_seq..) {
            previous = record.link(seq).hash(&previous);
            hashes.push(previous);
        }
        if previous == self.last { Ok(hashes) } else { Err(BrokenChain { after: self.after, last: self.last }) }
    }
}

impl Record {
    /// What its hash covers, at a place.
    pub fn link(&self, seq: i64) -> Link<'_> {
        Link {
            seq,
            kind: &self.kind,
            schema_version: self.schema_version,
            payload: self.payload.get(),
            actor: &self.actor,
            at_ms: self.at_ms,
            offset_min: self.offset_min,
        }
    }
}

/// The answer to a [`Batch`]: everything of it is kept, or was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// The last record that the hub has.
    pub acked_seq: i64,
    /// What became of each record sent, in order.
    pub outcomes: Vec<Outcome>,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Its rows are there.
    Applied,
    /// It told what the hub knew: its rows were there already.
    Known,
    /// It is kept aside, because the hub cannot make rows of it.
    Quarantined {
        /// Why, for programs.
        code: String,
        /// Why, for people.
        reason: String,
    },
}
