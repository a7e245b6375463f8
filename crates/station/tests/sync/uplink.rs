//! What waits is told, whatever the network does: once, in order, and only acknowledged when the hub has it.

use crate::{
    bench::{BUDGET, Bench},
    hub::Fault,
};
use proptest::prelude::*;
use wellread_station::{
    Code, code_of,
    sync::{Engine, SyncError, SyncPhase},
};
use wellread_wire::{contact::Rejected, problem::code};

#[test]
fn a_station_enrols_and_tells_what_waits() {
    let bench = Bench::alone();
    assert_eq!(bench.state().state, SyncPhase::NotEnrolled, "it works by itself");
    let wrong = bench.station.enrol_over(&bench.ada, &bench.hub, "http://hub.example", "LAB-0000").unwrap_err();
    assert_eq!(code_of(&wrong), Some(Code::Invalid), "a wrong code is said to be wrong: {wrong:#}");
    let state = bench.enrol();
    let with = state.enrolled.expect("now it belongs to somebody");
    assert_eq!(with.org_name, "The Laboratories", "who say who they are");
    assert_eq!(state.state, SyncPhase::Waiting, "and were told nothing yet: {}", state.in_words);
    bench.plate(1, "S1", b"picture");
    let report = bench.sync();
    assert_eq!((report.runs, report.blobs), (1, 1), "a plate and its picture");
    let state = bench.state();
    assert_eq!(
        (state.state, state.pending, state.blobs_pending),
        (SyncPhase::Idle, 0, 0),
        "all is told: {}",
        state.in_words
    );
    assert_eq!(bench.acked(), bench.head(), "and the hub has said so");
    assert_eq!(bench.sync().records, 0, "once");
    bench.assert_sound();
}

#[test]
fn enrolling_again_after_a_lost_answer_is_enrolling_once() {
    let bench = Bench::alone();
    bench.hub.fault("enrol", Fault::Unanswered);
    let url = "http://hub.example";
    let lost = bench.station.enrol_over(&bench.ada, &bench.hub, url, crate::hub::CODE).unwrap_err();
    assert_eq!(code_of(&lost), Some(Code::Offline), "nobody knows whether it was heard: {lost:#}");
    bench.enrol();
    bench.sync();
    assert_eq!(bench.acked(), bench.head(), "the same key opens the same door");
}

#[test]
fn many_records_go_in_batches_of_what_may_be() {
    let bench = Bench::new();
    for n in 0..120 {
        bench.plate(n, "S1", b"the same picture");
    }
    bench.sync();
    let batches = bench.hub.state().batches.clone();
    assert!(batches.len() >= 3, "fifty runs at most go together: {batches:?}");
    assert!(batches.iter().all(|(records, bytes)| *records <= 500 && *bytes <= 256 * 1024), "and no more: {batches:?}");
    assert_eq!(bench.hub.kinds().iter().filter(|kind| *kind == "run").count(), 120, "all of them arrive");
}

#[test]
fn a_network_that_is_gone_is_waited_for_longer_and_longer_and_nothing_is_lost() {
    let bench = Bench::new();
    bench.plate(1, "S1", b"picture");
    let mut last = 0;
    for failure in 1..=4 {
        bench.hub.fault("contact", Fault::Lost);
        assert!(matches!(bench.round(), Err(SyncError::Unreachable(_))), "nobody answers");
        let state = bench.state();
        let wait = state.next_attempt_ms.unwrap() - bench.station.clock().now().utc_ms;
        assert!(wait >= last, "each wait is as long or longer: {wait} after {last}, failure {failure}");
        last = wait / 2;
        assert!(state.in_words.contains("cannot be reached"), "and the words say why: {}", state.in_words);
    }
    bench.sync();
    let state = bench.state();
    assert_eq!((state.next_attempt_ms, state.last_error), (None, None), "it is over at once");
    assert_eq!(bench.acked(), bench.head(), "with everything told");
}

#[test]
fn an_answer_that_was_lost_is_found_at_the_next_contact() {
    let bench = Bench::new();
    bench.hub.fault("/log", Fault::Unanswered);
    assert!(bench.round().is_err(), "nobody knows whether it was heard");
    assert_eq!(bench.acked(), 0, "so nothing is taken for told");
    let has = bench.hub.kinds().len() as i64;
    assert!(has > 0, "but it was");
    bench.sync();
    assert_eq!(bench.acked(), bench.head(), "the hub says what it has");
    assert_eq!(bench.hub.state().batches.len(), 1, "and is not told again");
}

