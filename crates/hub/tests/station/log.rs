//! The log: in order, twice, with gaps, with other content, with poison in it.

use crate::support::{Plate, TestHub, WELLS};
use serde_json::json;
use wellread_wire::{batch::Outcome, chain::Sha256};

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Quarantined { code, .. } => code,
        Outcome::Applied => "applied",
        Outcome::Known => "known",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_taken_once_however_often_it_comes() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    for seq in 1..=5 {
        station.append("run", &Plate::new(hub.hub.id().unwrap(), seq).told());
    }
    let acked = station.push(1, 3).await.packed::<wellread_wire::batch::Acked>();
    assert_eq!((acked.acked_seq, acked.outcomes.len()), (3, 3), "three are there");
    assert!(acked.outcomes.iter().all(|outcome| *outcome == Outcome::Applied), "with their rows");
    // The answer was lost: the same again, then from inside the known part, then all.
    for (first, count, acked_seq) in [(1, 3, 3), (2, 3, 4), (1, 5, 5), (1, 5, 5), (5, 1, 5)] {
        let acked = station.push(first, count).await.packed::<wellread_wire::batch::Acked>();
        assert_eq!((acked.acked_seq, acked.outcomes.len()), (acked_seq, count), "{count} from {first}");
        assert!(acked.outcomes.iter().all(|outcome| *outcome == Outcome::Applied), "as the log has it");
    }
    assert_eq!(hub.count("microplates.prediction_run").await, 5, "each run once");
    assert_eq!(hub.count("microplates.well_prediction").await, 5 * WELLS, "and every well");
    assert_eq!(hub.count("microplates.station_log").await, 5, "and every place");
    assert_eq!(hub.count("microplates.run_state").await, 5, "and what follows");
    let contact = station.contact().await;
    assert_eq!(
        (contact.expected_seq, contact.expected_after),
        (6, Some(station.hash_at(5))),
        "the hub says where to go on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_answered_with_the_place_to_go_back_to() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    for n in 0..4 {
        station.append("config", &json!({ "key": format!("k{n}"), "value": n }));
    }
    let gap = station.push(2, 3).await;
    assert_eq!((gap.status, gap.code().as_str()), (409, "log-gap"), "nothing before it came");
    assert_eq!(gap.more()["expected_seq"], 1, "from the beginning");
    station.push(1, 2).await.good();
    assert_eq!(station.push(4, 1).await.more()["expected_seq"], 3, "where the hub's log ends");
    assert_eq!(hub.count("microplates.station_log").await, 2, "nothing after a gap is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_a_log_are_fenced_until_somebody_says_which_goes_on() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    station.append("config", &json!({ "key": "a", "value": 1 }));
    station.push(1, 1).await.good();
    let mut clone = station.clone();
    station.append("config", &json!({ "key": "a", "value": 2 }));
    clone.append("config", &json!({ "key": "a", "value": 3 }));
    station.push(2, 1).await.good();
    let fenced = clone.push(2, 1).await;
    assert_eq!((fenced.status, fenced.code().as_str()), (409, "station-fenced"), "its history is another");
    station.append("config", &json!({ "key": "a", "value": 4 }));
    assert_eq!(station.push(3, 1).await.code(), "station-fenced", "neither is believed any more");
    assert!(!station.contact().await.fenced.is_empty(), "both are told why at their contact");
    assert_eq!(hub.count("microplates.station_log").await, 2, "nothing was taken since");
    assert_eq!(
        hub.one::<i64>("SELECT count(*) FROM auth.audit_logs WHERE action = 'FENCE'", &[]).await,
        1,
        "noted once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_push_changes_nothing() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    station.append("config", &json!({ "key": "a", "value": 1 }));
    station.append("config", &json!({ "key": "b", "value": 1 }));
    let mut broken = station.batch(1, 2);
    broken.last = Sha256::of(b"another");
    assert_eq!(station.send(&broken).await.code(), "invalid", "the chain does not end where it says");
    let mut cut = wellread_wire::pack::pack(&station.batch(1, 2)).unwrap();
    for length in [0, 1, cut.len() / 2, cut.len() - 1] {
        cut.truncate(length);
        let answered = crate::support::Answered::of(station.post("log").body(cut.clone())).await;
        assert_eq!(answered.status, 400, "cut to {length} bytes");
        cut = wellread_wire::pack::pack(&station.batch(1, 2)).unwrap();
    }
    let mut elsewhere = station.batch(1, 2);
    elsewhere.epoch = uuid::Uuid::from_u128(9);
    let told = station.send(&elsewhere).await;
    assert_eq!((told.status, told.code().as_str()), (409, "epoch-changed"), "another hub is meant");
    assert_eq!(told.more()["epoch"], json!(station.epoch), "this one says who it is");
    let mut other_writer = station.batch(1, 2);
    other_writer.incarnation = 2;
    assert_eq!(station.send(&other_writer).await.more()["reason"], "incarnation", "no such writer");
    assert_eq!(hub.count("microplates.station_log").await, 0, "nothing of all this is kept");
    station.push(1, 2).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_kept_aside_and_the_records_around_it_are_applied() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plate = |seq| Plate::new(hub.hub.id().unwrap(), seq);
    let first = plate(1);
    station.append("run", &first.told());
    station.append("teleport", &json!({}));
    station.append_raw("run", 9, "{}");
    station.append_raw("run", 0, "{}");
    station.append_raw("run", 2, r#"{"run_id": 7}"#);
    station.append("run", &Plate { distribution: json!({ "3": "many" }), ..plate(6) }.told());
    // What only the database refuses: a character that no text may have, a time that no calendar has, a wrong word.
    station.append("run", &Plate { sample_no: "S\0".to_owned(), ..plate(7) }.told());
    let mut late = plate(8).told();
    late["predict_at"]["utc_ms"] = json!(i64::MAX);
    station.append("run", &late);
    station.append("run-state", &first.state("perhaps"));
    station.append("run-state", &plate(99).state("accepted"));
    station.append("run-state", &first.state("rejected"));
    let last = plate(12);
    station.append("run", &last.told());
    let acked = station.push_all().await;
    let codes: Vec<&str> = acked.outcomes.iter().map(code).collect();
    assert_eq!(
        codes,
        [
            "applied",
            "kind-unknown",
            "schema-newer",
            "schema-too-old",
            "payload",
            "distribution",
            "rows-refused",
            "rows-refused",
            "rows-refused",
            "run-missing",
            "applied",
            "applied"
        ],
        "each by itself"
    );
    assert_eq!(acked.acked_seq, 12, "the queue moves on");
    assert_eq!(hub.count("microplates.prediction_run").await, 2, "the good ones are there");
    let state: String = hub.one("SELECT disposition FROM microplates.run_state WHERE run_id = $1", &[&first.run]).await;
    assert_eq!(state, "rejected", "what came after the poison holds");
    let again = station.push_all().await;
    assert_eq!(again.outcomes, acked.outcomes, "asked again, the outcomes are the same, with their words");
    let contact = station.contact().await;
    assert_eq!((contact.rejected_total, contact.rejected.len()), (9, 9), "the station is told of each");
    assert_eq!(contact.rejected[0].kind, "teleport", "in the order of its log");
    let kept: String = hub.one("SELECT payload FROM microplates.sync_quarantine WHERE seq = 7", &[]).await;
    assert_eq!(kept, station.log[6].0.payload, "to the letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_around_a_record_does_not_stop_the_log() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let stored = crate::support::Stored {
        kind: "con\0fig".to_owned(),
        version: i64::MIN,
        payload: "{}".to_owned(),
        actor: "a\0b".to_owned(),
        at_ms: i64::MAX,
    };
    station.append_stored(stored.clone());
    station.append_stored(crate::support::Stored { at_ms: i64::MIN, version: i64::MAX, ..stored });
    station.append("config", &json!({ "key": "a", "value": null }));
    let acked = station.push_all().await;
    assert_eq!(code(&acked.outcomes[2]), "applied", "{acked:?}");
    assert_eq!(station.push_all().await.acked_seq, 3, "and it is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_told_twice_is_known_when_it_is_the_same_and_kept_aside_when_not() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plate = Plate::new(hub.hub.id().unwrap(), 1);
    let other = Plate { content: 2, ..plate.clone() };
    station.append("run", &plate.told());
    station.append("run", &plate.told());
    station.append("run", &other.told());
    let codes: Vec<String> = station.push_all().await.outcomes.iter().map(|o| code(o).to_owned()).collect();
    assert_eq!(codes, ["applied", "known", "run-differs"], "within one push");
    station.append("run", &plate.told());
    station.append("run", &other.told());
    let acked = station.push(4, 2).await.packed::<wellread_wire::batch::Acked>();
    assert_eq!(acked.outcomes.iter().map(code).collect::<Vec<_>>(), ["known", "run-differs"], "and in a later one");
    // Another station of the organization claims the same run.
    let mut thief = hub.station(&org).await;
    thief.append("run", &plate.told());
    thief.append("run-state", &plate.state("rejected"));
    thief.append("review", &plate.review(hub.hub.id().unwrap()));
    let codes: Vec<String> = thief.push_all().await.outcomes.iter().map(|o| code(o).to_owned()).collect();
    assert_eq!(codes, ["run-differs", "run-foreign", "run-foreign"], "a run is its station's");
    assert_eq!(hub.count("microplates.well_prediction").await, WELLS, "no well twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_of_one_station_at_the_same_time_are_taken_one_after_the_other() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    for seq in 1..=20 {
        station.append("run", &Plate::new(hub.hub.id().unwrap(), seq).told());
    }
    let pushes = (1..=20).rev().flat_map(|first| [(first, 1), (1, first as usize)]).map(|(first, count)| {
        let station = station.clone();
        tokio::spawn(async move { station.push(first, count).await })
    });
    let mut taken = 0;
    for push in pushes.collect::<Vec<_>>() {
        let answered = push.await.unwrap();
        assert!(answered.status == 200 || answered.code() == "log-gap", "{}", answered.status);
        taken += usize::from(answered.status == 200);
    }
    assert!(taken > 0, "some were in order");
    station.push_all().await;
    assert_eq!(hub.count("microplates.prediction_run").await, 20, "each run once");
    assert_eq!(hub.count("microplates.well_prediction").await, 20 * WELLS, "each well once");
}

#[tokio::test(flavor = "multi_thread")]
async fn stations_of_one_sample_at_the_same_time_add_up() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut pushes = Vec::new();
    for n in 0..8 {
        let mut station = hub.station(&org).await;
        for seq in 1..=3 {
            let plate = Plate::new(hub.hub.id().unwrap(), seq);
            station.append("run", &Plate { sample_no: "S".to_owned(), number: format!("{n}-{seq}"), ..plate }.told());
        }
        pushes.push(tokio::spawn(async move {
            for _ in 0..20 {
                let answered = station.push(1, 3).await;
                if answered.status == 200 {
                    return;
                }
                assert_eq!(answered.status, 503, "only what passes: {}", String::from_utf8_lossy(&answered.body));
            }
            panic!("it never came through");
        }));
    }
    for push in pushes {
        push.await.unwrap();
    }
    let total: i64 = hub.one("SELECT total_runs FROM microplates.sample_summary WHERE sample_no = 'S'", &[]).await;
    assert_eq!(total, 24, "every plate of every station");
    let changes: i64 = hub.one("SELECT change_seq FROM microplates.org_counter", &[]).await;
    assert_eq!(changes, hub.count("microplates.org_change").await, "changes are numbered without gaps");
}
