//! Two copies of one station, a hub restored from a backup, a station taken off the list: nothing is mixed, nothing lost.

use crate::{bench::Bench, hub::Fault};
use std::path::Path;
use wellread_station::{
    Clock, Steps,
    backup::{self, Present},
    keys::KeyPlace,
    store::Direction,
    sync::SyncPhase,
};

#[test]
fn a_hub_restored_from_a_backup_is_told_again() {
    let bench = Bench::new();
    for n in 1..=3 {
        bench.plate(n, "S1", format!("picture {n}").as_bytes());
    }
    bench.sync();
    let all = bench.hub.kinds();
    bench.hub.restore(2);
    bench.sync();
    assert_eq!(bench.hub.kinds(), all, "every record that it lost");
    assert_eq!(bench.hub.state().verified.len(), 3, "and every picture");
    bench.assert_sound();
}

#[test]
fn a_restored_station_takes_over_by_itself_and_the_hub_keeps_what_only_it_has() {
    let mut bench = Bench::new();
    bench.plate(1, "S1", b"picture 1");
    bench.sync();
    let file = bench.place.path().join("backup.db");
    bench.station.backup(&bench.ada, &file, true, &Steps::unwatched()).unwrap();
    bench.plate(2, "S1", b"picture 2");
    bench.sync();
    let before = bench.hub.kinds().len();
    restore(&mut bench, &file);
    assert!(bench.state().take_over_wanted, "a backup knows that it is one");
    bench.plate(3, "S1", b"picture 3");
    bench.sync();
    let state = bench.state();
    assert_eq!((state.take_over_wanted, state.fenced), (false, None), "it goes on as the one that writes");
    assert!(state.hub_only > 0, "what came after the backup only headquarters have: {before} records before");
    assert_eq!(bench.acked(), bench.head(), "and everything of this copy is told");
    let contact = bench.hub.state().contacts.iter().rev().nth(1).cloned().unwrap();
    assert_eq!(contact.audit_head, None, "an older audit trail is no sign of tampering when a take-over says why");
    bench.assert_sound();
}

fn restore(bench: &mut Bench, file: &Path) {
    let folder = bench.station.folder().clone();
    let clock = bench.station.clock().clone();
    backup::restore(file, &folder, Some(KeyPlace::Unencrypted), Present::PutAside, (&clock, &Steps::unwatched()))
        .unwrap();
    bench.station = wellread_station::Station::open(&folder, clock).unwrap();
}

#[test]
fn a_copy_that_nobody_announced_is_fenced_until_a_person_decides() {
    let bench = Bench::new();
    bench.plate(1, "S1", b"picture 1");
    bench.sync();
    // Another disk with the same data told something else meanwhile.
    bench.hub.state().log.last_mut().unwrap().hash = wellread_wire::chain::Sha256::of(b"another history");
    bench.plate(2, "S1", b"picture 2");
    let report = bench.sync();
    assert!(!report.fenced.is_empty(), "no record is told");
    let state = bench.state();
    assert_eq!(state.state, SyncPhase::Fenced, "and a person is asked: {}", state.in_words);
    assert!(state.in_words.contains("--take-over"), "with what to do: {}", state.in_words);
    let has = bench.hub.kinds().len();
    bench.sync();
    assert_eq!(bench.hub.kinds().len(), has, "however often it is tried");
    assert!(bench.station.take_over(&bench.ada, " ").is_err(), "not without saying why");
    bench.station.take_over(&bench.ada, "the other disk is broken").unwrap();
    bench.sync();
    assert_eq!(bench.state().state, SyncPhase::Idle, "it goes on: {}", bench.state().in_words);
    assert_eq!(bench.acked(), bench.head(), "with all it has");
    bench.assert_sound();
}

#[test]
fn a_fence_that_the_hub_raises_while_it_is_told_is_kept() {
    let bench = Bench::new();
    bench.sync();
    bench.plate(1, "S1", b"picture");
    bench.hub.fault("/log", Fault::Refused(409, wellread_wire::problem::code::FENCED, None));
    bench.sync();
    assert_eq!(bench.state().state, SyncPhase::Fenced, "the hub said so in the middle");
    bench.sync();
    assert_eq!(bench.state().state, SyncPhase::Idle, "and no longer says so at the next contact");
}

#[test]
fn a_station_taken_off_the_list_goes_on_and_may_come_back() {
    let bench = Bench::new();
    bench.sync();
    bench.hub.state().revoked = true;
    bench.hub.state().forget_tokens();
    bench.plate(1, "S1", b"picture");
    assert!(bench.round().is_err(), "headquarters know it no longer");
    let state = bench.state();
    assert_eq!(state.state, SyncPhase::Revoked, "that is said: {}", state.in_words);
    bench.plate(2, "S1", b"another");
    bench.enrol();
    bench.sync();
    assert_eq!(bench.state().state, SyncPhase::Idle, "with a new code it is theirs again: {}", bench.state().in_words);
    assert_eq!(bench.acked(), bench.head(), "and what was read meanwhile is told");
    bench.assert_sound();
}

#[test]
fn records_that_are_gone_are_said_to_be_gone_and_the_rest_goes_on() {
    let bench = Bench::new();
    for n in 1..=5 {
        bench.plate(n, "S1", format!("picture {n}").as_bytes());
    }
    bench.sync();
    bench.station.write(|writing| Ok(writing.prune_acknowledged(1, i64::MAX, 1)?)).unwrap();
    bench.hub.restore(1);
    let report = bench.round().expect("the round itself goes on");
    assert!(report.failures[0].contains("newer backup"), "with what to do: {:?}", report.failures);
    assert_eq!(bench.hub.state().verified.len(), 5, "pictures still go");
    assert!(bench.state().last_error.is_some(), "and it is shown");
}

#[test]
fn the_retry_timer_needs_no_new_plate_and_no_right_clock() {
    let bench = Bench::new();
    bench.hub.fault("contact", Fault::Lost);
    assert!(bench.round().is_err(), "nobody answers");
    let planned = bench.state().next_attempt_ms.unwrap();
    let uplink = bench.station.read(|r| Ok(r.sync_state(Direction::Uplink)?)).unwrap();
    assert_eq!(uplink.next_attempt_ms, Some(planned), "it outlives a restart");
    let back = Clock::standing(crate::bench::START_MS - 400 * 86_400_000);
    assert!(
        wellread_station::sync::planned_by_a_wrong_clock(planned, back.now().utc_ms),
        "a clock set back by a year does not wait for a year"
    );
}
