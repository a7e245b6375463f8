use crate::support::{Bench, new_station, patient, person_at, station, station_at};
use std::path::Path;
use wellread_store::{Database, Error, Key, Page, RunFilter};

fn key(byte: u8) -> Key {
    Key::new([byte; 32])
}

fn reopen(path: &Path, key: Option<&Key>) -> Result<Database, Error> {
    Database::open_with(path, key, patient())
}

#[test]
fn an_encrypted_database_opens_with_its_key_alone() {
    let bench = station(Some(&key(7)));
    bench.record(1, "S1", "1", [3; 8], false);
    let bytes = std::fs::read(bench.path()).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3"), "an encrypted file shows not even what it is");
    assert!(matches!(reopen(&bench.path(), Some(&key(8))), Err(Error::WrongKey(_))), "another key is named as such");
    assert!(matches!(reopen(&bench.path(), None), Err(Error::KeyNeeded(_))), "no key is not the same as a wrong one");
    let again = reopen(&bench.path(), Some(&key(7))).unwrap();
    let runs = again.read(|r| r.runs(&RunFilter::default(), Page::first(10))).unwrap();
    assert_eq!(runs.rows.len(), 1, "with its key it holds what was written");
}

#[test]
fn a_key_for_a_plain_database_is_an_error() {
    let bench = station(None);
    assert!(
        matches!(reopen(&bench.path(), Some(&key(7))), Err(Error::NotEncrypted(_))),
        "who gives a key believes the data encrypted, and must learn that it is not"
    );
}

#[test]
fn what_is_no_database_of_ours_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    assert!(matches!(reopen(&path, None), Err(Error::Missing(_))), "nothing there");
    std::fs::File::create(&path).unwrap();
    assert!(matches!(reopen(&path, None), Err(Error::Damaged(_))), "an empty file has lost what it had");
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(reopen(&other, None), Err(Error::NotWellread(_))), "somebody else's database is left alone");
}

#[test]
fn nothing_is_overwritten() {
    let bench = station(None);
    let again = Database::create(&bench.path(), None, &new_station(), &station_at(1));
    assert!(matches!(again, Err(Error::AlreadyExists(_))), "a second `init` must not empty the first's database");
    assert!(bench.db.backup(&bench.path()).is_err(), "nor may a backup");
}

#[test]
fn an_interrupted_creation_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("station.db");
    let mut half = path.clone().into_os_string();
    half.push(".creating");
    std::io::Write::write_all(&mut std::fs::File::create(&half).unwrap(), b"half").unwrap();
    Database::create_with(&path, None, &new_station(), &station_at(0), patient()).unwrap();
    assert!(!Path::new(&half).exists(), "the second attempt takes the first one's leavings away");
}

#[test]
fn a_newer_schema_is_refused_with_what_to_do() {
    let bench = station(None);
    bench
        .behind()
        .execute("INSERT INTO refinery_schema_history VALUES (999, 'later', '2030-01-01T00:00:00Z', '1')", [])
        .unwrap();
    let error = reopen(&bench.path(), None).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 999, .. }), "{error}");
    assert!(error.to_string().contains("update Wellread"), "the message says what to do: {error}");
}

#[test]
fn a_migration_that_was_edited_is_refused() {
    let bench = station(None);
    bench.behind().execute("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1", []).unwrap();
    assert!(matches!(reopen(&bench.path(), None), Err(Error::Migration(_))), "an applied migration is never edited");
}

#[test]
fn a_truncated_database_is_called_damaged() {
    for key in [None, Some(key(3))] {
        let Bench { folder, db } = station(key.as_ref());
        drop(db);
        let path = folder.path().join("station.db");
        let length = std::fs::metadata(&path).unwrap().len();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();
        let opened = reopen(&path, key.as_ref());
        assert!(matches!(opened, Err(Error::Damaged(_))), "half a database is not a database: {opened:?}");
    }
}

#[test]
fn another_programs_lock_is_an_error_and_passes() {
    let bench = station(None);
    let mut other = bench.behind();
    let held = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let write = || bench.db.write(&station_at(1), |w| w.set_config("a", &serde_json::json!(1), ""));
    assert!(matches!(write(), Err(Error::Locked)), "after its patience the writer says who is to blame");
    assert!(bench.db.read(|r| r.config("a")).unwrap().is_none(), "readers go on meanwhile");
    held.rollback().unwrap();
    write().expect("and when the lock is gone nothing else is needed");
}

