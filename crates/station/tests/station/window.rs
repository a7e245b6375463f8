//! What the window asks beyond the verbs: the assay being written, the bundle for who helps, what waits for headquarters.

use crate::bench::{Bench, PASSWORD, code, put};
use std::sync::{Arc, atomic::AtomicBool};
use wellread_station::{
    Code, Steps,
    store::{AuditFilter, Page},
    verify::Mend,
};

const OWN: &str = "id = \"own\"\nversion = 1\nname = \"Own\"\nformat = 96\nreview_threshold = 0.8\n\n[classes]\ngrowth = \"positive\"\nno-growth = \"negative\"\n";

#[test]
fn an_assay_is_checked_while_it_is_written_and_says_where() {
    let bench = Bench::new();
    let station = &bench.station;
    let good = station.check_assay(OWN).unwrap();
    assert!(good.ok && good.plate.is_some_and(|plate| plate.wells.len() == 96), "a whole text is drawn");
    let wrong = station.check_assay(&OWN.replace("format = 96", "format = 97")).unwrap();
    assert_eq!((wrong.ok, wrong.faults[0].line), (false, Some(4)), "the line of the fault: {:?}", wrong.faults);
    let cut = station.check_assay(&OWN.replace("name = \"Own\"", "name = \"Own")).unwrap();
    assert_eq!((cut.ok, cut.faults[0].line), (false, Some(3)), "of a text that is no TOML too: {:?}", cut.faults);
    let taken = station.check_assay(&OWN.replace("\"own\"", "\"hi\"")).unwrap();
    assert_eq!(taken.faults[0].key.as_deref(), Some("id"), "a shipped id is taken: {:?}", taken.faults);
    station.add_assay(&bench.admin, "own", OWN, "for the new strain").unwrap();
    let changed = station.check_assay(&OWN.replace("0.8", "0.9")).unwrap();
    assert_eq!(
        changed.faults[0].key.as_deref(),
        Some("version"),
        "a changed text is another version: {:?}",
        changed.faults
    );
    let view = station.assay_view("own", 1).unwrap();
    assert_eq!((view.text.as_str(), view.line.shipped, view.line.active), (OWN, false, false), "kept as written");
    assert!(
        station.assay_lines().unwrap().iter().any(|line| line.id == "hi" && line.active),
        "the one in use is marked"
    );
}

#[test]
fn the_bundle_holds_what_helps_and_no_result() {
    let bench = Bench::new();
    bench.record("SECRET-7", "1", [5; 8], true);
    let logs = bench.station.folder().logs();
    std::fs::create_dir_all(&logs).unwrap();
    put(&logs.join("wellread.2026-01-01.log"), b"first\nsecond\n");
    put(&logs.join("wellread.2026-01-02.log"), b"third\n");
    assert_eq!(
        bench.station.log_lines(&bench.admin, 2).unwrap(),
        ["second", "third"],
        "the newest lines, over the days"
    );
    let file = bench.path("bundle.zip");
    bench.station.write_bundle(&bench.admin, &file).unwrap();
    let mut bundle = zip::ZipArchive::new(std::fs::File::open(&file).unwrap()).unwrap();
    let names: Vec<String> = bundle.file_names().map(|name| name.unwrap().into_owned()).collect();
    for wanted in ["README.txt", "diagnostics.json", "settings.json", "status.json", "logs/wellread.2026-01-02.log"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is in it: {names:?}");
    }
    for name in &names {
        let text = std::io::read_to_string(bundle.by_name(name).unwrap()).unwrap();
        assert!(!text.contains("SECRET-7") && !text.contains(PASSWORD), "{name}: {text}");
    }
    assert!(bench.station.write_bundle(&bench.admin, &file).is_err(), "an earlier bundle is not overwritten");
}

#[test]
fn what_waits_for_headquarters_is_listed_newest_first() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5; 8], true);
    let state = bench.station.sync_state(&bench.admin).unwrap();
    assert!(
        state.pending > 2 && state.enrolled.is_none() && state.oldest_ms.is_some(),
        "much waits, nothing was sent: {state:?}"
    );
    let first = bench.station.outbox(&bench.admin, Page::first(2)).unwrap();
    assert_eq!(first.rows[0].seq, i64::try_from(state.pending).unwrap(), "the newest first");
    let rest = bench.station.outbox(&bench.admin, Page { after: first.next, limit: 1000 }).unwrap();
    assert_eq!(rest.rows.len() as u64 + 2, state.pending, "and the pages hold all of them once");
}

#[test]
fn long_work_ends_when_it_is_asked_to_and_leaves_nothing() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5; 8], false);
    let stopped = || Steps::new(|_, _| {}, Arc::new(AtomicBool::new(true)));
    assert_eq!(code(bench.station.verify(Mend::No, &stopped())), Some(Code::Cancelled), "a verification");
    let file = bench.path("copy.db");
    let copied = bench.station.backup(&bench.admin, &file, true, &stopped());
    assert_eq!(code(copied), Some(Code::Cancelled), "a copy");
    assert!(!file.exists(), "of which nothing has the name");
    assert_eq!(code(bench.station.try_models(&bench.admin, "", 5, &stopped())), Some(Code::Cancelled), "a trial");
    bench.assert_sound();
}

#[test]
fn the_audit_trail_is_saved_for_an_auditor() {
    let bench = Bench::new();
    let file = bench.path("audit.jsonl");
    let viewer = bench.person("viewer", "viewer");
    assert_eq!(
        code(bench.station.export_audit(&viewer, &AuditFilter::default(), &file)),
        Some(Code::NotPermitted),
        "who may not read it may not save it"
    );
    assert!(!file.exists(), "and no file is made");
    let entries = bench.station.export_audit(&bench.admin, &AuditFilter::default(), &file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count() as u64, entries, "a line an entry");
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "each by itself");
}
