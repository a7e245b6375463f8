//! What programs get of each picture: one JSON object a line.

use crate::failure::Failure;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::path::Path;
use wellread_plate::{
    assay::Assay,
    class::{Call, WellClass},
    end_point::{RuleName, SeriesFlag},
    format::WellId,
    interpret::{CallFlag, CalledWell, Interpretation, SeriesResult},
    mic::Mic,
    reading::{BBox, Grid, Orientation},
    summary::{Counts, Distribution},
};

/// One line of `read --json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Record {
    pub image: ImageRecord,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The picture. What could not be learnt of an unreadable one is left out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ImageRecord {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<usize>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Outcome {
    Read(Box<PlateRecord>),
    Failed { error: Failure },
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlateRecord {
    pub plate: GridRecord,
    pub models: Vec<ModelRecord>,
    pub assay: AssayRecord,
    pub wells: Vec<WellRecord>,
    pub series: Vec<SeriesRecord>,
    pub counts: Counts,
    pub distribution: Distribution,
    pub needs_review: bool,
    pub timing_ms: Timing,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct GridRecord {
    pub format: String,
    pub rows: usize,
    pub cols: usize,
    pub homography: [f64; 9],
    #[serde(serialize_with = "hundredths")]
    pub rms_residual_px: f64,
    pub orientation: Orientation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ModelRecord {
    pub name: String,
    pub version: String,
    pub sha256: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct AssayRecord {
    pub id: String,
    pub version: u32,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct WellRecord {
    pub well: WellId,
    #[serde(serialize_with = "each_hundredths")]
    pub center_px: [f64; 2],
    #[serde(serialize_with = "box_hundredths")]
    pub bbox: BBox,
    pub class: WellClass,
    pub label: Call,
    #[serde(serialize_with = "share")]
    pub confidence: f64,
    #[serde(serialize_with = "shares")]
    pub probabilities: Vec<(WellClass, f64)>,
    pub flags: Vec<CallFlag>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SeriesRecord {
    pub series: String,
    pub end_point: Option<u8>,
    pub titre: Option<f64>,
    pub log2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mic: Option<Mic>,
    pub flags: Vec<SeriesFlag>,
    pub rule: RuleName,
}

/// Milliseconds from the file's bytes to the result.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Timing {
    #[serde(serialize_with = "hundredths")]
    pub decode: f64,
    #[serde(serialize_with = "hundredths")]
    pub locate: f64,
    #[serde(serialize_with = "hundredths")]
    pub classify: f64,
    #[serde(serialize_with = "hundredths")]
    pub total: f64,
}

impl Record {
    pub(crate) fn failed(path: &Path, failure: Failure) -> Self {
        let image = ImageRecord { path: path.display().to_string(), sha256: None, width: None, height: None };
        Self { image, outcome: Outcome::Failed { error: failure } }
    }
}

impl PlateRecord {
    pub(crate) fn new(
        grid: &Grid,
        assay: &Assay,
        made: Interpretation,
        models: Vec<ModelRecord>,
        timing_ms: Timing,
    ) -> Self {
        Self {
            plate: GridRecord {
                format: grid.format.to_string(),
                rows: grid.format.rows(),
                cols: grid.format.cols(),
                homography: grid.homography,
                rms_residual_px: grid.rms_residual_px,
                orientation: grid.orientation,
            },
            models,
            assay: AssayRecord { id: assay.id.clone(), version: assay.version },
            wells: made.wells.into_iter().map(WellRecord::from).collect(),
            series: made.series.into_iter().map(SeriesRecord::from).collect(),
            counts: made.counts,
            distribution: made.distribution,
            needs_review: made.needs_review,
            timing_ms,
        }
    }
}

impl From<CalledWell> for WellRecord {
    fn from(called: CalledWell) -> Self {
        let CalledWell { well, center_px, bbox, class, label, confidence, probabilities, flags, role: _ } = called;
        Self { well, center_px, bbox, class, label, confidence, probabilities, flags }
    }
}

impl From<SeriesResult> for SeriesRecord {
    fn from(result: SeriesResult) -> Self {
        let SeriesResult { series, end_point, titre, log2, mic, flags, rule, role: _ } = result;
        Self { series, end_point, titre, log2, mic, flags, rule }
    }
}

// Pixels are good to a hundredth and probabilities to a ten-thousandth at best: more digits would only be longer.

fn to_hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn to_share(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn hundredths<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(to_hundredths(*value))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn share<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(to_share(*value))
}

fn each_hundredths<S: Serializer>(values: &[f64; 2], serializer: S) -> Result<S::Ok, S::Error> {
    values.map(to_hundredths).serialize(serializer)
}

fn box_hundredths<S: Serializer>(bbox: &BBox, serializer: S) -> Result<S::Ok, S::Error> {
    let BBox { xmin, ymin, xmax, ymax } = *bbox;
    let [xmin, ymin, xmax, ymax] = [xmin, ymin, xmax, ymax].map(to_hundredths);
    BBox { xmin, ymin, xmax, ymax }.serialize(serializer)
}

fn shares<S: Serializer>(probabilities: &[(WellClass, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(probabilities.len()))?;
    for (class, p) in probabilities {
        map.serialize_entry(class, &to_share(*p))?;
    }
    map.end()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use wellread_plate::{
        format::PlateFormat,
        interpret::interpret,
        reading::{OrientationBy, Reading, WellFlag, WellReading},
    };

    /// A plate of 8 x 12 seen straight on, whose row `r` shows tear-drops in its first `r` wells.
    pub(crate) fn staircase() -> Reading {
        let format = PlateFormat::WELLS_96;
        let grid = Grid {
            format,
            homography: [100.0, 0.0, 150.0, 0.0, 100.0, 140.0, 0.0, 0.0, 1.0],
            rms_residual_px: 0.4567,
            orientation: Orientation { known: true, by: OrientationBy::Letters },
        };
        let wells = format.iter().map(|well| {
            let [x, y] = grid.project(well.col() as f64, well.row() as f64);
            let p = if well.col() < well.row() { 0.98 } else { 0.015 };
            WellReading {
                well,
                center_px: [x, y],
                bbox: BBox { xmin: x - 50.0, ymin: y - 50.0, xmax: x + 50.0, ymax: y + 50.0 },
                probabilities: vec![(WellClass::TEARDROP, p), (WellClass::BUTTON, 1.0 - p)],
                flags: if well.col() == 11 { vec![WellFlag::Glare] } else { Vec::new() },
            }
        });
        Reading { wells: wells.collect(), grid }
    }

    pub(crate) fn hi() -> Assay {
        Assay::shipped("hi").expect("hi is shipped")
    }

    #[test]
    fn a_plate_is_one_object_with_the_keys_promised() {
        let reading = staircase();
        let made = interpret(&reading, &hi()).unwrap();
        let models = vec![ModelRecord { name: "m".into(), version: "1".into(), sha256: "ab".into() }];
        let timing = Timing { decode: 1.234, locate: 2.0, classify: 3.0, total: 6.5 };
        let mut plate = PlateRecord::new(&reading.grid, &hi(), made, models, timing);
        // The first and the last well tell the shape of all.
        plate.wells.drain(1..95);
        plate.series.drain(1..7);
        let image =
            ImageRecord { path: "p.jpg".into(), sha256: Some("cd".into()), width: Some(1400), height: Some(1000) };
        let record = Record { image, outcome: Outcome::Read(Box::new(plate)) };
        insta::assert_json_snapshot!(record);
    }

    #[test]
    fn a_failure_is_an_object_with_image_and_error() {
        let record = Record::failed(Path::new("x.jpg"), Failure::new("empty-file", "the file is empty"));
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            r#"{"image":{"path":"x.jpg"},"error":{"code":"empty-file","message":"the file is empty"}}"#,
            "programs tell success and failure by these keys"
        );
    }
}
