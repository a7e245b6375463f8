use crate::support::{Bench, person_at, run_id, signature_id, station, station_at, uuid};
use proptest::prelude::*;
use rusqlite::{Connection, types::Value};
use wellread_plate::class::Call;
use wellread_store::{
    Check, Database, Decision, Finding, InterfaceFileId, Meaning, NewInterfaceFile, NewSignature, Sha256,
};

/// A station on which something of everything has happened.
pub(crate) fn busy() -> Bench {
    let bench = station(None);
    for n in 1..=3 {
        bench.record(n, "S1", &n.to_string(), [n as u8; 8], n == 2);
    }
    bench.decide(1, 2, 1, Decision::Accept).unwrap();
    let a1 = Decision::Override { well: "A1".parse().unwrap(), class: None, label: Call::Invalid };
    bench.decide(1, 1, 2, a1).unwrap();
    let signature = NewSignature { id: signature_id(1), run: run_id(2), meaning: Meaning::Approved, covers_seq: 1 };
    bench.db.write(&person_at(2, 5), |w| w.sign(&signature)).unwrap();
    let file = Bench::file(9, "x.txt");
    let wanted = NewInterfaceFile {
        id: InterfaceFileId::new(uuid(6, 1)),
        sample_no: "S1".into(),
        template: "labware".into(),
        target: "lims".into(),
        file_name: "x.csv".into(),
        test_no: String::new(),
    };
    bench
        .db
        .write(&station_at(6), |w| {
            w.see_file(&file)?;
            w.record_rejection(file.id, Some(&Sha256::of(b"x")), "not-an-image", "It is text.")?;
            w.set_config("a", &serde_json::json!(1), "")?;
            w.enqueue_interface_file(&wanted)
        })
        .unwrap();
    bench
}

/// What somebody does who knows SQL and does not want to be seen: triggers off, change, triggers back on.
pub(crate) fn behind_its_back(connection: &Connection, change: &str) -> usize {
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    for (name, _) in &triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    let changed = connection.execute(change, []).unwrap();
    for (_, sql) in &triggers {
        connection.execute_batch(sql).unwrap();
    }
    changed
}

fn findings(bench: &Bench) -> Vec<Finding> {
    bench.db.verify().unwrap().findings
}

#[test]
fn what_the_program_wrote_verifies() {
    busy().assert_sound();
}

#[test]
fn each_change_behind_the_programs_back_is_named() {
    for (change, check, place) in [
        ("UPDATE well_prediction SET label = 'negative' WHERE well_id = 'A1'", Check::RunContent, "prediction_run"),
        ("UPDATE prediction_run SET sample_no = 'S2' WHERE seq = 1", Check::RunContent, "prediction_run"),
        (
            "UPDATE prediction_run SET status = 'failed', error_msg = 'x', error_code = 'x' WHERE seq = 1",
            Check::Seals,
            "prediction_run",
        ),
        ("DELETE FROM well_prediction WHERE well_id = 'H12'", Check::RunContent, "prediction_run"),
        (
            "UPDATE interface_results SET results = json_set(results, '$.distribution.\"9\"', 1)",
            Check::RunContent,
            "prediction_run",
        ),
        ("UPDATE well_review SET label = 'positive' WHERE kind = 'override'", Check::Seals, "well_review"),
        ("UPDATE well_review SET actor = 'somebody'", Check::Seals, "well_review"),
        ("DELETE FROM well_review WHERE kind = 'accept'", Check::Seals, "well_review"),
        ("UPDATE signature SET user_id = (SELECT id FROM users LIMIT 1)", Check::Seals, "signature"),
        ("DELETE FROM signature", Check::Seals, "signature"),
        ("UPDATE users SET password = 'mine' WHERE username = 'person1'", Check::Seals, "users"),
        ("INSERT INTO user_roles SELECT id, 1, 0, NULL FROM users", Check::Seals, "users"),
        ("UPDATE roles SET permissions = '[\"user:admin\"]' WHERE name = 'viewer'", Check::Seals, "roles"),
        ("UPDATE system_config SET value = '2'", Check::Seals, "system_config"),
        ("UPDATE assay SET toml = 'x'", Check::Seals, "assay"),
        ("UPDATE interface_file SET file_name = 'y.csv'", Check::Seals, "interface_file"),
        ("UPDATE intake_file SET reason = 'nothing'", Check::Seals, "intake_file"),
        ("UPDATE run_state SET disposition = 'rejected' WHERE seq = 1", Check::RunState, "run_state"),
        ("UPDATE run_state SET assay_id = 'ha' WHERE seq = 1", Check::RunState, "run_state"),
        ("UPDATE sample_summary SET total_runs = 1", Check::SampleSummary, "sample_summary"),
        (
            "UPDATE sample_summary SET summary = json_set(summary, '$.distribution.\"9\"', 1)",
            Check::SampleSummary,
            "sample_summary",
        ),
        ("DELETE FROM sample_summary", Check::SampleSummary, "sample_summary"),
        ("UPDATE audit_logs SET why = 'x' WHERE seq = 5", Check::AuditChain, "audit_logs 5"),
        ("DELETE FROM audit_logs WHERE seq = 5", Check::AuditChain, "audit_logs 6"),
        ("DELETE FROM audit_logs WHERE seq = (SELECT max(seq) FROM audit_logs)", Check::AuditChain, "audit_logs"),
        ("DELETE FROM outbox WHERE seq = (SELECT max(seq) FROM outbox)", Check::OutboxChain, "outbox"),
        // What was pruned by the program is sealed; what was cut off by somebody else is not.
        ("INSERT INTO outbox_mark SELECT 1, seq, hash FROM outbox WHERE seq = 2", Check::Seals, "outbox_mark"),
        ("DELETE FROM outbox WHERE seq <= 2", Check::OutboxChain, "outbox 3"),
        ("UPDATE run_tally SET runs = runs + 1", Check::SearchIndex, "run_tally"),
        ("DELETE FROM run_search WHERE rowid = 2", Check::SearchIndex, "run_search"),
        ("DELETE FROM sample_search", Check::SearchIndex, "sample_search S1"),
        (
            "INSERT OR REPLACE INTO run_search (rowid, sample_no, facets) VALUES (1, 'S1', 'x')",
            Check::SearchIndex,
            "run_search 1",
        ),
        ("UPDATE station SET name = 'Bench 2'", Check::Seals, "station"),
    ] {
        let bench = busy();
        assert!(behind_its_back(&bench.behind(), change) > 0, "the change happens: {change}");
        let found = findings(&bench);
        assert!(
            found.iter().any(|f| f.check == check && f.place.starts_with(place)),
            "{change}\nshould be found by {check} at {place}, but: {found:#?}"
        );
    }
}

