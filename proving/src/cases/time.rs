//! What clocks do.

use super::{Given, Outcome, Size, weather::once};
use crate::{
    hub::Hub,
    network::{Act, Exchange},
    station::{Pictures, StationInHand},
    world::World,
};
use anyhow::ensure;
use std::time::Duration;
use wellread_station::Clock;

/// Only against a station that never asks.
const LIMIT: Duration = Duration::from_mins(1);
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Only the hub's clock counts for tokens and partitions; a station's own is believed for what it tells, and nothing else.
pub(super) fn clock_wrong(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let now = Clock::system().now().utc_ms;
    let mut outcome = Outcome::default();
    let clocks = [("a year ahead", now + YEAR_MS), ("a year behind", now - YEAR_MS), ("1970", 86_400_000)];
    let mut stations = Vec::new();
    for ((name, at), number) in clocks.into_iter().zip(1..) {
        let station = StationInHand::new_at(number, given.seed + number, Pictures::SMALL, at)?;
        let mut station = world.enrol(station)?;
        station.work(given.size.of(20, 10))?;
        ensure!(world.sync(&station)?, "with a clock that shows {name} the station does not get done");
        // It is set right, and jumps.
        station.set_clock(now);
        station.work(5)?;
        world.settle(&station)?;
        outcome.runs += 2;
        stations.push(station);
    }
    let all: Vec<&StationInHand> = stations.iter().collect();
    outcome.add(world.compare(&all)?);
    Ok(outcome)
}

/// The keys that signed a token are gone while a push is on its way; a token ends by its time; and weeks pass.
pub(super) fn token_expired(given: Given<'_>) -> anyhow::Result<Outcome> {
    let mut world = World::with(given.server, given.seed, &[("WELLREAD_HUB_STATION_TOKEN_S", "30")])?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    station.work(5)?;
    world.network.weather(once(Exchange::is_push, Act::Wait));
    let from = world.network.seen();
    let begun = world.network.exchanges();
    let done = std::thread::scope(|scope| {
        let syncs = scope.spawn(|| station.sync());
        // Challenge, token, contact and then the push, which waits.
        ensure!(world.network.wait_for(begun + 4, LIMIT), "the station never pushes");
        new_keys(&mut world.hub)?;
        world.network.fair();
        syncs.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the sync panicked")))
    });
    done?;
    ensure!(was_refused(&world, from), "the hub took a token whose key is gone");
    ensure!(world.sync(&station)?, "a token that is good no more: the station does not get done");
    outcome.runs += 1;
    if given.size == Size::Whole {
        station.work(5)?;
        let from = world.network.seen();
        // Together longer than the token lives, and neither so long that the station gives up.
        let mut contact = once(|exchange| exchange.is("POST", "/contact"), Act::Late(Duration::from_secs(6)));
        let mut push = once(Exchange::is_push, Act::Late(Duration::from_secs(27)));
        world.network.weather(move |exchange| match contact(exchange) {
            Act::Pass => push(exchange),
            late => late,
        });
        ensure!(world.sync(&station)?, "a token that ended on the way: the station does not get done");
        ensure!(was_refused(&world, from), "the hub took a token that had ended");
        outcome.runs += 1;
    }
    // The station keeps no token where it could be found, so weeks later it asks for one; meanwhile the hub has other keys.
    new_keys(&mut world.hub)?;
    station.clock().advance(6 * 7 * 24 * 3_600_000);
    station.work(10)?;
    ensure!(world.sync(&station)?, "after six weeks the station does not get done");
    outcome.runs += 1;
    outcome.add(world.compare(&[&station])?);
    Ok(outcome)
}

fn new_keys(hub: &mut Hub) -> anyhow::Result<()> {
    hub.kill()?;
    hub.sql()?.batch("DELETE FROM auth.signing_key")?;
    hub.start()
}

fn was_refused(world: &World, from: usize) -> bool {
    world.network.seen_from(from).iter().any(|seen| seen.exchange.is_push() && seen.status == Some(401))
}
