//! The process dies at every place where a plate comes by, as by a power cut; afterwards nothing is lost or doubled.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt};
use wellread_journeys::station::{Station, capture, plates};

const PLATES: usize = 5;
const SIGKILL: i32 = 9;

/// The places, as the program names them.
const PLACES: [&str; 8] =
    ["file-read", "blob-kept", "in-admission", "admitted", "plate-read", "pictures-kept", "in-recording", "recorded"];

#[test]
fn dying_anywhere_loses_and_doubles_nothing() {
    let station = Station::new();
    for (n, picture) in plates(PLATES).iter().enumerate() {
        station.receive(picture, &capture("S1", n + 1));
    }
    for place in PLACES {
        let mut dying = station.command(["watch", "--once"]);
        let ended = dying.env("WELLREAD_FAILPOINT", place).output().unwrap();
        // A program without its feature `failpoints` lives on.
        assert_eq!(ended.status.signal(), Some(SIGKILL), "it dies at {place}");
    }
    station.drain();
    let runs = station.runs();
    assert_eq!(runs.len(), PLATES, "each plate is one run: {runs:?}");
    let plates: BTreeSet<&str> = runs.iter().map(|run| run["plate_no"].as_str().unwrap()).collect();
    assert_eq!(plates.len(), PLATES, "and each another one");
    assert!(runs.iter().all(|run| run["status"] == "completed"), "all of them whole: {runs:?}");
    station.assert_sound();
}

#[test]
fn dying_at_the_third_plate_keeps_the_first_two() {
    for place in ["in-admission", "in-recording"] {
        let station = Station::new();
        station.set("intake.workers", "1");
        for (n, picture) in plates(PLATES).iter().enumerate() {
            station.receive(picture, &capture("S1", n + 1));
        }
        let mut dying = station.command(["watch", "--once"]);
        let ended = dying.env("WELLREAD_FAILPOINT", format!("{place}:3")).output().unwrap();
        assert_eq!(ended.status.signal(), Some(SIGKILL), "it dies in the middle");
        let kept = station.runs().iter().filter(|run| run["status"] == "completed").count();
        assert_eq!(kept, 2, "what was recorded stays, died {place}");
        station.drain();
        assert_eq!(station.runs().len(), PLATES, "and the others follow, died {place}");
        station.assert_sound();
    }
}
