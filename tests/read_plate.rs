//! A bench day in small: simulate a camera, read its plates, and hold what programs get against the truth.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::path::Path;
use wellread_journeys::{Camera, command, ran, wellread};

/// Share of a truth's sure wells whose class was read.
fn classes_right(line: &Value, truth: &Value) -> f64 {
    let sure: Vec<_> = truth["classes"].as_object().unwrap().iter().filter(|(_, t)| t["certainty"] == "sure").collect();
    let read = |well: &str| line["wells"].as_array().unwrap().iter().find(|w| w["well"] == well).unwrap();
    let right = sure.iter().filter(|(well, truth)| read(well)["class"] == truth["class"]).count();
    right as f64 / sure.len() as f64
}

fn distance(a: &Value, b: &Value) -> f64 {
    let at = |v: &Value, i: usize| v[i].as_f64().unwrap();
    (at(a, 0) - at(b, 0)).hypot(at(a, 1) - at(b, 1))
}

#[test]
fn simulated_plates_are_read_as_they_were_made() {
    let camera = Camera::take(&["--plates", "3", "--seed", "21"]);
    let pictures = camera.pictures();
    let ran = wellread(["read", "--json", camera.path().to_str().unwrap()]).ended_with(0);
    let lines = ran.lines();
    assert_eq!(lines.len(), pictures.len(), "one object a picture");
    for (line, picture) in lines.iter().zip(&pictures) {
        assert_eq!(line["image"]["path"], picture.to_str().unwrap(), "in order of name");
        let truth = Camera::truth(picture);
        assert_eq!((&line["plate"]["rows"], &line["plate"]["cols"]), (&truth["rows"], &truth["cols"]), "its format");
        assert_eq!(line["wells"].as_array().unwrap().len(), 96, "every well, nothing dropped");
        // A floor for gross faults; how good the models are is measured by `./dev bench quality`.
        assert!(
            classes_right(line, &truth) >= 0.95,
            "classes of {}: {:.3}",
            picture.display(),
            classes_right(line, &truth)
        );
        for (well, corner) in truth["corners"].as_object().unwrap() {
            let seen = line["wells"].as_array().unwrap().iter().find(|w| w["well"] == *well).unwrap();
            let nearer =
                distance(&seen["center_px"], corner).min(distance(&seen["center_px"], &truth["corners_alt"][well]));
            let pitch = truth["pitch_px"].as_f64().unwrap();
            assert!(nearer < 0.25 * pitch, "{well} of {} lies {nearer:.1} px off", picture.display());
        }
    }
}

#[test]
fn the_numbers_of_one_plate_agree_with_each_other() {
    let camera = Camera::take(&["--plates", "1", "--seed", "4"]);
    let lines = wellread(["read", "--json", camera.path().to_str().unwrap()]).ended_with(0).lines();
    let line = &lines[0];
    for well in line["wells"].as_array().unwrap() {
        let probabilities = well["probabilities"].as_object().unwrap();
        let sum: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 0.002, "{}: probabilities sum to {sum}", well["well"]);
        assert_eq!(well["confidence"], probabilities[well["class"].as_str().unwrap()], "{}", well["well"]);
    }
    let end_points: Vec<_> =
        line["series"].as_array().unwrap().iter().filter_map(|s| s["end_point"].as_u64()).collect();
    for (step, count) in line["distribution"].as_object().unwrap() {
        let of_step = end_points.iter().filter(|e| e.to_string() == *step).count() as u64;
        assert_eq!(count.as_u64(), Some(of_step), "the distribution counts the series with end point {step}");
    }
    let called: u64 = line["counts"]["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(called, 96, "every well is counted once");
    for key in ["decode", "locate", "classify", "total"] {
        assert!(line["timing_ms"][key].as_f64().unwrap() > 0.0, "{key} takes time");
    }
    assert_eq!(line["image"]["sha256"].as_str().unwrap().len(), 64, "a SHA-256 in hex");
    assert!(!line["models"].as_array().unwrap().is_empty(), "the models that read it are named");
}

