//! What the records of a station's log tell: the payloads, in every version that this release reads.
//!
//! A queued record is never rewritten at the station, so the hub reads what stations of the last two versions wrote.
//! Version 1 lists every field of every well; version 2 of a run lists the wells by column and leaves out the boxes
//! that follow from the grid. Both become the same [`Run`].

use crate::{EVENT_VERSION, OLDEST_EVENT_VERSION};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;
use wellread_plate::{
    format::{PlateFormat, WellId},
    reading::{BBox, Grid},
};

/// What a record tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run that has its results.
    Run(Box<Run>),
    /// A run that has none.
    RunFailed(RunFailed),
    /// What holds for a run now, where people or later runs have changed it.
    RunState(RunState),
    /// A file that is no picture, or was there before.
    Rejection(Rejection),
    /// A decision of a person about a run.
    Review(Box<Review>),
    /// Somebody stands for a run.
    Signature(Signature),
    /// An interface file, as it is now.
    InterfaceFile(InterfaceFile),
    /// An account of the station's own.
    User(StationUser),
    /// A setting of the station.
    Config(StationConfig),
    /// A version of a layout.
    Layout(StationLayout),
    /// A version of an assay of the laboratory's own.
    Assay(StationAssay),
}

/// Why a payload is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A kind that this release does not know.
    #[error("this hub does not know records of the kind '{0}': update the hub, then retry the record")]
    Kind(String),
    /// Written by a later release.
    #[error(
        "the record has version {found} and this hub reads up to {EVENT_VERSION}: update the hub, then retry the record"
    )]
    Newer {
        /// Its version.
        found: i64,
    },
    /// Written by a release too old.
    #[error("the record has version {found} and this hub reads from {OLDEST_EVENT_VERSION} on")]
    Older {
        /// Its version.
        found: i64,
    },
    /// Not the payload of its kind.
    #[error("the payload is not that of its kind: {0}")]
    Payload(#[from] serde_json::Error),
    /// The wells of a run contradict its plate.
    #[error("the wells are not those of the plate: {0}")]
    Wells(String),
}

impl EventError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Kind(_) => "kind-unknown",
            Self::Newer { .. } => "schema-newer",
            Self::Older { .. } => "schema-too-old",
            Self::Payload(_) => "payload",
            Self::Wells(_) => "wells",
        }
    }
}

impl Event {
    /// Reads a record's payload.
    pub fn read(kind: &str, version: i64, payload: &str) -> Result<Self, EventError> {
        if version > i64::from(EVENT_VERSION) {
            return Err(EventError::Newer { found: version });
        }
        if version < i64::from(OLDEST_EVENT_VERSION) {
            return Err(EventError::Older { found: version });
        }
        Ok(match kind {
            "run" if version == 1 => Self::Run(Box::new(serde_json::from_str::<RunV1>(payload)?.into_run()?)),
            "run" => Self::Run(Box::new(serde_json::from_str::<RunV2>(payload)?.into_run()?)),
            "run-failed" => Self::RunFailed(serde_json::from_str(payload)?),
            "run-state" => Self::RunState(serde_json::from_str(payload)?),
            "rejection" => Self::Rejection(serde_json::from_str(payload)?),
            "review" => Self::Review(Box::new(serde_json::from_str(payload)?)),
            "signature" => Self::Signature(serde_json::from_str(payload)?),
            "interface-file" => Self::InterfaceFile(serde_json::from_str(payload)?),
            "user" => Self::User(serde_json::from_str(payload)?),
            "config" => Self::Config(serde_json::from_str(payload)?),
            "layout" => Self::Layout(serde_json::from_str(payload)?),
            "assay" => Self::Assay(serde_json::from_str(payload)?),
            _ => return Err(EventError::Kind(kind.to_owned())),
        })
    }
}

/// A moment at a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Milliseconds since 1970 in UTC.
    pub utc_ms: i64,
    /// What the local clock showed beside it, in minutes east of UTC.
    pub offset_min: i32,
}

/// Whose plate it is; empty where nobody has said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Sample number.
    pub sample_no: String,
    /// Submission number.
    pub submission_no: String,
    /// Plate number.
    pub plate_no: String,
}

/// A version of an assay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssayRef {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i32,
}

/// A model that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRef {
    /// What it does.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The hash of its file.
    pub sha256: String,
}

/// A picture of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// `raw`, `annotated` or `thumbnail`.
    pub kind: String,
    /// Its name for people.
    pub file_name: String,
    /// Where the station keeps it.
    pub file_path: String,
    /// Its size in bytes.
    pub size: i64,
    /// Its type.
    pub mime_type: String,
    /// Width in pixels, where known.
    pub width_px: Option<i32>,
    /// Height in pixels, where known.
    pub height_px: Option<i32>,
    /// Its content: the blob.
    pub sha256: String,
}

/// What is told of any run that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// Its id.
    pub run_id: Uuid,
    /// Its place in the station's order.
    pub seq: i64,
    /// `completed` or `failed`.
    pub status: String,
    /// When the picture was read.
    pub predict_at: At,
    /// The file it was made from.
    pub intake_id: Option<Uuid>,
    /// Whose plate it was taken to be.
    pub identity: Identity,
    /// The picture.
    pub image_sha256: String,
    /// The assay.
    pub assay: AssayRef,
    /// The program's version.
    pub app_version: String,
    /// The run it was made to replace.
    pub supersedes: Option<Uuid>,
    /// The station's hash over all that the run holds.
    pub content_sha256: Option<String>,
}

