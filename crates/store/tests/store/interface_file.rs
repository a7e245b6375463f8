use crate::support::{Bench, now, station, station_at, uuid};
use wellread_store::{Error, InterfaceFileId, InterfaceStatus, NewInterfaceFile, Page, Sha256};

fn wanted(n: u64) -> NewInterfaceFile {
    NewInterfaceFile {
        id: id(n),
        sample_no: "S1".into(),
        template: "labware".into(),
        target: "lims".into(),
        file_name: String::new(),
        test_no: String::new(),
    }
}

fn id(n: u64) -> InterfaceFileId {
    InterfaceFileId::new(uuid(6, n))
}

fn generated(bench: &Bench, n: u64, minute: i64) {
    let content = Sha256::of(&n.to_be_bytes());
    bench
        .db
        .write(&station_at(minute), |w| {
            w.mark_generated(id(n), &format!("{n}.csv"), "out/x", (&content, 9), station_at(minute).at.utc_ms)
        })
        .unwrap();
}

#[test]
fn from_wanted_to_delivered() {
    let bench = station(None);
    let early = bench.db.write(&station_at(1), |w| w.enqueue_interface_file(&wanted(1)));
    assert!(matches!(early, Err(Error::NotFound { .. })), "a sample without a run has nothing to tell: {early:?}");
    bench.record(1, "S1", "1", [5; 8], false);
    let first = bench.db.write(&station_at(2), |w| w.enqueue_interface_file(&wanted(1))).unwrap();
    let second = bench.db.write(&station_at(3), |w| w.enqueue_interface_file(&wanted(2))).unwrap();
    assert_eq!((first.revision, second.revision), (1, 2), "each asking is a revision of its own");
    let delivered = bench.db.write(&station_at(4), |w| w.mark_delivered(id(1)));
    assert!(matches!(delivered, Err(Error::Refused(_))), "what is not made is not delivered: {delivered:?}");
    generated(&bench, 1, 5);
    let content = Sha256::of(b"2");
    let named = bench.db.write(&station_at(5), |w| w.mark_generated(id(2), "1.csv", "out/y", (&content, 9), 0));
    assert!(matches!(named, Err(Error::Refused(_))), "one name at one place is one file: {named:?}");
    let done = bench.db.write(&station_at(6), |w| w.mark_delivered(id(1))).unwrap();
    assert_eq!((done.status, done.delivered_at_ms), (InterfaceStatus::Delivered, Some(now(6).utc_ms)), "arrived");
    let again = bench.db.write(&station_at(7), |w| w.mark_failed(id(1), "late"));
    assert!(matches!(again, Err(Error::Refused(_))), "delivered is delivered: {again:?}");
    let open = bench.db.read(|r| r.due_interface_files(now(9).utc_ms, 9)).unwrap();
    assert_eq!(open.iter().map(|file| file.id).collect::<Vec<_>>(), [id(2)], "only the other one is due");
    bench.assert_sound();
}

#[test]
fn an_unreachable_place_is_tried_again_later() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    bench.db.write(&station_at(2), |w| w.enqueue_interface_file(&wanted(1))).unwrap();
    generated(&bench, 1, 3);
    let entries = bench.db.read(|r| r.audit_head()).unwrap();
    bench.db.write(&station_at(4), |w| w.note_attempt(id(1), "share is away", now(10).utc_ms)).unwrap();
    assert_eq!(bench.db.read(|r| r.audit_head()).unwrap(), entries, "a week of tries does not fill the trail");
    assert!(bench.db.read(|r| r.due_interface_files(now(9).utc_ms, 9)).unwrap().is_empty(), "not before its time");
    assert_eq!(bench.db.read(|r| r.due_interface_files(now(10).utc_ms, 9)).unwrap().len(), 1, "then it is due");
    bench.db.write(&station_at(5), |w| w.mark_failed(id(1), "LIMS says no")).unwrap();
    let failed =
        bench.db.read(|r| r.interface_files(Some("S1"), Some(InterfaceStatus::Failed), Page::first(5))).unwrap();
    assert_eq!(failed.rows[0].error_msg.as_deref(), Some("LIMS says no"), "and shows why");
    let retried = bench.db.write(&station_at(6), |w| w.retry_interface_file(id(1))).unwrap();
    assert_eq!((retried.status, retried.attempts), (InterfaceStatus::Generated, 2), "from the bytes it has");
    bench.assert_sound();
}
