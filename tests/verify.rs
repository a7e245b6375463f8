//! Somebody edits the database with another program: `wellread verify` names what was touched.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::{fs, path::Path, process::Command};
use wellread_journeys::{
    Ran, command, ran,
    station::{Station, plates},
};

/// Does what a person with some knowledge does: takes the triggers of the tables away, edits, and puts them back.
const EDIT: &str = r#"
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
for name, _ in triggers:
    database.execute(f"DROP TRIGGER {name}")
changed = database.total_changes
database.executescript(sys.argv[2])
assert database.total_changes > changed, "nothing was there to edit"
for _, sql in triggers:
    database.execute(sql)
database.commit()
database.close()
"#;

/// What is edited, and the check and the place that must tell of it.
const EDITS: [(&str, &str, &str, &str); 16] = [
    (
        "a well's call",
        "UPDATE well_prediction SET label = CASE label WHEN 'positive' THEN 'negative' ELSE 'positive' END
         WHERE well_id = 'C4'",
        "run-content",
        "prediction_run",
    ),
    (
        "a confidence",
        "UPDATE well_prediction SET confidence = 1.0 WHERE well_id = 'C4'",
        "run-content",
        "prediction_run",
    ),
    (
        "an entry in the middle of the audit trail",
        "DELETE FROM audit_logs WHERE seq = 9",
        "audit-chain",
        "audit_logs 10",
    ),
    (
        "the newest entry of the audit trail",
        "DELETE FROM audit_logs WHERE seq = (SELECT max(seq) FROM audit_logs)",
        "audit-chain",
        "audit_logs",
    ),
    (
        "a word of the audit trail",
        "UPDATE audit_logs SET why = 'as usual' WHERE seq = 9",
        "audit-chain",
        "audit_logs 9",
    ),
    ("a record of the outbox", "DELETE FROM outbox WHERE seq = 2", "outbox-chain", "outbox 3"),
    ("what the hub will learn", "UPDATE outbox SET payload = '{}' WHERE seq = 3", "outbox-chain", "outbox 3"),
    (
        "a sample's summary",
        "UPDATE sample_summary SET summary = json_set(summary, '$.distribution', json('{\"12\": 8}'))",
        "sample-summary",
        "sample_summary S-1",
    ),
    ("what holds of a run", "UPDATE run_state SET disposition = 'rejected'", "run-state", "run_state"),
    (
        "what somebody decided",
        "UPDATE well_review SET reason_text = 'never mind' WHERE seq = 1",
        "seals",
        "well_review",
    ),
    ("that somebody decided", "DELETE FROM signature; DELETE FROM well_review WHERE seq = 2", "seals", "well_review"),
    ("who signed", "UPDATE signature SET meaning = 'approved'", "seals", "signature"),
    (
        "what was delivered",
        "UPDATE interface_file SET sha256 = (SELECT sha256 FROM blob LIMIT 1)",
        "seals",
        "interface_file",
    ),
    ("a password", "UPDATE users SET password = '$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA'", "seals", "users"),
    ("what a role may", "UPDATE roles SET permissions = '[\"user:admin\"]' WHERE name = 'viewer'", "seals", "roles"),
    ("a setting", "UPDATE system_config SET value = '100' WHERE key = 'intake.rest_ms'", "seals", "system_config"),
];

/// A station with something of everything, at rest.
fn station() -> Station {
    let station = Station::new();
    let run = station.accepted(&plates(1)[0], "S-1");
    station.run(["review", &run, "--well", "A1=negative", "--reason", "misread"]).ended_with(0);
    station.run(["sign", &run, "--meaning", "performed"]).ended_with(0);
    // A name carries the second, so what was made within one second waits for the next.
    station.run_later(10, ["interface", "deliver"]).ended_with(0);
    station.assert_sound();
    station
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn python(program: &str, database: &Path, sql: &str) {
    let mut python = Command::new("python3");
    let done = python.args(["-c", program]).arg(database).arg(sql).output().unwrap();
    assert!(done.status.success(), "the edit itself fails: {}", String::from_utf8_lossy(&done.stderr));
}

fn verify(data: &Path) -> Ran {
    ran(&command(["verify", "--json", "--look-only"]).env("WELLREAD_DATA", data).output().unwrap())
}

fn findings(found: &Ran) -> Vec<Value> {
    found.lines()[0]["findings"].as_array().unwrap().clone()
}

#[test]
fn every_edit_of_the_database_is_named() {
    let station = station();
    let copies = tempfile::tempdir().unwrap();
    for (number, (what, sql, check, place)) in EDITS.into_iter().enumerate() {
        let data = copies.path().join(number.to_string());
        copied(&station.data(), &data);
        python(EDIT, &data.join("wellread.db"), sql);
        let told = verify(&data).ended_with(1);
        let named = |found: &Value| {
            found["check"] == check && found["place"].as_str().is_some_and(|found| found.starts_with(place))
        };
        let found = findings(&told);
        assert!(found.iter().any(named), "{what}: {check} names {place}, but these were found: {found:?}");
        assert_eq!(told.lines()[0]["ok"], false, "{what}: scripts see it too");
    }
}

#[test]
fn a_trigger_that_was_taken_away_is_named() {
    let station = station();
    let drop = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.execute(sys.argv[2]); d.commit(); d.close()";
    python(drop, &station.data().join("wellread.db"), "DROP TRIGGER audit_logs_keep_delete");
    let found = findings(&verify(&station.data()).ended_with(1));
    assert_eq!(found.len(), 1, "nothing else is wrong: {found:?}");
    assert_eq!((&found[0]["check"], &found[0]["place"]), (&"schema".into(), &"trigger audit_logs_keep_delete".into()));
}

#[test]
fn a_picture_that_was_changed_is_named_put_aside_and_read_again() {
    let station = station();
    let blob = station.runs().remove(0)["image_sha256"].as_str().unwrap().to_owned();
    let (head, tail) = blob.split_at(2);
    let path = station.data().join("blobs").join(head).join(tail);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // Its bits are kept by the rights of the file too.
    fs::remove_file(&path).unwrap();
    wellread_journeys::station::put(&path, &bytes);
    let found = findings(&verify(&station.data()).ended_with(1));
    assert!(found[0]["place"].as_str().unwrap().contains(&blob), "by its name: {found:?}");
    let mended = station.run(["verify", "--json"]).ended_with(1).lines();
    assert_eq!(mended[0]["mended"], 1, "the camera's folder still has it");
    station.assert_sound();
}
