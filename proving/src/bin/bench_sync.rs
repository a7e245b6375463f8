//! `./dev bench sync`: the figures of the sync.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use clap::Parser;
use std::process::ExitCode;
use wellread_proving::bench::{Figure, PARTS, Sizes, as_json};

/// Measures the sync, with hub, PostgreSQL and stations on this machine's cores.
#[derive(Parser)]
struct Args {
    /// Small sizes, to see that it works
    #[arg(long)]
    quick: bool,
    /// Only this part: backlog, swarm, blobs, feed or quiet; may be said again for more
    #[arg(long)]
    only: Vec<String>,
    /// Runs of the backlog
    #[arg(long)]
    runs: Option<u64>,
    /// Simulated stations
    #[arg(long)]
    stations: Option<u64>,
    /// Within how many seconds they reconnect
    #[arg(long)]
    within_s: Option<f64>,
    /// Pictures
    #[arg(long)]
    blobs: Option<u64>,
    /// Rows of the feed
    #[arg(long)]
    feed_rows: Option<u64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let base = if args.quick { Sizes::QUICK } else { Sizes::WHOLE };
    let sizes = Sizes {
        runs: args.runs.unwrap_or(base.runs),
        stations: args.stations.unwrap_or(base.stations),
        within_s: args.within_s.unwrap_or(base.within_s),
        blobs: args.blobs.unwrap_or(base.blobs),
        feed_rows: args.feed_rows.unwrap_or(base.feed_rows),
        ..base
    };
    if let Some(name) = args.only.iter().find(|name| PARTS.iter().all(|(known, _)| known != name)) {
        anyhow::bail!("there is no part '{name}'");
    }
    let say = |what: &str| eprintln!("==> {what}");
    let (mut figures, mut failed) = (Vec::<Figure>::new(), false);
    for (name, measure) in PARTS {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == name) {
            continue;
        }
        match measure(sizes, &say) {
            Ok(more) => {
                // As they come: the whole takes minutes.
                for figure in &more {
                    println!("{figure}");
                }
                figures.extend(more);
            }
            Err(why) => {
                failed = true;
                println!("{name} FAILED: {why:#}");
            }
        }
    }
    println!("{}", as_json(&figures));
    let reached = figures.iter().all(Figure::is_reached);
    Ok(if failed || !reached { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
