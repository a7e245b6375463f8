use crate::support::{station, station_at};

#[test]
fn word_that_waits_is_replaced_by_newer_word_and_forgotten_once_applied() {
    let bench = station(None);
    let write = |minute, body: &str, why: &str| {
        bench.db.write(&station_at(minute), |w| w.leave("user", "7", body, why)).unwrap();
    };
    write(1, r#"{"name":"a"}"#, "the name is taken");
    bench.db.write(&station_at(2), |w| w.leave("assay", "own 2", "{}", "unreadable")).unwrap();
    write(3, r#"{"name":"b"}"#, "the name is taken");
    let waiting = bench.db.read(|r| r.left_items(9)).unwrap();
    assert_eq!(waiting.len(), 2, "one word about each thing");
    assert_eq!(
        (waiting[0].body.as_str(), waiting[0].at_ms),
        (r#"{"name":"b"}"#, station_at(1).at.utc_ms),
        "the newest, since the first"
    );
    bench.db.write(&station_at(4), |w| w.drop_left("user", "7")).unwrap();
    assert_eq!(bench.db.read(|r| r.left_items(9)).unwrap().len(), 1, "the other goes on waiting");
    bench.assert_sound();
}
