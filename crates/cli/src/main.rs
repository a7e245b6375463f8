//! `wellread`: reads plates, simulates them, scores readings against the truth, and works on a station's data.
//!
//! Holds no knowledge of plates or pictures: it parses arguments, calls the crates below, and prints.
//! Never runs a model itself and never opens a database.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

mod args;
mod assay_choice;
mod evaluate;
mod eyes;
mod failure;
mod inputs;
mod interrupt;
mod line_up;
mod output;
mod progress;
mod put_file;
mod read;
mod record;
mod simulate;
mod station;
mod table;
mod watch;

use args::{Args, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::read();
    interrupt::listen();
    let outcome = match &args.command {
        Command::Read(command) => read::run(command),
        Command::Simulate(command) => simulate::run(command),
        Command::Evaluate(command) => evaluate::run(command),
        Command::Watch(command) => watch::run(command, &args.global),
        Command::Station(command) => station::run(command, &args.global),
    };
    // The service ends when it is told to: that is how it ends well.
    let was_cut_short = interrupt::requested() && !matches!(&args.command, Command::Watch(watch) if !watch.once);
    match outcome {
        // An interrupted run did what it says so far, but a script must not take it for complete.
        _ if was_cut_short => ExitCode::from(args::EXIT_INTERRUPTED),
        Ok(code) => code,
        Err(stop) => {
            eprintln!("{}", stop.line());
            stop.exit_code()
        }
    }
}
