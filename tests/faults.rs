//! What goes wrong around a station at work: a database that another program has locked, a clock set back, a drop folder
//! that goes away, settings that change. Each shows, nothing is lost, and work goes on without hands.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use rusqlite::Connection;
use serde_json::Value;
use std::{fs, path::PathBuf};
use wellread_journeys::station::{Station, capture, plates, put};

const DAY_S: i64 = 86_400;

#[test]
fn a_database_that_another_program_has_locked_pauses_intake_and_loses_nothing() {
    let station = Station::new();
    let pictures = plates(3);
    let mut service = station.watch();
    station.receive(&pictures[0], &capture("LOCK", 1));
    service.hears_runs(1);
    let other = Connection::open(station.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    station.receive(&pictures[1], &capture("LOCK", 2));
    station.receive(&pictures[2], &capture("LOCK", 3));
    let told = service.hears_state("intake", "degraded");
    assert!(told.contains("locked") && told.contains("tried again by itself"), "it says why and what to do: {told}");
    assert_eq!(station.status()["database_locked"], true, "who asks in the meantime is told too");
    assert_eq!(station.runs().len(), 1, "what was recorded can still be read");
    other.execute_batch("ROLLBACK").unwrap();
    service.hears_state("intake", "healthy");
    service.hears_runs(2);
    assert_eq!(station.status()["database_locked"], false, "the lock has gone");
    assert_eq!(service.stops(), 0, "it never fell over");
    assert_eq!(station.runs().len(), 3, "each plate once");
    assert_eq!(station.health("intake")["status"], "healthy", "and that it is well again is noted");
    station.assert_sound();
}

/// Accepts a run, so that its sample's interface file is made.
#[track_caller]
fn accept(station: &Station, run: &Value) {
    station.run(["review", run["run_id"].as_str().unwrap(), "--accept", "--reason", "confirmed"]).ended_with(0);
}

#[test]
fn a_clock_set_back_a_day_shows_and_changes_nothing() {
    let station = Station::new();
    let pictures = plates(3);
    let mut service = station.watch();
    // A share that is away at the time: its next try is planned by the clock.
    let away = station.drop_folder().with_extension("away");
    fs::rename(station.drop_folder(), &away).unwrap();
    station.receive(&pictures[0], &capture("CLOCK", 1));
    accept(&station, &service.hears_runs(1)[0]);
    service.hears_state("delivery", "degraded");
    station.set_clock(-DAY_S);
    let told = service.hears_state("clock", "degraded");
    assert!(told.contains("set back"), "it says what happened: {told}");
    fs::rename(&away, station.drop_folder()).unwrap();
    service.hears_state("delivery", "healthy");
    station.receive(&pictures[1], &capture("CLOCK", 2));
    service.hears_runs(1);
    let status = station.status();
    let behind_ms = status["clock_behind_ms"].as_i64().unwrap();
    assert!(behind_ms > (DAY_S - 3_600) * 1_000, "who asks is told by how much: {status}");
    assert_eq!(station.health("clock")["status"], "degraded", "and it is noted");
    assert_eq!(service.stops(), 0, "it never fell over");
    let told = station.drain();
    assert!(told.iter().all(|event| event["part"] == "clock"), "nothing is imported again after a start: {told:?}");
    station.receive(&pictures[2], &capture("CLOCK", 3));
    station.drain();
    let order: Vec<String> = station.runs().iter().map(|run| run["plate_no"].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, ["3", "2", "1"], "newest first, whatever the clock said");
    station.assert_sound();
    station.set_clock(0);
    assert!(station.drain().is_empty(), "nor when the clock is right again");
    assert_eq!(station.health("clock")["status"], "healthy", "which is noted too");
}

#[test]
fn a_lock_out_does_not_last_longer_because_the_clock_went_back() {
    let station = Station::new();
    station.set("people.lock_after", "1");
    let wrong = station.command(["config", "set", "intake.workers", "1"]).env("WELLREAD_PASSWORD", "wrong").output();
    assert_eq!(wrong.unwrap().status.code(), Some(4), "a wrong password");
    let locked = station.run(["config", "set", "intake.workers", "1"]).ended_with(4);
    assert!(locked.err.starts_with("locked-out: "), "locks the account: {}", locked.err);
    station.set_clock(-DAY_S);
    station.set("intake.workers", "1");
}

#[test]
fn a_drop_folder_that_goes_away_is_told_and_gets_its_file_once_it_is_back() {
    let station = Station::new();
    let away = station.drop_folder().with_extension("away");
    let mut service = station.watch();
    fs::rename(station.drop_folder(), &away).unwrap();
    station.receive(&plates(1)[0], &capture("AWAY", 1));
    accept(&station, &service.hears_runs(1)[0]);
    let told = service.hears_state("delivery", "degraded");
    assert!(told.contains("wait"), "it says that a file waits: {told}");
    assert_eq!(station.health("delivery")["status"], "degraded", "who asks is told too");
    fs::rename(&away, station.drop_folder()).unwrap();
    service.hears_state("delivery", "healthy");
    assert_eq!(service.stops(), 0, "it never fell over");
    let paths: Vec<PathBuf> = station.drop_folder().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    let ending = |wanted: &str| paths.iter().filter(|path| path.extension().is_some_and(|e| e == wanted)).count();
    assert_eq!((ending("csv"), ending("ok")), (1, 1), "one file, and the word that it is whole: {paths:?}");
}

#[test]
fn changed_settings_hold_at_once_and_unusable_ones_stop_nothing() {
    let station = Station::new();
    let pictures = plates(4);
    let other = station.inbox().with_file_name("camera 2");
    fs::create_dir(&other).unwrap();
    let mut service = station.watch();
    station.receive(&pictures[0], &capture("SET", 1));
    service.hears_runs(1);
    station.set("intake.inbox", other.to_str().unwrap());
    let told = service.hears_state("settings", "healthy");
    assert!(told.contains("intake.inbox") && told.contains("camera 2"), "it says what holds now: {told}");
    put(&other.join(capture("SET", 2)), &pictures[1]);
    assert_eq!(service.hears_runs(1)[0]["plate_no"], "2", "the other camera's folder is watched");
    station.set("intake.calibration", "/no/such/file.json");
    let told = service.hears_state("settings", "degraded");
    assert!(told.contains("/no/such/file.json") && told.contains("before holds"), "it says what to mend: {told}");
    put(&other.join(capture("SET", 3)), &pictures[2]);
    assert_eq!(service.hears_runs(1)[0]["plate_no"], "3", "what was set before holds meanwhile");
    station.run(["config", "unset", "intake.calibration"]).ended_with(0);
    service.hears_state("settings", "healthy");
    put(&other.join(capture("SET", 4)), &pictures[3]);
    assert_eq!(service.hears_runs(1)[0]["plate_no"], "4", "and all is well again");
    assert_eq!(service.stops(), 0, "it never fell over");
    assert_eq!(station.runs().len(), 4, "each plate once");
    station.assert_sound();
}
