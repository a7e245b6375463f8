//! The first thing that a station asks at every sync: where do we stand?

use crate::chain::Sha256;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A place of a log and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The place.
    pub seq: i64,
    /// The hash.
    pub hash: Sha256,
}

/// `POST /v1/stations/{id}/contact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Which writer of its log the station is.
    pub incarnation: u32,
    /// The last record of its log; `None` for an empty one.
    pub log_head: Option<Head>,
    /// The last entry of its audit trail, which the hub keeps.
    pub audit_head: Option<Head>,
    /// Records that the hub has not acknowledged.
    pub pending: u64,
    /// For how long the oldest of them has waited, in milliseconds by the station's clock.
    pub oldest_age_ms: Option<i64>,
    /// Pictures that the hub has not verified.
    pub blobs_pending: u64,
    /// The last entry of the hub's feed that the station has applied.
    pub feed_seq: i64,
    /// What the station's clock shows, in milliseconds since 1970.
    pub clock_ms: i64,
    /// The program's version.
    pub app_version: String,
}

/// The answer to [`Contact`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The hub's epoch; another one than before means that the hub was restored from a backup.
    pub epoch: Uuid,
    /// The incarnation that the hub takes records from.
    pub incarnation: u32,
    /// The next record that the hub expects of that incarnation.
    pub expected_seq: i64,
    /// The hash of the record before it: a station whose own differs there has another history.
    pub expected_after: Option<Sha256>,
    /// Why the hub takes no records of this station; empty when it does.
    #[serde(default)]
    pub fenced: String,
    /// The last entry of the hub's feed.
    pub feed_head: i64,
    /// The first entry that the feed still has; before it the snapshot must be taken.
    pub feed_horizon: i64,
    /// Records of this station that the hub could not take and somebody must look at, at most 200.
    #[serde(default)]
    pub rejected: Vec<Rejected>,
    /// How many there are.
    #[serde(default)]
    pub rejected_total: u64,
    /// What the hub's clock shows, in milliseconds since 1970.
    pub clock_ms: i64,
}

/// A record in the hub's quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its place in the station's log.
    pub seq: i64,
    /// What it told of.
    pub kind: String,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub at_ms: i64,
}

/// `POST /v1/stations/{id}/incarnation`: this copy of the log goes on, and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeIncarnation {
    /// The one that the station had.
    pub incarnation: u32,
    /// Places of its log, the newest first: the hub finds the last one that both have.
    pub heads: Vec<Head>,
    /// Who says so, and why.
    pub why: String,
}

/// The answer to [`TakeIncarnation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIncarnation {
    /// The new one.
    pub incarnation: u32,
    /// The next record that the hub expects of it.
    pub expected_seq: i64,
    /// Records that the hub has of earlier incarnations and this copy of the log has not; the hub keeps them.
    pub hub_only: u64,
}
