//! The ways in which pictures come: slowly, in two writes, renamed, linked, over each other, many at once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::OsString,
    fs,
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::{Duration, SystemTime},
};
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

#[test]
fn when_the_system_loses_events_everything_is_still_found() {
    let station = Station::new();
    // No scan comes to the rescue: only the word that events were lost leads to what they were about.
    station.set("intake.scan_every_ms", "3600000");
    let pictures = plates(4);
    let mut service = station.watch();
    station.receive(&pictures[0], &capture("LOST", 1));
    service.hears_runs(1);
    let kept = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    let kept: usize = kept.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(16_384);
    service.signal("STOP");
    // Two events each at the least, and none that is about a picture fits behind them.
    for n in 0..=kept {
        put(&station.inbox().join(format!("{n}.tmp")), b"");
    }
    for (n, picture) in pictures.iter().enumerate().skip(1) {
        station.receive(picture, &capture("LOST", n + 1));
    }
    service.signal("CONT");
    service.hears_runs(3);
    assert_eq!(service.stops(), 0, "it never fell over");
    assert_eq!(station.runs().len(), 4, "each picture is one run");
    station.assert_sound();
}

/// What could be changed about the files of a folder, by their names.
fn as_they_are(folder: &Path) -> BTreeMap<OsString, (u64, u32, SystemTime, Vec<u8>)> {
    let file = |entry: fs::DirEntry| {
        let metadata = entry.metadata().unwrap();
        let content = fs::read(entry.path()).unwrap();
        (entry.file_name(), (metadata.ino(), metadata.mode(), metadata.modified().unwrap(), content))
    };
    folder.read_dir().unwrap().map(|entry| file(entry.unwrap())).collect()
}

#[test]
fn whatever_becomes_of_them_sources_are_never_moved_changed_or_deleted() {
    let station = Station::new();
    let pictures = plates(2);
    station.receive(&pictures[0], &capture("SRC", 1));
    station.receive(&pictures[0], "the same again.jpg");
    station.receive(&pictures[1][..pictures[1].len() / 2], "torn.jpg");
    station.receive(b"Dear colleague", "letter.jpg");
    put(&station.inbox().join("half.part"), &pictures[1]);
    fs::set_permissions(station.inbox().join("letter.jpg"), fs::Permissions::from_mode(0o640)).unwrap();
    let before = as_they_are(&station.inbox());
    let told = station.drain();
    assert_eq!(told.len(), 4, "one of each kind: {told:?}");
    let service = station.watch();
    service.stops();
    // The one that failed is the torn picture.
    let run = station.run(["runs", "--status", "completed", "--json"]).ended_with(0).lines().remove(0);
    station.run(["reprocess", run["run_id"].as_str().unwrap(), "--assay", "ha"]).ended_with(0);
    fs::remove_file(station.blob(&run)).unwrap();
    let mended = station.run(["verify", "--json"]).ended_with(1).lines().remove(0);
    assert_eq!(mended["mended"], 1, "the picture is read from its source again: {mended}");
    station.assert_sound();
    assert!(as_they_are(&station.inbox()) == before, "names, contents, times and rights are what they were");
}
