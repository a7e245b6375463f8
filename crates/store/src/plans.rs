//! How the lists' statements go to work: none looks through a table that grows with the plates.

use crate::{
    Actor, AuditFilter, Disposition, IntakeState, InterfaceStatus, Now, Page, Reading, RunFilter, RunOrder, RunStatus,
    Sha256, Stamp, UserId, Writing, schema,
};
use rusqlite::{
    Connection,
    trace::{TraceEvent, TraceEventCodes},
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};
use uuid::Uuid;

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

/// Every filter of runs, each part asked for or not.
fn filters() -> Vec<RunFilter> {
    let orders = [RunOrder::Newest, RunOrder::Oldest, RunOrder::Sample];
    let parts = (0..64u32).flat_map(|parts| orders.map(|order| (parts, order)));
    let filter = |(parts, order): (u32, RunOrder)| {
        let asked = |part: u32| parts >> part & 1 == 1;
        RunFilter {
            text: asked(0).then(|| "capture".to_owned()),
            status: asked(1).then_some(RunStatus::Completed),
            disposition: asked(2).then_some(Disposition::Rejected),
            sample_no: asked(3).then(|| "S1".to_owned()),
            needs_review: asked(4).then_some(true),
            assay: asked(4).then(|| "mic".to_owned()),
            from_ms: asked(5).then_some(0),
            to_ms: asked(5).then_some(1),
            order,
        }
    };
    parts.map(filter).collect()
}

/// Asks everything that a window or a command lists.
fn ask_all(reading: &Reading<'_>) {
    let page = Page { after: Some(1), limit: 50 };
    for filter in filters() {
        reading.runs(&filter, Page::first(50)).unwrap();
        // Where the page before ended is not there in an empty database; the statement is made all the same.
        let _ = reading.runs(&filter, page);
    }
    reading.run_counts().unwrap();
    reading.unfinished_runs().unwrap();
    reading.runs_of_image(&Sha256::of(b"x")).unwrap();
    for text in [None, Some("s")] {
        reading.samples(text, page).unwrap();
    }
    reading.sample("S1").unwrap();
    reading.counted_runs("S1").unwrap();
    for state in [None, Some(IntakeState::Rejected)] {
        reading.files(state, page).unwrap();
    }
    reading.files_in(IntakeState::Admitted, 10).unwrap();
    reading.latest_file(b"x").unwrap();
    reading.file_with_content(&Sha256::of(b"x")).unwrap();
    for status in [None, Some(InterfaceStatus::Failed), Some(InterfaceStatus::Delivered)] {
        for sample in [None, Some("S1")] {
            reading.interface_files(sample, status, page).unwrap();
        }
    }
    reading.due_interface_files(0, 10).unwrap();
    for parts in 0..32u32 {
        let asked = |part: u32| parts >> part & 1 == 1;
        let filter = AuditFilter {
            resource: asked(0).then(|| "roles".to_owned()),
            resource_id: asked(1).then(|| "viewer".to_owned()),
            user: asked(2).then(|| UserId::new(Uuid::nil())),
            action: asked(3).then(|| "LOGIN".to_owned()),
            from_ms: asked(4).then_some(0),
            to_ms: asked(4).then_some(1),
        };
        reading.audit_entries(&filter, page).unwrap();
    }
    reading.outbox_after(0, 10).unwrap();
    reading.pending().unwrap();
    reading.blobs(None, 10).unwrap();
    reading.blobs(Some(&Sha256::of(b"x")), 10).unwrap();
}

