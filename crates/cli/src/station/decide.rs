//! `wellread review` and `sign`.

use super::{Here, who};
use crate::args::station::{ReviewArgs, SignArgs};
use serde_json::json;
use std::{path::Path, process::ExitCode};
use wellread_station::{
    Problem, Station, calibration,
    people::Session,
    pipeline::Pipeline,
    review::{Change, Reason, ReasonCode},
    store::Identity,
};

pub(super) fn review(here: &Here, args: &ReviewArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let changes = changes(&station, args)?;
    let session = who::sign_in(&station, &args.by)?;
    let accept_alone = changes == [Change::Accept];
    let code = args.reason.or(accept_alone.then_some(ReasonCode::Confirmed)).ok_or_else(|| {
        Problem::invalid("say why: --reason with one of misread, artefact, contamination, handling, control, …")
    })?;
    let reason = Reason { code, text: args.why.clone() };
    let sample_no = station.run(args.run)?.state.identity.sample_no;
    let mut seen = args.seen;
    let changes: Vec<Change> = match &args.grid {
        Some(file) => [vec![with_grid(here, &station, &session, args, file)?], changes].concat(),
        None => changes,
    };
    for change in &changes {
        let event = station.review(&session, args.run, change, &reason, seen)?;
        // The next one of this command knows of this one; what somebody else decided before stays unseen.
        if !event.conflict {
            seen = seen.map(|_| event.seq);
        }
        here.print.one(&event, || {
            let conflict = if event.conflict { "; somebody else decided meanwhile: look again" } else { "" };
            format!("event {}: {}{conflict}", event.seq, event.decision.kind())
        })?;
    }
    if let Some(file) = station.delivered_in_vain(&sample_no)? {
        eprintln!("note: no plate of sample {sample_no} counts now, but its receiver has {}: tell it", file.file_name);
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the picture again with another grid; the run made of it replaces this one once it counts.
fn with_grid(here: &Here, station: &Station, by: &Session, args: &ReviewArgs, file: &Path) -> anyhow::Result<Change> {
    let grid = calibration::load(file).map_err(Problem::invalid)?;
    let mut settings = station.settings()?;
    settings.intake.calibration = Some(file.to_owned());
    let eyes = station.eyes(None, 1)?;
    let ended = Pipeline::new(station, &eyes, &settings)?.reprocess(by, args.run, None)?;
    if let Some(why) = ended.error {
        return Err(Problem::refused(format!("with this grid the picture cannot be read: {why}")).into());
    }
    here.print.one(&json!({ "run_id": ended.run, "supersedes": args.run }), || {
        format!("run {} was read with this grid and replaces this one", ended.run)
    })?;
    Ok(Change::Grid(json!(grid)))
}

fn changes(station: &Station, args: &ReviewArgs) -> anyhow::Result<Vec<Change>> {
    let mut changes: Vec<Change> = Vec::new();
    changes.extend(args.undo.map(|event| Change::Undo { event }));
    if args.sample.is_some() || args.submission.is_some() || args.plate.is_some() {
        // What is not named stays as it is.
        let now = station.run(args.run)?.state.identity;
        changes.push(Change::Identity(Identity {
            sample_no: args.sample.clone().unwrap_or(now.sample_no),
            submission_no: args.submission.clone().unwrap_or(now.submission_no),
            plate_no: args.plate.clone().unwrap_or(now.plate_no),
        }));
    }
    changes.extend(args.wells.iter().map(|(well, is)| Change::Well { well: *well, is: is.clone() }));
    if args.accept {
        changes.push(Change::Accept);
    }
    if args.reject {
        changes.push(Change::Reject);
    }
    if changes.is_empty() && args.grid.is_none() {
        let told =
            "say what is to be so: --well, --sample, --submission, --plate, --grid, --accept, --reject or --undo";
        return Err(Problem::invalid(told).into());
    }
    Ok(changes)
}

pub(super) fn sign(here: &Here, args: &SignArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let (session, password) = who::sign_in_with_password(&station, &args.by)?;
    let signature = station.sign(&session, &password, args.run, args.meaning, args.seen)?;
    here.print.done(&json!(signature), || format!("signed as {} by {}", signature.meaning, signature.username))
}
