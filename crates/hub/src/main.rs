//! `wellread-hub`: headquarters.

mod cli;

use clap::Parser as _;
use std::process::ExitCode;
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    let asked = cli::Cli::parse();
    log(asked.log_json);
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(cli::run(asked)));
    match done {
        Ok(code) => code,
        Err(why) => {
            cli::print::problem(&why);
            ExitCode::from(2)
        }
    }
}

/// To standard error: what is asked for goes to standard output.
fn log(json: bool) {
    let filter = EnvFilter::try_from_env("WELLREAD_HUB_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { lines.json().init() } else { lines.with_ansi(false).init() }
}
