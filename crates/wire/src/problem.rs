//! What the hub answers when it does not do what was asked: `application/problem+json` (RFC 9457) with a stable code.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The media type of a [`Problem`].
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem. Programs match on `code`, never on the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// `/problems/CODE`, where docs/hub.md describes it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code.
    pub code: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, and what to do.
    pub detail: String,
    /// The request's id, to find it in the hub's log.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// What a program needs to go on: `expected_seq`, `epoch`, `horizon`, …
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub more: Value,
}

/// Codes that a station acts on.
pub mod code {
    /// The batch begins after a gap: `more.expected_seq` is where to go on.
    pub const GAP: &str = "log-gap";
    /// A known place of the log has another hash, or the incarnation is an old one: `more.reason` says which.
    pub const FENCED: &str = "station-fenced";
    /// The hub has another epoch than the request: `more.epoch`. Make contact again.
    pub const EPOCH: &str = "epoch-changed";
    /// The feed no longer goes back that far: take the snapshot.
    pub const SNAPSHOT: &str = "snapshot-needed";
    /// The token is missing, expired or not of this hub: ask for another.
    pub const UNAUTHENTICATED: &str = "unauthenticated";
    /// Known, but not allowed.
    pub const FORBIDDEN: &str = "forbidden";
    /// The station was taken off the list at headquarters.
    pub const STATION_REVOKED: &str = "station-revoked";
    /// The part does not begin where the hub's copy ends: `more.offset` is where to go on.
    pub const OFFSET: &str = "blob-offset";
    /// The whole blob has another hash than its name.
    pub const HASH: &str = "blob-hash";
    /// The enrol code is unknown, used or expired.
    pub const ENROL_CODE: &str = "enrol-code";
    /// Too many requests: wait as long as `Retry-After` says.
    pub const SLOW_DOWN: &str = "slow-down";
    /// The hub cannot work just now; it passes.
    pub const UNAVAILABLE: &str = "unavailable";
    /// The request makes no sense to this hub.
    pub const INVALID: &str = "invalid";
}
