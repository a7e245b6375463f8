//! `wellread backup`, `restore`, `config` and `verify`.

use super::{Here, init::key_place, who};
use crate::args::station::{AssaysArgs, AssaysCommand, BackupArgs, ConfigCommand, RestoreArgs, VerifyArgs};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::{fs, process::ExitCode};
use wellread_station::{
    Clock, Problem, Settings, Station, Steps,
    backup::{self, BackedUp, Present},
    layouts::LayoutLine,
    settings::SettingLine,
    store::{Origin, Repaired, StoredAssay},
    verify::{Mend, Verified},
};

pub(super) fn backup(here: &Here, args: &BackupArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let session = who::sign_in(&station, &args.by)?;
    if let Some(file) = &args.recovery_key {
        station.export_key(&session, file)?;
        here.print.one(&json!({ "recovery_key": file }), || {
            format!("{} opens this station's data and backups: keep it apart from them", file.display())
        })?;
    }
    if let Some(file) = &args.file {
        let copied = station.backup(&session, file, !args.no_pictures, &Steps::unwatched())?;
        here.print.one(&copied, || copy_text(&copied, &file.display().to_string()))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(here: &Here, args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let present = if args.replace { Present::PutAside } else { Present::Keep };
    if args.replace && here.folder.database().exists() {
        match here.open() {
            Ok(station) => station.may_replace(&who::sign_in(&station, &args.by)?)?,
            // A database that cannot be opened knows nobody; it is what backups are for.
            Err(why) => eprintln!("what is there cannot be opened and is put aside: {why:#}"),
        }
    }
    let copied = backup::restore(
        &args.file,
        &here.folder,
        key_place(&args.key)?,
        present,
        (&Clock::system(), &Steps::unwatched()),
    )?;
    here.print.done(&copied, || copy_text(&copied, &here.folder.path().display().to_string()))
}

fn copy_text(copied: &BackedUp, place: &str) -> String {
    let rows = |table: &str| copied.database.rows.iter().find(|(name, _)| name == table).map_or(0, |(_, rows)| *rows);
    let missing = match copied.blobs_missing {
        0 => String::new(),
        missing => format!(", {missing} pictures missing"),
    };
    format!(
        "{place}: {} runs, {} audit entries, {} pictures{missing}",
        rows("prediction_run"),
        rows("audit_logs"),
        copied.blobs
    )
}

pub(super) fn config(here: &Here, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    let station = match command {
        ConfigCommand::List { by } | ConfigCommand::Get { by, .. } => here.open_to_read(by)?,
        ConfigCommand::Set { .. } | ConfigCommand::Unset { .. } => here.open()?,
    };
    match command {
        ConfigCommand::List { .. } => {
            for line in setting_lines(&station)? {
                here.print.one(&setting(&line), || setting_text(&line))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ConfigCommand::Get { name, .. } => show_setting(here, &station, name),
        ConfigCommand::Set { name, value, why, by } => {
            let session = who::sign_in(&station, by)?;
            // Plain text that is no JSON is a string, so that paths need no quotes.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            station.configure(&session, name, Some(&value), why)?;
            show_setting(here, &station, name)
        }
        ConfigCommand::Unset { name, why, by } => {
            let session = who::sign_in(&station, by)?;
            station.configure(&session, name, None, why)?;
            show_setting(here, &station, name)
        }
    }
}

fn show_setting(here: &Here, station: &Station, name: &str) -> anyhow::Result<ExitCode> {
    let found = setting_lines(station)?.into_iter().find(|line| line.name == name);
    let line = found.ok_or_else(|| Problem::not_found("setting", name))?;
    here.print.done(&setting(&line), || setting_text(&line))
}

fn setting_lines(station: &Station) -> anyhow::Result<Vec<SettingLine>> {
    station.read(Settings::lines)
}

fn setting(line: &SettingLine) -> Value {
    json!({ "name": line.name, "value": line.value, "origin": line.origin })
}

fn setting_text(line: &SettingLine) -> String {
    format!("{} = {}{}", line.name, line.value, from(line.origin))
}

/// What is said of something that headquarters sent.
pub(super) const fn from(origin: Origin) -> &'static str {
    match origin {
        Origin::Hub => " (from headquarters)",
        Origin::Station => "",
    }
}

pub(super) fn assays(here: &Here, args: &AssaysArgs) -> anyhow::Result<ExitCode> {
    let told = |assay: &StoredAssay| json!({ "id": assay.id, "version": assay.version, "name": assay.name });
    let line = |assay: &StoredAssay| format!("{:<20} version {:<4} {}", assay.id, assay.version, assay.name);
    match &args.command {
        AssaysCommand::List => {
            for assay in here.open_to_read(&args.by)?.assay_lines()? {
                here.print.one(&assay, || {
                    let used = if assay.active { " (in use)" } else { "" };
                    format!("{:<20} version {:<4} {}{used}{}", assay.id, assay.version, assay.name, from(assay.origin))
                })?;
            }
            Ok(ExitCode::SUCCESS)
        }
        AssaysCommand::Layouts => {
            for layout in here.open_to_read(&args.by)?.layout_lines()? {
                here.print.one(&layout, || layout_text(&layout))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        AssaysCommand::Add { file } => {
            let station = here.open()?;
            let session = who::sign_in(&station, &args.by)?;
            let name = file.display().to_string();
            let toml = fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
            let assay = station.add_assay(&session, &name, &toml, "")?;
            here.print.done(&told(&assay), || line(&assay))
        }
    }
}

fn layout_text(layout: &LayoutLine) -> String {
    let roles: Vec<String> = layout.counts().into_iter().map(|(role, wells)| format!("{wells} {role}")).collect();
    format!(
        "{:<20} version {:<4} {} wells: {}; {}{}",
        layout.id,
        layout.version,
        layout.format,
        roles.join(", "),
        layout.name,
        from(layout.origin)
    )
}

pub(super) fn verify(here: &Here, args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let mend = if args.look_only { Mend::No } else { Mend::Yes };
    let station = here.open_to_read(&args.by)?;
    if args.repair {
        let session = who::sign_in(&station, &args.by)?;
        let repaired = station.repair_derived(&session)?;
        here.print.one(&json!({ "repaired": repaired }), || repaired_text(&repaired))?;
    }
    let found = station.verify(mend, &Steps::unwatched())?;
    here.print.one(&found, || verify_text(&found))?;
    Ok(if found.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn repaired_text(repaired: &Repaired) -> String {
    if repaired.is_nothing() {
        return "nothing was to be derived again".to_owned();
    }
    format!(
        "derived again: {} states of runs, {} summaries of samples, {} counts, {} entries of the search index",
        repaired.run_states, repaired.sample_summaries, repaired.tallies, repaired.search_entries
    )
}

fn verify_text(found: &Verified) -> String {
    let mut lines: Vec<String> =
        found.findings.iter().map(|f| format!("{}: {} {}", f.check, f.place, f.what)).collect();
    if found.more > 0 {
        lines.push(format!("and {} more", found.more));
    }
    let verdict = if found.ok { "sound" } else { "NOT sound" };
    lines.push(format!(
        "{verdict}: {} runs, {} audit entries, {} outbox records, {} pictures",
        found.runs, found.audit_entries, found.outbox_records, found.blobs
    ));
    if let Some(head) = found.audit_head {
        lines.push(format!("audit trail ends at entry {} with hash {}", head.seq, head.hash));
    }
    lines.join("\n")
}
