//! `wellread next` and `reprocess`: what people do about plates that come, and about pictures that came.

use super::{Here, who};
use crate::args::station::{NextArgs, ReprocessArgs};
use serde_json::json;
use std::process::ExitCode;
use wellread_station::{intake::next_plate, people::Permission, pipeline::Pipeline, store::Identity, store::RunStatus};

pub(super) fn next(here: &Here, args: &NextArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    if args.clear {
        let session = who::sign_in(&station, &args.by)?;
        station.act(&session, Permission::RunCapture, |writing| next_plate::clear(writing, "taken back"))?;
    } else if let Some(sample_no) = args.sample.clone() {
        let session = who::sign_in(&station, &args.by)?;
        let (submission_no, plate_no) = (args.submission.clone(), args.plate.clone());
        let next = Identity { sample_no, submission_no, plate_no };
        station.act(&session, Permission::RunCapture, |writing| next_plate::enter(writing, next))?;
    } else {
        here.open_to_read(&args.by)?;
    }
    for plate in station.read(next_plate::waiting)? {
        here.print.one(&plate, || {
            format!("sample {} submission {} plate {}", plate.sample_no, plate.submission_no, plate.plate_no)
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn reprocess(here: &Here, args: &ReprocessArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let session = who::sign_in(&station, &args.by)?;
    let eyes = station.eyes(args.model.as_deref(), 1)?;
    let pipeline = Pipeline::new(&station, &eyes, &station.settings()?)?;
    let ended = pipeline.reprocess(&session, args.run, args.assay.as_deref())?;
    let told = json!({
        "run_id": ended.run, "supersedes": args.run, "status": ended.status, "needs_review": ended.needs_review,
        "error_code": ended.error_code, "error_msg": ended.error,
    });
    here.print.one(&told, || match &ended.error {
        Some(error) => format!("run {}: failed, {error}", ended.run),
        None => format!("run {}: it replaces {} once it is accepted", ended.run, args.run),
    })?;
    Ok(if ended.status == RunStatus::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