#[test]
fn one_job_and_many_give_the_same_output_in_the_same_order() {
    let camera = Camera::take(&["--plates", "5", "--seed", "9", "--size", "900x640"]);
    let read = |jobs: &str| {
        let mut lines =
            wellread(["read", "--json", "--jobs", jobs, camera.path().to_str().unwrap()]).ended_with(0).lines();
        for line in &mut lines {
            line.as_object_mut().unwrap().remove("timing_ms");
        }
        lines
    };
    assert_eq!(read("1"), read("4"), "jobs change the time and nothing else");
}

#[test]
fn a_calibration_overrides_what_is_seen() {
    let camera = Camera::take(&["--plates", "1", "--seed", "6"]);
    let picture = camera.pictures().remove(0);
    let corners = Camera::truth(&picture)["corners"].clone();
    let file = camera.path().join("station.toml");
    let lines: Vec<String> = corners.as_object().unwrap().iter().map(|(well, at)| format!("{well} = {at}")).collect();
    std::io::Write::write_all(
        &mut std::fs::File::create(&file).unwrap(),
        format!("format = 96\n{}\n", lines.join("\n")).as_bytes(),
    )
    .unwrap();
    let ran = wellread(["read", "--json", "--calibration", file.to_str().unwrap(), picture.to_str().unwrap()]);
    let line = ran.ended_with(0).lines().remove(0);
    assert_eq!(line["plate"]["orientation"]["by"], "calibration", "a person drew it");
    let a1 = &line["wells"][0];
    assert!(distance(&a1["center_px"], &corners["A1"]) < 0.1, "A1 lies where it was drawn: {}", a1["center_px"]);
}

#[test]
fn annotated_pictures_are_whole_files_beside_nothing_else() {
    let camera = Camera::take(&["--plates", "2", "--seed", "12"]);
    let out = camera.path().join("drawn");
    let args = ["read", camera.path().to_str().unwrap(), "--annotate", out.to_str().unwrap()];
    let ran = wellread(args).ended_with(0);
    assert!(ran.out.contains("end points"), "people get tables: {}", ran.out);
    let mut names: Vec<String> =
        out.read_dir().unwrap().map(|e| e.unwrap().file_name().display().to_string()).collect();
    names.sort();
    assert_eq!(names, ["plate-0001.annotated.jpg", "plate-0002.annotated.jpg"], "one a picture, no temporary file");
    for name in names {
        let picture = image::open(out.join(&name)).unwrap();
        assert!(picture.width() >= 1200, "{name} is large enough to be legible: {}", picture.width());
    }
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let args = ["--plates", "2", "--seed", "77", "--size", "640x480", "--style", "wild"];
    let (one, other) = (Camera::take(&args), Camera::take(&args));
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    for (a, b) in one.pictures().iter().zip(other.pictures()) {
        assert_eq!(a.file_name(), b.file_name(), "the same names");
        assert!(bytes(a) == bytes(&b), "the same pictures, bit by bit: {}", a.display());
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_the_line_and_ends_with_130() {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };
    let camera = Camera::take(&["--plates", "1", "--seed", "2", "--size", "900x640"]);
    let picture = camera.pictures().remove(0);
    // The same picture often enough that the interrupt comes long before the end.
    let mut args = vec!["read".to_owned(), "--json".to_owned(), "--jobs".to_owned(), "1".to_owned()];
    args.extend(std::iter::repeat_n(picture.to_str().unwrap().to_owned(), 3000));
    let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    out.read_line(&mut text).unwrap();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    std::io::Read::read_to_string(&mut out, &mut text).unwrap();
    let ended = ran(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "the shell's code for an interrupt: {}", ended.err);
    assert!(text.ends_with('\n') && text.lines().count() < 3000, "stopped early, at the end of a line");
    for line in text.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: a line was cut: {line}"));
    }
}
