//! One station and its backlog: seconds from the first request to the last, bytes on the wire, the same rows straight into
//! PostgreSQL, and the same log again.

use super::{Figure, Sizes, straight, timed};
use crate::{
    hub::Hub,
    network::{Network, Seen},
    station::{Pictures, StationInHand},
    world::World,
};
use anyhow::ensure;
use wellread_testdb::{Durability, Postgres};

pub(super) fn measure(sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let server = Postgres::private(Durability::Durable)?;
    let world = World::new(&server, 7)?;
    say(&format!("recording {} runs", sizes.runs));
    let mut station = StationInHand::new(1, 7, Pictures::NONE)?;
    let ((), recorded_s) = timed(|| station.backlog(sizes.runs))?;
    let station = world.enrol(station)?;
    // Known before: what the bench measures is the backlog, and not the first hello.
    let from = world.network.seen();
    world.network.keep_pushes();
    say("syncing the backlog");
    let ((), seconds) = timed(|| station.sync())?;
    ensure!(station.is_told()?, "the backlog is not told");
    let wire = on_the_wire(&world.network, from);
    say("comparing every row");
    let found = world.compare_with(&world.checker(&[&station]).without("blob"))?;
    ensure!(found.is_sound(), "{found}");
    say("replaying the log");
    let before = contents(&world.hub)?;
    let ((pushes, taken), replayed_s) = timed(|| Ok(world.network.replay()?))?;
    ensure!(pushes == taken, "of {pushes} pushes replayed the hub took {taken}");
    let changed = contents(&world.hub)?.into_iter().zip(before).filter(|(now, then)| now != then).count();
    ensure!(station.station().database().verify()?.is_sound(), "the station's database is not sound");
    say("the same rows straight into PostgreSQL");
    let straight = straight::load(&server, world.hub.database())?;
    Ok(vec![
        Figure::told("backlog: recording it at the station", recorded_s, "s"),
        Figure::at_most("backlog: end to end", seconds, "s", 30.0),
        Figure::told("backlog: runs a second", sizes.runs as f64 / seconds, "runs/s"),
        Figure::at_most("backlog: requests' bytes a run on the wire", wire.sent / sizes.runs as f64, "bytes", 1_200.0),
        Figure::told("backlog: answers' bytes a run on the wire", wire.answered / sizes.runs as f64, "bytes"),
        Figure::told("backlog: pushes", wire.pushes, "pushes"),
        Figure::told("straight: INSERT SELECT as wellread_app, 4 connections", straight.insert_s, "s"),
        Figure::told("straight: COPY as owner, 4 connections", straight.copy_s, "s"),
        Figure::at_most("backlog: ratio to INSERT SELECT", seconds / straight.insert_s, "times", 2.0),
        Figure::told("backlog: ratio to COPY", seconds / straight.copy_s, "times"),
        Figure::at_most("replay: the whole log again", replayed_s, "s", 3.0),
        Figure::told("replay: pushes", pushes as f64, "pushes"),
        Figure::at_most("replay: tables with any row changed", changed as f64, "tables", 0.0),
    ])
}

struct Wire {
    sent: f64,
    answered: f64,
    pushes: f64,
}

/// What passed the network, heads and bodies, since a place.
fn on_the_wire(network: &Network, from: usize) -> Wire {
    let seen = network.seen_from(from);
    let sum = |of: fn(&Seen) -> usize| seen.iter().map(|one| of(one) as f64).sum();
    Wire {
        sent: sum(|one| one.exchange.bytes),
        answered: sum(|one| one.answered),
        pushes: seen.iter().filter(|one| one.exchange.is_push()).count() as f64,
    }
}

/// Where every row of every table that a push writes is, and who wrote it: a row that was written again is elsewhere.
fn contents(hub: &Hub) -> anyhow::Result<Vec<(String, String)>> {
    let sql = hub.sql()?;
    let tables = [
        "prediction_run",
        "well_prediction",
        "row_counts",
        "interface_results",
        "image_file",
        "run_state",
        "well_review",
        "signature",
        "sample_summary",
        "interface_file",
        "intake_rejection",
        "station_log",
        "org_feed",
        "org_change",
        "sync_quarantine",
        "station_account",
        "station_config",
    ];
    tables
        .into_iter()
        .map(|table| {
            // Sums do not depend on the order; a multiplier makes two rows that change places count.
            let text = sql.text(&format!(
                "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(tableoid::text || ctid::text || xmin::text, 7)
                   ::numeric), 0) FROM microplates.{table}"
            ))?;
            Ok((table.to_owned(), text))
        })
        .collect()
}
