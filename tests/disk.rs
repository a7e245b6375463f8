//! Disks that are full or may not be written. Needs to mount small ones; where the account may not, it says so and passes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
};
use wellread_journeys::{
    mounted::Mounted,
    station::{Station, capture, plates},
};

/// Of the small disk.
const DISK_MIB: u32 = 24;
const KIB: u64 = 1 << 10;

/// Fills the disk until so much is free; returns the file that does it.
fn fill(station: &Station, but_for: u64) -> PathBuf {
    let path = station.data().join("filler");
    let mut filler = File::create(&path).unwrap();
    let piece = vec![0; 1 << 12];
    let mut written = 0_u64;
    while filler.write_all(&piece).is_ok() {
        written += piece.len() as u64;
    }
    filler.set_len(written.saturating_sub(but_for)).unwrap();
    path
}

#[test]
fn below_the_reserve_intake_pauses_and_goes_on_by_itself() {
    let Some(station) = Station::on_small_disk(DISK_MIB) else { return };
    station.set("intake.disk_reserve_mib", "8");
    let mut service = station.watch();
    station.receive(&plates(1)[0], &capture("FULL", 1));
    service.hears_runs(1);
    let filler = fill(&station, 6 << 20);
    let told = service.hears_state("disk", "unhealthy");
    assert!(told.contains("reserve is 8 MiB") && told.contains("free some space"), "it says what to do: {told}");
    station.receive(&plates(2)[1], &capture("FULL", 2));
    let status = station.status();
    assert!(status["disk_free_mib"].as_u64() < status["disk_reserve_mib"].as_u64(), "who asks is told too: {status}");
    assert_eq!(station.health("disk")["status"], "unhealthy", "and it is noted");
    fs::remove_file(filler).unwrap();
    service.hears_state("disk", "healthy");
    service.hears_runs(1);
    assert_eq!(service.stops(), 0, "it never fell over");
    assert_eq!(station.runs().len(), 2, "each plate once");
    station.assert_sound();
}

#[test]
fn a_disk_that_fills_in_the_middle_of_a_plate_leaves_nothing_half_recorded() {
    const TIMES: u64 = 8;
    let Some(station) = Station::on_small_disk(DISK_MIB) else { return };
    station.set("intake.disk_reserve_mib", "0");
    let pictures = plates(usize::try_from(TIMES).unwrap());
    // The service too must wait for room when it starts.
    let filler = fill(&station, 0);
    let mut service = station.watch();
    let told = service.hears_state("service", "unhealthy");
    assert!(told.contains("disk is full") && told.contains("tried again by itself"), "it says why: {told}");
    fs::remove_file(filler).unwrap();
    service.hears_state("service", "healthy");
    let mut paused = 0;
    for (n, picture) in (0..).zip(&pictures) {
        // Each time a little more room: first for nothing, then for the picture alone, then for some of what follows.
        let filler = fill(&station, n * 48 * KIB);
        station.receive(picture, &capture("FULL", usize::try_from(n).unwrap() + 1));
        let heard = service.hears("a run, or why not", |event| {
            event["event"] == "run" || (event["part"] == "intake" && event["status"] == "degraded")
        });
        fs::remove_file(filler).unwrap();
        if heard["event"] != "run" {
            let told = heard["message"].as_str().unwrap();
            assert!(told.contains("disk is full") || told.contains("No space left"), "it says why: {told}");
            paused += 1;
            service.hears_state("intake", "healthy");
            service.hears_runs(1);
        }
    }
    assert!(paused > 0, "the disk was full at least once");
    assert_eq!(service.stops(), 0, "it never fell over");
    let runs = station.runs();
    assert_eq!(runs.len(), pictures.len(), "each plate once: {runs:?}");
    assert!(runs.iter().all(|run| run["status"] == "completed"), "and whole: {runs:?}");
    station.assert_sound();
}

#[test]
fn a_data_folder_that_may_not_be_written_is_said_and_works_again_afterwards() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("LOCKED", 1));
    let Some(read_only) = Mounted::read_only(&station.data()) else { return };
    for verb in [&["watch", "--once"][..], &["status"], &["runs"]] {
        let ran = station.run(verb).ended_with(1);
        assert!(ran.err.starts_with("read-only: "), "{verb:?} says why: {}", ran.err);
    }
    drop(read_only);
    station.drain();
    assert_eq!(station.runs().len(), 1, "the picture was not lost");
    station.assert_sound();
}

#[test]
fn pictures_that_cannot_be_kept_pause_intake_until_they_can() {
    let station = Station::new();
    let mut service = station.watch();
    station.receive(&plates(1)[0], &capture("KEEP", 1));
    service.hears_runs(1);
    let Some(read_only) = Mounted::read_only(&station.data().join("blobs")) else { return };
    station.receive(&plates(2)[1], &capture("KEEP", 2));
    let told = service.hears_state("intake", "degraded");
    assert!(told.contains("Read-only"), "it says why: {told}");
    assert_eq!(station.health("intake")["status"], "degraded", "and it is noted");
    drop(read_only);
    service.hears_state("intake", "healthy");
    service.hears_runs(1);
    assert_eq!(service.stops(), 0, "it never fell over");
    station.assert_sound();
}

#[test]
fn an_inbox_that_may_not_be_written_is_read_like_any_other() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("RO", 1));
    let Some(_read_only) = Mounted::read_only(&station.inbox()) else { return };
    station.drain();
    assert_eq!(station.runs().len(), 1, "sources are only ever read");
    station.assert_sound();
}
