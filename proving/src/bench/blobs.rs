//! Pictures: through the station's own sync, beside plain copies of the same files with their SHA-256; and what a cut costs.

use super::{Figure, Sizes, timed};
use crate::{
    network::{Act, Ending, Place},
    station::{Pictures, StationInHand},
    world::World,
};
use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read as _, Write as _},
    path::PathBuf,
};
use tempfile::TempDir;
use wellread_testdb::{Durability, Postgres};

/// A part of the plain copy.
const CHUNK: usize = 1 << 20;

/// The pictures go in so many lots, each between two copies of its files: a machine that others use as well changes from
/// one second to the next, and the middle of the lots says more than their sum.
const LOTS: u64 = 5;

/// Megabytes a second, of one lot each.
#[derive(Default)]
struct Rates {
    synced: Vec<f64>,
    plain: Vec<f64>,
    share: Vec<f64>,
    share_of_flushed: Vec<f64>,
}

pub(super) fn measure(sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let server = Postgres::private(Durability::Durable)?;
    let world = World::new(&server, 13)?;
    let lot = sizes.blobs.div_ceil(LOTS);
    say(&format!("{LOTS} times {lot} pictures of {} bytes", sizes.blob_bytes));
    let pictures = Pictures { raw_bytes: sizes.blob_bytes, kept: true };
    let mut station = direct(&world, StationInHand::new(1, 13, pictures)?)?;
    let megabytes = (lot as f64 * sizes.blob_bytes as f64) / 1e6;
    let (mut rates, mut known) = (Rates::default(), BTreeSet::new());
    for _ in 0..LOTS {
        station.pictures_alone(lot)?;
        let files: Vec<PathBuf> = files(&station)?.into_iter().filter(|path| known.insert(path.clone())).collect();
        ensure!(files.len() as u64 == lot, "each picture is another one");
        // Read once, so that both find them in memory.
        plain_copies(&files, false)?;
        let ((), flushed_before) = timed(|| plain_copies(&files, true))?;
        let ((), before) = timed(|| plain_copies(&files, false))?;
        let report = station.report()?;
        ensure!(report.blobs == lot && station.is_told()?, "the pictures are not told: {report:?}");
        // The rows of their runs, which go first, are the backlog's figure.
        let seconds = report.blobs_ms as f64 / 1e3;
        let ((), after) = timed(|| plain_copies(&files, false))?;
        let ((), flushed_after) = timed(|| plain_copies(&files, true))?;
        let (plain, flushed) = (before.midpoint(after), flushed_before.midpoint(flushed_after));
        rates.synced.push(megabytes / seconds);
        rates.plain.push(megabytes / plain);
        rates.share.push(plain / seconds * 100.0);
        rates.share_of_flushed.push(flushed / seconds * 100.0);
        say(&format!("{:.0} of {:.0} MB/s", megabytes / seconds, megabytes / plain));
    }
    let found = world.compare(&[&station])?;
    ensure!(found.is_sound(), "{found}");
    let again = sent_again(&world)?;
    Ok(vec![
        Figure::told("blobs: through the sync", middle(rates.synced), "MB/s"),
        Figure::told("blobs: plain copy and SHA-256", middle(rates.plain), "MB/s"),
        Figure::at_least("blobs: share of plain copy and SHA-256", middle(rates.share), "%", 60.0),
        Figure::told("blobs: share of copies that are flushed to the disk", middle(rates.share_of_flushed), "%"),
        Figure::at_most("blobs: sent again after a cut, in parts", again.parts, "parts", 1.0),
        Figure::told("blobs: sent again after a cut", again.bytes / 1e6, "MB"),
    ])
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Without the network in between: it would be measured as well.
fn direct(world: &World, station: StationInHand) -> anyhow::Result<StationInHand> {
    let code = world.hub.enrol_code()?;
    station.enrol(&format!("http://{}", world.hub.address()), &code)?;
    Ok(station)
}

fn files(station: &StationInHand) -> anyhow::Result<Vec<PathBuf>> {
    let blobs = station.station().blobs();
    blobs.names()?.iter().map(|name| Ok(blobs.path(name)?)).collect()
}

/// Copies every file by reading and writing it once, hashing on the way.
fn plain_copies(files: &[PathBuf], flush: bool) -> anyhow::Result<()> {
    let to = TempDir::new()?;
    let mut chunk = vec![0; CHUNK];
    for (nth, path) in files.iter().enumerate() {
        let (mut from, mut into) = (File::open(path)?, File::create(to.path().join(nth.to_string()))?);
        let mut hasher = Sha256::new();
        loop {
            let count = from.read(&mut chunk)?;
            let part = chunk.get(..count).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            hasher.update(part);
            into.write_all(part)?;
        }
        let name = hasher.finalize();
        ensure!(name.len() == 32, "a hash");
        if flush {
            into.sync_all()?;
        }
    }
    Ok(())
}

struct Again {
    parts: f64,
    bytes: f64,
}

/// A picture of many parts, cut in the middle of a late one and after another was kept.
fn sent_again(world: &World) -> anyhow::Result<Again> {
    let size = 24 << 20;
    let mut station = StationInHand::new(2, 17, Pictures { raw_bytes: size, kept: true })?;
    station.pictures_alone(1)?;
    let station = world.enrol(station)?;
    let mut parts = 0;
    world.network.weather(move |exchange| {
        parts += u32::from(exchange.is_part());
        match (exchange.is_part(), parts) {
            (true, 5) => Act::CutRequest(Place::LastMissing, Ending::Reset),
            _ => Act::Pass,
        }
    });
    let from = world.network.seen();
    world.sync(&station)?;
    world.settle(&station)?;
    let seen = world.network.seen_from(from);
    let sent: f64 = seen.iter().filter(|seen| seen.exchange.is_part()).map(|seen| seen.exchange.bytes as f64).sum();
    let head = 1_024.0;
    let count = seen.iter().filter(|seen| seen.exchange.is_part()).count() as f64;
    let largest = seen.iter().filter(|seen| seen.exchange.is_part()).map(|seen| seen.exchange.bytes).max();
    let largest = largest.context("parts were sent")? as f64;
    // Heads are no content: an allowance for each.
    let bytes = (sent - size as f64 - head * count).max(0.0);
    Ok(Again { parts: (bytes / largest).ceil(), bytes })
}
