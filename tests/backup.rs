//! Copies of a station at work, and the way back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};
use wellread_journeys::{
    Ran, command, ran,
    station::{PASSWORD, Station, capture, plates, put},
};

/// Runs a verb on another data folder.
fn on<S: AsRef<OsStr>>(data: &Path, args: impl IntoIterator<Item = S>) -> Ran {
    let mut command = command(args);
    command.env("WELLREAD_DATA", data).env("WELLREAD_USER", "ada").env("WELLREAD_PASSWORD", PASSWORD);
    ran(&command.output().unwrap())
}

fn count_runs(data: &Path) -> usize {
    on(data, ["runs", "--json"]).ended_with(0).lines().len()
}

fn copy_of(station: &Station) -> PathBuf {
    station.data().with_file_name("copy.db")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_copy_of_a_station_at_work_goes_on_where_it_was_made() {
    let station = Station::new();
    let pictures = plates(6);
    let mut service = station.watch();
    for (number, picture) in pictures.iter().enumerate().take(3) {
        station.receive(picture, &capture("S", number));
    }
    service.hears_runs(1);
    // The others are on their way meanwhile.
    let copy = copy_of(&station);
    let copied = station.run(["backup", text(&copy), "--json"]).ended_with(0).lines();
    let runs = copied[0]["rows"].as_array().unwrap().iter().find(|row| row[0] == "prediction_run").unwrap()[1].clone();
    assert!(runs.as_u64().is_some_and(|runs| runs >= 1), "what was committed is in the copy: {runs}");
    assert_eq!(copied[0]["blobs_missing"], 0, "with every picture");
    station.run(["backup", text(&copy)]).ended_with(1);
    for (number, picture) in pictures.iter().enumerate().skip(3) {
        station.receive(picture, &capture("S", number));
    }
    service.hears_runs(5);
    assert_eq!(service.stops(), 0, "the service never noticed");

    let other = station.data().with_file_name("other");
    on(&other, ["restore", text(&copy), "--unencrypted"]).ended_with(0);
    on(&other, ["verify"]).ended_with(0);
    on(&other, ["watch", "--once"]).ended_with(0);
    assert_eq!(count_runs(&other), 6, "what came after the copy is read again from the camera's folder, once each");
    on(&other, ["verify"]).ended_with(0);
    station.assert_sound();
}

#[test]
fn a_station_is_not_replaced_unless_told_and_by_whom_may() {
    let station = Station::new();
    let pictures = plates(3);
    station.add("olga", "operator");
    station.accepted(&pictures[0], "S-1");
    let copy = copy_of(&station);
    station.run(["backup", text(&copy)]).ended_with(0);
    station.accepted(&pictures[1], "S-2");

    let told = station.run(["restore", text(&copy)]).ended_with(1);
    assert!(told.err.contains("--replace"), "it knows more than the copy, and stays: {}", told.err);
    station.run_as("olga", ["restore", text(&copy), "--replace"]).ended_with(4);
    assert_eq!(station.runs().len(), 2, "nothing has changed");
    let mut service = station.watch();
    station.receive(&pictures[2], &capture("S-3", 1));
    service.hears_runs(1);
    let busy = station.run(["restore", text(&copy), "--replace"]).ended_with(1);
    assert!(busy.err.contains("stop its `watch` first"), "never under a service that is at work: {}", busy.err);
    assert_eq!(service.stops(), 0, "the service ends as asked");

    station.run(["restore", text(&copy), "--replace"]).ended_with(0);
    assert_eq!(station.runs().len(), 1, "the station is what it was when it was copied");
    let aside = fs::read_dir(station.data()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        name.starts_with("wellread.db.replaced-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    });
    assert_eq!(aside.count(), 1, "and what it was until now is kept beside it");
    station.drain();
    assert_eq!(station.runs().len(), 3, "the pictures that came after are read again");
    station.assert_sound();
}

#[test]
fn a_truncated_copy_makes_no_station_and_costs_none() {
    let station = Station::new();
    station.accepted(&plates(1)[0], "S-1");
    let copy = copy_of(&station);
    station.run(["backup", text(&copy)]).ended_with(0);
    let length = fs::metadata(&copy).unwrap().len();
    fs::File::options().write(true).open(&copy).unwrap().set_len(length * 2 / 3).unwrap();
    let other = station.data().with_file_name("other");
    on(&other, ["restore", text(&copy), "--unencrypted"]).ended_with(1);
    assert!(!other.join("wellread.db").exists() && !other.join("station.toml").exists(), "half a copy is none");
    station.run(["restore", text(&copy), "--replace"]).ended_with(1);
    assert_eq!(station.runs().len(), 1, "the station that is there stays in its place");
    station.assert_sound();
}

#[test]
fn an_encrypted_copy_opens_with_its_key_alone() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    fs::create_dir(path("inbox")).unwrap();
    let (data, key, inbox) = (path("data"), path("station.key"), path("inbox"));
    let init = ["init", "--station", "bench 1", "--admin", "ada", "--inbox", text(&inbox), "--key-file", text(&key)];
    on(&data, init).ended_with(0);
    put(&inbox.join(capture("S-1", 1)), &plates(1)[0]);
    on(&data, ["watch", "--once"]).ended_with(0);
    let (copy, recovery) = (path("copy.db"), path("recovery.key"));
    on(&data, ["backup", text(&copy), "--recovery-key", text(&recovery)]).ended_with(0);
    assert!(!fs::read(&copy).unwrap().starts_with(b"SQLite format 3"), "the copy is encrypted as the station is");
    let wrong = path("wrong.key");
    put(&wrong, "00".repeat(32).as_bytes());
    let other = path("other");
    for no_key in [vec!["--unencrypted"], vec!["--key-file", text(&wrong)]] {
        let told = on(&other, [vec!["restore", text(&copy)], no_key.clone()].concat());
        assert_ne!(told.code, 0, "not with {no_key:?}");
        assert!(told.err.contains("key"), "and it says what is missing: {}", told.err);
    }
    assert!(!other.join("station.toml").exists(), "no station is made of it");
    fs::remove_file(&key).unwrap();
    assert_ne!(on(&data, ["runs"]).code, 0, "without its key nobody opens the station itself");
    on(&other, ["restore", text(&copy), "--key-file", text(&recovery)]).ended_with(0);
    assert_eq!(count_runs(&other), 1, "with the key that was written down it is a station again");
    on(&other, ["verify"]).ended_with(0);
}

#[test]
fn a_file_that_was_on_its_way_arrives_from_the_restored_station() {
    let station = Station::new();
    station.set("deliver.automatic", "false");
    station.accepted(&plates(1)[0], "S-1");
    let away = station.drop_folder().with_extension("away");
    fs::rename(station.drop_folder(), &away).unwrap();
    station.run(["interface", "create", "S-1", "--template", "labware"]).ended_with(0);
    station.run(["interface", "deliver"]).ended_with(0);
    let made = station.run(["interface", "list", "--json"]).ended_with(0).lines().remove(0);
    assert_eq!(made["status"], "generated", "made, and nowhere to go: {made}");
    let copy = copy_of(&station);
    station.run(["backup", text(&copy)]).ended_with(0);

    let other = station.data().with_file_name("other");
    on(&other, ["restore", text(&copy), "--unencrypted"]).ended_with(0);
    fs::rename(&away, station.drop_folder()).unwrap();
    station.set_clock(600);
    let mut later = station.command(["interface", "deliver"]);
    later.env("WELLREAD_DATA", &other);
    ran(&later.output().unwrap()).ended_with(0);
    let told = on(&other, ["interface", "list", "--json"]).ended_with(0).lines().remove(0);
    assert_eq!(told["status"], "delivered", "the copy holds no made files, so it is made once more: {told}");
    let marker = station.drop_folder().join(format!("{}.ok", made["file_name"].as_str().unwrap()));
    let marker = fs::read_to_string(marker).unwrap();
    assert!(marker.contains(made["sha256"].as_str().unwrap()), "and is the same to the byte: {marker}");
}
