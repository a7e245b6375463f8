//! What dies, and comes back.

use super::{Given, Outcome};
use crate::{
    hub::failpoints,
    network::{Act, Ending, Place},
    world::World,
};
use anyhow::{Context as _, ensure};
use wellread_testdb::{Durability, Postgres};
use wellread_wire::MOST_PART_BYTES;

/// More than a part may have, so it goes in several, however well the network does.
const IN_PARTS: usize = MOST_PART_BYTES + 500_000;

/// The hub dies at each of its places, and once more at places that a backlog passes more than once.
pub(super) fn hub_killed(given: Given<'_>) -> anyhow::Result<Outcome> {
    let mut world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    let names = failpoints();
    ensure!(names.len() > 5, "the hub's own list of places cannot be read: {names:?}");
    for name in names {
        let turns = if name.starts_with("apply") { given.size.of(2, 1) } else { 1 };
        for turn in 1..=turns {
            world.hub.kill()?;
            world.hub.start_to_die(Some(&format!("{name}:{turn}")))?;
            // Two pushes at least where pushes are tried; every kind of record, and a picture of several parts.
            if name.starts_with("apply") {
                station.backlog(if turns > 1 { 60 } else { 5 })?;
            }
            station.work(10)?;
            station.large_picture(IN_PARTS)?;
            if name.starts_with("incarnation") {
                station.want_take_over("to see what a death does to it")?;
            }
            // Until it is dead; a place that is passed only by some luck of timing would hang here and not pass unseen.
            let died = (0..4).any(|_| {
                let done = world.sync(&station);
                !world.hub.runs() || done.is_err()
            });
            ensure!(
                died && !world.hub.runs(),
                "the hub never came to '{name}' for the {turn}. time (is it built with --features failpoints?)"
            );
            world.hub.wait_for_death()?;
            world.hub.start()?;
            world.settle(&station).with_context(|| format!("after a death at '{name}'"))?;
            outcome.runs += 1;
            outcome.add(world.compare(&[&station])?);
        }
    }
    // And at a moment of nobody's choice: while requests are on their way.
    for place in [Place::BeforeBody, Place::MiddleOfBody, Place::LastMissing] {
        station.work(5)?;
        world.network.weather(
            move |exchange| {
                if exchange.is_push() { Act::CutRequest(place, Ending::Closed) } else { Act::Pass }
            },
        );
        let _ = station.sync();
        world.hub.kill()?;
        let _ = station.sync();
        world.hub.start()?;
        world.settle(&station)?;
        outcome.runs += 1;
    }
    outcome.add(world.compare(&[&station])?);
    Ok(outcome)
}

pub(super) fn database_stopped(given: Given<'_>) -> anyhow::Result<Outcome> {
    // A cluster of its own: it is stopped, and others are at work in the shared one.
    let server = Postgres::private(Durability::Durable)?;
    let world = World::new(&server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    for round in 0..given.size.of(6, 2) {
        station.work(6)?;
        if round % 2 == 0 {
            server.stop()?;
        } else {
            server.kill()?;
        }
        ensure!(!world.sync_once(&station)?, "without a database nothing can be told");
        server.start()?;
        world.settle(&station)?;
        outcome.runs += 1;
        outcome.add(world.compare(&[&station])?);
    }
    // In the middle of it: the server goes while a backlog comes in.
    station.backlog(given.size.of(400, 110))?;
    let from = world.network.exchanges();
    std::thread::scope(|scope| {
        let stops = scope.spawn(|| {
            world.network.wait_for(from + 4, std::time::Duration::from_mins(1));
            server.kill()?;
            server.start()
        });
        world.sync(&station)?;
        stops.join().map_or(Ok(()), |stopped| stopped)
    })?;
    world.settle(&station)?;
    outcome.runs += 1;
    outcome.add(world.compare(&[&station])?);
    Ok(outcome)
}
