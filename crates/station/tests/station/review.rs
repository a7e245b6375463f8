//! Corrections change results and summaries, keep what was seen, and void signatures.

use crate::bench::{Bench, PASSWORD, because, code};
use wellread_plate::class::{Call, WellClass};
use wellread_station::{
    Code,
    review::{Change, ReasonCode, WellIs},
    store::{Disposition, Identity, Meaning, Signed},
};

fn well(well: &str, is: &str) -> Change {
    Change::Well { well: well.parse().unwrap(), is: is.parse().unwrap() }
}

#[test]
fn a_correction_changes_the_sample_and_keeps_what_was_seen() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let anong = bench.person("anong", "supervisor");
    let station = &bench.station;
    let misread = because(ReasonCode::Misread);
    let event = station.review(&anong, run, &well("A5", "button"), &misread, None).unwrap();
    let counts = |step| station.sample("S-1").unwrap().summary.distribution.count(step);
    assert_eq!((counts(4), counts(5)), (1, 7), "row A ends one step earlier");
    let detail = station.run(run).unwrap();
    let a5 = detail.wells.iter().find(|w| w.seen.well.to_string() == "A5").unwrap();
    assert_eq!((a5.seen.label, a5.final_label), (Call::Positive, Call::Negative), "the AI's call stays visible");
    assert_eq!(a5.review.as_ref().unwrap().actor, "anong", "with who said otherwise");
    let series = &detail.results.unwrap().results["series"];
    assert_eq!(series[0]["end_point"], 4, "and the series follows");
    station.review(&anong, run, &Change::Undo { event: event.seq }, &because(ReasonCode::Mistake), None).unwrap();
    assert_eq!(counts(5), 8, "an undo brings back what held before");
    bench.assert_sound();
}

#[test]
fn a_rescan_replaces_and_a_rejection_brings_the_earlier_back() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5; 8], false);
    let second = bench.record("S-1", "1", [6; 8], false);
    let anong = bench.person("anong", "operator");
    let total = || bench.station.sample("S-1").unwrap().summary.distribution;
    assert_eq!((total().total(), total().count(6)), (8, 8), "the same plate again does not double");
    bench.station.review(&anong, second, &Change::Reject, &because(ReasonCode::Handling), None).unwrap();
    assert_eq!((total().total(), total().count(5)), (8, 8), "the first counts again");
    bench.assert_sound();
}

#[test]
fn a_plate_without_a_sample_waits_until_somebody_says_whose_it_is() {
    let bench = Bench::new();
    let run = bench.record("", "", [5; 8], false);
    let anong = bench.person("anong", "operator");
    let state = || bench.station.run(run).unwrap().state;
    assert_eq!(state().disposition, Disposition::WaitingSample, "nobody knows it");
    let refused = bench.station.review(&anong, run, &Change::Accept, &because(ReasonCode::Confirmed), None);
    assert_eq!(code(refused), Some(Code::Refused), "so nobody can accept it");
    let identity = Identity { sample_no: "S-9".to_owned(), plate_no: "1".to_owned(), ..Identity::default() };
    let named = Change::Identity(identity);
    bench.station.review(&anong, run, &named, &because(ReasonCode::WrongNumber), None).unwrap();
    assert_eq!(state().disposition, Disposition::Accepted, "named and without doubt, it counts");
}

#[test]
fn two_who_did_not_know_of_each_other_are_both_kept_and_flagged() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let (anong, somchai) = (bench.person("anong", "operator"), bench.person("somchai", "operator"));
    let misread = because(ReasonCode::Misread);
    bench.station.review(&anong, run, &well("A5", "negative"), &misread, Some(0)).unwrap();
    bench.station.review(&somchai, run, &well("B5", "negative"), &misread, Some(0)).unwrap();
    let detail = bench.station.run(run).unwrap();
    assert!(detail.events.iter().all(|event| event.conflict), "both show that they collided");
    assert!(detail.state.conflict && detail.state.disposition == Disposition::ToReview, "and somebody must look");
    let kept = detail.results.unwrap().distribution;
    assert_eq!((kept.count(4), kept.count(5)), (2, 6), "nothing of either is lost");
    bench.assert_sound();
}

#[test]
fn what_the_assay_does_not_know_is_refused() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let anong = bench.person("anong", "operator");
    let misread = because(ReasonCode::Misread);
    for wrong in [well("A5", "growth"), well("P24", "negative")] {
        assert!(bench.station.review(&anong, run, &wrong, &misread, None).is_err(), "{wrong:?}");
    }
    let mut silent = because(ReasonCode::Other);
    silent.text = " ".to_owned();
    let outcome = bench.station.review(&anong, run, &Change::Reject, &silent, None);
    assert_eq!(code(outcome), Some(Code::Invalid), "'other' says what it is");
    assert_eq!("ring".parse::<WellIs>(), Ok(WellIs::Class(WellClass::RING)), "a word that is no call is a class");
}

#[test]
fn a_signature_needs_the_password_and_ends_with_the_next_review() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let (anong, boss) = (bench.person("anong", "supervisor"), bench.person("boss", "supervisor"));
    let station = &bench.station;
    let signed = || station.run(run).unwrap().state.signed;
    let wrong = station.sign(&anong, "wrong horse", run, Meaning::Performed, None);
    assert_eq!(code(wrong), Some(Code::LoginFailed), "the password is asked for again");
    station.sign(&anong, PASSWORD, run, Meaning::Reviewed, None).unwrap();
    let own = station.sign(&anong, PASSWORD, run, Meaning::Approved, None);
    assert_eq!(code(own), Some(Code::Refused), "nobody approves own work");
    station.sign(&boss, PASSWORD, run, Meaning::Approved, None).unwrap();
    assert_eq!(signed(), Signed::Approved, "somebody else may");
    station.review(&anong, run, &well("A5", "negative"), &because(ReasonCode::Misread), None).unwrap();
    assert_eq!(signed(), Signed::Void, "a later review voids what was signed");
    bench.assert_sound();
}
