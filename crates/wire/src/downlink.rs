//! What comes from headquarters: the feed of an organization, its snapshot, and corrections.

use crate::chain::Sha256;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The answer to `GET /v1/stations/{id}/feed?after=SEQ&limit=N`, packed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedPage {
    /// The hub's epoch.
    pub epoch: Uuid,
    /// Entries after the place asked for, in order, without gaps in what concerns this station.
    pub entries: Vec<FeedEntry>,
    /// The place that this page goes up to, whether or not an entry of it concerns this station.
    pub up_to: i64,
    /// The last entry there is.
    pub head: i64,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// Its place.
    pub seq: i64,
    /// What it brings.
    #[serde(flatten)]
    pub item: Item,
}

/// The answer to `GET /v1/stations/{id}/snapshot?cursor=…`, packed: what the feed up to `as_of` comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotPage {
    /// The hub's epoch.
    pub epoch: Uuid,
    /// Go on with the feed after this place once the last page is applied.
    pub as_of: i64,
    /// A part of what holds.
    pub items: Vec<Item>,
    /// Where the next page begins; `None` after the last. It may be asked for again, also after days.
    pub next: Option<String>,
}

/// Something that headquarters say. Each is whole: the newest of a key replaces what was there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Item {
    /// An account.
    User(User),
    /// What a role may do.
    Role(Role),
    /// A version of an assay.
    Assay(Assay),
    /// A version of a layout of plates.
    Layout(Layout),
    /// A set of models that is offered.
    Model(ModelSet),
    /// A setting.
    Config(Config),
    /// A decision of headquarters about a run of this station.
    Correction(Correction),
    /// What this release cannot read, perhaps because a later hub wrote it; the items beside it are not lost by it.
    Unread(Unread),
}

/// An item that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// What it would bring.
    pub kind: String,
    /// Why it cannot be read.
    pub why: String,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tagged {
            kind: String,
            #[serde(default)]
            body: Value,
        }
        let Tagged { kind, body } = Tagged::deserialize(deserializer)?;
        let read = match kind.as_str() {
            "user" => serde_json::from_value(body).map(Self::User),
            "role" => serde_json::from_value(body).map(Self::Role),
            "assay" => serde_json::from_value(body).map(Self::Assay),
            "layout" => serde_json::from_value(body).map(Self::Layout),
            "model" => serde_json::from_value(body).map(Self::Model),
            "config" => serde_json::from_value(body).map(Self::Config),
            "correction" => serde_json::from_value(body).map(Self::Correction),
            _ => return Ok(Self::Unread(Unread { kind, why: "this release does not know it".to_owned() })),
        };
        Ok(read.unwrap_or_else(|why| Self::Unread(Unread { kind, why: why.to_string() })))
    }
}

/// An account of the organization.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// An argon2id PHC string: the verifier that a station keeps for signing in without a network.
    pub password_phc: String,
    /// Mail address.
    pub email: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Names of its roles.
    pub roles: BTreeSet<String>,
    /// For how many days a station may use the verifier without having heard from the hub.
    pub offline_days: u32,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password's hash does not belong in a log.
        write!(f, "User({} {}, active {}, {:?})", self.id, self.username, self.is_active, self.roles)
    }
}

/// A role of the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do, such as `run:review`.
    pub permissions: BTreeSet<String>,
    /// Whether it is given to anybody any more.
    pub is_active: bool,
}

/// A version of an assay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assay {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The definition as it was written.
    pub toml: String,
}

/// A version of a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The plate, as `96` or `8x12`.
    pub plate_format: String,
    /// The role of every well, by its id.
    pub wells: BTreeMap<String, String>,
    /// Whether it is no longer offered for new plates.
    pub retired: bool,
}

/// A set of models that headquarters offer. A station fetches and checks it; a person switches to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSet {
    /// The hash of its manifest, which is what names it.
    pub sha256: Sha256,
    /// Its name, for people.
    pub name: String,
    /// Its files, the manifest among them: blobs to fetch, by file name.
    pub files: BTreeMap<String, ModelFile>,
    /// What headquarters say about it.
    pub note: String,
    /// Whether it is no longer offered.
    pub withdrawn: bool,
}

/// A file of a set of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// Its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// A setting of the stations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Its dotted name.
    pub key: String,
    /// Its value; null takes it back.
    pub value: Value,
}

/// A decision of headquarters about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Its id, which becomes that of the event at the station.
    pub id: Uuid,
    /// The station whose run it is.
    pub station_id: Uuid,
    /// The run.
    pub run_id: Uuid,
    /// What is decided.
    pub decision: CorrectionDecision,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
    /// The account that decided.
    pub user_id: Uuid,
    /// Its name.
    pub username: String,
    /// When, in milliseconds since 1970 by the hub's clock.
    pub at_ms: i64,
}

/// What headquarters may decide about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum CorrectionDecision {
    /// The plate counts.
    Accept,
    /// The plate does not count.
    Reject,
    /// Another sample, submission or plate number.
    Sample {
        /// Sample number.
        sample_no: String,
        /// Submission number.
        submission_no: String,
        /// Plate number.
        plate_no: String,
    },
    /// Another call for a well.
    Override {
        /// The well.
        well: String,
        /// What it shows, where that was said too.
        class: Option<String>,
        /// `positive`, `negative` or `invalid`.
        label: String,
    },
}
