//! `wellread runs`, `show`, `samples`, `status` and `audit`.

use super::{
    Here, headquarters,
    print::{moment, or_dash},
    who,
};
use crate::args::station::{AuditArgs, PageArgs, RunsArgs, SamplesArgs, ShowArgs, StatusArgs};
use std::{fmt::Write as _, process::ExitCode};
use wellread_station::{
    store::{AuditFilter, Listed, Page, RunFilter, RunLine},
    views::{RunDetail, SampleDetail, Status},
};

/// Rows asked for at a time.
const CHUNK: u32 = 500;

pub(super) fn runs(here: &Here, args: &RunsArgs) -> anyhow::Result<ExitCode> {
    let station = here.open_to_read(&args.by)?;
    let filter = RunFilter {
        text: args.text.clone(),
        status: args.status,
        disposition: args.disposition,
        sample_no: args.sample.clone(),
        needs_review: args.needs_review.then_some(true),
        assay: args.assay.clone(),
        from_ms: args.days.from,
        to_ms: args.days.until,
        ..RunFilter::default()
    };
    every(&args.page, |page| station.runs(&filter, page), |run| here.print.one(run, || run_line(run)))
}

pub(super) fn show(here: &Here, args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let run = here.open_to_read(&args.by)?.run(args.run)?;
    here.print.done(&run, || run_detail(&run))
}

pub(super) fn samples(here: &Here, args: &SamplesArgs) -> anyhow::Result<ExitCode> {
    let station = here.open_to_read(&args.by)?;
    if let Some(number) = &args.sample {
        let sample = station.sample(number)?;
        return here.print.done(&sample, || sample_detail(&sample));
    }
    let text = args.text.as_deref();
    every(
        &args.page,
        |page| station.samples(text, page),
        |sample| {
            here.print.one(sample, || {
                let counted = format!("{} of {} plates count", sample.counted_runs, sample.total_runs);
                format!("{:<24} {counted:<24} {}", sample.sample_no, serde_json::json!(sample.distribution))
            })
        },
    )
}

pub(super) fn audit(here: &Here, args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    let session = who::sign_in(&station, &args.by)?;
    let user = args.user.as_deref().map(|name| station.user_id(&session, name)).transpose()?;
    let filter = AuditFilter {
        resource: args.resource.clone(),
        resource_id: args.id.clone(),
        user,
        action: args.action.as_ref().map(|verb| verb.to_uppercase()),
        from_ms: args.days.from,
        to_ms: args.days.until,
    };
    every(
        &args.page,
        |page| station.audit(&session, &filter, page),
        |entry| {
            here.print.one(entry, || {
                let by = entry.username.as_deref().unwrap_or("station");
                format!(
                    "{:>7}  {}  {by:<16}  {} {} {}  {}",
                    entry.seq,
                    moment(entry.at),
                    entry.action,
                    entry.resource,
                    entry.resource_id,
                    entry.why
                )
            })
        },
    )
}

pub(super) fn status(here: &Here, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let status = here.open_to_read(&args.by)?.status()?;
    here.print.done(&status, || status_text(&status))
}

