//! What every request works with. A node keeps nothing else between requests.

use crate::{
    auth::keys::Keys, config::Config, db::Db, mail::Mail, news::News, objects::Objects, ops::metrics::Metrics,
};
use chrono::{DateTime, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;

/// The hub: cheap to clone, shared by all requests.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Parts>);

/// What it is made of.
#[derive(Debug)]
pub struct Parts {
    /// How it was told to work.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// Where blobs are.
    pub objects: Objects,
    /// The keys that tokens are signed with.
    pub keys: Keys,
    /// How letters leave.
    pub mail: Mail,
    /// What is counted.
    pub metrics: Metrics,
    /// The epoch, found out at the start.
    pub epoch: Uuid,
    /// What time it is.
    pub clock: Clock,
    /// Hints that looking is worth it.
    pub news: News,
}

/// The one place that reads the clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// By how many milliseconds tests set it wrong.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// This moment.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + chrono::TimeDelta::milliseconds(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Moves it, for what must happen days later.
    pub fn advance(&self, by_ms: i64) {
        self.ahead_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl Hub {
    /// A hub of these parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// A new `UUIDv7`.
    pub fn id(&self) -> anyhow::Result<Uuid> {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
        let millis = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl std::ops::Deref for Hub {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
