use crate::{
    support::{Bench, person_at},
    verify::{behind_its_back, busy},
};
use wellread_store::{AuditFilter, Page, Repaired};

fn repair(bench: &Bench) -> Repaired {
    bench.db.write(&person_at(1, 50), |w| w.repair_derived()).expect("derived rows can be derived")
}

#[test]
fn what_is_derived_is_derived_again() {
    for change in [
        "UPDATE run_state SET disposition = 'rejected' WHERE seq = 1",
        "UPDATE run_state SET disposition = 'nonsense' WHERE seq = 1",
        "UPDATE run_state SET assay_id = 'ha' WHERE seq = 1",
        "UPDATE run_state SET sample_no = 'S2'",
        "DELETE FROM run_state WHERE seq = 2",
        "UPDATE sample_summary SET total_runs = 1",
        "UPDATE sample_summary SET summary = 'nonsense'",
        "UPDATE sample_summary SET last_run_seq = 1",
        "INSERT INTO sample_summary (sample_no, summary, total_runs, created_at, updated_at, last_run_seq, counted_runs)
           VALUES ('S9', '{\"distribution\":{}}', 1, 0, 0, 7, 1)",
        "DELETE FROM sample_summary",
        "DELETE FROM run_search",
        "DELETE FROM sample_search",
        "INSERT OR REPLACE INTO run_search (rowid, sample_no, facets) VALUES (1, 'S1', 'x')",
        "INSERT INTO run_search (rowid, sample_no) VALUES (99, 'S1')",
        "UPDATE run_tally SET runs = -5",
        "DELETE FROM run_tally",
    ] {
        let bench = busy();
        assert!(behind_its_back(&bench.behind(), change) > 0, "the change happens: {change}");
        assert!(!bench.db.verify().unwrap().is_sound(), "it is seen: {change}");
        let repaired = repair(&bench);
        assert!(!repaired.is_nothing(), "and told of: {change}");
        bench.assert_sound();
    }
}

#[test]
fn a_repair_is_entered_in_the_audit_trail() {
    let bench = busy();
    behind_its_back(&bench.behind(), "UPDATE sample_summary SET total_runs = 1");
    repair(&bench);
    let filter = AuditFilter { resource: Some("derived".into()), ..AuditFilter::default() };
    let entry = bench.db.read(|r| r.audit_entries(&filter, Page::first(1))).unwrap().rows.remove(0);
    assert_eq!((entry.action.as_str(), entry.user_id), ("REPAIR", person_at(1, 0).by.user()), "who did it");
    assert_eq!(entry.details["sample_summaries"], 1, "how much it was");
    assert_eq!(entry.details["first"][0], "sample_summary S1", "and which");
    assert!(repair(&bench).is_nothing(), "a second one finds nothing to do");
}

#[test]
fn what_is_not_derived_is_never_mended() {
    for change in [
        "UPDATE prediction_run SET sample_no = 'S2' WHERE seq = 1",
        "UPDATE well_review SET actor = 'somebody'",
        "UPDATE audit_logs SET why = 'x' WHERE seq = 5",
        "UPDATE users SET password = 'mine' WHERE username = 'person1'",
    ] {
        let bench = busy();
        behind_its_back(&bench.behind(), change);
        repair(&bench);
        assert!(!bench.db.verify().unwrap().is_sound(), "a repair must not make good what somebody did: {change}");
    }
}
