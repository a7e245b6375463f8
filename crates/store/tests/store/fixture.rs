use crate::support::{completion, new_run, patient, station_at};
use std::path::{Path, PathBuf};
use wellread_store::{Database, Error, Page, RunFilter, newest_schema};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Run by hand when a release brings a new schema; what is kept is never written again:
/// `cargo test -p wellread-store -- --ignored keep_a_database`.
#[test]
#[ignore = "makes a fixture, once for each released schema"]
fn keep_a_database() {
    let bench = crate::verify::busy();
    let name = format!("schema_{}.db", newest_schema());
    bench.db.backup(&fixtures().join(name)).expect("a fixture is made once");
}

#[test]
fn databases_of_earlier_releases_open_with_all_they_hold() {
    let kept: Vec<PathBuf> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
        .collect();
    assert!(!kept.is_empty(), "the first release's database is kept");
    for path in kept {
        let schema: u32 = path.file_stem().unwrap().to_str().unwrap().trim_start_matches("schema_").parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("station.db");
        std::fs::copy(&path, &copy).unwrap();
        let db = Database::open_with(&copy, None, patient()).unwrap();
        let runs = db.read(|r| r.runs(&RunFilter::default(), Page::first(100))).unwrap().rows;
        assert_eq!(runs.len(), 3, "{}: its runs are there", path.display());
        let told = db.read(|r| r.outbox_after(0, 1000)).unwrap();
        assert!(told.iter().filter(|record| record.kind == "run").count() == 3, "and wait for the hub");
        assert!(
            told.iter().all(|record| record.schema_version == i64::from(schema >= 5) + 1),
            "in the version that was written then: a record is never rewritten"
        );
        let untold = db.read(|r| r.sync_connection()).unwrap().untold;
        assert_eq!(untold, schema < 5, "{}: earlier releases did not tell all", path.display());
        let found = db.verify().unwrap();
        assert_eq!(found.findings, [], "{}: it verifies after its migrations", path.display());
        db.write(&station_at(100), |w| w.record_run(&new_run(100, "S9", "1"), &completion([4; 8], false))).unwrap();
        let told_more = db.read(|r| Ok::<_, Error>(r.outbox_after(0, 1000)?.len())).unwrap();
        assert_eq!(told_more, told.len() + 1, "the log goes on where it was");
        let own = |id: &str| id == "hi";
        while db.write(&station_at(101), |w| w.tell_untold(&own)).unwrap() {}
        let kinds = db.read(|r| r.outbox_after(told.len() as i64 + 1, 1000)).unwrap();
        let of = |kind: &str| kinds.iter().filter(|record| record.kind == kind).count();
        // Two runs were reviewed; their states are told where they were not when they changed.
        let expected = if untold { (1, 2) } else { (0, 0) };
        assert_eq!((of("assay"), of("run-state")), expected, "{}: and what was never told is", path.display());
        assert!(db.verify().unwrap().is_sound(), "in one chain");
    }
}
