//! A station whose own key is gone: it says so, everything else at it goes on, and it goes on by itself once it is enrolled.

use crate::bench::Bench;
use std::{
    fs,
    io::Write as _,
    thread,
    time::{Duration, Instant},
};
use wellread_station::{Code, code_of, sync::Engine};

#[test]
fn a_key_that_is_gone_is_said_to_be_and_one_that_is_damaged_is_never_written_over() {
    let bench = Bench::new();
    bench.sync();
    let file = bench.place.path().join("data/station.key");
    let why = |bench: &Bench| match Engine::new(&bench.station, &bench.hub, &|| false) {
        Err(why) => why,
        Ok(_) => panic!("without its key it cannot speak to headquarters"),
    };
    fs::File::create(&file).unwrap().write_all(b"half a key").unwrap();
    let damaged = why(&bench);
    assert!(format!("{damaged:#}").contains("move away"), "what to do: {damaged:#}");
    assert_eq!(code_of(&damaged), Some(Code::Refused), "it is not the database's key that is bad");
    let enrolled = bench.station.enrol_over(&bench.ada, &bench.hub, "http://hub.example", crate::hub::CODE);
    assert!(enrolled.is_err(), "nor may a new one take its place unseen");
    assert_eq!(fs::read_to_string(&file).unwrap(), "half a key", "it is as it was");
    fs::remove_file(&file).unwrap();
    let gone = why(&bench);
    assert!(format!("{gone:#}").contains("new code"), "what to do: {gone:#}");
    assert!(!file.exists(), "looking for a key makes none");
    bench.plate(1, "S1", b"picture");
    bench.enrol();
    assert_eq!(bench.sync().runs, 1, "with a new one all goes on");
    bench.assert_sound();
}

#[test]
fn the_service_says_it_too_and_waits_for_a_person() {
    let bench = Bench::new();
    fs::remove_file(bench.place.path().join("data/station.key")).unwrap();
    let until = Instant::now() + Duration::from_mins(2);
    let said = |bench: &Bench| bench.state().last_error.unwrap_or_default();
    thread::scope(|scope| {
        let station = &bench.station;
        let stop = || Instant::now() >= until || said(&bench).contains("new code");
        scope.spawn(move || station.keep_syncing(&stop));
    });
    assert!(said(&bench).contains("new code"), "what to do: {}", said(&bench));
    assert!(bench.state().next_attempt_ms.is_some(), "and when it looks again by itself");
}
