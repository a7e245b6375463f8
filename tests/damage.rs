//! What was kept is not what it was: a database cut off, of a later release, under another key; a picture with a flipped
//! bit. Each is named with what to do, nothing is overwritten, and what can be brought back is.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use rusqlite::Connection;
use std::{
    fs::{self, File},
    path::Path,
};
use wellread_journeys::station::{Station, capture, plates, put};

/// What a person would try first.
const VERBS: [&[&str]; 4] = [&["status"], &["runs"], &["verify"], &["watch", "--once"]];

/// Every verb ends with 1, a line that begins with this code and says each of `words`; the database stays as it is.
#[track_caller]
fn refuses(station: &Station, code: &str, words: &[&str]) {
    let before = fs::read(station.database()).unwrap();
    for verb in VERBS {
        let ran = station.run(verb).ended_with(1);
        assert!(ran.err.starts_with(&format!("{code}: ")), "{verb:?} names it: {}", ran.err);
        assert!(words.iter().all(|word| ran.err.contains(word)), "{verb:?} says {words:?}: {}", ran.err);
        assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "{verb:?} says it once, and nothing else");
        assert!(fs::read(station.database()).unwrap() == before, "{verb:?} leaves the file as it is");
    }
}

#[test]
fn a_database_cut_off_is_named_set_aside_and_restored() {
    for share in [2, 0] {
        let station = Station::new();
        let pictures = plates(2);
        station.receive(&pictures[0], &capture("CUT", 1));
        station.drain();
        let backup = station.data().with_file_name("backup.db");
        station.run(["backup".as_ref(), backup.as_os_str()]).ended_with(0);
        station.receive(&pictures[1], &capture("CUT", 2));
        station.drain();
        let whole = fs::metadata(station.database()).unwrap().len();
        let left = whole.checked_div(share).unwrap_or(0);
        File::options().write(true).open(station.database()).unwrap().set_len(left).unwrap();
        refuses(&station, "damaged", &["restore"]);
        let damaged = fs::read(station.database()).unwrap();
        station.run(["restore".as_ref(), backup.as_os_str()]).ended_with(0);
        let aside = fs::read(station.data().join("wellread.db.damaged-1")).unwrap();
        assert!(aside == damaged, "what is left of it is kept for whoever looks into it");
        assert_eq!(station.runs().len(), 1, "the backup knows one plate");
        let told = station.drain();
        assert_eq!(told.iter().filter(|event| event["event"] == "run").count(), 1, "the other is read again: {told:?}");
        assert_eq!(station.runs().len(), 2, "once");
        assert!(station.drain().is_empty(), "and not once more");
        station.assert_sound();
    }
}

#[test]
fn a_sound_database_is_not_replaced_by_a_backup() {
    let station = Station::new();
    let backup = station.data().with_file_name("backup.db");
    station.run(["backup".as_ref(), backup.as_os_str()]).ended_with(0);
    station.receive(&plates(1)[0], &capture("KEPT", 1));
    station.drain();
    let refused = station.run(["restore".as_ref(), backup.as_os_str()]).ended_with(1);
    assert!(refused.err.starts_with("data-folder: "), "it says why: {}", refused.err);
    assert_eq!(station.runs().len(), 1, "what came since the backup is still there");
}

#[test]
fn a_database_that_is_gone_is_not_made_anew() {
    let station = Station::new();
    fs::remove_file(station.database()).unwrap();
    for verb in VERBS {
        let ran = station.run(verb).ended_with(1);
        assert!(ran.err.starts_with("data-folder: ") && ran.err.contains("restore a backup"), "{}", ran.err);
        assert!(!station.database().exists(), "an empty one would hide that the results are gone");
    }
}

#[test]
fn a_database_of_a_later_release_is_left_to_it() {
    let station = Station::new();
    let later = Connection::open(station.database()).unwrap();
    let insert = "INSERT INTO refinery_schema_history VALUES (9999, 'later', '2030-01-01T00:00:00Z', '1')";
    later.execute_batch(insert).unwrap();
    drop(later);
    refuses(&station, "data-folder", &["schema 9999", "update Wellread"]);
}

#[test]
fn without_the_right_key_nothing_opens_and_nothing_changes() {
    let station = Station::encrypted();
    station.receive(&plates(1)[0], &capture("KEY", 1));
    station.drain();
    let head = fs::read(station.database()).unwrap();
    assert!(!head.starts_with(b"SQLite format 3"), "the file is encrypted");
    let (key, aside) = (station.key_file(), station.key_file().with_extension("aside"));
    fs::rename(&key, &aside).unwrap();
    refuses(&station, "key", &["cannot read the key file", "bring back"]);
    put(&key, b"not a key at all");
    refuses(&station, "key", &["no key file", "64 hexadecimal digits"]);
    put(&key, "a7".repeat(32).as_bytes());
    refuses(&station, "key", &["the key does not open", "recovery key"]);
    fs::rename(&aside, &key).unwrap();
    assert_eq!(station.runs().len(), 1, "with its own key everything is there");
    station.assert_sound();
}

fn flip_a_bit(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    put(file, &bytes);
}

#[test]
fn a_picture_with_a_flipped_bit_is_put_aside_and_read_from_its_source_again() {
    let station = Station::new();
    let picture = plates(1).remove(0);
    station.receive(&picture, &capture("BIT", 1));
    station.drain();
    let blob = station.blob(&station.runs()[0]);
    flip_a_bit(&blob);
    let found = station.run(["verify", "--json", "--look-only"]).ended_with(1).lines().remove(0);
    assert!(found["findings"][0]["what"].as_str().unwrap().contains("corrupt"), "it is named: {found}");
    assert!(fs::read(&blob).unwrap() != picture, "looking changes nothing");
    let found = station.run(["verify", "--json"]).ended_with(1).lines().remove(0);
    assert_eq!(found["mended"], 1, "the original is still in the inbox: {found}");
    assert!(fs::read(&blob).unwrap() == picture, "so the picture is what it was");
    let quarantine = station.data().join("blobs/quarantine");
    assert_eq!(quarantine.read_dir().unwrap().count(), 1, "the damaged one is kept for whoever looks into it");
    station.assert_sound();
}

#[test]
fn a_picture_whose_source_has_changed_stays_named() {
    let station = Station::new();
    let pictures = plates(2);
    station.receive(&pictures[0], &capture("BIT", 1));
    station.drain();
    let blob = station.blob(&station.runs()[0]);
    // As long as the original, so that its length alone does not tell.
    let other = pictures[0].iter().rev().copied().collect::<Vec<u8>>();
    put(&station.inbox().join(capture("BIT", 1)), &other);
    flip_a_bit(&blob);
    for time in ["first", "second"] {
        let found = station.run(["verify", "--json"]).ended_with(1).lines().remove(0);
        assert_eq!(found["mended"], 0, "another picture is no replacement, the {time} time");
        let place = found["findings"][0]["place"].as_str().unwrap();
        assert!(place.starts_with("blob "), "it is named the {time} time: {found}");
    }
    assert!(!blob.exists(), "a damaged picture is not taken for the one that was read");
    assert_eq!(station.runs()[0]["status"], "completed", "its results stand");
}
