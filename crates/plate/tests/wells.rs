//! Formats, well ids and the shape of a reading.

mod common;

use common::reading;
use wellread_plate::{
    format::{PlateFormat, WellId},
    reading::{OrientationBy, WellFlag},
};

#[test]
fn the_corners_of_the_largest_plate_have_their_names() {
    for (id, row, col) in [("A1", 0, 0), ("H12", 7, 11), ("Z24", 25, 23), ("AA1", 26, 0), ("AF48", 31, 47)] {
        let well = WellId::new(row, col);
        assert_eq!(id.parse().ok(), well, "{id} is row {row}, column {col}, both from 0");
        assert_eq!(well.map(|well| well.to_string()).as_deref(), Some(id), "and is written back so");
    }
    assert_eq!("a01".parse(), "A1".parse::<WellId>(), "other instruments write A01, people write a1");
}

#[test]
fn what_is_no_well_is_refused() {
    for text in ["", "A", "1", "A0", "A49", "AG1", "AAA1", "A001", "1A", "A-1", "A1 ", "Ä1", "A１"] {
        assert!(text.parse::<WellId>().is_err(), "'{text}' names no well of any plate");
    }
    insta::assert_snapshot!("well_error", "AG1".parse::<WellId>().expect_err("row AG does not exist"));
    insta::assert_snapshot!("format_error", PlateFormat::new(0, 12).expect_err("a plate has rows"));
}

#[test]
fn every_standard_format_is_found_by_its_wells() {
    for (wells, rows, cols) in
        [(6, 2, 3), (12, 3, 4), (24, 4, 6), (48, 6, 8), (96, 8, 12), (384, 16, 24), (1536, 32, 48)]
    {
        let format = PlateFormat::with_wells(wells);
        assert_eq!(format, PlateFormat::new(rows, cols).ok(), "{wells} wells are {rows} x {cols}");
        assert_eq!(format.map(|format| format.to_string()), Some(wells.to_string()), "and are called by number");
    }
    assert_eq!(PlateFormat::with_wells(95), None, "no plate has 95 wells");
    let strips = PlateFormat::new(4, 12).map(|format| format.to_string());
    assert_eq!(strips, Ok("4x12".to_owned()), "48 wells in another shape are not called 48");
}

const EVIDENCE: [OrientationBy; 4] =
    [OrientationBy::Letters, OrientationBy::Notches, OrientationBy::Calibration, OrientationBy::Assumed];

#[test]
fn a_reading_keeps_its_shape_in_json() {
    let mut seen = reading(&["ck"]);
    seen.wells[0].flags = vec![WellFlag::CutOff, WellFlag::Glare, WellFlag::NoBox, WellFlag::SeveralBoxes];
    insta::assert_json_snapshot!("reading", seen);
    let text = serde_json::to_string(&seen).expect("a reading is plain JSON");
    let back: wellread_plate::reading::Reading = serde_json::from_str(&text).expect("it reads back what it wrote");
    assert_eq!(back, seen, "nothing is lost on the way");
    insta::assert_json_snapshot!("orientation_evidence", EVIDENCE);
}

#[test]
fn a_grid_projects_wells_through_its_homography() {
    let near = |[ax, ay]: [f64; 2], [bx, by]: [f64; 2]| (ax - bx).hypot(ay - by) < 1e-9;
    let mut grid = reading(&["ck"]).grid;
    assert!(near(grid.project(1.0, 0.0), [90.0, 60.0]), "one pitch of 40 to the right of A1 at (50, 60)");
    assert!((grid.pitch_px(0.0, 0.0) - 40.0).abs() < 1e-9, "the pitch is the same both ways");
    grid.homography[6] = 0.5;
    assert!(near(grid.project(2.0, 0.0), [65.0, 30.0]), "perspective divides (130, 60) by 1 + 0.5 x 2");
}
