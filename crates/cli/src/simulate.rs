//! `wellread simulate`: plates of a simulated camera, with their truth beside them.

use crate::{
    args::{SimulateArgs, StyleArg},
    failure::Stop,
    line_up::line_up,
    output, progress,
    put_file::{make_folder, put_file},
};
use anyhow::Context;
use std::{process::ExitCode, thread};
use wellread_phantom::{Family, FileKind, Request, Scene, Style, encode};
use wellread_plate::assay::Assay;

/// Runs the command.
pub(crate) fn run(args: &SimulateArgs) -> Result<ExitCode, Stop> {
    let family = Family::of_assay(&args.assay).ok_or_else(|| {
        let known = Assay::shipped_ids().collect::<Vec<_>>().join(", ");
        Stop::usage("unknown-assay", format!("'{}' cannot be simulated: choose one of {known}", args.assay))
    })?;
    make_folder(&args.out)?;
    let plates: Vec<u32> = (1..=args.plates).collect();
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    let bar = progress::bar("rendering", plates.len());
    let mut written = Ok(0);
    line_up(
        &plates,
        jobs,
        |_, number| plate(args, family, *number),
        |done| {
            bar.inc(1);
            match (done, &mut written) {
                (Ok(()), Ok(count)) => *count += 1,
                (Err(error), Ok(_)) => written = Err(error),
                _ => {}
            }
            written.is_ok()
        },
    );
    bar.finish_and_clear();
    let count = written?;
    output::print(&format!("{count} plates in {}\n", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Renders and writes one plate.
fn plate(args: &SimulateArgs, family: Family, number: u32) -> anyhow::Result<()> {
    let style = match args.style {
        StyleArg::Bench => Style::Bench,
        StyleArg::Wild => Style::Wild,
        StyleArg::NoPlate => Style::NoPlate,
    };
    let seed = scene_seed(args.seed, number);
    let scene = Scene::draw(&Request { seed, family, style, size: args.size, format: args.format });
    let kind = args.quality.map_or_else(|| scene.file_kind(), FileKind::Jpeg);
    let name = format!("plate-{number:04}.{}", kind.extension());
    let picture = encode(&scene.render(), kind).with_context(|| format!("cannot encode {name}"))?;
    let mut truth = serde_json::to_vec_pretty(&scene.truth(&name)).context("cannot write the truth as JSON")?;
    truth.push(b'\n');
    // The truth is written last: a picture whose truth is there is complete.
    put_file(&args.out.join(&name), &picture)?;
    put_file(&args.out.join(format!("plate-{number:04}.truth.json")), &truth)
}

/// The seed of one plate: far apart for neighbours, and with the highest bit set.
///
/// Models are trained on seeds counted up from 0, so that no simulated plate, whatever its seed, was trained on.
fn scene_seed(seed: u64, number: u32) -> u64 {
    // SplitMix64, by Sebastiano Vigna, public domain.
    let mut z = seed.wrapping_add(u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) | 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_plate_of_every_seed_is_another_and_none_is_a_training_seed() {
        let seeds: BTreeSet<u64> = (0..40).flat_map(|s| (1..=50).map(move |n| scene_seed(s, n))).collect();
        assert_eq!(seeds.len(), 2000, "no two plates of neighbouring seeds are the same");
        assert!(seeds.iter().all(|s| *s >= 1 << 63), "training counts from 0 and never gets there");
    }
}