/// A run with its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What is told of any run.
    pub head: RunHead,
    /// What came of looking, without the wells.
    pub made: Made,
    /// Every well of the plate, row by row.
    pub wells: Vec<Well>,
}

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Anything a person wrote about it.
    pub description: String,
    /// The model that judged the wells.
    pub judge: ModelRef,
    /// All models that took part.
    pub models: Vec<ModelRef>,
    /// How long it took.
    pub processing_time_ms: i64,
    /// The assay's review threshold.
    pub confidence_threshold: Option<f64>,
    /// Where the wells are.
    pub grid: Grid,
    /// How end points become titres.
    pub titre_scale: Option<Value>,
    /// Whether a person must look.
    pub needs_review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
    /// Wells by call.
    pub counts: Value,
    /// Everything the plate says, an object with `distribution`.
    pub results: Value,
    /// Its pictures.
    pub images: Vec<Image>,
}

/// A well of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Well {
    /// Its name.
    pub well_id: String,
    /// What the eye sees.
    pub class: String,
    /// What the assay makes of it.
    pub label: String,
    /// Probability of the class.
    pub confidence: f64,
    /// The box around it.
    pub bbox: BBox,
    /// What is odd about it.
    pub flags: Vec<String>,
}

#[derive(Deserialize)]
struct RunV1 {
    #[serde(flatten)]
    head: RunHead,
    #[serde(flatten)]
    made: Made,
    wells: Vec<Well>,
}

#[derive(Deserialize)]
struct RunV2 {
    #[serde(flatten)]
    head: RunHead,
    #[serde(flatten)]
    made: Made,
    wells: Columns,
}

/// The wells of a run by column, row by row of the plate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// The classes that occur.
    pub classes: Vec<String>,
    /// The class of each well, as its place in `classes`.
    pub class: Vec<usize>,
    /// The call of each well: `p`, `n` or `i`.
    pub label: String,
    /// The confidence of each well.
    pub confidence: Vec<f64>,
    /// The boxes that are not those of the grid, by well.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bbox: BTreeMap<String, BBox>,
    /// What is odd, by well.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flags: BTreeMap<String, Vec<String>>,
}

impl RunV1 {
    fn into_run(self) -> Result<Run, EventError> {
        let format = self.made.grid.format;
        let named = self.wells.iter().map(|well| well.well_id.as_str());
        if !format.iter().map(|well| well.to_string()).eq(named) {
            return Err(EventError::Wells(format!("a {format}-well plate has every well once, row by row")));
        }
        Ok(Run { head: self.head, made: self.made, wells: self.wells })
    }
}

impl RunV2 {
    fn into_run(self) -> Result<Run, EventError> {
        let wells = self.wells.expand(&self.made.grid)?;
        Ok(Run { head: self.head, made: self.made, wells })
    }
}

impl Columns {
    /// The wells, each with all that it has.
    pub fn expand(mut self, grid: &Grid) -> Result<Vec<Well>, EventError> {
        let format: PlateFormat = grid.format;
        let count = format.wells();
        if [self.class.len(), self.label.chars().count(), self.confidence.len()] != [count; 3] {
            return Err(EventError::Wells(format!("a {format}-well plate has {count} wells in every column")));
        }
        let columns = self.class.iter().zip(self.label.chars()).zip(self.confidence);
        let mut wells = Vec::with_capacity(count);
        for (well, ((class, label), confidence)) in format.iter().zip(columns) {
            wells.push(expand_well(
                well,
                (*class, label, confidence),
                (&self.classes, &mut self.bbox, &mut self.flags),
                grid,
            )?);
        }
        match self.bbox.into_keys().chain(self.flags.into_keys()).next() {
            Some(stranger) => Err(EventError::Wells(format!("there is no well '{stranger}' on it"))),
            None => Ok(wells),
        }
    }
}

type Rest<'a> = (&'a [String], &'a mut BTreeMap<String, BBox>, &'a mut BTreeMap<String, Vec<String>>);

fn expand_well(
    well: WellId,
    (class, label, confidence): (usize, char, f64),
    (classes, boxes, flags): Rest<'_>,
    grid: &Grid,
) -> Result<Well, EventError> {
    let well_id = well.to_string();
    let label = match label {
        'p' => "positive",
        'n' => "negative",
        'i' => "invalid",
        other => return Err(EventError::Wells(format!("'{other}' is no call: p, n or i"))),
    };
    let class = classes.get(class).ok_or_else(|| EventError::Wells(format!("well {well_id} has no class")))?;
    Ok(Well {
        class: class.clone(),
        label: label.to_owned(),
        confidence,
        bbox: boxes.remove(&well_id).unwrap_or_else(|| grid.bbox(well)),
        flags: flags.remove(&well_id).unwrap_or_default(),
        well_id,
    })
}

/// A run without results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFailed {
    /// What is told of any run.
    #[serde(flatten)]
    pub head: RunHead,
    /// Why, for programs.
    pub error_code: String,
    /// Why, for people.
    pub error_msg: String,
    /// Its pictures; version 1 named none.
    #[serde(default)]
    pub images: Vec<Image>,
}

/// What holds for a run now. The hub derives by itself what holds for one that nobody has touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// The run.
    pub run_id: Uuid,
    /// `completed` or `failed`.
    pub status: String,
    /// `none`, `waiting-sample`, `to-review`, `accepted`, `rejected` or `superseded`.
    pub disposition: String,
    /// Whose plate it is.
    pub identity: Identity,
    /// Whether the program wanted a person to look.
    pub needs_review: bool,
    /// Whether two people decided without knowing of each other.
    pub conflict: bool,
    /// Empty, `void`, `performed`, `reviewed` or `approved`.
    pub signed: String,
    /// Its newest event at the station; 0 for none.
    pub last_event_seq: i64,
    /// The end points that hold.
    pub distribution: Map<String, Value>,
}

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
