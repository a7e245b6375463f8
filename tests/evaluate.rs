//! Scores that can be trusted: the evaluation of simulated plates, of pictures without one, and of a reading that is
//! known to be wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::fs;
use wellread_journeys::{Camera, wellread};

fn report(folder: &std::path::Path) -> Value {
    wellread(["evaluate", "--json", "--truth", folder.to_str().unwrap()]).ended_with(0).lines().remove(0)
}

#[test]
fn simulated_plates_score_high_and_pictures_without_a_plate_are_refused() {
    let camera = Camera::take(&["--plates", "3", "--seed", "31"]);
    let empty = Camera::take(&["--plates", "2", "--seed", "32", "--style", "no-plate", "--size", "900x640"]);
    let beside = camera.path().join("no-plate");
    fs::create_dir(&beside).unwrap();
    for picture in empty.pictures() {
        fs::copy(&picture, beside.join(picture.file_name().unwrap())).unwrap();
    }
    let report = report(camera.path());
    let totals = &report["totals"];
    assert_eq!((&totals["plates"], &totals["plates_found"]), (&3.into(), &3.into()), "{totals}");
    assert_eq!((&totals["pictures_without_plate"], &totals["refused"]), (&2.into(), &2.into()), "{totals}");
    assert!(totals["wells_located_share"].as_f64().unwrap() > 0.99, "{totals}");
    // Floors that a mixed-up order of classes or a lost temperature falls through; how good the models are is
    // measured by `./dev bench quality`.
    assert!(totals["class_accuracy"].as_f64().unwrap() > 0.8, "{totals}");
    assert!(totals["expected_calibration_error"].as_f64().unwrap() < 0.1, "{totals}");
    assert_eq!(report["pictures"].as_array().unwrap().len(), 5, "every picture is reported");
}

#[test]
fn a_truth_moved_by_half_a_pitch_is_seen() {
    let camera = Camera::take(&["--plates", "1", "--seed", "33"]);
    let picture = camera.pictures().remove(0);
    let mut truth = Camera::truth(&picture);
    let shift = truth["pitch_px"].as_f64().unwrap() / 2.0;
    for corners in ["corners", "corners_alt"] {
        for at in truth[corners].as_object_mut().unwrap().values_mut() {
            at[0] = (at[0].as_f64().unwrap() + shift).into();
        }
    }
    let path = picture.with_extension("truth.json");
    fs::remove_file(&path).unwrap();
    std::io::Write::write_all(&mut fs::File::create(&path).unwrap(), truth.to_string().as_bytes()).unwrap();
    let totals = report(camera.path())["totals"].clone();
    assert_eq!((&totals["plates_found"], &totals["wells_located"]), (&0.into(), &0.into()), "{totals}");
    assert_eq!(totals["sure_wells_located"], 0, "classes of wells at the wrong place are not scored: {totals}");
}

#[test]
fn people_get_a_table_with_the_confusion() {
    let camera = Camera::take(&["--plates", "1", "--seed", "34", "--assay", "ha"]);
    let ran = wellread(["evaluate", "--truth", camera.path().to_str().unwrap()]).ended_with(0);
    for told in ["plates located", "wells located", "calibration error", "true \\ read"] {
        assert!(ran.out.contains(told), "'{told}' is told: {}", ran.out);
    }
}

#[test]
fn a_truth_without_its_picture_is_named() {
    let camera = Camera::take(&["--plates", "1", "--seed", "35", "--size", "640x480"]);
    fs::remove_file(camera.pictures().remove(0)).unwrap();
    let ran = wellread(["evaluate", "--truth", camera.path().to_str().unwrap()]).ended_with(3);
    assert!(ran.out.contains("UNUSABLE not-found"), "the score must not silently leave it out: {}", ran.out);
}