#[test]
fn a_write_that_fails_or_panics_leaves_nothing() {
    let bench = station(None);
    let failed: Result<(), Error> = bench.db.write(&station_at(1), |w| {
        w.set_config("a", &serde_json::json!(1), "")?;
        Err(Error::Busy)
    });
    assert!(failed.is_err());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        bench.db.write(&station_at(1), |w| {
            w.set_config("a", &serde_json::json!(1), "")?;
            assert!(w.config("b")?.is_some(), "there is no b");
            Ok::<_, Error>(())
        })
    }));
    assert!(panicked.is_err(), "the panic goes on to its caller");
    assert_eq!(bench.db.read(|r| r.config("a")).unwrap(), None, "neither left a half of its work");
    bench
        .db
        .write(&station_at(2), |w| w.set_config("a", &serde_json::json!(2), ""))
        .expect("and the writer still works");
    bench.assert_sound();
}

#[test]
fn readers_are_bounded_and_say_when_there_are_none() {
    let bench = station(None);
    let inner = bench.db.read(|_| bench.db.read(|_| bench.db.read(|r| r.station().map(drop))));
    assert!(matches!(inner, Err(Error::Busy)), "a third question at once, of two allowed, ends instead of hanging");
    bench.db.read(|r| r.station().map(drop)).expect("and both readers are back");
}

#[test]
fn a_reader_sees_one_moment() {
    let bench = station(None);
    let (before, after) = bench
        .db
        .read(|r| {
            let before = r.config("a")?;
            bench.db.write(&station_at(1), |w| w.set_config("a", &serde_json::json!(1), ""))?;
            Ok::<_, Error>((before, r.config("a")?))
        })
        .unwrap();
    assert_eq!(before, after, "a page put together from two moments would contradict itself");
}

#[test]
fn a_backup_holds_what_was_there_and_can_be_restored() {
    for key in [None, Some(key(5))] {
        let bench = station(key.as_ref());
        bench.record(1, "S1", "1", [3; 8], false);
        let to = bench.folder.path().join("backup.db");
        let copied = bench.db.backup(&to).unwrap();
        assert!(copied.rows.contains(&("well_prediction".to_owned(), 96)), "it was counted: {:?}", copied.rows);
        bench.record(2, "S2", "1", [4; 8], false);
        let back = bench.folder.path().join("back.db");
        let restored = Database::restore(&to, key.as_ref(), &back).unwrap();
        assert_eq!(restored.rows, copied.rows, "the restored database holds what the backup held");
        let db = reopen(&back, key.as_ref()).unwrap();
        assert!(db.verify().unwrap().is_sound(), "and verifies");
        assert_eq!(
            db.read(|r| r.runs(&RunFilter::default(), Page::first(9))).unwrap().rows.len(),
            1,
            "only the first run"
        );
        let beside: Vec<_> = std::fs::read_dir(bench.folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(!beside.iter().any(|n| n.to_string_lossy().ends_with(".part")), "nothing half is left: {beside:?}");
    }
}

#[test]
fn a_backup_that_was_tampered_with_is_not_restored() {
    let bench = station(None);
    bench.record(1, "S1", "1", [3; 8], false);
    let to = bench.folder.path().join("backup.db");
    bench.db.backup(&to).unwrap();
    let other = rusqlite::Connection::open(&to).unwrap();
    other.execute("UPDATE sample_summary SET total_runs = 9", []).unwrap();
    drop(other);
    let back = bench.folder.path().join("back.db");
    let restored = Database::restore(&to, None, &back);
    assert!(matches!(restored, Err(Error::Damaged(_))), "it is verified before it is used: {restored:?}");
    assert!(!back.exists(), "and does not get the database's name");
}

#[test]
fn the_audit_trail_knows_who_acted() {
    let bench = station(None);
    bench.db.write(&person_at(1, 3), |w| w.set_config("a", &serde_json::json!(1), "because")).unwrap();
    let last = bench
        .db
        .read(|r| r.audit_entries(&wellread_store::AuditFilter::default(), Page::first(1)))
        .unwrap()
        .rows
        .remove(0);
    assert_eq!((last.user_id, last.why.as_str()), (person_at(1, 3).by.user(), "because"), "who and why are kept");
    assert_eq!(last.at, person_at(1, 3).at, "and when, as the caller said");
}
