//! What the tests of several modules look at.

use wellread_plate::{
    assay::Assay,
    class::WellClass,
    format::PlateFormat,
    reading::{BBox, Grid, Orientation, OrientationBy, Reading, WellFlag, WellReading},
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
