//! Writes training data: pictures rendered by `phantom`, cut by `vision`'s own preprocessing, as flat binary files.
//!
//! Never reads a photograph. Everything follows from `--seed`; each item has a seed of its own, so the files do not
//! depend on the number of cores.

mod classifier;
mod grid;
mod landmark;
mod locator;
mod sink;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

#[derive(Parser)]
#[command(about = "Writes training data for the models from rendered plates")]
struct Arguments {
    /// First seed; item i uses seed + i.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// How many pictures to render.
    #[arg(long, global = true, default_value_t = 100)]
    count: usize,
    /// Folder for the files.
    #[arg(long, global = true, default_value = ".")]
    out: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Pictures of 512 x 384 with heat and pitch maps.
    Locator {
        /// Only plates that brim with colour, close up.
        #[arg(long)]
        brimming: bool,
    },
    /// Crops of 48 x 48 with class and certainty.
    Classifier,
    /// Squares beside the wells and at the corners.
    Landmark,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.out)?;
    let seeds = arguments.seed..arguments.seed + arguments.count as u64;
    match arguments.what {
        What::Locator { brimming } => locator::write(seeds, &arguments.out, brimming),
        What::Classifier => classifier::write(seeds, &arguments.out),
        What::Landmark => landmark::write(seeds, &arguments.out),
    }
}
