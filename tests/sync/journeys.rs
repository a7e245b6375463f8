//! Enrolled, told, cut off, found again, restored: nothing is lost, nothing is doubled, and the words say how it is.

use crate::{driver::until, hub::Hub, people::account};
use serde_json::{Value, json};
use std::path::Path;
use wellread_journeys::{
    command, ran,
    station::{PASSWORD, Station, capture, plates},
};

/// A station that belongs to the hub.
pub(crate) fn enrolled(hub: &Hub) -> Station {
    let station = Station::new();
    station.run(["enrol", &hub.url(), &hub.code()]).ended_with(0);
    station
}

pub(crate) fn sync(station: &Station) -> Value {
    station.run(["sync", "--json"]).ended_with(0).lines().remove(0)
}

fn sync_of(station: &Station) -> Value {
    station.status()["sync"].clone()
}

#[test]
fn a_station_is_enrolled_and_what_it_read_is_at_headquarters() {
    let Some(hub) = Hub::start() else { return };
    let station = Station::new();
    let before = station.run(["sync"]).ended_with(1);
    assert!(before.err.contains("wellread enrol"), "a station of nobody says how it joins: {}", before.err);
    let wrong = station.run(["enrol", &hub.url(), "lab-AAAA-BBBB-CCCC"]).ended_with(2);
    assert!(wrong.err.contains("new one"), "a wrong code is said to be wrong: {}", wrong.err);
    let pictures = plates(3);
    for (n, picture) in pictures.iter().enumerate() {
        station.receive(picture, &capture("S1", n + 1));
    }
    station.drain();
    station.run(["enrol", &hub.url(), &hub.code()]).ended_with(0);
    let report = sync(&station);
    assert_eq!(
        (&report["runs"], &report["quarantined"], &report["left"]),
        (&json!(3), &json!(0), &json!(0)),
        "{report}"
    );
    assert_eq!(hub.samples_of_runs(), ["S1", "S1", "S1"], "what was read before it was enrolled is there too");
    let state = sync_of(&station);
    assert_eq!((&state["state"], &state["pending"]), (&json!("idle"), &json!(0)), "all is told: {state}");
    assert_eq!(state["blobs_pending"], 0, "every picture is there, by the hub's word: {state}");
    let words = station.run(["status"]).ended_with(0).out;
    assert!(words.contains("headquarters Regional laboratories") && words.contains("all is told"), "in words: {words}");
    assert_eq!(sync(&station)["records"], 0, "and told once");
    station.assert_sound();
}

#[test]
fn a_network_that_is_lost_holds_up_no_plate_and_is_found_again_by_itself() {
    let Some(mut hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    station.set("sync.every_s", "1");
    let pictures = plates(4);
    let mut service = station.watch();
    station.receive(&pictures[0], &capture("S1", 1));
    service.hears_runs(1);
    until("the first plate is at headquarters", || match hub.samples_of_runs().len() {
        1 => Ok(()),
        other => Err(format!("{other} runs are there")),
    });
    hub.goes_away();
    let words = service.hears_state("sync", "degraded");
    assert!(words.contains("cannot be reached"), "the service says so: {words}");
    for (n, picture) in pictures.iter().enumerate().skip(1) {
        station.receive(picture, &capture("S1", n + 1));
    }
    service.hears_runs(3);
    // While a try goes on, it says that it is telling them instead.
    until("the plates wait, and it says when it goes on", || match sync_of(&station) {
        state
            if state["state"] == "waiting"
                && state["pending"].as_u64() >= Some(3)
                && state["next_attempt_ms"].is_i64() =>
        {
            Ok(())
        }
        state => Err(state.to_string()),
    });
    hub.comes_back();
    until("the others follow by themselves", || match hub.samples_of_runs().len() {
        4 => Ok(()),
        other => Err(format!("{other} runs are there: {}", sync_of(&station))),
    });
    until("all is told", || match sync_of(&station) {
        state if state["state"] == "idle" => Ok(()),
        state => Err(state.to_string()),
    });
    assert_eq!(service.stops(), 0, "the service never noticed");
    station.assert_sound();
}

#[test]
fn a_person_pauses_the_sync_and_resumes_it() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    station.add("mali", "viewer");
    station.run_as("mali", ["sync", "--pause", "because"]).ended_with(4);
    station.run(["sync", "--pause", "the line is dear in the morning"]).ended_with(0);
    let refused = station.run(["sync"]).ended_with(1);
    assert!(refused.err.contains("dear in the morning"), "whoever tries is told why: {}", refused.err);
    station.run(["sync", "--resume"]).ended_with(0);
    sync(&station);
    let trail = station.run(["audit", "--resource", "sync_connection", "--json"]).ended_with(0).lines();
    let actions: Vec<&str> = trail.iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["RESUME", "PAUSE", "ENROL"], "all of it is in the audit trail");
}

