//! `health_checks`: how the parts of the station are, as last noted. Neither audited nor sent: it says nothing of results.

use crate::{Error, Reading, Result, Writing, words::words};
use rusqlite::params;
use serde::Serialize;

words! {
    /// How a part of the station is.
    pub enum HealthStatus("health status") {
        /// It works.
        Healthy = "healthy",
        /// It works, but not as it should.
        Degraded = "degraded",
        /// It does not work.
        Unhealthy = "unhealthy",
    }
}

/// How a part of the station was at some time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Health {
    /// The part: `inbox`, `delivery`, …
    pub service: String,
    /// How it was.
    pub status: HealthStatus,
    /// In words.
    pub message: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// How many notes of each part are kept.
const KEPT: i64 = 200;

impl Writing<'_> {
    /// Notes how a part of the station is. A state that has not changed since the last note is not noted again.
    pub fn note_health(&self, service: &str, status: HealthStatus, message: &str) -> Result<()> {
        if service.is_empty() {
            return Err(Error::refused("a health note names the part it is about"));
        }
        let same = |known: &Health| known.service == service && known.status == status && known.message == message;
        if self.health()?.iter().any(same) {
            return Ok(());
        }
        self.execute(
            "INSERT INTO health_checks (service, status, message, timestamp) VALUES (?1, ?2, ?3, ?4)",
            params![service, status, message, self.utc_ms()],
        )?;
        self.execute(
            "DELETE FROM health_checks WHERE service = ?1 AND id <=
               (SELECT id FROM health_checks WHERE service = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![service, KEPT],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// The last note of every part.
    pub fn health(&self) -> Result<Vec<Health>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT service, status, message, timestamp FROM health_checks
             WHERE id IN (SELECT max(id) FROM health_checks GROUP BY service) ORDER BY service",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Health { service: row.get(0)?, status: row.get(1)?, message: row.get(2)?, at_ms: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