/// Prints page after page, so that memory does not grow with the list.
pub(super) fn every<T>(
    wanted: &PageArgs,
    ask: impl Fn(Page) -> anyhow::Result<Listed<T>>,
    print: impl Fn(&T) -> anyhow::Result<bool>,
) -> anyhow::Result<ExitCode> {
    let mut left = wanted.limit.unwrap_or(u32::MAX);
    let mut after = wanted.after;
    while left > 0 {
        let Listed { rows, next } = ask(Page { after, limit: left.min(CHUNK) })?;
        for row in &rows {
            if !print(row)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        left = left.saturating_sub(rows.len() as u32);
        after = next;
        if after.is_none() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_line(run: &RunLine) -> String {
    let identity = &run.identity;
    format!(
        "{}  {}  {:<10} {:<14} {:<20} plate {:<6} {}{}",
        run.run_id,
        moment(run.predict_at),
        run.status,
        run.disposition,
        or_dash(&identity.sample_no),
        or_dash(&identity.plate_no),
        run.distribution,
        run.error_msg.as_ref().map_or_else(String::new, |why| format!("  {why}")),
    )
}

fn run_detail(detail: &RunDetail) -> String {
    let RunDetail { run, state, .. } = detail;
    let mut out = String::new();
    let identity = &state.identity;
    // Writing to a string cannot fail.
    let _ = writeln!(out, "run {} ({}), {} {}", run.id, run.seq, run.status, state.disposition);
    let _ = writeln!(
        out,
        "  sample {}  submission {}  plate {}  file {}",
        or_dash(&identity.sample_no),
        or_dash(&identity.submission_no),
        or_dash(&identity.plate_no),
        detail.file_name.as_deref().unwrap_or("-")
    );
    let _ = writeln!(out, "  assay {} version {}, read {}", run.assay.id, run.assay.version, moment(run.predict_at));
    if let Some(why) = &run.error_msg {
        let _ = writeln!(out, "  failed: {why}");
    }
    for reason in &run.review_reasons {
        let _ = writeln!(out, "  look: {reason}");
    }
    if let Some(results) = &detail.results {
        let _ = writeln!(out, "  calls {}  end points {}", results.counts, serde_json::json!(results.distribution));
    }
    for well in detail.wells.iter().filter(|well| well.review.is_some() || !well.seen.flags.is_empty()) {
        let flags: Vec<&str> = well.seen.flags.iter().map(|flag| flag.as_str()).collect();
        let review = well.review.as_ref().map_or_else(String::new, |review| {
            format!(" -> {} by {} ({})", well.final_label, review.actor, review.reason_code)
        });
        let seen = &well.seen;
        let _ = writeln!(
            out,
            "  {:<4} {} {} {:.2} {}{review}",
            seen.well,
            seen.class,
            seen.label,
            seen.confidence,
            flags.join(" ")
        );
    }
    for event in &detail.events {
        let mark = if event.undone {
            " (undone)"
        } else if event.conflict {
            " (conflict)"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "  event {}: {} by {} {}: {} {}{mark}",
            event.seq,
            event.decision.kind(),
            event.actor,
            moment(event.at),
            event.reason_code,
            event.reason_text
        );
    }
    for signature in &detail.signatures {
        let void = if signature.void { " (void)" } else { "" };
        let _ =
            writeln!(out, "  signed as {} by {} {}{void}", signature.meaning, signature.username, moment(signature.at));
    }
    out.trim_end().to_owned()
}

fn sample_detail(sample: &SampleDetail) -> String {
    let summary = &sample.summary;
    let mut out = format!(
        "sample {}: {} of {} plates count, end points {}",
        summary.sample_no,
        summary.counted_runs,
        summary.total_runs,
        serde_json::json!(summary.distribution)
    );
    for run in &sample.runs {
        let _ = write!(out, "\n  {}", run_line(run));
    }
    for file in &sample.interface_files {
        let _ = write!(out, "\n  {} {} {} {}", file.id, file.status, file.template, or_dash(&file.file_name));
    }
    out
}

fn status_text(status: &Status) -> String {
    let mut out = format!("station '{}' ({}), program {}", status.station, status.station_id, status.app_version);
    let inbox = status.inbox.as_ref().map_or_else(|| "not set".to_owned(), |inbox| inbox.display().to_string());
    let _ = write!(out, "\n  inbox {inbox}: {}", if status.inbox_online { "online" } else { "offline" });
    let _ = write!(out, "\n  watching: {}", if status.service_running { "yes" } else { "no" });
    for (disposition, count) in &status.runs {
        let _ = write!(out, "\n  runs {disposition}: {count}");
    }
    for (state, count) in &status.files {
        let _ = write!(out, "\n  files {state}: {count}");
    }
    let _ = write!(out, "\n  interface files waiting {}, failed {}", status.interface_waiting, status.interface_failed);
    out.push_str(&headquarters::status_text(&status.sync));
    if let Some(free) = status.disk_free_mib {
        let full = if free < status.disk_reserve_mib { ": intake pauses until some is freed" } else { "" };
        let _ = write!(out, "\n  disk {free} MiB free, reserve {} MiB{full}", status.disk_reserve_mib);
    }
    if status.database_locked {
        let _ = write!(out, "\n  database locked by another program: close it; intake goes on by itself");
    }
    // A minute is within what a clock that is set by the network may jump.
    if status.clock_behind_ms > 60_000 {
        let minutes = status.clock_behind_ms / 60_000;
        let _ =
            write!(out, "\n  clock {minutes} min behind what this station has recorded: it was set back, set it right");
    }
    for health in &status.health {
        let _ = write!(out, "\n  {} {}: {}", health.service, health.status, health.message);
    }
    out
}
