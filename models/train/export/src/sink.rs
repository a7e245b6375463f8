//! Flat files written in order from work done in parallel.

use rayon::prelude::*;
use std::{
    fs::File,
    io::{BufWriter, Write},
    ops::Range,
    path::Path,
};

/// Renders each seed's item in parallel and appends its byte streams, in seed order, to one file each.
pub(crate) fn write<const N: usize>(
    seeds: Range<u64>,
    out: &Path,
    names: [&str; N],
    item: impl Fn(u64) -> [Vec<u8>; N] + Sync,
) -> anyhow::Result<()> {
    let mut files = Vec::with_capacity(N);
    for name in names {
        files.push(BufWriter::new(File::create(out.join(name))?));
    }
    let seeds: Vec<u64> = seeds.collect();
    for batch in seeds.chunks(64) {
        let items: Vec<[Vec<u8>; N]> = batch.par_iter().map(|seed| item(*seed)).collect();
        for streams in items {
            for (file, bytes) in files.iter_mut().zip(streams) {
                file.write_all(&bytes)?;
            }
        }
    }
    for file in &mut files {
        file.flush()?;
    }
    Ok(())
}
