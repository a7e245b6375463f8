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
    fs::File,
    io::{Read as _, Write as _},
    path::PathBuf,
};
use tempfile::TempDir;
use wellread_testdb::{Durability, Postgres};

/// A part of the plain copy.
const CHUNK: usize = 1 << 20;

pub(super) fn measure(sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let server = Postgres::private(Durability::Durable)?;
    let world = World::new(&server, 13)?;
    say(&format!("{} pictures of {} bytes", sizes.blobs, sizes.blob_bytes));
    let pictures = Pictures { raw_bytes: sizes.blob_bytes, kept: true };
    let mut station = StationInHand::new(1, 13, pictures)?;
    station.pictures_alone(sizes.blobs)?;
    let station = direct(&world, station)?;
    let megabytes = (sizes.blobs as f64 * sizes.blob_bytes as f64) / 1e6;
    let files = files(&station)?;
    // Read once, so that both find them in memory.
    plain_copies(&files, false)?;
    let ((), flushed_before) = timed(|| plain_copies(&files, true))?;
    let ((), before) = timed(|| plain_copies(&files, false))?;
    say("syncing the pictures");
    let (report, whole) = timed(|| station.report())?;
    ensure!(report.blobs == sizes.blobs, "{report:?}");
    // The rows of the runs are the backlog's figure.
    let seconds = report.blobs_ms as f64 / 1e3;
    ensure!(station.is_told()?, "the pictures are not told");
    let ((), after) = timed(|| plain_copies(&files, false))?;
    let ((), flushed_after) = timed(|| plain_copies(&files, true))?;
    let (plain, flushed) = (before.midpoint(after), flushed_before.midpoint(flushed_after));
    let found = world.compare(&[&station])?;
    ensure!(found.is_sound(), "{found}");
    let again = sent_again(&world)?;
    Ok(vec![
        Figure::told("blobs: through the sync", megabytes / seconds, "MB/s"),
        Figure::told("blobs: the same with contact and the rows of their runs", megabytes / whole, "MB/s"),
        Figure::told("blobs: plain copy and SHA-256", megabytes / plain, "MB/s"),
        Figure::told("blobs: the same, each file flushed to the disk", megabytes / flushed, "MB/s"),
        Figure::at_least("blobs: share of plain copy and SHA-256", plain / seconds * 100.0, "%", 60.0),
        Figure::told("blobs: share of the flushed copies", flushed / seconds * 100.0, "%"),
        Figure::at_most("blobs: sent again after a cut, in parts", again.parts, "parts", 1.0),
        Figure::told("blobs: sent again after a cut", again.bytes / 1e6, "MB"),
    ])
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
