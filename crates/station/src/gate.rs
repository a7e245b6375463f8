//! The one gate between async callers and the blocking station: many questions at a time, one change after the other.

use crate::Station;
use anyhow::Context as _;
use std::sync::Arc;
use tokio::{sync::Mutex, task::spawn_blocking};

/// A station that async code may ask.
#[derive(Clone, Debug)]
pub struct Gate {
    station: Arc<Station>,
    // Those who wait to change something wait here, and not each in a thread of the blocking pool.
    changing: Arc<Mutex<()>>,
}

impl Gate {
    /// The gate of a station.
    pub fn new(station: Station) -> Self {
        Self { station: Arc::new(station), changing: Arc::default() }
    }

    /// The station, for callers that may block.
    pub fn station(&self) -> &Station {
        &self.station
    }

    /// Asks something that changes nothing.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Station) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let station = Arc::clone(&self.station);
        spawn_blocking(move || work(&station)).await.context("the question was given up")?
    }

    /// Changes something; changes are made one after the other. What was begun ends, even when nobody waits for it.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Station) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let station = Arc::clone(&self.station);
        let done = spawn_blocking(move || {
            let _turn = turn;
            work(&station)
        });
        done.await.context("the change was given up")?
    }
}
