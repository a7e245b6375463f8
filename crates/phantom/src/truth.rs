//! What is true of a picture: the file beside each plate, synthetic or real.

use crate::scene::{Family, Framing, Scene, Subject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wellread_plate::{
    class::WellClass,
    format::{PlateFormat, WellId, row_letters},
};

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

impl Scene {
    /// The truth of this scene, for a picture stored as `image`.
    pub fn truth(&self, image: &str) -> Truth {
        let (width, height) = self.size;
        let mut truth = Truth {
            image: image.to_owned(),
            sha256: String::new(),
            width: width as u32,
            height: height as u32,
            rows: 0,
            cols: 0,
            corners: BTreeMap::new(),
            corners_alt: None,
            corners_feature: String::new(),
            a1_orientation_known: false,
            visible: String::new(),
            pitch_px: 0.0,
            assay: None,
            classes: BTreeMap::new(),
            series: BTreeMap::new(),
        };
        if let Some(subject) = &self.subject {
            let format = subject.plate.geometry.format;
            truth.rows = format.rows();
            truth.cols = format.cols();
            truth.corners = subject.corners(0.0);
            truth.corners_alt = Some(subject.corners(1.0));
            "well rim, and floor as the alternative".clone_into(&mut truth.corners_feature);
            truth.a1_orientation_known = subject.a1_known;
            subject.framing.name().clone_into(&mut truth.visible);
            truth.pitch_px = subject.pitch_px();
            truth.assay = Some(self.family.assay().to_owned());
            let classes = self.classes(subject);
            truth.series = series(self.family, format, &classes);
            truth.classes = format
                .iter()
                .zip(classes)
                .map(|(well, (class, sure))| {
                    (well, TrueClass { class, certainty: if sure { Certainty::Sure } else { Certainty::Unsure } })
                })
                .collect();
        }
        truth
    }

    /// Every well's class, and whether it is plain both as drawn and as the picture shows it.
    fn classes(&self, subject: &Subject) -> Vec<(WellClass, bool)> {
        let told = |(i, (class, sure)): (usize, &(WellClass, bool))| (class.clone(), *sure && self.shows(i));
        subject.classes.iter().enumerate().map(told).collect()
    }

    /// Middle (between rim and floor) and pitch in pixels of every well whose middle lies in the picture.
    pub fn wells_px(&self) -> Vec<[f64; 3]> {
        let Some(subject) = &self.subject else { return Vec::new() };
        let (width, height) = (self.size.0 as f64, self.size.1 as f64);
        let seen = |col: f64, row: f64| {
            let [x, y] = subject.well_px(col, row, 0.5);
            let [rx, ry] = subject.well_px(col + 1.0, row, 0.5);
            let [dx, dy] = subject.well_px(col, row + 1.0, 0.5);
            let pitch = f64::midpoint((rx - x).hypot(ry - y), (dx - x).hypot(dy - y));
            (x >= 0.0 && y >= 0.0 && x < width && y < height).then_some([x, y, pitch])
        };
        subject.plate.geometry.format.iter().filter_map(|w| seen(w.col() as f64, w.row() as f64)).collect()
    }
}

impl Framing {
    fn name(self) -> &'static str {
        if self == Self::Wells { "cropped-to-wells" } else { "whole" }
    }
}

impl Subject {
    /// Pixel of a well at a share of its depth: 0 the rim, 1 the floor.
    pub(crate) fn well_px(&self, col: f64, row: f64, depth: f64) -> [f64; 2] {
        let mm = self.plate.geometry.well(col, row);
        self.camera.project(self.camera.sunk(mm, depth * f64::from(self.plate.look.depth_mm)))
    }

    fn corners(&self, depth: f64) -> BTreeMap<WellId, [f64; 2]> {
        let (rows, cols) = (self.plate.geometry.format.rows(), self.plate.geometry.format.cols());
        let ends = [(0, 0), (0, cols - 1), (rows - 1, 0), (rows - 1, cols - 1)];
        let named = |(row, col): (usize, usize)| {
            WellId::new(row, col).map(|w| (w, self.well_px(col as f64, row as f64, depth)))
        };
        ends.into_iter().filter_map(named).collect()
    }

