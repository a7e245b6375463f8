//! A reading: everything the eyes saw in one image, before any assay makes something of it. Immutable.

use crate::{
    class::WellClass,
    format::{PlateFormat, WellId},
};
use serde::{Deserialize, Serialize};

/// Where the plate and its wells are. Pixels of the upright (EXIF-applied) image, x right, y down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Grid {
    /// Rows and columns.
    pub format: PlateFormat,
    /// Row-major 3x3 map from (column, row, 1), both from 0 at A1's centre, to pixels.
    pub homography: [f64; 9],
    /// Root mean square distance between the wells seen and the fitted lattice, in pixels.
    pub rms_residual_px: f64,
    /// How A1 was told from H12.
    pub orientation: Orientation,
}

/// Whether A1 is known, and from what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Orientation {
    /// False when the picture gives no evidence; then A1 is taken to be the upright corner.
    pub known: bool,
    /// The evidence.
    pub by: OrientationBy,
}

/// The evidence for A1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum OrientationBy {
    /// Printed or moulded row letters and column numbers.
    Letters,
    /// Cut corners of the plate.
    Notches,
    /// The station's calibration, drawn by hand.
    Calibration,
    /// Nothing seen: assumed upright.
    Assumed,
}

/// An axis-aligned box in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BBox {
    /// Left.
    pub xmin: f64,
    /// Top.
    pub ymin: f64,
    /// Right.
    pub xmax: f64,
    /// Bottom.
    pub ymax: f64,
}

/// What was seen of one well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WellReading {
    /// Which well.
    pub well: WellId,
    /// Its centre.
    pub center_px: [f64; 2],
    /// The box around it, one pitch wide.
    pub bbox: BBox,
    /// Probability of each class the model knows for this assay's family, in the model's order; they sum to 1.
    pub probabilities: Vec<(WellClass, f64)>,
    /// What is odd about how it was seen.
    pub flags: Vec<WellFlag>,
}

/// What is odd about how a well was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum WellFlag {
    /// Part of the well lies outside the picture.
    CutOff,
    /// Most of its floor is overexposed.
    Glare,
    /// The detector put no box on it.
    NoBox,
    /// The detector put several boxes on it.
    SeveralBoxes,
}

/// Everything the eyes saw in one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reading {
    /// Where the wells are.
    pub grid: Grid,
    /// Every well of the format, row by row. Nothing is left out.
    pub wells: Vec<WellReading>,
}

impl Grid {
    /// Pixel of a lattice point: `col` and `row` from 0 at A1's centre, fractions allowed.
    pub fn project(&self, col: f64, row: f64) -> [f64; 2] {
        let [a, b, c, d, e, f, g, h, i] = self.homography;
        let w = g * col + h * row + i;
        [(a * col + b * row + c) / w, (d * col + e * row + f) / w]
    }

    /// Mean distance in pixels to the wells beside and below, at a well.
    pub fn pitch_px(&self, col: f64, row: f64) -> f64 {
        let [x, y] = self.project(col, row);
        let [rx, ry] = self.project(col + 1.0, row);
        let [dx, dy] = self.project(col, row + 1.0);
        f64::midpoint((rx - x).hypot(ry - y), (dx - x).hypot(dy - y))
    }

    /// The box around a well, one pitch wide.
    pub fn bbox(&self, well: WellId) -> BBox {
        let (col, row) = (well.col() as f64, well.row() as f64);
        let [x, y] = self.project(col, row);
        let half = self.pitch_px(col, row) / 2.0;
        BBox { xmin: x - half, ymin: y - half, xmax: x + half, ymax: y + half }
    }
}

impl BBox {
    /// The middle.
    pub fn center(&self) -> [f64; 2] {
        [f64::midpoint(self.xmin, self.xmax), f64::midpoint(self.ymin, self.ymax)]
    }

    /// Whether more of a well's box than its rim and wall, the outermost fifth of it, lies outside a picture.
    pub fn is_cut_by(&self, size_px: [usize; 2]) -> bool {
        let [width, height] = size_px.map(|side| side as f64);
        let slack = (self.xmax - self.xmin) * 0.2;
        self.xmin < -slack || self.ymin < -slack || self.xmax > width + slack || self.ymax > height + slack
    }
}
