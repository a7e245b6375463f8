//! What a network does.

use super::{Given, Outcome, Size};
use crate::{
    network::{Act, Ending, Exchange, Place},
    station::{Pictures, StationInHand},
    world::World,
};
use anyhow::{Context as _, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeSet, time::Duration};
use wellread_wire::MOST_PART_BYTES;

/// Only against a station that never asks.
const LIMIT: Duration = Duration::from_mins(2);

/// Of every kind of request the first answer is lost, and of pushes and parts every first answer.
pub(super) fn answers_lost(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    // From the first request on: the answer to the enrolment is lost as well, and the code is good for the same station.
    let mut station = StationInHand::new(1, given.seed, Pictures::SMALL)?;
    let code = world.hub.enrol_code()?;
    world.network.weather(|_| Act::CutResponse(Place::BeforeAll, Ending::Closed));
    ensure!(station.enrol(&world.network.url(), &code).is_err(), "an enrolment without an answer is none");
    world.network.fair();
    station.enrol(&world.network.url(), &code)?;
    let mut outcome = Outcome::default();
    for _ in 0..given.size.of(6, 2) {
        station.work(10)?;
        let mut known = BTreeSet::new();
        world.network.weather(move |exchange| {
            // The same push again is another exchange with as many bytes; anything new is lost first.
            if known.insert((exchange.method.clone(), exchange.path.clone(), exchange.bytes)) {
                Act::CutResponse(Place::BeforeAll, Ending::Closed)
            } else {
                Act::Pass
            }
        });
        let from = world.network.seen();
        world.sync(&station)?;
        world.settle(&station)?;
        let lost = world.network.seen_from(from).into_iter().filter(|seen| matches!(seen.act, Act::CutResponse(..)));
        outcome.runs += lost.count() as u64;
        outcome.add(world.compare(&[&station])?);
    }
    Ok(outcome)
}

/// Whether an exchange is the first of its kind since the weather changed.
pub(super) fn once(of: IsOf, act: Act) -> impl FnMut(&Exchange) -> Act + Send + 'static {
    let mut is_done = false;
    move |exchange| {
        if !is_done && of(exchange) {
            is_done = true;
            return act;
        }
        Act::Pass
    }
}

/// Whether an exchange is of a kind.
type IsOf = fn(&Exchange) -> bool;

/// The kinds of requests that a station makes.
const KINDS: [(&str, IsOf); 6] = [
    ("push", Exchange::is_push),
    ("part", Exchange::is_part),
    ("contact", |exchange| exchange.is("POST", "/contact")),
    ("token", |exchange| exchange.is("POST", "/token")),
    ("blob", |exchange| exchange.method == "HEAD"),
    ("feed", |exchange| exchange.is("GET", "/feed")),
];

/// Each class of cuts at each kind of request, closed and reset by turns.
fn cut_everywhere(given: Given<'_>, act: fn(Place, Ending) -> Act) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    let mut endings = [Ending::Closed, Ending::Reset].into_iter().cycle();
    // What matters most is tried at every class; the others too where there is time.
    let kinds = given.size.of(KINDS.len() as u64, 2) as usize;
    for place in Place::CLASSES {
        for (name, of) in KINDS.into_iter().take(kinds) {
            let ending = endings.next().unwrap_or(Ending::Closed);
            station.work(if outcome.runs % 5 == 0 { 10 } else { 1 })?;
            if name == "blob" {
                // Only of a picture that does not go whole it is asked how much of it is there.
                station.large_picture(MOST_PART_BYTES + 100_000)?;
            }
            world.network.weather(once(of, act(place, ending)));
            let from = world.network.seen();
            let done = world.sync(&station)?;
            let is_cut = world.network.seen_from(from).iter().any(|seen| seen.act == act(place, ending));
            ensure!(done, "cut {place:?} in a {name}: the station does not get over it");
            // A feed is asked for only where there is news; the rest every station does in every round.
            ensure!(is_cut || name == "feed", "cut {place:?} in a {name}: nothing of the kind was sent");
            outcome.runs += u64::from(is_cut);
        }
    }
    world.settle(&station)?;
    outcome.add(world.compare(&[&station])?);
    Ok(outcome)
}

pub(super) fn requests_cut(given: Given<'_>) -> anyhow::Result<Outcome> {
    cut_everywhere(given, Act::CutRequest)
}

pub(super) fn answers_cut(given: Given<'_>) -> anyhow::Result<Outcome> {
    cut_everywhere(given, Act::CutResponse)
}

pub(super) fn doubled(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    for act in [Act::Twice, Act::TwiceAtOnce] {
        for _ in 0..given.size.of(5, 1) {
            station.work(10)?;
            world.network.weather(move |_| act);
            let from = world.network.exchanges();
            ensure!(world.sync(&station)?, "{act:?}: the station does not get done");
            outcome.runs += world.network.exchanges() - from;
            outcome.add(world.compare(&[&station])?);
        }
    }
    Ok(outcome)
}

pub(super) fn reordered(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    for round in 0..given.size.of(6, 1) {
        // More than one push, and parts of blobs.
        station.backlog(given.size.of(120, 70))?;
        station.work(4)?;
        let mut counted = round;
        world.network.weather(move |exchange| {
            counted += 1;
            if (exchange.is_push() || exchange.is_part()) && counted % 2 == 0 { Act::Hold } else { Act::Pass }
        });
        let from = world.network.seen();
        world.sync(&station)?;
        world.settle(&station)?;
        let held = world.network.seen_from(from).into_iter().filter(|seen| seen.act == Act::Hold);
        outcome.runs += held.count() as u64;
        outcome.add(world.compare(&[&station])?);
    }
    Ok(outcome)
}

