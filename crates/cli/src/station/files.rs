//! `wellread interface` and `export`.

use super::{Here, lists::every, print::or_dash, who};
use crate::args::station::{ExportArgs, InterfaceCommand};
use anyhow::Context as _;
use serde_json::json;
use std::{fs::OpenOptions, io::Write as _, process::ExitCode};
use wellread_station::{interface::Request, store::InterfaceFile};

pub(super) fn interface(here: &Here, command: &InterfaceCommand) -> anyhow::Result<ExitCode> {
    let station = match command {
        InterfaceCommand::List { by, .. } => here.open_to_read(by)?,
        _ => here.open()?,
    };
    match command {
        InterfaceCommand::Create { sample, template, target, test, by } => {
            let session = who::sign_in(&station, by)?;
            let request = Request {
                sample_no: sample.clone(),
                template: template.clone(),
                target: target.clone(),
                test_no: test.clone(),
            };
            let file = station.request_interface_file(&session, &request)?;
            here.print.done(&file, || line(&file))
        }
        InterfaceCommand::List { sample, status, page, .. } => every(
            page,
            |page| station.interface_files(sample.as_deref(), *status, page),
            |file| here.print.one(file, || line(file)),
        ),
        InterfaceCommand::Deliver => {
            let round = station.deliver_due()?;
            here.print.one(&round, || {
                format!(
                    "{} made, {} delivered, {} waiting, {} failed",
                    round.generated, round.delivered, round.waiting, round.failed
                )
            })?;
            Ok(if round.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        InterfaceCommand::Retry { id, by } => {
            let session = who::sign_in(&station, by)?;
            let file = station.retry_interface_file(&session, *id)?;
            here.print.done(&file, || line(&file))
        }
    }
}

fn line(file: &InterfaceFile) -> String {
    let why = file.error_msg.as_ref().map_or_else(String::new, |why| format!("  {why}"));
    let name = or_dash(&file.file_name);
    format!("{}  {:<10} {:<20} {} {name}{why}", file.id, file.status, file.sample_no, file.template)
}

pub(super) fn export(here: &Here, args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let session = who::sign_in(&station, &args.by)?;
    let made = station.export(&session, &args.sample, &args.template)?;
    let path = if args.out.is_dir() { args.out.join(&made.name) } else { args.out.clone() };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(|| format!("cannot make {} (an existing file is not overwritten)", path.display()))?;
    file.write_all(&made.bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    let told = json!({ "path": path, "rows": made.rows, "bytes": made.bytes.len(), "sha256": made.sha256(), "notes": made.notes });
    for note in &made.notes {
        eprintln!("note: {note}");
    }
    here.print.done(&told, || path.display().to_string())
}