#[test]
fn a_full_hub_is_left_alone_for_as_long_as_it_says() {
    let bench = Bench::new();
    bench.hub.fault("/log", Fault::Refused(429, code::SLOW_DOWN, Some(700)));
    assert!(bench.round().is_err(), "too many requests");
    let wait = bench.state().next_attempt_ms.unwrap() - bench.station.clock().now().utc_ms;
    assert_eq!(wait, 700_000, "exactly that long");
}

#[test]
fn a_token_that_is_good_no_longer_is_replaced() {
    let bench = Bench::new();
    bench.sync();
    bench.plate(1, "S1", b"picture");
    let engine = Engine::new(&bench.station, &bench.hub, &|| false).unwrap();
    engine.round(BUDGET).unwrap();
    bench.hub.state().forget_tokens();
    bench.plate(2, "S1", b"another");
    let report = engine.round(BUDGET).expect("the hub takes another");
    assert_eq!(report.runs, 1, "and the plate goes out");
}

#[test]
fn what_the_hub_put_aside_is_shown_with_what_to_do() {
    let bench = Bench::new();
    let rejected = Rejected {
        seq: 2,
        kind: "run".to_owned(),
        code: "schema-newer".to_owned(),
        reason: "written by a later release".to_owned(),
        at_ms: 5,
    };
    bench.hub.state().rejected = vec![rejected];
    bench.sync();
    let state = bench.state();
    assert_eq!(state.rejected_total, 1, "one is");
    assert!(state.rejected[0].what_to_do.contains("update"), "and somebody can do something: {:?}", state.rejected);
    bench.hub.state().rejected.clear();
    bench.sync();
    assert!(bench.state().rejected.is_empty(), "until they have");
}

#[test]
fn a_paused_station_asks_nothing() {
    let bench = Bench::new();
    bench.station.pause_sync(&bench.ada, "the line is dear in the morning").unwrap();
    let asked = bench.hub.state().asked.len();
    assert!(bench.round().is_err(), "a round is refused");
    assert_eq!(bench.hub.state().asked.len(), asked, "before anything is asked");
    assert_eq!(bench.state().paused.as_deref(), Some("the line is dear in the morning"), "and why is shown");
    bench.station.resume_sync(&bench.ada).unwrap();
    bench.sync();
    assert_eq!(bench.acked(), bench.head(), "afterwards it goes on");
}

fn fault() -> impl Strategy<Value = Option<(&'static str, Fault)>> {
    let what = prop::sample::select(vec!["contact", "/log", "feed", "snapshot", "blobs/", "token", "challenge"]);
    let fault = prop::sample::select(vec![
        Fault::Lost,
        Fault::Unanswered,
        Fault::Twice,
        Fault::Refused(503, code::UNAVAILABLE, None),
        Fault::Refused(429, code::SLOW_DOWN, Some(1)),
        Fault::Refused(401, code::UNAUTHENTICATED, None),
    ]);
    prop::option::of((what, fault))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whatever_the_network_does_each_record_arrives_once_and_in_order(
        faults in prop::collection::vec((fault(), 0_u32..4), 1..24),
    ) {
        let bench = Bench::new();
        let mut n = 0;
        for (fault, plates) in faults {
            for _ in 0..plates {
                n += 1;
                bench.plate(n, "S1", format!("picture {n}").as_bytes());
            }
            // A challenge is answered by the newest token alone, so repeating it is another matter.
            if let Some((what, fault)) = fault
                && !(matches!(fault, Fault::Twice | Fault::Unanswered) && matches!(what, "token" | "challenge"))
            {
                bench.hub.fault(what, fault);
            }
            let _ = bench.round();
        }
        while bench.round().is_err() || bench.acked() < bench.head() || bench.state().blobs_pending > 0 {
            bench.station.clock().advance(600_000);
        }
        let own: Vec<String> = bench.station.read(|r| {
            Ok(r.outbox_after(0, 10_000)?.into_iter().map(|record| record.payload).collect())
        }).unwrap();
        let theirs: Vec<String> = bench.hub.state().log.iter().map(|kept| kept.payload.clone()).collect();
        prop_assert_eq!(own, theirs, "the hub has the log, to the letter");
        prop_assert_eq!(bench.hub.state().verified.len(), n as usize, "and every picture");
        bench.assert_sound();
    }
}
