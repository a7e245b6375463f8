//! `sync_left`: what headquarters said and could not be applied here yet, and why. It is tried again until it can, or
//! until newer word takes its place.

use crate::{Reading, Result, Writing};
use rusqlite::params;
use serde::Serialize;

/// Word of headquarters that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftItem {
    /// What kind of word.
    pub kind: String,
    /// About what.
    pub key: String,
    /// The word itself, as JSON.
    pub body: String,
    /// Why it waits.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Writing<'_> {
    /// Keeps word that could not be applied; newer word about the same takes its place.
    pub fn leave(&self, kind: &str, key: &str, body: &str, reason: &str) -> Result<()> {
        self.execute(
            "INSERT INTO sync_left (kind, key, body, reason, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, reason = excluded.reason",
            params![kind, key, body, reason, self.utc_ms()],
        )?;
        Ok(())
    }

    /// Forgets word that was applied, or has been replaced.
    pub fn drop_left(&self, kind: &str, key: &str) -> Result<()> {
        self.execute("DELETE FROM sync_left WHERE kind = ?1 AND key = ?2", params![kind, key])?;
        Ok(())
    }
}

impl Reading<'_> {
    /// Word that waits, the oldest first.
    pub fn left_items(&self, limit: u32) -> Result<Vec<LeftItem>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT kind, key, body, reason, at_ms FROM sync_left ORDER BY at_ms, kind, key LIMIT ?1",
        )?;
        let rows = statement.query_map(params![limit], |row| {
            Ok(LeftItem {
                kind: row.get(0)?,
                key: row.get(1)?,
                body: row.get(2)?,
                reason: row.get(3)?,
                at_ms: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
