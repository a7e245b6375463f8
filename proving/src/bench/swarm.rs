//! A thousand stations that come back after the hub was away: protocol-level simulators, two runs each.

use super::{Figure, Sizes};
use crate::{
    hub::Hub,
    simulator::{Reconnected, Simulator, Told, retold},
    station::{Pictures, StationInHand},
};
use anyhow::{Context as _, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::Instant};
use wellread_station::Clock;
use wellread_testdb::{Durability, Postgres};

/// Runs of each.
const RUNS: i64 = 2;
/// Enrolments at once.
const AT_ONCE: usize = 8;

pub(super) fn measure(sizes: Sizes, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let server = Postgres::private(Durability::Durable)?;
    let hub = Hub::new(server.database()?, &[])?;
    let mut chance = ChaCha8Rng::seed_from_u64(11);
    say(&format!("enrolling {} stations", sizes.stations));
    let models = models()?;
    let stations = (0..sizes.stations)
        .map(|n| {
            let told = logs(&models, n, &mut chance)?;
            Simulator::new(id(&mut chance), chance.random(), hub.address(), told)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let codes = (0..sizes.stations).map(|_| hub.enrol_code()).collect::<anyhow::Result<Vec<_>>>()?;
    let offsets: Vec<f64> = stations.iter().map(|_| chance.random_range(0.0..sizes.within_s)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stations = runtime.block_on(enrol_all(stations, codes))?;
    say(&format!("{} stations reconnect within {} s", sizes.stations, sizes.within_s));
    let mut took = runtime.block_on(reconnect_all(stations, &offsets))?;
    let (lost, doubled) = count(&hub, sizes.stations as i64)?;
    let push = percentiles(&mut took, |one| one.push);
    let whole = percentiles(&mut took, |one| one.whole);
    Ok(vec![
        Figure::told("swarm: p50 of a push", push[0], "s"),
        Figure::at_most("swarm: p99 of a push", push[1], "s", 2.0),
        Figure::told("swarm: longest push", push[2], "s"),
        Figure::told("swarm: p50 from connecting to acknowledged", whole[0], "s"),
        Figure::told("swarm: p99 from connecting to acknowledged", whole[1], "s"),
        Figure::told("swarm: longest from connecting to acknowledged", whole[2], "s"),
        Figure::at_most("swarm: runs or wells lost", lost as f64, "rows", 0.0),
        Figure::at_most("swarm: runs or wells twice", doubled as f64, "rows", 0.0),
    ])
}

/// Runs of a real station, to retell.
fn models() -> anyhow::Result<Vec<Told>> {
    let mut station = StationInHand::new(1, 23, Pictures::NONE)?;
    station.backlog(20)?;
    let records = station.station().read(|r| Ok(r.outbox_after(0, 1_000)?))?;
    let runs = records.into_iter().filter(|record| record.kind == "run");
    Ok(runs
        .map(|one| Told {
            kind: one.kind,
            schema_version: one.schema_version,
            payload: one.payload,
            at_ms: one.at.utc_ms,
        })
        .collect())
}

fn id(chance: &mut ChaCha8Rng) -> uuid::Uuid {
    let millis = u64::try_from(Clock::system().now().utc_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &chance.random()).into_uuid()
}

fn logs(models: &[Told], station: u64, chance: &mut ChaCha8Rng) -> anyhow::Result<Vec<Told>> {
    (1..=RUNS)
        .map(|seq| {
            let model = models.get(chance.random_range(0..models.len())).context("there are runs to retell")?;
            let sample = format!("W{station}-{seq}");
            Ok(Told { payload: retold(&model.payload, id(chance), seq, &sample)?, ..model.clone() })
        })
        .collect()
}

async fn enrol_all(stations: Vec<Simulator>, codes: Vec<String>) -> anyhow::Result<Vec<Simulator>> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut all = Vec::new();
    for (mut station, code) in stations.into_iter().zip(codes) {
        let places = Arc::clone(&places);
        all.push(tokio::spawn(async move {
            let _place = places.acquire().await?;
            station.enrol(&code).await?;
            anyhow::Ok(station)
        }));
    }
    let mut enrolled = Vec::new();
    for one in all {
        enrolled.push(one.await??);
    }
    Ok(enrolled)
}

async fn reconnect_all(stations: Vec<Simulator>, offsets: &[f64]) -> anyhow::Result<Vec<Reconnected>> {
    let begins = Instant::now();
    let mut all = Vec::new();
    for (mut station, offset) in stations.into_iter().zip(offsets) {
        let at = begins + Duration::from_secs_f64(*offset);
        all.push(tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            station.reconnect().await
        }));
    }
    let mut took = Vec::new();
    for one in all {
        took.push(one.await??);
    }
    Ok(took)
}

/// Median, 99th and longest, in seconds.
fn percentiles(took: &mut [Reconnected], of: fn(&Reconnected) -> Duration) -> [f64; 3] {
    took.sort_by_key(of);
    let at = |share: f64| {
        let place = ((took.len() as f64 * share).ceil() as usize).saturating_sub(1);
        took.get(place).map_or(0.0, |one| of(one).as_secs_f64())
    };
    [at(0.5), at(0.99), at(1.0)]
}

fn count(hub: &Hub, stations: i64) -> anyhow::Result<(i64, i64)> {
    let sql = hub.sql()?;
    let wells = 96;
    let lost = sql.number(&format!(
        "SELECT {stations} * {RUNS} * (2 + {wells}) -
           (SELECT count(DISTINCT (station_id, station_seq)) FROM microplates.prediction_run) -
           (SELECT count(DISTINCT (run_id, well_id)) FROM microplates.well_prediction) -
           (SELECT count(DISTINCT (station_id, seq)) FROM microplates.station_log WHERE outcome = 'applied')"
    ))?;
    let doubled = sql.number(
        "SELECT (SELECT count(*) - count(DISTINCT (station_id, station_seq)) FROM microplates.prediction_run) +
           (SELECT count(*) - count(DISTINCT (run_id, well_id)) FROM microplates.well_prediction) +
           (SELECT count(*) - count(DISTINCT (station_id, seq)) FROM microplates.station_log)",
    )?;
    ensure!(lost >= 0, "the hub has more than was told");
    Ok((lost, doubled))
}
