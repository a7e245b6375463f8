//! Histories that part: backups that go on, and disks that were copied.

use super::{Given, Outcome};
use crate::{station::StationInHand, station::copy_folder, world::World};
use anyhow::ensure;
use tempfile::TempDir;

/// The hub's database is put back to a copy. First the database alone, so that the object store shows it; then both, so
/// that somebody must say so.
pub(super) fn hub_restored(given: Given<'_>) -> anyhow::Result<Outcome> {
    let mut world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    for with_objects in [false, true] {
        station.work(10)?;
        world.settle(&station)?;
        world.hub.kill()?;
        let yesterday = world.hub.database().copy()?;
        let objects = TempDir::new()?;
        copy_folder(&world.hub.objects(), objects.path())?;
        world.hub.start()?;
        // A day's work that the backup does not have, and a part of it not told yet.
        station.work(given.size.of(40, 15))?;
        world.settle(&station)?;
        station.work(5)?;
        let before = world.hub.epoch()?;
        world.hub.kill()?;
        world.hub.database().restore(&yesterday)?;
        if with_objects {
            std::fs::remove_dir_all(world.hub.objects())?;
            copy_folder(objects.path(), &world.hub.objects())?;
            world.hub.command(&["epoch", "new", "--why", "restored with its objects"])?;
        }
        world.hub.start()?;
        ensure!(world.hub.epoch()? != before, "a restored hub has another epoch (objects restored: {with_objects})");
        world.settle(&station)?;
        outcome.runs += 1;
        outcome.add(world.compare(&[&station])?);
    }
    Ok(outcome)
}

/// A disk is copied, and both go on. The second one to speak is fenced until a person says which is which.
pub(super) fn disk_cloned(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut outcome = Outcome::default();
    for round in 0..given.size.of(3, 1) {
        let mut station = world.station(10 + round)?;
        station.work(10)?;
        world.settle(&station)?;
        let (mut one, mut other) = station.copy(given.seed + 100 + round)?;
        // Plates only: decisions of two about one run are another matter, which the hub shows as a conflict.
        for _ in 0..5 {
            one.plate()?;
            other.plate()?;
        }
        other.plate()?;
        world.settle(&one)?;
        ensure!(!world.sync_once(&other)?, "a second disk with the same log must not be taken for the first");
        ensure!(!other.is_told()?, "and it is not told as done");
        other.want_take_over("this is the disk that stays")?;
        world.settle(&other)?;
        // The first one learns that it is no longer the writer, and may become it again.
        one.plate()?;
        ensure!(!world.sync_once(&one)? && !one.is_told()?, "the one that lost its place must not go on unseen");
        one.want_take_over("both are needed")?;
        world.settle(&one)?;
        outcome.runs += 2;
        outcome.add(compare_two(&world, &one, &other)?);
    }
    Ok(outcome)
}

/// Rows of both must be there; which of two logs has a place is not the rows' affair.
fn compare_two(world: &World, one: &StationInHand, other: &StationInHand) -> anyhow::Result<crate::checker::Found> {
    // A sample that both have plates of is summed up over both at the hub, and over its own at each.
    world.compare_with(&world.checker(&[one, other]).without("station_log").without("sample_summary"))
}

/// A station works on after its backup, loses its disk, and goes on from the backup.
pub(super) fn station_restored(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut outcome = Outcome::default();
    for round in 0..given.size.of(3, 1) {
        let mut station = world.station(20 + round)?;
        station.work(10)?;
        world.settle(&station)?;
        let backup = station.back_up()?;
        for _ in 0..7 {
            station.plate()?;
        }
        world.settle(&station)?;
        // What was made and not told is lost with the disk; here nothing is.
        let mut restored = StationInHand::restored(&backup, &station, given.seed + 200 + round)?;
        for _ in 0..5 {
            restored.plate()?;
        }
        world.settle(&restored)?;
        outcome.runs += 1;
        outcome.add(compare_two(&world, &station, &restored)?);
    }
    Ok(outcome)
}
