//! Reference rows to a station: the first fill, and all of them again after the hub was restored.

use super::{Figure, Sizes, timed};
use crate::{
    station::{Pictures, StationInHand},
    world::World,
};
use anyhow::ensure;
use wellread_testdb::{Durability, Postgres};

pub(super) fn measure(sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let server = Postgres::private(Durability::Durable)?;
    let mut world = World::new(&server, 19)?;
    let station = world.enrol(StationInHand::new(1, 19, Pictures::NONE)?)?;
    world.settle(&station)?;
    say(&format!("publishing {} layouts", sizes.feed_rows));
    world.hub.publish_layouts(0, sizes.feed_rows)?;
    say("the first fill");
    let ((), fill_s) = timed(|| station.sync())?;
    ensure!(station.hub_layouts()? == sizes.feed_rows, "not all of them came");
    // A new epoch: whatever the station had is asked for anew.
    world.hub.kill()?;
    world.hub.command(&["epoch", "new", "--why", "to see what a resync costs"])?;
    world.hub.start()?;
    say("the resync");
    let from = world.network.seen();
    let ((), resync_s) = timed(|| station.sync())?;
    ensure!(station.hub_layouts()? == sizes.feed_rows, "not all of them are there any more");
    let seen = world.network.seen_from(from);
    let pages =
        seen.iter().filter(|seen| seen.exchange.path.contains("/snapshot") || seen.exchange.path.contains("/feed"));
    let (count, bytes) = pages.fold((0, 0), |(count, bytes), seen| (count + 1, bytes + seen.answered));
    ensure!(bytes > sizes.feed_rows as usize, "nothing was sent anew: {bytes} bytes");
    Ok(vec![
        Figure::told("feed: first fill", fill_s, "s"),
        Figure::at_most("feed: resync of all rows", resync_s, "s", 5.0),
        Figure::told("feed: pages of the resync", f64::from(count), "pages"),
        Figure::told("feed: bytes of the resync", bytes as f64 / 1e6, "MB"),
    ])
}
