//! `wellread watch`: the service, or one draining of the watched folder.

use crate::{
    args::{EXIT_SOME_UNREAD, Global, WatchArgs},
    failure::Stop,
    interrupt, output, station,
};
use anyhow::Context as _;
use serde_json::json;
use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
    thread,
    time::Duration,
};
use wellread_station::{
    Clock, Code, Station,
    eyes::Eyes,
    intake::first_start::{self, Existing},
    store::HealthStatus,
    watch::{self, Around, Orders, Told},
};

/// How long until a start that failed is tried again.
const START_AGAIN: Duration = Duration::from_secs(2);

/// Runs the command. A service that starts on a full disk or a locked database waits, as it does later: after a power
/// cut nobody is there to start it once more.
pub(crate) fn run(args: &WatchArgs, global: &Global) -> Result<ExitCode, Stop> {
    // Kept from try to try: a process loads its models once.
    let (mut again, mut eyes) = (false, None);
    loop {
        match serve(args, global, &mut eyes, again) {
            Err(Stop::Broken(error)) if !args.once && passes(&error) && !interrupt::requested() => {
                if !again {
                    let message = format!("cannot start: {error:#}; it is tried again by itself");
                    tell(&Told::State { part: "service", status: HealthStatus::Unhealthy, message }, global.json);
                }
                again = true;
                thread::sleep(START_AGAIN);
            }
            ended => return ended,
        }
    }
}

fn passes(error: &anyhow::Error) -> bool {
    matches!(wellread_station::code_of(error), Some(Code::Busy | Code::DiskFull | Code::ReadOnly))
}

fn serve(args: &WatchArgs, global: &Global, eyes: &mut Option<Eyes>, again: bool) -> Result<ExitCode, Stop> {
    let json = global.json;
    let station = Station::open_service(&station::folder(global)?, Clock::system())?;
    let settings = station.settings()?;
    let existing = match args.existing {
        Some(existing) => Some(existing),
        None => ask(&station, args.once)?,
    };
    if let (Some(inbox), false) = (&settings.intake.inbox, json) {
        eprintln!("watching {}", inbox.display());
    }
    let told = |told: &Told| tell(told, json);
    let around = Around { told: &told, stop: &interrupt::requested };
    let tally = loop {
        let orders = Orders { once: args.once, existing, again, behind_a_window: false };
        let tally = watch::run(&station, look_with(args, &station, eyes)?, orders, around)?;
        if !tally.models_changed {
            break tally;
        }
        *eyes = None;
    };
    for why in &tally.unreadable {
        eprintln!("unreadable: {why}");
    }
    if args.once && !json {
        eprintln!(
            "{} runs completed, {} failed; {} files were duplicates, {} no pictures",
            tally.completed, tally.failed, tally.duplicates, tally.rejected
        );
    }
    Ok(if tally.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_SOME_UNREAD) })
}

/// The models loaded before, else those that the command or the settings name.
fn look_with<'e>(args: &WatchArgs, station: &Station, eyes: &'e mut Option<Eyes>) -> Result<&'e Eyes, Stop> {
    if eyes.is_none() {
        let settings = station.settings()?;
        let folder = match &args.model {
            None if !settings.models.is_empty() => Some(station.models_in_use(&settings)?),
            named => named.clone(),
        };
        let opened = Eyes::open(folder.as_deref(), watch::workers(&settings));
        *eyes = Some(opened.map_err(|error| Stop::usage(error.code(), error))?);
    }
    eyes.as_ref().ok_or_else(|| anyhow::anyhow!("no models are loaded").into())
}

/// Asks a person what to do with the pictures that are there already. A script that says nothing means all of them.
fn ask(station: &Station, once: bool) -> Result<Option<Existing>, Stop> {
    let settings = station.settings()?;
    let Some(waiting) = first_start::to_choose(station, &settings)? else { return Ok(None) };
    if once || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        eprintln!(
            "the folder held {waiting} files before the first start; they are imported (--existing says otherwise)"
        );
        return Ok(None);
    }
    eprint!(
        "the folder holds {waiting} files already: [i]mport them, mark them as [s]een, or import since YYYY-MM-DD? "
    );
    io::stderr().flush().context("cannot ask")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("no answer")?;
    let existing = match answer.trim() {
        "i" | "import" => Existing::Import,
        "s" | "seen" => Existing::MarkAsSeen,
        date => date.parse().map_err(anyhow::Error::from)?,
    };
    Ok(Some(existing))
}

/// One line of what happened. Whoever reads it may go away; the service goes on.
fn tell(told: &Told, json: bool) {
    // A log of every file's coming and going would hide what came of it.
    if matches!(told, Told::Queue { .. }) {
        return;
    }
    let line = if json { object(told).to_string() } else { words(told) };
    if !line.is_empty() {
        let _ = output::print(&(line + "\n"));
    }
}

fn object(told: &Told) -> serde_json::Value {
    match told {
        Told::Run { path, ended } => json!({
            "event": "run", "file": path, "run_id": ended.run, "status": ended.status,
            "sample_no": ended.identity.sample_no, "submission_no": ended.identity.submission_no,
            "plate_no": ended.identity.plate_no, "needs_review": ended.needs_review,
            "error_code": ended.error_code, "error_msg": ended.error,
        }),
        Told::Duplicate { path, of } => json!({ "event": "duplicate", "file": path, "of": of }),
        Told::Rejected { path, code, reason } => {
            json!({ "event": "rejected", "file": path, "code": code, "reason": reason })
        }
        Told::Queue { .. } => serde_json::Value::Null,
        Told::State { part, status, message } => {
            json!({ "event": "state", "part": part, "status": status, "message": message })
        }
    }
}

fn words(told: &Told) -> String {
    match told {
        Told::Run { path, ended } => match &ended.error {
            Some(error) => format!("{path}: failed, {error}"),
            None if ended.identity.sample_no.is_empty() => format!("{path}: read, needs a sample number"),
            None => {
                let review = if ended.needs_review { ", needs review" } else { "" };
                format!("{path}: sample {}{review}", ended.identity.sample_no)
            }
        },
        Told::Duplicate { path, of } => format!("{path}: the same picture as {of}"),
        Told::Rejected { path, reason, .. } => format!("{path}: not taken, {reason}"),
        Told::Queue { .. } => String::new(),
        Told::State { part, message, .. } if message.is_empty() => format!("{part}: well again"),
        Told::State { part, message, .. } => format!("{part}: {message}"),
    }
}
