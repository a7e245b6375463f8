//! `backup-check`.

use super::{args::CheckArgs, print, start};
use std::process::ExitCode;
use wellread_hub::{
    hub::Clock,
    ops::check::{self, Depth, Found},
};

pub(super) async fn check(args: &CheckArgs, json: bool) -> anyhow::Result<ExitCode> {
    let (db, objects) = start::store(&args.store)?;
    let depth = Depth { hashed: (!args.deep).then_some(args.sample), now: Clock::default().now() };
    let found = check::look(&db, &objects, depth).await?;
    print::either(json, &found, || told(&found))?;
    Ok(if found.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn told(found: &Found) -> String {
    let mut lines = vec![format!(
        "{} organizations, {} stations, {} records, {} entries of feeds, {} runs, {} blobs ({} of them hashed)",
        found.organizations, found.stations, found.records, found.feed, found.runs, found.blobs, found.hashed
    )];
    lines.extend(found.notes.iter().map(|note| format!("note: {note}")));
    for fault in &found.faults {
        let whose = fault.organization.map_or_else(String::new, |org| format!(" (organization {org})"));
        lines.push(format!("FAULT {}{whose}: {}", fault.code, fault.told));
    }
    lines.push(match found.faults.len() {
        0 => "whole: database and object store agree".to_owned(),
        count => format!("{count} faults"),
    });
    lines.join("\n")
}
