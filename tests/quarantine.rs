//! A picture that ends the whole program, again and again: the others are read all the same, and it is given up with
//! its reason. A power cut now and then gives up nothing.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, Output},
};
use wellread_journeys::{
    ran,
    station::{Station, capture, plates},
};

const SIGKILL: i32 = 9;
/// Readings after which a plate waits for all others, and after which it is not read any more.
const AMONG_OTHERS: usize = 3;
const MOST: usize = 6;

/// A station with one worker and some plates, and the start of its service that dies while it reads this one.
fn station(count: usize) -> Station {
    let station = Station::new();
    station.set("intake.workers", "1");
    for (n, picture) in plates(count).iter().enumerate() {
        station.receive(picture, &capture("S1", n + 1));
    }
    station
}

fn watch(station: &Station, failpoint: &str) -> Output {
    let mut command: Command = station.command(["watch", "--once"]);
    command.env("WELLREAD_FAILPOINT", failpoint).output().unwrap()
}

fn of_status(station: &Station, status: &str) -> Vec<Value> {
    station.runs().into_iter().filter(|run| run["status"] == status).collect()
}

#[test]
fn a_picture_that_ends_the_program_keeps_no_other_back_and_is_given_up() {
    let station = station(4);
    let deadly = format!("plate-read={}", capture("S1", 1));
    for death in 1..=MOST {
        assert_eq!(watch(&station, &deadly).status.signal(), Some(SIGKILL), "it dies of this picture, {death}");
        if death == AMONG_OTHERS + 1 {
            assert_eq!(of_status(&station, "completed").len(), 3, "in quarantine it waits until all others are read");
        }
    }
    let given_up = ran(&watch(&station, &deadly)).ended_with(0);
    assert!(given_up.out.contains("ended 6 times"), "it is told: {given_up:?}");
    let failed = of_status(&station, "failed");
    assert_eq!(failed.len(), 1, "one run failed: {failed:?}");
    let why = failed[0]["error_msg"].as_str().unwrap();
    assert!(why.contains("the program ended 6 times while it read this picture"), "and says why: {why}");
    assert_eq!(station.drain().len(), 0, "no start after that does anything about it");

    let run = failed[0]["run_id"].as_str().unwrap();
    station.run(["reprocess", run]).ended_with(0);
    assert_eq!(
        of_status(&station, "completed").len(),
        4,
        "a person can have it read again, once the program is mended"
    );
    station.assert_sound();
}

#[test]
fn power_cuts_that_meet_a_healthy_plate_do_not_fail_it() {
    let station = station(1);
    for cut in 1..MOST {
        assert_eq!(watch(&station, "plate-read").status.signal(), Some(SIGKILL), "the power is cut, {cut}");
    }
    station.drain();
    assert_eq!(of_status(&station, "completed").len(), 1, "five cuts, all while it was read, and it is whole");
    station.assert_sound();
}
