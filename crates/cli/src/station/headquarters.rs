//! `wellread enrol` and `wellread sync`.

use super::{Here, who};
use crate::{
    args::{
        EXIT_BROKEN,
        station::{EnrolArgs, SyncArgs},
    },
    interrupt,
};
use serde_json::json;
use std::{fmt::Write as _, process::ExitCode};
use wellread_station::sync::{SyncReport, SyncState};

pub(super) fn enrol(here: &Here, args: &EnrolArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let session = who::sign_in(&station, &args.by)?;
    let state = station.enrol(&session, &args.url, &args.code)?;
    here.print.done(&state, || {
        let with = state.enrolled.as_ref().map_or("headquarters", |with| &with.org_name);
        format!(
            "station '{}' belongs to {with} now; {} records are to be told: `wellread watch` does it by itself, `wellread \
             sync` at once",
            state.station_name, state.pending
        )
    })
}

pub(super) fn sync(here: &Here, args: &SyncArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    if args.pause.is_none() && args.take_over.is_none() && !args.resume {
        let report = station.sync_once(&interrupt::requested)?;
        here.print.one(&report, || report_text(&report))?;
        let well = report.failures.is_empty() && report.fenced.is_empty();
        return Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(EXIT_BROKEN) });
    }
    let session = who::sign_in(&station, &args.by)?;
    if let Some(why) = &args.pause {
        station.pause_sync(&session, why)?;
    }
    if args.resume {
        station.resume_sync(&session)?;
    }
    if let Some(why) = &args.take_over {
        station.take_over(&session, why)?;
    }
    let state = station.sync_state(&session)?;
    here.print.done(&json!({ "state": state.state, "in_words": state.in_words }), || state.in_words.clone())
}

fn report_text(report: &SyncReport) -> String {
    let mut out = format!(
        "told {} records, {} of them runs ({} bytes), and {} pictures ({} bytes); took up {} items",
        report.records, report.runs, report.packed_bytes, report.blobs, report.blob_bytes, report.items
    );
    if report.models > 0 {
        // Writing to a string cannot fail.
        let _ = write!(out, "; fetched {} sets of models: `wellread models list` shows them", report.models);
    }
    if report.quarantined > 0 {
        let _ = write!(out, "\nheadquarters put {} records aside: `wellread status` names them", report.quarantined);
    }
    if report.left > 0 {
        let _ = write!(out, "\n{} items of headquarters wait: `wellread status` says why", report.left);
    }
    if !report.fenced.is_empty() {
        let _ = write!(
            out,
            "\nheadquarters take no records of this copy of the data: {}\nif this copy is the one that works here, take \
             over with `wellread sync --take-over WHY`",
            report.fenced
        );
    }
    for failure in &report.failures {
        let _ = write!(out, "\n{failure}");
    }
    out
}

/// The way to headquarters, as `status` shows it.
pub(super) fn status_text(sync: &SyncState) -> String {
    let mut out = String::new();
    match &sync.enrolled {
        Some(with) => {
            let _ = write!(out, "\n  headquarters {} at {} ({})", with.org_name, with.hub_url, with.hub_name);
        }
        None => out.push_str("\n  headquarters none"),
    }
    let _ = write!(out, "\n  sync: {}", sync.in_words);
    if sync.rejected_total > 0 {
        let _ = write!(out, "\n  put aside by headquarters: {}", sync.rejected_total);
    }
    for one in &sync.rejected {
        let _ = write!(out, "\n    record {} ({}): {}; {}", one.seq, one.kind, one.reason, one.what_to_do);
    }
    if sync.blobs_missing > 0 {
        let _ = write!(out, "\n  pictures missing here that headquarters lack: {}", sync.blobs_missing);
    }
    if sync.hub_only > 0 {
        let _ = write!(out, "\n  records of an earlier copy that only headquarters have: {}", sync.hub_only);
    }
    for left in &sync.left {
        let _ = write!(out, "\n  waits to be taken up: {left}");
    }
    out
}