#[test]
fn no_list_looks_through_a_table_that_grows() {
    let mut connection = database();
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    let ear = Arc::clone(&heard);
    let hear = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(_, sql) = event {
            ear.lock().unwrap().insert(sql.to_owned());
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(hear)).unwrap();
    ask_all(&Reading::new(&connection));
    connection.trace_v2(TraceEventCodes::empty(), None::<fn(TraceEvent<'_>)>).unwrap();
    let said = heard.lock().unwrap().clone();
    assert!(said.len() > 30, "the statements were heard: {}", said.len());
    let mut scans = Vec::new();
    // What the full-text index asks of its own tables is its own affair, and the last row of a table is one row.
    let own = |sql: &&String| sql.starts_with("--") || sql.contains("_search_config");
    for sql in said.iter().filter(|sql| !own(sql) && !sql.ends_with("ORDER BY seq DESC LIMIT 1")) {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // A plan needs no values.
        let mut rows = plan.raw_query();
        let mut lines: Vec<String> = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get(3).unwrap());
        }
        let lines = lines.into_iter();
        scans.extend(lines.filter(|line| is_scan(line)).map(|line| format!("{line}\n  in {sql}")));
    }
    assert_eq!(scans, [] as [String; 0], "each would take longer with every plate");
}

/// Whether a line of a plan looks at all of a table that grows.
fn is_scan(line: &str) -> bool {
    let Some(what) = line.strip_prefix("SCAN ") else { return false };
    // A page already found; tables of a dozen rows or one; and the index of words, asked for words.
    let matched = what.contains("VIRTUAL TABLE INDEX") && what.contains(":M");
    !(what.starts_with("(subquery")
        || what.starts_with("run_tally")
        || what == "outbox_mark"
        || what == "CONSTANT ROW"
        || matched)
}

const RUNS: u64 = 2_000;

/// As many states as a station has after a while, and their words; nothing else that lists do not need.
fn many_runs(connection: &Connection) {
    connection
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO prediction_run (seq, id, predict_at, created_at, updated_at, image_sha256, assay_id,
               assay_version, app_version)
             WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {RUNS})
             SELECT i, '00000000-0000-7000-8000-' || printf('%012d', i), i, i, i, printf('%064d', i), 'hi', 1, '1' FROM n;
             INSERT INTO run_state (seq, run_id, status, disposition, sample_no, submission_no, plate_no, assay_id,
               predict_at, needs_review, conflict, signed, last_event_seq, distribution)
             SELECT seq, id, 'completed', 'accepted', 'S-' || (seq / 4), 'T', seq % 4, 'hi', seq, 0, 0, '', 0, '{{}}'
             FROM prediction_run;
             INSERT INTO run_search (rowid, sample_no, submission_no, plate_no, file_name, facets)
             SELECT seq, sample_no, submission_no, plate_no, 'capture.jpg', facets FROM run_words;"
        ))
        .unwrap();
}

#[test]
fn a_filter_that_finds_nothing_is_as_quick_as_one_that_finds_all() {
    let mut connection = database();
    many_runs(&connection);
    let steps = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&steps);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(count)).unwrap();
    let reading = Reading::new(&connection);
    let found_all = RunFilter { text: Some("capture".into()), ..RunFilter::default() };
    assert_eq!(reading.runs(&found_all, Page::first(50)).unwrap().rows.len(), 50, "the runs are there to be found");
    for filter in filters().into_iter().filter(|filter| filter.order != RunOrder::Sample) {
        for after in [None, Some(RUNS as i64 / 2)] {
            steps.store(0, Ordering::Relaxed);
            reading.runs(&filter, Page { after, limit: 50 }).unwrap();
            // A page of fifty takes about thirty-five steps a row; looking at each run once would take many more.
            let taken = steps.load(Ordering::Relaxed);
            assert!(taken < 3 * RUNS, "{taken} steps for {filter:?} after {after:?}");
        }
    }
}

#[test]
fn a_count_that_went_wrong_keeps_no_run_from_being_recorded() {
    let connection = database();
    many_runs(&connection);
    connection.execute("DELETE FROM run_tally", []).unwrap();
    let now = Now { utc_ms: 1, offset_min: 0 };
    let stamp = Stamp { at: now, by: Actor::Station };
    let writing = Writing::new(&connection, &stamp);
    let changed = writing.execute("UPDATE run_state SET disposition = 'rejected' WHERE seq = 1", []).unwrap();
    assert_eq!(changed, 1, "what is counted goes before its count");
}
