use crate::support::{Bench, person_at, station, station_at};
use wellread_store::{AssayKey, Error, StoredAssay};

fn own(version: u32, toml: &str) -> StoredAssay {
    StoredAssay { id: "own".into(), version, name: "Ours".into(), toml: toml.into() }
}

fn told(bench: &Bench) -> usize {
    bench.db.read(|r| r.outbox_after(0, 100)).unwrap().iter().filter(|record| record.kind == "assay").count()
}

#[test]
fn the_laboratorys_own_assays_are_told_and_those_of_headquarters_are_not() {
    let bench = station(None);
    assert_eq!(told(&bench), 0, "headquarters have the program too, with its assays");
    bench.db.write(&person_at(1, 1), |w| w.add_own_assay(&own(1, "a"), "new kit")).unwrap();
    bench.db.write(&person_at(1, 2), |w| w.add_own_assay(&own(1, "a"), "again")).unwrap();
    assert_eq!(told(&bench), 1, "once, however often it is added");
    bench.db.write(&station_at(3), |w| w.add_hub_assay(&own(2, "b"))).unwrap();
    assert_eq!(told(&bench), 1, "what comes from there is not told back");
    let other = bench.db.write(&station_at(4), |w| w.add_hub_assay(&own(1, "c")));
    assert!(matches!(other, Err(Error::Refused(_))), "a version has one text, whoever sends another: {other:?}");
    let theirs = bench.db.read(|r| r.hub_assays()).unwrap();
    assert_eq!(
        theirs.into_iter().collect::<Vec<_>>(),
        [AssayKey { id: "own".into(), version: 2 }],
        "whose it is, is known"
    );
    bench.assert_sound();
}