    /// Distance between neighbouring wells in the middle of the plate.
    pub(crate) fn pitch_px(&self) -> f64 {
        let format = self.plate.geometry.format;
        let (col, row) = (format.cols() as f64 / 2.0, format.rows() as f64 / 2.0);
        let [x, y] = self.well_px(col, row, 0.0);
        let [rx, ry] = self.well_px(col + 1.0, row, 0.0);
        let [dx, dy] = self.well_px(col, row + 1.0, 0.0);
        f64::midpoint((rx - x).hypot(ry - y), (dx - x).hypot(dy - y))
    }
}

/// End points of a plate whose dilutions run along the columns.
fn series(family: Family, format: PlateFormat, classes: &[(WellClass, bool)]) -> BTreeMap<String, TrueSeries> {
    let positive = match family {
        Family::HaemTilted => WellClass::TEARDROP,
        Family::HaemFlat => WellClass::MAT,
        Family::Growth | Family::Color => return BTreeMap::new(),
    };
    let row_series = |(row, wells): (usize, &[(WellClass, bool)])| {
        let run = |ok: &dyn Fn(&(WellClass, bool)) -> bool| wells.iter().take_while(|w| ok(w)).count();
        let highest = |ok: &dyn Fn(&(WellClass, bool)) -> bool| wells.iter().rposition(ok).map_or(0, |i| i + 1);
        let is = |w: &(WellClass, bool)| w.0 == positive;
        let surely = |w: &(WellClass, bool)| w.0 == positive && w.1;
        let perhaps = |w: &(WellClass, bool)| w.0 == positive || !w.1;
        let unsure =
            wells.iter().enumerate().filter(|(_, w)| !w.1).filter_map(|(col, _)| WellId::new(row, col)).collect();
        let truth = TrueSeries {
            run_last_col: run(&is),
            highest_col: highest(&is),
            run_last_col_range: [run(&surely), run(&perhaps)],
            highest_range: [highest(&surely), highest(&perhaps)],
            unsure,
        };
        (row_letters(row), truth)
    };
    classes.chunks(format.cols()).enumerate().map(row_series).collect()
}

/// Something on the plate that tells A1 from H12, or its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// A label that can be read.
    Label(String),
    /// Nothing is written here.
    Nothing,
    /// Something is, but too faintly to be sure.
    Faint,
    /// A cut corner.
    Notch,
    /// A corner that is not cut.
    Corner,
}

impl Scene {
    /// What stands left of, right of, above and below the wells and in the corners: (column, row) on the lattice, what.
    pub fn landmarks(&self) -> Vec<([f64; 2], Landmark)> {
        let Some(subject) = &self.subject else { return Vec::new() };
        let (g, look) = (&subject.plate.geometry, &subject.plate.look);
        let marks = &look.marks;
        let away = f64::from(marks.away);
        let (last_col, last_row) = (g.format.cols() as f64 - 1.0, g.format.rows() as f64 - 1.0);
        let named = |there: bool, text: String| match there {
            false => Landmark::Nothing,
            true if marks.tell() => Landmark::Label(text),
            true => Landmark::Faint,
        };
        let mut found = Vec::new();
        for row in 0..g.format.rows() {
            found.push(([-away, row as f64], named(marks.rows_left, row_letters(row))));
            found.push(([last_col + away, row as f64], named(marks.rows_right, row_letters(row))));
        }
        for col in 0..g.format.cols() {
            found.push(([col as f64, -away], named(marks.cols_top, (col + 1).to_string())));
            found.push(([col as f64, last_row + away], named(marks.cols_bottom, (col + 1).to_string())));
        }
        let (dx, dy) = (f64::from(g.a1[0] / g.pitch), f64::from(g.a1[1] / g.pitch));
        let corners = [[-dx, -dy], [last_col + dx, -dy], [last_col + dx, last_row + dy], [-dx, last_row + dy]];
        for (at, cut) in corners.into_iter().zip(look.outline.notches_mm) {
            found.push((at, if cut > 0.0 { Landmark::Notch } else { Landmark::Corner }));
        }
        found
    }
}
