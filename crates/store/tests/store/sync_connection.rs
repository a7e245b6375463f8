use crate::support::{Bench, person_at, station, station_at};
use wellread_store::{Connection, Direction, Enrolment, RejectedRecord};

pub(crate) fn headquarters(org: &str) -> Enrolment {
    Enrolment {
        hub_url: "https://hub.example".into(),
        hub_name: "hub".into(),
        org_id: org.into(),
        org_name: "The Laboratories".into(),
    }
}

fn connection(bench: &Bench) -> Connection {
    bench.db.read(|r| r.sync_connection()).unwrap()
}

#[test]
fn a_station_belongs_to_nobody_until_it_is_enrolled() {
    let bench = station(None);
    assert_eq!(connection(&bench), Connection::default(), "nothing is to be told or heard");
    bench.db.write(&person_at(1, 1), |w| w.enrol(&headquarters("one"))).unwrap();
    let now = connection(&bench);
    assert_eq!(now.enrolled, Some(headquarters("one")), "now it does");
    assert!(now.snapshot_wanted && now.snapshot_cursor.is_none(), "and everything of theirs is to come");
    bench.assert_sound();
}

#[test]
fn another_hub_is_told_everything_anew_and_the_same_one_is_not() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    let blob = bench.db.read(|r| r.blobs_to_send(1)).unwrap()[0].sha256;
    let enrol = |minute, org: &str| bench.db.write(&person_at(1, minute), |w| w.enrol(&headquarters(org))).unwrap();
    enrol(1, "one");
    bench
        .db
        .write(&station_at(2), |w| {
            w.acknowledge(2)?;
            w.note_feed(9)?;
            w.note_blob_verified(&blob)
        })
        .unwrap();
    enrol(3, "one");
    let (acked, feed) = state(&bench);
    assert_eq!((acked, feed), (2, 9), "a new code of the same hub changes nothing about what it has");
    enrol(4, "two");
    assert_eq!(state(&bench), (0, 0), "another hub has nothing");
    assert_eq!(bench.db.read(|r| r.blobs_pending()).unwrap().0, 1, "no picture either");
    bench.assert_sound();
}

fn state(bench: &Bench) -> (i64, i64) {
    let of = |direction| bench.db.read(|r| r.sync_state(direction)).unwrap();
    (of(Direction::Uplink).acked_seq, of(Direction::Downlink).feed_seq)
}

#[test]
fn pauses_fences_and_take_overs_are_in_the_audit_trail() {
    let bench = station(None);
    bench.db.write(&person_at(1, 1), |w| w.enrol(&headquarters("one"))).unwrap();
    bench.db.write(&person_at(1, 2), |w| w.pause_sync("moving")).unwrap();
    assert_eq!(connection(&bench).paused, "moving", "why is kept");
    bench.db.write(&person_at(1, 3), |w| w.pause_sync("")).unwrap();
    for minute in [4, 5] {
        bench.db.write(&station_at(minute), |w| w.note_fenced("two copies")).unwrap();
    }
    bench.db.write(&person_at(1, 6), |w| w.want_take_over("this one works")).unwrap();
    bench.db.write(&station_at(7), |w| w.took_over(4, 3)).unwrap();
    let now = connection(&bench);
    assert_eq!((now.fenced.as_str(), now.take_over.as_str(), now.hub_only), ("", "", 3), "it goes on");
    let incarnation = bench.db.read(|r| r.sync_state(Direction::Downlink)).unwrap().incarnation;
    assert_eq!(incarnation, 4, "as the hub counts, for every direction");
    let filter = wellread_store::AuditFilter { resource: Some("sync_connection".into()), ..Default::default() };
    let trail = bench.db.read(|r| r.audit_entries(&filter, wellread_store::Page::first(99))).unwrap().rows;
    let actions: Vec<&str> = trail.iter().rev().map(|entry| entry.action.as_str()).collect();
    let expected = ["ENROL", "PAUSE", "RESUME", "SHUT_OUT", "WANT_TAKE_OVER", "TAKE_OVER"];
    assert_eq!(actions, expected, "each once: what does not change is not told again");
    bench.assert_sound();
}

#[test]
fn what_the_hub_put_aside_is_kept_as_it_last_said() {
    let bench = station(None);
    let record =
        |seq| RejectedRecord { seq, kind: "run".into(), code: "payload".into(), reason: "unreadable".into(), at_ms: 5 };
    bench.db.write(&station_at(1), |w| w.note_rejected(&[record(3), record(9)], 7)).unwrap();
    assert_eq!(bench.db.read(|r| r.rejected_records()).unwrap(), [record(3), record(9)], "the first of them");
    assert_eq!(connection(&bench).rejected_total, 7, "and how many there are");
    bench.db.write(&station_at(2), |w| w.note_rejected(&[], 0)).unwrap();
    assert!(bench.db.read(|r| r.rejected_records()).unwrap().is_empty(), "until somebody has looked at them");
}

#[test]
fn places_of_the_log_go_back_to_its_beginning() {
    let bench = station(None);
    for n in 0..1_500 {
        bench.db.write(&station_at(n), |w| w.set_config("a", &serde_json::json!(n), "")).unwrap();
    }
    let heads = bench.db.read(|r| r.outbox_heads()).unwrap();
    assert!(heads.len() < 250, "few places: {}", heads.len());
    assert!(heads.windows(2).all(|two| two[0].seq > two[1].seq), "the newest first");
    assert_eq!(heads.last().map(|head| head.seq), Some(0), "back to what the first record builds on");
    for head in &heads {
        let hash = bench.db.read(|r| r.outbox_hash(head.seq)).unwrap();
        assert_eq!(hash, Some(head.hash), "each with the log's hash at {}", head.seq);
    }
    bench.db.write(&station_at(9_000), |w| w.acknowledge(1_400)).unwrap();
    bench.db.write(&station_at(9_000), |w| w.prune_acknowledged(200, i64::MAX, 1)).unwrap();
    let heads = bench.db.read(|r| r.outbox_heads()).unwrap();
    let begins = bench.db.read(|r| r.outbox_mark()).unwrap().unwrap();
    assert!(heads.contains(&begins), "where the log begins is one that the hub has");
    bench.assert_sound();
}
