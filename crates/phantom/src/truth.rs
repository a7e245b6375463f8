//! What is true of a picture: the file beside each plate, synthetic or real.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wellread_plate::{class::WellClass, format::WellId};

/// The truth of one picture, as `NAME.truth.json` holds it. Pixels of the upright (EXIF-applied) image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// File name of the picture, beside this file.
    pub image: String,
    /// SHA-256 of the picture's file in lower-case hex; empty when not stated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// Width of the upright image.
    pub width: u32,
    /// Height of the upright image.
    pub height: u32,
    /// Rows of the plate; 0 when the picture shows none.
    pub rows: usize,
    /// Columns of the plate; 0 when the picture shows none.
    pub cols: usize,
    /// Centres of the four corner wells, by well id.
    #[serde(default)]
    pub corners: BTreeMap<WellId, [f64; 2]>,
    /// The same on a second feature (floor instead of rim), where parallax parts the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corners_alt: Option<BTreeMap<WellId, [f64; 2]>>,
    /// Which circle the corners were fitted to.
    #[serde(default)]
    pub corners_feature: String,
    /// False when nothing in the picture tells A1 from the opposite corner.
    #[serde(default)]
    pub a1_orientation_known: bool,
    /// `whole`, `cropped-to-wells` or `partial`.
    #[serde(default)]
    pub visible: String,
    /// Mean distance between neighbouring wells.
    #[serde(default)]
    pub pitch_px: f64,
    /// Id of the assay the classes belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assay: Option<String>,
    /// Class of each well, where known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<WellId, TrueClass>,
    /// End points of each series (`A`..), where known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub series: BTreeMap<String, TrueSeries>,
}

/// The class of one well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrueClass {
    /// What it is.
    pub class: WellClass,
    /// Whether a careful eye would agree.
    pub certainty: Certainty,
}

/// Whether a careful eye would agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It would.
    Sure,
    /// It might not: scored apart.
    Unsure,
}

/// End point of one series, as columns from 1 (0: none positive).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrueSeries {
    /// Last column of the unbroken run of positives.
    #[serde(rename = "flowing_run_last_col")]
    pub run_last_col: usize,
    /// Highest positive column.
    #[serde(rename = "highest_flowing_col")]
    pub highest_col: usize,
    /// The run's end when the unsure wells are taken either way.
    pub run_last_col_range: [usize; 2],
    /// The highest positive when the unsure wells are taken either way.
    pub highest_range: [usize; 2],
    /// The unsure wells.
    #[serde(default)]
    pub unsure: Vec<WellId>,
}
