//! The ways in which pictures come: slowly, in two writes, renamed, linked, over each other, many at once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{collections::BTreeSet, env, fs, io::Write, time::Duration};
use wellread_journeys::station::{Station, capture, plates, put};

#[test]
fn a_file_that_comes_slowly_or_in_two_writes_is_one_run() {
    let station = Station::new();
    let pictures = plates(2);
    let mut service = station.watch();
    // Slower than the rest time between the pieces, so that each piece looks finished for a while.
    let mut file = fs::File::create(station.inbox().join(capture("SLOW", 1))).unwrap();
    for piece in pictures[0].chunks(pictures[0].len().div_ceil(4)) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        let heard = service.listens_for(Duration::from_millis(350));
        assert!(heard.iter().all(|event| event["event"] != "rejected"), "half a picture is not judged: {heard:?}");
    }
    drop(file);
    // Made empty first, filled later, as some cameras do.
    put(&station.inbox().join(capture("TWICE", 1)), b"");
    service.listens_for(Duration::from_millis(350));
    put(&station.inbox().join(capture("TWICE", 1)), &pictures[1]);
    service.hears("the one filled later", |event| event["sample_no"] == "TWICE");
    service.stops();
    let runs = station.runs();
    assert_eq!(runs.len(), 2, "each is one run: {runs:?}");
    assert!(runs.iter().all(|run| run["status"] == "completed"), "and whole: {runs:?}");
}

#[test]
fn renamed_linked_and_overwritten_files_are_each_taken_once() {
    let station = Station::new();
    let pictures = plates(4);
    let at = |name: &str| station.inbox().join(name);
    let mut service = station.watch();
    station.receive(&pictures[0], &capture("RENAMED", 1));
    put(&at("kept.part"), &pictures[1]);
    fs::hard_link(at("kept.part"), at(&capture("LINKED", 1))).unwrap();
    // One picture over another before it has rested: only the last one was ever there to be read.
    put(&at(&capture("OVER", 1)), &pictures[2]);
    put(&at(&capture("OVER", 1)), &pictures[3]);
    service.hears_runs(3);
    fs::rename(at(&capture("RENAMED", 1)), at("renamed again.jpg")).unwrap();
    service.hears("the same content under another name", |event| event["event"] == "duplicate");
    service.stops();
    let samples: Vec<String> = station.runs().iter().map(|run| run["sample_no"].as_str().unwrap().to_owned()).collect();
    let distinct: BTreeSet<&str> = samples.iter().map(String::as_str).collect();
    assert_eq!(distinct, BTreeSet::from(["RENAMED", "LINKED", "OVER"]), "each of them");
    assert_eq!(samples.len(), 3, "once: {samples:?}");
    station.assert_sound();
}

#[test]
fn many_at_once_are_each_taken_once() {
    // Five hundred overflow nothing here but time; the bench sends them all.
    let count = env::var("WELLREAD_ARRIVALS").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    let station = Station::new();
    let pictures = plates(count);
    let mut service = station.watch();
    for (n, picture) in pictures.iter().enumerate() {
        station.receive(picture, &capture("MANY", n + 1));
    }
    service.hears_runs(count);
    service.stops();
    let runs = station.runs();
    let images: BTreeSet<&str> = runs.iter().map(|run| run["image_sha256"].as_str().unwrap()).collect();
    assert_eq!((runs.len(), images.len()), (count, count), "each picture is one run");
    station.assert_sound();
}