#[test]
fn a_trigger_taken_away_is_missed() {
    let bench = busy();
    bench.behind().execute_batch("DROP TRIGGER audit_logs_keep_update").unwrap();
    let found = findings(&bench);
    assert_eq!((found.len(), found[0].check), (1, Check::Schema), "{found:?}");
    assert!(found[0].place.contains("audit_logs_keep_update"), "by its name: {found:?}");
}

#[test]
fn a_damaged_page_is_found_or_refused() {
    let Bench { folder, db } = busy();
    drop(db);
    let path = folder.path().join("station.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 2000;
    bytes[at..].fill(0x5a);
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), &bytes).unwrap();
    let found = Database::open(&path, None).and_then(|db| db.verify());
    assert!(found.as_ref().map_or(true, |found| !found.is_sound()), "a page of rubbish does not pass: {found:?}");
}

const AUDIT: [&str; 15] = [
    "seq",
    "id",
    "user_id",
    "action",
    "resource",
    "resource_id",
    "details",
    "created_at",
    "offset_min",
    "old",
    "new",
    "why",
    "seal",
    "prev_hash",
    "hash",
];
const OUTBOX: [&str; 8] = ["seq", "kind", "schema_version", "payload", "hash", "actor", "created_at", "offset_min"];

/// Another value of the same type.
fn other(value: &Value, salt: u8) -> Value {
    match value {
        Value::Null => Value::Text(format!("{{\"x\":{salt}}}")),
        Value::Integer(n) => Value::Integer(n + 100_000 + i64::from(salt)),
        Value::Text(text) => {
            let mut bytes = text.clone().into_bytes();
            let at = usize::from(salt) % bytes.len().max(1);
            match bytes.get_mut(at) {
                Some(byte) => *byte = if *byte == b'0' { b'1' } else { b'0' },
                None => bytes.push(b'0'),
            }
            Value::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        Value::Real(_) | Value::Blob(_) => Value::Null,
    }
}

#[test]
fn any_single_change_of_a_chain_is_found() {
    // Making a busy database takes longer than checking one, so each case changes a copy.
    let bench = busy();
    bench.db.backup(&bench.folder.path().join("kept.db")).unwrap();
    let changes = (any::<bool>(), 0..1000i64, 0..120usize, any::<u8>());
    proptest!(ProptestConfig::with_cases(60), |((in_audit, row, column, salt) in changes)| {
        let path = bench.folder.path().join("copy.db");
        std::fs::copy(bench.folder.path().join("kept.db"), &path).unwrap();
        let (table, columns, check) = if in_audit {
            ("audit_logs", &AUDIT[..], Check::AuditChain)
        } else {
            ("outbox", &OUTBOX[..], Check::OutboxChain)
        };
        let column = columns[column % columns.len()];
        {
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch(&format!(
                "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; DROP TRIGGER {table}_keep_update"
            )).unwrap();
            let rows: i64 = connection.query_row(&format!("SELECT max(seq) FROM {table}"), [], |r| r.get(0)).unwrap();
            let seq = row % rows + 1;
            let old: Value = connection
                .query_row(&format!("SELECT {column} FROM {table} WHERE seq = ?1"), [seq], |r| r.get(0)).unwrap();
            let new = other(&old, salt);
            prop_assume!(new != old);
            connection.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE seq = ?2"), (new, seq)).unwrap();
        }
        let found = Database::open(&path, None).unwrap().verify().unwrap().findings;
        prop_assert!(found.iter().any(|f| f.check == check), "{}.{}: {:?}", table, column, found);
    });
}
