//! Models: added, tried on plates that were read before, switched to, and taken up by a service at work.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::{fs, path::Path};
use wellread_journeys::{
    models_folder,
    station::{Station, capture, plates, put},
};

/// The shipped models as another set: the classifier's confidence is calibrated anew, so that some calls change.
fn another_set(place: &Path, temperature: &str) {
    fs::create_dir_all(place).unwrap();
    for file in fs::read_dir(models_folder()).unwrap().flatten().filter(|file| file.path().is_file()) {
        fs::copy(file.path(), place.join(file.file_name())).unwrap();
    }
    let manifest = fs::read_to_string(place.join("manifest.toml")).unwrap();
    let manifest = manifest.replace("temperature = 1.0946", &format!("temperature = {temperature}"));
    put(&place.join("manifest.toml"), manifest.as_bytes());
}

fn sets(station: &Station) -> Vec<Value> {
    station.run(["models", "list", "--json"]).ended_with(0).lines()
}

#[test]
fn models_are_added_tried_and_switched_and_a_service_at_work_takes_them_up() {
    let station = Station::new();
    let pictures = plates(2);
    station.receive(&pictures[0], &capture("S-1", 1));
    station.drain();
    let place = station.data().with_file_name("others");
    another_set(&place, "2.5");
    let shipped = sets(&station);
    assert_eq!(
        (shipped.len(), &shipped[0]["active"]),
        (1, &Value::Bool(true)),
        "only those of the program: {shipped:?}"
    );
    station.run(["models", "add", place.to_str().unwrap()]).ended_with(0);
    station.run(["models", "add", place.to_str().unwrap()]).ended_with(1);
    let id = sets(&station)[1]["id"].as_str().unwrap().to_owned();

    let before = station.runs();
    let trial = &station.run(["models", "try", &id, "--json"]).ended_with(0).lines()[0];
    assert_eq!((&trial["runs"], &trial["wells"]), (&1.into(), &96.into()), "the plate was read again: {trial}");
    assert_eq!(trial["classes_changed"], 0, "one temperature for all classes changes how sure, not what: {trial}");
    assert_eq!(station.runs(), before, "and a trial records nothing");

    let mut watch = station.watch();
    station.run(["models", "use", &id, "--why", ""]).ended_with(2);
    station.run(["models", "use", &id, "--why", "measured better"]).ended_with(0);
    station.receive(&pictures[1], &capture("S-2", 1));
    watch.hears_runs(1);
    assert_eq!(watch.stops(), 0, "the service went on with the other models");
    let newest = &station.runs()[0];
    let run = &station.run(["show", newest["run_id"].as_str().unwrap(), "--json"]).ended_with(0).lines()[0];
    let sure =
        |run: &Value| run["wells"].as_array().unwrap().iter().map(|w| w["confidence"].as_f64().unwrap()).sum::<f64>();
    assert_eq!(run["status"], "completed", "read with them: {}", run["error_msg"]);
    let again = &station.run(["models", "try", "shipped", "--runs", "1", "--json"]).ended_with(0).lines()[0];
    assert_eq!(again["runs"], 1, "and the way back can be tried: {again}");
    assert!(sure(run) < 96.0 * 0.999, "a flatter temperature is less sure: {}", sure(run));
    station.assert_sound();
}

#[test]
fn a_set_that_cannot_read_is_refused_and_leaves_nothing() {
    let station = Station::new();
    let place = station.data().with_file_name("broken");
    another_set(&place, "1.0946");
    let classifier = place.join("wellread-wells.onnx");
    let mut bytes = fs::read(&classifier).unwrap();
    bytes[1000] ^= 1;
    put(&classifier, &bytes);
    let told = station.run(["models", "add", place.to_str().unwrap()]).ended_with(2);
    assert!(
        told.err.contains("sha256") || told.err.contains("hash"),
        "it says which file is not what it was: {}",
        told.err
    );
    assert_eq!(sets(&station).len(), 1, "and nothing was added");
    let left = fs::read_dir(station.data().join("models")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nor is half a copy left");
    let told = station.run(["models", "use", "0123456789abcdef", "--why", "a guess"]).ended_with(2);
    assert!(told.err.contains("add them again"), "an unknown set says what to do: {}", told.err);
}
