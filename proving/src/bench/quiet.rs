//! Whether anything else slows when the network is bad: plates recorded through the store, without a sync and beside one
//! that gets no answer.

use super::{Figure, Sizes, timed};
use crate::{
    network::Act,
    station::{Pictures, StationInHand},
    world::World,
};
use anyhow::ensure;
use std::time::Duration;
use wellread_testdb::{Durability, Postgres};

pub(super) fn measure(sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let server = Postgres::private(Durability::Durable)?;
    let world = World::new(&server, 29)?;
    let pictures = Pictures { raw_bytes: 300_000, kept: true };
    let mut station = world.enrol(StationInHand::in_real_time(1, 29, pictures)?)?;
    say(&format!("{} plates, by turns without a sync and beside one that gets no answer", sizes.plates));
    let record = |station: &mut StationInHand| timed(|| (0..sizes.plates).try_for_each(|_| station.plate()));
    record(&mut station)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        alone.push(record(&mut station)?.1);
        world.network.weather(|_| Act::Silence);
        let begun = world.network.exchanges();
        let took = station.beside_the_sync(|station| {
            ensure!(world.network.wait_for(begun + 1, Duration::from_mins(1)), "the sync never asks");
            Ok(record(station)?.1)
        })?;
        world.network.fair();
        beside.push(took);
    }
    let rate = |took: &mut Vec<f64>| {
        took.sort_by(f64::total_cmp);
        took.get(1).map_or(0.0, |median| sizes.plates as f64 / median)
    };
    let (alone, beside) = (rate(&mut alone), rate(&mut beside));
    Ok(vec![
        Figure::told("quiet: plates a second without a sync", alone, "plates/s"),
        Figure::told("quiet: plates a second beside a sync without answers", beside, "plates/s"),
        Figure::at_least("quiet: share of it", beside / alone * 100.0, "%", 95.0),
    ])
}
