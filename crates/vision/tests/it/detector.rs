//! A detector of a YOLO export's shape, from manifest to wells, through the real ONNX Runtime.

use crate::models::{ONE, entry, folder, loaded};
use wellread_plate::{
    class::WellClass,
    format::PlateFormat,
    reading::{Grid, Orientation, OrientationBy, WellFlag, WellReading},
};
use wellread_vision::{detector::Detector, raster::Raster};

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255, 255, 255];

/// 640 x 320 white, with cells of 80 pixels painted: the network's 8-pixel cells behind the letterbox.
fn picture(cells: &[(usize, usize, [u8; 3])]) -> Raster {
    let mut rgb = vec![WHITE; 640 * 320];
    for &(col, row, colour) in cells {
        for y in row * 80..row * 80 + 80 {
            rgb[y * 640 + col * 80..][..80].fill(colour);
        }
    }
    Raster::new(640, 320, rgb.into_flattened()).unwrap()
}

/// 2 x 3 wells on the cells from column 1, row 1.
fn grid() -> Grid {
    Grid {
        format: PlateFormat::new(2, 3).unwrap(),
        homography: [80.0, 0.0, 120.0, 0.0, 80.0, 120.0, 0.0, 0.0, 1.0],
        rms_residual_px: 0.0,
        orientation: Orientation { known: true, by: OrientationBy::Calibration },
    }
}

fn detector(classes: &str, more: &str) -> Detector {
    let folder = folder(&entry("detector.onnx", "detector", classes, more));
    Detector::new(loaded(folder.path(), ONE).unwrap()).unwrap()
}

fn best(well: &WellReading) -> (&WellClass, f64) {
    let (class, p) = well.probabilities.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    (class, *p)
}

#[test]
fn boxes_land_on_their_wells_and_no_well_is_lost() {
    let detector = detector("[\"teardrop\", \"button\"]", "box_threshold = 0.5");
    let raster = picture(&[(1, 1, RED), (2, 1, BLUE), (3, 2, RED), (6, 0, RED)]);
    let found = detector.detect(&raster).unwrap();
    assert_eq!(found.len(), 4, "four painted cells, also the one beside the plate: {found:?}");
    let wells = detector.read(&raster, &grid()).unwrap();
    assert_eq!(wells.len(), 6, "every well of the format");
    for well in &wells {
        let sum: f64 = well.probabilities.iter().map(|(_, p)| p).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{} sums to {sum}", well.well);
        let (class, p) = best(well);
        match well.well.to_string().as_str() {
            "A1" | "B3" => assert!(*class == WellClass::TEARDROP && p > 0.9 && well.flags.is_empty(), "{well:?}"),
            "A2" => assert!(*class == WellClass::BUTTON && p > 0.9 && well.flags.is_empty(), "{well:?}"),
            _ => assert!((p - 0.5).abs() < 1e-9 && well.flags == [WellFlag::NoBox], "{well:?}"),
        }
    }
}

#[test]
fn boxes_are_pixels_of_the_picture() {
    let detector = detector("[\"teardrop\", \"button\"]", "box_threshold = 0.5");
    let found = detector.detect(&picture(&[(4, 2, BLUE)])).unwrap();
    let [one] = found.as_slice() else { panic!("one cell, one box: {found:?}") };
    let (x, y) = (f64::midpoint(one.bbox.xmin, one.bbox.xmax), f64::midpoint(one.bbox.ymin, one.bbox.ymax));
    assert!((x - 360.0).abs() < 0.5 && (y - 200.0).abs() < 0.5, "the cell's centre, the letterbox undone: {one:?}");
    assert!((one.bbox.xmax - one.bbox.xmin - 120.0).abs() < 0.5, "a cell and a half wide: {one:?}");
    assert_eq!(one.class, 1, "blue is the second class");
}

#[test]
fn two_boxes_on_one_well_are_flagged() {
    let detector = detector("[\"teardrop\", \"button\"]", "box_threshold = 0.5");
    // Wells 160 pixels apart: the cells left and right of a well's centre both lie within half a pitch.
    let mut grid = grid();
    grid.homography = [160.0, 0.0, 160.0, 0.0, 160.0, 120.0, 0.0, 0.0, 1.0];
    let wells = detector.read(&picture(&[(1, 1, RED), (2, 1, BLUE)]), &grid).unwrap();
    assert_eq!(wells[0].flags, [WellFlag::SeveralBoxes], "red and blue at A1: {:?}", wells[0]);
    assert_eq!(wells[1].flags, [WellFlag::NoBox], "none at A2");
}

#[test]
fn a_network_of_another_shape_is_refused_by_name() {
    let raster = picture(&[]);
    let error = detector("[\"teardrop\", \"button\", \"ring\"]", "").detect(&raster).unwrap_err();
    assert_eq!(error.code(), "model-failed", "{error}");
    assert!(error.to_string().contains("[1, 7, anchors]"), "three classes are named where two are given: {error}");
    let folder = folder(&entry("mean-colour.onnx", "detector", "[\"teardrop\"]", ""));
    let error = Detector::new(loaded(folder.path(), ONE).unwrap()).unwrap().detect(&raster).unwrap_err();
    assert!(error.to_string().contains("[1, 3]"), "what it gives is told: {error}");
}

#[test]
fn only_a_detector_with_well_classes_is_taken() {
    for (kind, classes, word) in
        [("well-classifier", "[\"mat\"]", "kind"), ("detector", "[\"Tear Drop\"]", "Tear Drop")]
    {
        let folder = folder(&entry("detector.onnx", kind, classes, ""));
        let error = Detector::new(loaded(folder.path(), ONE).unwrap()).err().unwrap();
        assert!(error.to_string().contains(word), "'{error}' should say {word}");
    }
}