#[test]
fn a_backup_that_was_restored_takes_over_and_headquarters_keep_what_only_they_have() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let pictures = plates(3);
    station.receive(&pictures[0], &capture("S1", 1));
    station.drain();
    sync(&station);
    let copy = station.data().with_file_name("copy.db");
    station.run(["backup", copy.to_str().unwrap()]).ended_with(0);
    station.receive(&pictures[1], &capture("S2", 1));
    station.drain();
    sync(&station);
    station.run(["restore", copy.to_str().unwrap(), "--unencrypted", "--replace"]).ended_with(0);
    let state = sync_of(&station);
    assert_eq!(state["take_over_wanted"], true, "the backup knows that it is one: {state}");
    station.receive(&pictures[2], &capture("S3", 1));
    station.drain();
    sync(&station);
    let state = sync_of(&station);
    assert_eq!((&state["state"], &state["fenced"]), (&json!("idle"), &Value::Null), "it goes on: {state}");
    assert!(state["hub_only"].as_u64().unwrap() > 0, "what only headquarters have is counted: {state}");
    let samples = hub.samples_of_runs();
    for sample in ["S1", "S2", "S3"] {
        assert!(samples.iter().any(|known| known == sample), "{sample} is there: {samples:?}");
    }
    station.assert_sound();
}

#[test]
fn a_second_copy_at_work_is_fenced_until_a_person_says_which_one_goes_on() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let pictures = plates(2);
    sync(&station);
    // A disk that was cloned: the same database, the same key, and nobody said anything.
    let clone = station.data().with_file_name("clone");
    copy_all(&station.data(), &clone);
    station.receive(&pictures[0], &capture("S1", 1));
    station.drain();
    sync(&station);
    let on_clone = |args: &[&str]| {
        let mut command = command(args);
        command.env("WELLREAD_DATA", &clone).env("WELLREAD_USER", "ada").env("WELLREAD_PASSWORD", PASSWORD);
        ran(&command.output().unwrap())
    };
    on_clone(&["config", "set", "intake.rest_ms", "300"]).ended_with(0);
    let refused = on_clone(&["sync"]).ended_with(1);
    assert!(refused.out.contains("--take-over"), "a person is asked: {} {}", refused.out, refused.err);
    on_clone(&["sync", "--take-over", "the first disk is broken"]).ended_with(0);
    on_clone(&["sync"]).ended_with(0);
    let refused = station.run(["sync"]).ended_with(1);
    assert!(
        refused.out.contains("another copy") || refused.out.contains("--take-over"),
        "now the first is shut out: {}",
        refused.out
    );
    assert_eq!(station.runs().len(), 1, "and goes on reading");
    station.assert_sound();
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn dying_anywhere_on_the_way_loses_and_doubles_nothing() {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGKILL: i32 = 9;
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let pictures = plates(5);
    // The places, as the program names them.
    let places = ["told", "acknowledged", "in-page", "page-applied", "part-sent"];
    for (n, place) in places.into_iter().enumerate() {
        station.receive(&pictures[n], &capture("S1", n + 1));
        station.drain();
        account(&hub, &format!("person{n}"));
        let mut dying = station.command(["sync"]);
        let ended = dying.env("WELLREAD_FAILPOINT", place).output().unwrap();
        assert_eq!(ended.status.signal(), Some(SIGKILL), "it dies at {place}");
    }
    sync(&station);
    assert_eq!(hub.samples_of_runs().len(), 5, "each plate is there once");
    assert_eq!(sync_of(&station)["blobs_pending"], 0, "with its pictures");
    let accounts = station.run(["users", "list", "--json"]).ended_with(0).lines();
    let theirs = accounts.iter().filter(|account| account["origin"] == "hub");
    // The five, and the administrator of headquarters.
    assert_eq!(theirs.count(), 6, "and what headquarters said holds: {accounts:?}");
    station.assert_sound();
}
