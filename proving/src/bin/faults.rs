//! `./dev faults`: every fault, and what the rows say afterwards.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use clap::Parser;
use std::process::ExitCode;
use wellread_proving::{
    cases::{ALL, Case, Given, Ran, Size},
    checker::Found,
};
use wellread_testdb::{Durability, Postgres};

/// Tries what a network, a disk, a clock and a power cut do to the sync, and compares every row afterwards.
#[derive(Parser)]
struct Args {
    /// What chance is drawn from; the same number makes the same weather
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this case; may be said again for more
    #[arg(long)]
    only: Vec<String>,
    /// As much as the tests try
    #[arg(long)]
    quick: bool,
    /// List the cases
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    if args.list {
        for case in ALL {
            println!("{:<18} {}", case.name, case.what);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut cases: Vec<Case> = Vec::new();
    for name in &args.only {
        match Case::named(name) {
            Some(case) => cases.push(case),
            None => anyhow::bail!("there is no case '{name}': --list names them"),
        }
    }
    if cases.is_empty() {
        cases = ALL.to_vec();
    }
    let server = Postgres::private(Durability::Durable)?;
    let size = if args.quick { Size::Test } else { Size::Whole };
    let given = Given { server: &server, seed: args.seed, size };
    println!("seed {}", args.seed);
    println!("{:<18} {:>6} {:>10} {:>8}  outcome", "case", "runs", "rows", "seconds");
    let (mut all, mut failed) = (Found::default(), 0);
    for case in &cases {
        let ran = case.run(given);
        failed += u32::from(!tell(&ran));
        if let Ok(outcome) = ran.outcome {
            all.add(outcome.found);
        }
    }
    if failed > 0 {
        println!("{failed} of {} cases failed", cases.len());
    }
    println!("faults: {} cases, {} lost, {} doubled, {} wrong", cases.len(), all.lost, all.doubled, all.wrong);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A line of the table. Whether the case went as it should.
fn tell(ran: &Ran) -> bool {
    let (name, seconds) = (ran.case.name, ran.took.as_secs_f64());
    match &ran.outcome {
        Ok(outcome) => {
            let found = &outcome.found;
            let told = if found.is_sound() { "nothing lost, doubled or wrong".to_owned() } else { found.to_string() };
            println!("{name:<18} {:>6} {:>10} {seconds:>8.1}  {told}", outcome.runs, found.rows);
            found.is_sound()
        }
        Err(why) => {
            println!("{name:<18} {:>6} {:>10} {seconds:>8.1}  FAILED: {why:#}", "-", "-");
            false
        }
    }
}
