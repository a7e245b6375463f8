//! What is told of runs.

use super::EventError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;
use wellread_plate::{
    format::{PlateFormat, WellId},
    reading::{BBox, Grid},
};

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
pub(super) struct RunV1 {
    #[serde(flatten)]
    head: RunHead,
    #[serde(flatten)]
    made: Made,
    wells: Vec<Well>,
}

#[derive(Deserialize)]
pub(super) struct RunV2 {
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
    pub(super) fn into_run(self) -> Result<Run, EventError> {
        let format = self.made.grid.format;
        let named = self.wells.iter().map(|well| well.well_id.as_str());
        if !format.iter().map(|well| well.to_string()).eq(named) {
            return Err(EventError::Wells(format!("a {format}-well plate has every well once, row by row")));
        }
        Ok(Run { head: self.head, made: self.made, wells: self.wells })
    }
}

impl RunV2 {
    pub(super) fn into_run(self) -> Result<Run, EventError> {
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
