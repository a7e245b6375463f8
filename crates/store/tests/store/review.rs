use crate::support::{identity, person_at, review, run_id, signature_id, station, station_at};
use wellread_plate::class::{Call, WellClass};
use wellread_store::{Decision, Disposition, Error, Meaning, NewReview, NewSignature, Signed};

fn a1_is_negative() -> Decision {
    Decision::Override { well: "A1".parse().unwrap(), class: Some(WellClass::BUTTON), label: Call::Negative }
}

#[test]
fn an_override_changes_the_results_and_the_reading_stays() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    let wells = bench.db.read(|r| r.wells(run_id(1))).unwrap();
    bench.decide(1, 1, 1, a1_is_negative()).unwrap();
    bench
        .db
        .read(|r| {
            assert_eq!(r.wells(run_id(1))?, wells, "what the eyes saw stays visible for ever");
            let overrides = r.overrides(run_id(1))?;
            let a1 = &overrides[&"A1".parse().unwrap()];
            assert_eq!((a1.label, a1.actor.as_str()), (Call::Negative, "person1"), "who says what instead");
            assert_eq!(r.final_results(run_id(1))?.unwrap().distribution.count(12), 1, "the results are the new ones");
            assert_eq!(r.first_results(run_id(1))?.unwrap().distribution.count(5), 8, "and the first are kept");
            assert_eq!(r.sample("S1")?.unwrap().distribution.count(12), 1, "the sample follows the correction");
            let entry = r
                .audit_entries(&wellread_store::AuditFilter::default(), wellread_store::Page::first(1))?
                .rows
                .remove(0);
            assert_eq!(entry.old.unwrap()["label"], "positive", "the trail says what it was");
            assert_eq!(entry.new.unwrap()["label"], "negative", "and what it became");
            Ok::<_, Error>(())
        })
        .unwrap();
    bench.assert_sound();
}

#[test]
fn an_event_can_be_undone_and_done_again() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], true);
    bench.decide(1, 1, 1, Decision::Accept).unwrap();
    let state = || bench.db.read(|r| r.run_state(run_id(1))).unwrap();
    assert_eq!(state().disposition, Disposition::Accepted, "a person has looked");
    bench.decide(1, 1, 2, Decision::Undo { event: 1 }).unwrap();
    assert_eq!(state().disposition, Disposition::ToReview, "undone, it waits again");
    let twice = bench.decide(1, 1, 3, Decision::Undo { event: 1 });
    assert!(matches!(twice, Err(Error::Refused(_))), "what is undone cannot be undone: {twice:?}");
    bench.decide(1, 1, 4, Decision::Undo { event: 2 }).unwrap();
    assert_eq!(state().disposition, Disposition::Accepted, "the undoing undone, it is accepted again");
    let events = bench.db.read(|r| r.events(run_id(1))).unwrap();
    let undone: Vec<bool> = events.iter().map(|event| event.undone).collect();
    assert_eq!(undone, [false, true, false], "nothing was deleted, and each says whether it holds");
    bench.assert_sound();
}

#[test]
fn undoing_an_override_brings_the_results_without_it() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    bench.decide(1, 1, 1, a1_is_negative()).unwrap();
    let undo = Decision::Undo { event: 1 };
    assert!(bench.decide(1, 1, 2, undo.clone()).is_err(), "calls change, so the results must come along");
    let first = bench.db.read(|r| r.first_results(run_id(1))).unwrap();
    let new = NewReview { results: first, ..review(1, 3, undo, 1) };
    bench.db.write(&person_at(1, 3), |w| w.review(&new)).unwrap();
    let sample = bench.db.read(|r| r.sample("S1")).unwrap().unwrap();
    assert_eq!(sample.distribution.count(5), 8, "the sample is as before");
    assert!(bench.db.read(|r| r.overrides(run_id(1))).unwrap().is_empty(), "no call is overridden");
    bench.assert_sound();
}

#[test]
fn two_who_did_not_know_of_each_other_are_both_kept_and_flagged() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    bench.db.write(&person_at(1, 1), |w| w.review(&review(1, 1, a1_is_negative(), 0))).unwrap();
    let second = bench.db.write(&person_at(2, 2), |w| w.review(&review(1, 2, Decision::Accept, 0))).unwrap();
    assert!(second.conflict, "its author had not seen the first");
    let events = bench.db.read(|r| r.events(run_id(1))).unwrap();
    assert!(events.iter().all(|event| event.conflict), "both sides are flagged: {events:?}");
    let state = bench.db.read(|r| r.run_state(run_id(1))).unwrap();
    assert_eq!((state.disposition, state.conflict), (Disposition::ToReview, true), "somebody must settle it");
    bench.decide(1, 1, 3, Decision::Accept).unwrap();
    let state = bench.db.read(|r| r.run_state(run_id(1))).unwrap();
    assert_eq!((state.disposition, state.conflict), (Disposition::Accepted, false), "who has seen both has settled it");
    bench.assert_sound();
}

