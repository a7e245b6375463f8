//! `wellread models`: the sets of models a station may read with, and a trial before one is chosen.

use super::{Here, who};
use crate::{
    args::station::{ModelsArgs, ModelsCommand},
    interrupt,
};
use serde_json::json;
use std::fmt::Write as _;
use std::{
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};
use wellread_station::{
    Steps,
    model_sets::ModelSet,
    trial::{Trial, TrialChange},
};

pub(super) fn models(here: &Here, args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ModelsCommand::List => {
            for set in here.open_to_read(&args.by)?.model_sets()? {
                here.print.one(&set, || line(&set))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Add { folder, why } => {
            let station = here.open()?;
            let set = station.add_models(&who::sign_in(&station, &args.by)?, folder, why)?;
            here.print.done(&set, || line(&set))
        }
        ModelsCommand::Use { id, why } => {
            let station = here.open()?;
            let id = set_id(id);
            station.switch_models(&who::sign_in(&station, &args.by)?, id, why)?;
            here.print.done(&json!({ "models": id }), || "new plates are read with them from now on".to_owned())
        }
        ModelsCommand::Try { id, runs } => {
            let station = here.open()?;
            let session = who::sign_in(&station, &args.by)?;
            let stop = Arc::new(AtomicBool::new(false));
            let steps = Steps::new(
                {
                    let stop = Arc::clone(&stop);
                    move |_, _| stop.store(interrupt::requested(), Ordering::Relaxed)
                },
                stop,
            );
            let trial = station.try_models(&session, set_id(id), *runs, &steps)?;
            here.print.done(&trial, || trial_text(&trial))
        }
    }
}

/// The one that comes with the program has no id.
fn set_id(id: &str) -> &str {
    if id == "shipped" { "" } else { id }
}

fn line(set: &ModelSet) -> String {
    let id = if set.id.is_empty() { "shipped" } else { &set.id };
    let models: Vec<String> = set.models.iter().map(|model| format!("{} {}", model.name, model.version)).collect();
    let active = if set.active { " (in use)" } else { "" };
    let agreement = set.agreement.map_or_else(String::new, |said| {
        format!(", people left {} of {} wells as they were read", said.agreed, said.wells)
    });
    let offered = set.offered.as_ref().map_or_else(String::new, |offered| {
        let withdrawn = if offered.withdrawn { " and taken back" } else { "" };
        format!(", offered by headquarters{withdrawn} as '{}': {}", offered.name, offered.note)
    });
    format!("{id:<16} {}{active}{agreement}{offered}", models.join(", "))
}

fn trial_text(trial: &Trial) -> String {
    let mut text = format!(
        "{} plates, {} wells: {} would be of another class, {} of another call; {} plates could not be read",
        trial.runs,
        trial.wells,
        trial.classes_changed,
        trial.calls_changed,
        trial.failed.len()
    );
    for change in &trial.changed {
        let TrialChange { sample_no, plate_no, well, class_before, class_after, .. } = change;
        // Writing into a string cannot fail.
        let _ = write!(text, "\n{sample_no} {plate_no} {well}: {class_before} -> {class_after}");
    }
    text
}
