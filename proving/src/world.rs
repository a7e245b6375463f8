//! What a case has to do with: a database, a hub, and a network in front of it.

use crate::{
    checker::{Checker, Found},
    hub::Hub,
    network::Network,
    station::{Pictures, StationInHand},
};
use anyhow::{Context as _, bail};
use wellread_testdb::Postgres;

/// Longer than a station ever waits before it tries again.
const LONGER_THAN_ANY_WAIT_MS: i64 = 61 * 60_000;
/// Rounds after which a station must be done where nothing stands in its way.
const MOST_ROUNDS: u32 = 40;

/// A hub behind a network.
#[derive(Debug)]
pub struct World {
    /// The hub.
    pub hub: Hub,
    /// The network.
    pub network: Network,
    /// What everything of chance here is drawn from.
    pub seed: u64,
}

impl World {
    /// A new one on a cluster.
    pub fn new(server: &Postgres, seed: u64) -> anyhow::Result<Self> {
        Self::with(server, seed, &[])
    }

    /// A new one whose hub is told something.
    pub fn with(server: &Postgres, seed: u64, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let hub = Hub::new(server.database()?, settings)?;
        let network = Network::to(hub.address())?;
        Ok(Self { hub, network, seed })
    }

    /// A station that the hub knows.
    pub fn station(&self, number: u64) -> anyhow::Result<StationInHand> {
        self.enrol(StationInHand::new(number, self.seed.wrapping_add(number), Pictures::SMALL)?)
    }

    /// Makes a station known to the hub.
    pub fn enrol(&self, station: StationInHand) -> anyhow::Result<StationInHand> {
        let code = self.hub.enrol_code()?;
        station.enrol(&self.network.url(), &code)?;
        Ok(station)
    }

    /// Lets a station sync in whatever weather there is, until it has told all or has had enough of it. Nothing is
    /// written at the station meanwhile but what the sync itself notes.
    pub fn sync(&self, station: &StationInHand) -> anyhow::Result<bool> {
        let head = station.log_head()?;
        for _ in 0..MOST_ROUNDS {
            let done = station.sync();
            if station.log_head()? != head {
                bail!("the sync itself wrote into the log: then no retry is proven to come without a new record");
            }
            if done.is_ok() && station.is_told()? {
                return Ok(true);
            }
            station.clock().advance(LONGER_THAN_ANY_WAIT_MS);
        }
        Ok(false)
    }

    /// One round. Whether it went well and all is told.
    pub fn sync_once(&self, station: &StationInHand) -> anyhow::Result<bool> {
        Ok(station.sync().is_ok() && station.is_told()?)
    }

    /// Fair weather, and everything that is left is told.
    pub fn settle(&self, station: &StationInHand) -> anyhow::Result<()> {
        self.network.fair();
        self.network.deliver_held();
        if self.sync(station)? {
            return Ok(());
        }
        let why = station.sync().err().map_or_else(String::new, |why| format!("{why:#}"));
        bail!("in fair weather station {} is not done after {MOST_ROUNDS} rounds: {why}", station.number())
    }

    /// Compares every row.
    pub fn compare(&self, stations: &[&StationInHand]) -> anyhow::Result<Found> {
        self.compare_with(&self.checker(stations))
    }

    /// A comparison to be.
    pub fn checker(&self, stations: &[&StationInHand]) -> Checker {
        Checker::of(stations, Some(&self.hub.objects()))
    }

    /// Compares as told.
    pub fn compare_with(&self, checker: &Checker) -> anyhow::Result<Found> {
        let mut found = checker.compare(self.hub.database()).context("hub and stations cannot be compared")?;
        if !found.is_sound() {
            let put_aside = "SELECT coalesce(string_agg(DISTINCT kind || ': ' || reason, '; '), 'nothing')
                FROM microplates.sync_quarantine WHERE state = 'open'";
            found.examples.push(format!("in the quarantine: {}", self.hub.sql()?.text(put_aside)?));
        }
        Ok(found)
    }
}