#[test]
fn a_plate_of_nobody_waits_until_somebody_says_whose_it_is() {
    let bench = station(None);
    bench.record(1, "", "", [5; 8], false);
    let state = || bench.db.read(|r| r.run_state(run_id(1))).unwrap();
    assert_eq!(state().disposition, Disposition::WaitingSample, "a good reading of an unknown plate is no result");
    assert!(bench.decide(1, 1, 1, Decision::Accept).is_err(), "nor can it be accepted");
    let control = identity("S\n1", "1");
    assert!(bench.decide(1, 1, 2, Decision::Sample(control)).is_err(), "a number must be printable");
    bench.decide(1, 1, 3, Decision::Sample(identity("S9", "4"))).unwrap();
    assert_eq!(state().disposition, Disposition::Accepted, "named, it counts at once: it needed no review");
    assert_eq!(bench.db.read(|r| r.sample("S9")).unwrap().unwrap().counted_runs, 1, "for that sample");
    bench.assert_sound();
}

#[test]
fn only_people_review_and_only_with_a_reason() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], true);
    let by_station = bench.db.write(&station_at(1), |w| w.review(&review(1, 1, Decision::Accept, 0)));
    assert!(matches!(by_station, Err(Error::Refused(_))), "the station cannot accept its own doubts");
    let silent = NewReview { reason_code: String::new(), ..review(1, 1, Decision::Accept, 0) };
    assert!(bench.db.write(&person_at(1, 1), |w| w.review(&silent)).is_err(), "without a reason");
    let ahead = review(1, 1, Decision::Accept, 7);
    assert!(bench.db.write(&person_at(1, 1), |w| w.review(&ahead)).is_err(), "nobody has seen what is not there");
    let off = Decision::Override { well: "P24".parse().unwrap(), class: None, label: Call::Positive };
    assert!(bench.db.write(&person_at(1, 1), |w| w.review(&review(1, 1, off, 0))).is_err(), "a well off the plate");
    assert!(bench.db.read(|r| r.events(run_id(1))).unwrap().is_empty(), "nothing of all that was kept");
}

fn sign(n: u64, meaning: Meaning, covers_seq: i64) -> NewSignature {
    NewSignature { id: signature_id(n), run: run_id(1), meaning, covers_seq }
}

#[test]
fn a_later_review_voids_a_signature() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    bench.db.write(&person_at(1, 1), |w| w.sign(&sign(1, Meaning::Performed, 0))).unwrap();
    bench.db.write(&person_at(2, 2), |w| w.sign(&sign(2, Meaning::Approved, 0))).unwrap();
    let signed = || bench.db.read(|r| r.run_state(run_id(1))).unwrap().signed;
    assert_eq!(signed(), Signed::Approved, "the furthest one shows");
    bench.assert_sound();
    bench.decide(1, 1, 1, a1_is_negative()).unwrap();
    assert_eq!(signed(), Signed::Void, "what was signed is not what holds now");
    let signatures = bench.db.read(|r| r.signatures(run_id(1))).unwrap();
    assert!(signatures.iter().all(|signature| signature.void), "each says so");
    let unseen = bench.db.write(&person_at(2, 3), |w| w.sign(&sign(3, Meaning::Approved, 0)));
    assert!(matches!(unseen, Err(Error::Refused(_))), "what was not seen cannot be signed: {unseen:?}");
    bench.db.write(&person_at(2, 4), |w| w.sign(&sign(4, Meaning::Approved, 1))).expect("but the new state can");
    assert_eq!(signed(), Signed::Approved);
    bench.assert_sound();
}

#[test]
fn what_is_open_is_not_approved() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], true);
    let approved = bench.db.write(&person_at(1, 1), |w| w.sign(&sign(1, Meaning::Approved, 0)));
    assert!(matches!(approved, Err(Error::Refused(_))), "first somebody decides: {approved:?}");
    bench.db.write(&person_at(1, 2), |w| w.sign(&sign(2, Meaning::Performed, 0))).expect("that one did it is true");
    let twice = bench.db.write(&person_at(1, 3), |w| w.sign(&sign(3, Meaning::Performed, 0)));
    assert!(matches!(twice, Err(Error::Refused(_))), "once is enough: {twice:?}");
    let by_station = bench.db.write(&station_at(4), |w| w.sign(&sign(4, Meaning::Performed, 0)));
    assert!(by_station.is_err(), "a station has no hand");
}
