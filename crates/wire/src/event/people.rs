//! What people decide about runs, and what a station has of its own.

use super::At;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;
use wellread_plate::format::PlateFormat;

/// A file that is no picture, or was there before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The file.
    pub file_id: Uuid,
    /// Its name.
    pub path: String,
    /// Which content under this name.
    pub revision: i64,
    /// Its size in bytes.
    pub size: i64,
    /// Its content, where it was read.
    pub sha256: Option<String>,
    /// `rejected`, `duplicate` or `ignored`.
    pub state: String,
    /// Why, for programs.
    pub reason_code: String,
    /// Why, for people.
    pub reason: String,
    /// The file whose content it repeats.
    pub duplicate_of: Option<Uuid>,
}

/// A decision of a person about a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// The run.
    pub run_id: Uuid,
    /// The event.
    pub event: ReviewEvent,
    /// What the plate says after it, where calls changed.
    pub results: Option<Value>,
}

/// The event of a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewEvent {
    /// Its place in the station's order of events.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// What was decided: an object with `kind` and what belongs to it.
    pub decision: Map<String, Value>,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
    /// Who decided, by name.
    pub actor: String,
    /// Whose account that is.
    pub user: Option<Uuid>,
    /// When.
    pub at: At,
    /// The newest event its author had seen.
    pub based_on_seq: i64,
    /// Whether it and another were made without knowing of each other.
    pub conflict: bool,
    /// Whether a later event undid it; always false when it is told.
    #[serde(default)]
    pub undone: bool,
}

/// Somebody stands for a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Its id.
    pub signature_id: Uuid,
    /// The run.
    pub run_id: Uuid,
    /// The account.
    pub user_id: Uuid,
    /// `performed`, `reviewed` or `approved`.
    pub meaning: String,
    /// The last event it covers.
    pub covers_seq: i64,
    /// The hash of what was signed.
    pub content_hash: String,
    /// When.
    pub at: At,
}

/// An interface file after a step of its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceFile {
    /// The step, such as `CREATE` or `DELIVER`.
    pub action: String,
    /// The file.
    pub file: InterfaceFileNow,
}

/// An interface file, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceFileNow {
    /// Its place in the station's order.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// The sample.
    pub sample_no: String,
    /// The format's template.
    pub template: String,
    /// Which turn of it.
    pub revision: i32,
    /// Where it goes.
    pub target: String,
    /// The number the LIMS knows the request by.
    pub test_no: String,
    /// Its name.
    pub file_name: String,
    /// Where the station keeps its bytes.
    pub file_path: String,
    /// Its size in bytes.
    pub size: Option<i64>,
    /// Its content.
    pub sha256: Option<String>,
    /// `pending`, `generated`, `delivered` or `failed`.
    pub status: String,
    /// When it was asked for.
    pub created: At,
    /// When it was made, in milliseconds since 1970.
    pub generated_at_ms: Option<i64>,
    /// When it was delivered, in milliseconds since 1970.
    pub delivered_at_ms: Option<i64>,
    /// What went wrong last.
    pub error_msg: Option<String>,
    /// How often delivery was tried.
    pub attempts: i64,
    /// When it is tried again, in milliseconds since 1970.
    pub next_try_ms: Option<i64>,
}

/// An account of the station's own, after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationUser {
    /// The change.
    pub action: String,
    /// The account, without its password.
    pub user: StationUserNow,
}

/// An account of a station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationUserNow {
    /// Its id.
    pub id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// Mail address.
    pub email: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Names of its roles.
    pub roles: Vec<String>,
}

/// A setting of the station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationConfig {
    /// Its dotted name.
    pub key: String,
    /// Its value; null where its default holds.
    pub value: Value,
}

/// A layout after a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationLayout {
    /// The change.
    pub action: String,
    /// The layout.
    pub layout: StationLayoutNow,
}

/// A layout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StationLayoutNow {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// The plate.
    pub format: PlateFormat,
    /// The role of every well.
    pub wells: BTreeMap<String, String>,
    /// Since when it is not offered, in milliseconds since 1970.
    #[serde(default)]
    pub retired_at_ms: Option<i64>,
}

/// A version of an assay of the laboratory's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationAssay {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// The definition as it was written.
    pub toml: String,
}
