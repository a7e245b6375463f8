use crate::support::{Bench, now, station, station_at};
use wellread_store::{Direction, Error, Pending, Writing};

/// A station with records in its outbox.
fn telling(records: i64) -> Bench {
    let bench = station(None);
    let before = head(&bench);
    for n in before..records {
        write(&bench, n, |w| w.set_config("a", &serde_json::json!(n), ""));
    }
    assert_eq!(head(&bench), records.max(before), "each change is one record");
    bench
}

fn head(bench: &Bench) -> i64 {
    bench.db.read(|r| r.outbox_head()).unwrap().map_or(0, |head| head.seq)
}

fn write<T>(bench: &Bench, minute: i64, work: impl FnOnce(&Writing<'_>) -> wellread_store::Result<T>) -> T {
    bench.db.write(&station_at(minute), work).expect("it is written")
}

fn pending(bench: &Bench) -> Pending {
    bench.db.read(|r| r.pending()).unwrap()
}

#[test]
fn what_waits_follows_from_the_log() {
    let bench = telling(6);
    assert_eq!(pending(&bench).records, 6, "nothing was told yet");
    write(&bench, 10, |w| w.acknowledge(4));
    let fifth = bench.db.read(|r| r.outbox_after(4, 1)).unwrap()[0].at.utc_ms;
    assert_eq!(pending(&bench), Pending { records: 2, oldest_ms: Some(fifth) }, "two wait, since then");
    write(&bench, 11, |w| w.acknowledge(2));
    assert_eq!(pending(&bench).records, 2, "a late answer takes nothing back");
    write(&bench, 12, |w| w.rewind(1));
    assert_eq!(pending(&bench).records, 5, "a hub that lost some is told again");
    let beyond = bench.db.write(&station_at(13), |w| w.acknowledge(7));
    assert!(matches!(beyond, Err(Error::Refused(_))), "what was never told cannot have been heard");
    write(&bench, 14, |w| w.acknowledge(6));
    assert_eq!(pending(&bench), Pending::default(), "all is told");
}

#[test]
fn tries_are_noted_by_direction() {
    let bench = station(None);
    let state = |direction| bench.db.read(|r| r.sync_state(direction)).unwrap();
    for minute in [1, 2] {
        write(&bench, minute, |w| w.note_sync_failure(Direction::Uplink, "no route", now(minute + 5).utc_ms));
    }
    let failed = state(Direction::Uplink);
    assert_eq!((failed.attempts, failed.last_error.as_deref()), (2, Some("no route")), "how often, and why");
    assert_eq!(failed.next_attempt_ms, Some(now(7).utc_ms), "and when it goes on");
    assert_eq!(state(Direction::Blobs).attempts, 0, "pictures are another matter");
    write(&bench, 3, |w| w.note_sync_success(Direction::Uplink));
    let well = state(Direction::Uplink);
    assert_eq!((well.attempts, well.last_error, well.next_attempt_ms), (0, None, None), "all is well again");
    assert_eq!(well.last_success_ms, Some(now(3).utc_ms), "since then");
    write(&bench, 4, |w| w.note_feed(17));
    assert_eq!(state(Direction::Downlink).feed_seq, 17, "the feed goes on after this entry");
}

#[test]
fn a_restored_hub_and_a_cloned_station_are_known() {
    let bench = station(None);
    let meets = |epoch: &str| write(&bench, 1, |w| w.meet_epoch(Direction::Uplink, epoch));
    assert!(!meets("one"), "the first word is no news");
    assert!(!meets("one"), "nor is the same one");
    assert!(meets("two"), "another one means that the hub was restored");
    write(&bench, 2, |w| w.took_over(2, 0));
    let down = bench.db.read(|r| r.sync_state(Direction::Downlink)).unwrap();
    assert_eq!(down.incarnation, 2, "for everything it says");
}

#[test]
fn only_what_the_hub_has_is_pruned() {
    let bench = telling(8);
    let prune = |keep| write(&bench, 20, |w| w.prune_acknowledged(keep, i64::MAX, 1));
    assert_eq!(prune(0), 0, "nothing was acknowledged");
    write(&bench, 20, |w| w.acknowledge(5));
    assert_eq!(prune(6), 2, "the newest six stay");
    assert_eq!(prune(0), 3, "and without that wish, all that the hub does not have");
    assert_eq!(prune(0), 0, "which are left");
    let left: Vec<i64> = bench.db.read(|r| r.outbox_after(0, 100)).unwrap().iter().map(|record| record.seq).collect();
    assert_eq!(left, [6, 7, 8], "in their places");
    assert_eq!(pending(&bench).records, 3, "what waits does not depend on what was pruned");
    bench.assert_sound();
    let lost = bench.db.write(&station_at(21), |w| w.rewind(4));
    assert!(matches!(lost, Err(Error::Refused(_))), "what was pruned cannot be told again");
}

#[test]
fn the_log_goes_on_when_all_of_it_was_pruned() {
    let bench = telling(5);
    write(&bench, 20, |w| w.acknowledge(5));
    assert_eq!(write(&bench, 20, |w| w.prune_acknowledged(0, i64::MAX, 1)), 5, "all are gone");
    bench.assert_sound();
    write(&bench, 21, |w| w.set_config("a", &serde_json::json!("next"), ""));
    assert_eq!(head(&bench), 6, "the next one has the next place");
    let mark = bench.db.read(|r| r.outbox_mark()).unwrap().unwrap();
    let next = bench.db.read(|r| r.outbox_after(5, 1)).unwrap().remove(0);
    assert_eq!(next.computed(&mark.hash), next.hash, "and builds on the last one, as the hub has it");
    bench.assert_sound();
}

#[test]
fn nobody_prunes_what_the_hub_does_not_have() {
    let bench = telling(6);
    write(&bench, 20, |w| w.acknowledge(3));
    let behind = bench.behind();
    for change in
        ["DELETE FROM outbox WHERE seq = 1", "INSERT INTO outbox_mark SELECT 1, seq, hash FROM outbox WHERE seq = 4"]
    {
        assert!(behind.execute(change, []).is_err(), "the database itself refuses: {change}");
    }
    write(&bench, 21, |w| w.prune_acknowledged(0, i64::MAX, 1));
    for change in [
        "UPDATE outbox_mark SET seq = 2",
        "UPDATE outbox_mark SET seq = 5",
        "DELETE FROM outbox_mark",
        "DELETE FROM outbox",
    ] {
        assert!(behind.execute(change, []).is_err(), "afterwards too: {change}");
    }
    bench.assert_sound();
}

#[test]
fn what_is_young_stays_whatever_the_hub_has() {
    let bench = telling(8);
    write(&bench, 20, |w| w.acknowledge(8));
    let fifth = bench.db.read(|r| r.outbox_after(4, 1)).unwrap()[0].at.utc_ms;
    let prune = |made_after, worth_it| write(&bench, 20, |w| w.prune_acknowledged(0, made_after, worth_it));
    assert_eq!(prune(fifth - 1, 5), 0, "four are not worth it");
    assert_eq!(prune(fifth - 1, 4), 4, "what was made since the fifth stays");
    assert_eq!(prune(fifth - 1, 1), 0, "for as long as it is young");
    bench.assert_sound();
}