pub(super) fn latency(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    let millis = given.size.of(3_000, 1_200);
    for (name, of) in KINDS.into_iter().take(given.size.of(5, 2) as usize) {
        station.work(3)?;
        world.network.weather(once(of, Act::Late(Duration::from_millis(millis))));
        ensure!(world.sync(&station)?, "a {name} that takes {millis} ms: the station does not get done");
        outcome.runs += 1;
    }
    outcome.add(world.compare(&[&station])?);
    Ok(outcome)
}

pub(super) fn storm(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    let length = given.size.of(12, 5);
    for status in [500, 502, 503, 504, 429] {
        station.work(given.size.of(10, 4))?;
        let mut left = length;
        world.network.weather(move |_| {
            left = left.saturating_sub(1);
            // Every third gets through, so that the storm meets every kind of request.
            if left > 0 && !left.is_multiple_of(3) { Act::Answer(status) } else { Act::Pass }
        });
        let from = world.network.seen();
        ensure!(world.sync(&station)?, "a storm of {status}: the station does not get done");
        let met = world.network.seen_from(from).into_iter().filter(|seen| matches!(seen.act, Act::Answer(_)));
        outcome.runs += met.count() as u64;
    }
    outcome.add(world.compare(&[&station])?);
    Ok(outcome)
}

/// The station's own loop, by the system's clock: the network fails until the last record has been made, and gets better
/// with nobody doing anything.
pub(super) fn quiet_retry(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let (mut outcome, mut stations) = (Outcome::default(), Vec::new());
    for failures in 1..=given.size.of(3, 1) {
        let mut station = world.enrol(StationInHand::in_real_time(failures, given.seed, Pictures::SMALL)?)?;
        station.work(5)?;
        let from = world.network.exchanges();
        world.network.weather(move |exchange| match exchange.number - from {
            n if n <= failures && failures % 2 == 0 => Act::Answer(503),
            n if n <= failures => Act::CutRequest(Place::MiddleOfBody, Ending::Reset),
            _ => Act::Pass,
        });
        let head = station.log_head()?;
        station.beside_the_sync(|station| {
            ensure!(world.network.wait_for(from + failures, LIMIT), "the station never asks");
            // From here on nothing is written, and nothing calls the sync.
            ensure!(station.wait_until_told(LIMIT)?, "after {failures} failures the station does not try by itself");
            Ok(())
        })?;
        ensure!(station.log_head()? == head, "a record was made meanwhile, which might have been the reason");
        outcome.runs += failures;
        // All of them: what one has brought, another with the same picture need not bring again.
        stations.push(station);
        let all: Vec<_> = stations.iter().collect();
        outcome.add(world.compare_with(&world.checker(&all).without("sample_summary"))?);
    }
    Ok(outcome)
}

/// Anything, by chance.
fn act_by(chance: &mut ChaCha8Rng) -> Act {
    let place = Place::CLASSES.get(chance.random_range(0..Place::CLASSES.len())).copied().unwrap_or(Place::BeforeAll);
    let ending = if chance.random() { Ending::Closed } else { Ending::Reset };
    match chance.random_range(0..20) {
        0..4 => Act::CutRequest(place, ending),
        4..8 => Act::CutResponse(place, ending),
        8 => Act::Twice,
        9 => Act::TwiceAtOnce,
        10 | 11 => Act::Hold,
        12 => Act::Answer(503),
        13 => Act::Late(Duration::from_millis(chance.random_range(1..60))),
        _ => Act::Pass,
    }
}

pub(super) fn any_weather(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut chance = ChaCha8Rng::seed_from_u64(given.seed);
    let mut stations = (1..=given.size.of(3, 2)).map(|n| world.station(n)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut outcome = Outcome::default();
    for _ in 0..given.size.of(12, 3) {
        let mut own = ChaCha8Rng::seed_from_u64(chance.random());
        world.network.weather(move |_| act_by(&mut own));
        let from = world.network.exchanges();
        for station in &mut stations {
            station.work(chance.random_range(1..14))?;
        }
        // One after the other, so that the order of exchanges, and with it the weather, follows from the seed.
        for station in &stations {
            world.sync(station)?;
        }
        outcome.runs += world.network.exchanges() - from;
    }
    for station in &stations {
        world.settle(station)?;
    }
    let all: Vec<&StationInHand> = stations.iter().collect();
    outcome.add(world.compare(&all)?);
    let first = stations.first().context("there are stations")?;
    ensure!(first.station().database().verify()?.is_sound(), "the station's own database is not sound any more");
    if given.size == Size::Whole {
        together(&world, &mut stations, &mut outcome)?;
    }
    Ok(outcome)
}

/// All at once: the order is no longer the seed's, but the rows must be right all the same.
fn together(world: &World, stations: &mut [StationInHand], outcome: &mut Outcome) -> anyhow::Result<()> {
    let mut own = ChaCha8Rng::seed_from_u64(world.seed);
    world.network.weather(move |_| act_by(&mut own));
    let from = world.network.exchanges();
    for station in stations.iter_mut() {
        station.work(10)?;
    }
    std::thread::scope(|scope| {
        let all: Vec<_> = stations.iter_mut().map(|station| scope.spawn(move || world.sync(station))).collect();
        all.into_iter().try_for_each(|one| one.join().map_or(Ok(()), |done| done.map(drop)))
    })?;
    outcome.runs += world.network.exchanges() - from;
    for station in stations.iter() {
        world.settle(station)?;
    }
    let all: Vec<&StationInHand> = stations.iter().collect();
    outcome.add(world.compare(&all)?);
    Ok(())
}
