//! What follows from other rows went wrong: `verify` names it, and `verify --repair` derives it again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::process::Command;
use wellread_journeys::{
    ran,
    station::{PASSWORD, Station, capture, plates},
};

/// Edits what is derived, as a damaged disk or a wrong program would leave it.
const EDIT: &str = "
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute(\"UPDATE sample_summary SET total_runs = 9\")
database.execute(\"UPDATE run_state SET disposition = 'rejected' WHERE seq = 1\")
database.commit()
database.close()
";

#[test]
fn derived_rows_are_derived_again_by_an_admin() {
    let station = Station::new();
    for (n, picture) in plates(2).iter().enumerate() {
        station.receive(picture, &capture("S1", n + 1));
    }
    station.drain();
    let before = station.runs();
    let edited = Command::new("python3").args(["-c", EDIT]).arg(station.data().join("wellread.db")).status().unwrap();
    assert!(edited.success(), "the edit itself works");
    let found = station.run(["verify", "--json"]).ended_with(1).lines();
    let checks: Vec<&str> =
        found[0]["findings"].as_array().unwrap().iter().map(|found| found["check"].as_str().unwrap()).collect();
    for check in ["run-state", "sample-summary", "search-index"] {
        assert!(checks.contains(&check), "{check} tells of it: {checks:?}");
    }

    let mut add = station.command(["users", "add", "op", "--role", "operator"]);
    ran(&add.env("WELLREAD_NEW_PASSWORD", PASSWORD).output().unwrap()).ended_with(0);
    station.run(["verify", "--repair", "--as", "op"]).ended_with(4);

    let repaired = station.run(["verify", "--repair", "--json"]).ended_with(0).lines();
    assert_eq!(repaired[0]["repaired"]["run_states"], 1, "one state was wrong: {repaired:?}");
    assert_eq!(repaired[0]["repaired"]["sample_summaries"], 1, "and one summary");
    assert_eq!(repaired[1]["ok"], true, "afterwards all is sound");
    assert_eq!(station.runs(), before, "and as it was before");
    let entries = station.run(["audit", "--json", "--resource", "derived"]).ended_with(0).lines();
    assert_eq!(entries.len(), 1, "the repair is in the audit trail: {entries:?}");
    assert_eq!(entries[0]["action"], "REPAIR", "as such");
}
