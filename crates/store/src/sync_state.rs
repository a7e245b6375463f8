//! `sync_state`: how far station and hub have come with each other, one row a direction.
//!
//! What waits is derived from the outbox and the last record that the hub has; no row of another table says so too.

use crate::{Error, Reading, Result, Writing, words::words};
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

words! {
    /// What is brought where.
    pub enum Direction("direction of sync") {
        /// The outbox to the hub.
        Uplink = "uplink",
        /// The hub's feed to here.
        Downlink = "downlink",
        /// Pictures to the hub.
        Blobs = "blobs",
    }
}

/// How far a direction is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncState {
    /// Which one.
    pub direction: Direction,
    /// The hub's epoch, as it last said; empty before the first word.
    pub epoch: String,
    /// Which writer of its log the station is.
    pub incarnation: u32,
    /// The last record of the outbox that the hub has.
    pub acked_seq: i64,
    /// The last entry of the hub's feed that was applied here.
    pub feed_seq: i64,
    /// When it last went well, in milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// When it was last tried, in milliseconds since 1970.
    pub last_attempt_ms: Option<i64>,
    /// Why the last try failed; `None` after one that went well.
    pub last_error: Option<String>,
    /// Failed tries in a row.
    pub attempts: u32,
    /// Not before this moment is it tried again, in milliseconds since 1970.
    pub next_attempt_ms: Option<i64>,
}

/// What the hub must still learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// How many records.
    pub records: u64,
    /// Since when the oldest waits, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
}

impl Writing<'_> {
    /// Notes that a try begins, so that it is seen also when the program dies of it.
    pub fn note_sync_attempt(&self, direction: Direction) -> Result<()> {
        self.execute(
            "UPDATE sync_state SET last_attempt_ms = ?2 WHERE direction = ?1",
            params![direction, self.utc_ms()],
        )?;
        Ok(())
    }

    /// Notes that a try went well.
    pub fn note_sync_success(&self, direction: Direction) -> Result<()> {
        self.execute(
            "UPDATE sync_state SET last_success_ms = ?2, last_attempt_ms = ?2, last_error = NULL, attempts = 0,
               next_attempt_ms = NULL WHERE direction = ?1",
            params![direction, self.utc_ms()],
        )?;
        Ok(())
    }

    /// Notes that a try failed, why, and when to try again.
    pub fn note_sync_failure(&self, direction: Direction, error: &str, next_attempt_ms: i64) -> Result<()> {
        self.execute(
            "UPDATE sync_state SET last_attempt_ms = ?2, last_error = ?3, attempts = attempts + 1, next_attempt_ms = ?4
             WHERE direction = ?1",
            params![direction, self.utc_ms(), error, next_attempt_ms],
        )?;
        Ok(())
    }

    /// Notes the last record of the outbox that the hub has. An answer that came late changes nothing.
    pub fn acknowledge(&self, seq: i64) -> Result<()> {
        let head = self.outbox_head()?.map_or(0, |head| head.seq);
        if seq > head {
            return Err(Error::refused(format!("the hub acknowledges record {seq}, but the log ends at {head}")));
        }
        self.execute(
            "UPDATE sync_state SET acked_seq = max(acked_seq, ?2) WHERE direction = ?1",
            params![Direction::Uplink, seq],
        )?;
        Ok(())
    }

    /// Goes back to what the hub says it has, because it lost what came after. Records that were pruned cannot be told
    /// again.
    pub fn rewind(&self, seq: i64) -> Result<()> {
        let pruned = self.outbox_mark()?.map_or(0, |mark| mark.seq);
        if seq < pruned {
            let told = format!("the hub has {seq} records, and those up to {pruned} were pruned here: restore the hub");
            return Err(Error::refused(told));
        }
        self.execute(
            "UPDATE sync_state SET acked_seq = min(acked_seq, ?2) WHERE direction = ?1",
            params![Direction::Uplink, seq],
        )?;
        Ok(())
    }

    /// Notes how far the hub's feed was applied: in the transaction that applied it.
    pub fn note_feed(&self, seq: i64) -> Result<()> {
        self.execute("UPDATE sync_state SET feed_seq = ?2 WHERE direction = ?1", params![Direction::Downlink, seq])?;
        Ok(())
    }

    /// Notes the hub's epoch. True when it is another one than before: the hub was restored, and must be asked anew what
    /// it has.
    pub fn meet_epoch(&self, direction: Direction, epoch: &str) -> Result<bool> {
        let before = self.sync_state(direction)?.epoch;
        if before == epoch {
            return Ok(false);
        }
        self.execute("UPDATE sync_state SET epoch = ?2 WHERE direction = ?1", params![direction, epoch])?;
        Ok(!before.is_empty())
    }
}

impl Reading<'_> {
    /// How far a direction is.
    pub fn sync_state(&self, direction: Direction) -> Result<SyncState> {
        let mut statement = self.connection().prepare_cached(
            "SELECT direction, epoch, incarnation, acked_seq, feed_seq, last_success_ms, last_attempt_ms, last_error,
               attempts, next_attempt_ms FROM sync_state WHERE direction = ?1",
        )?;
        let state = statement.query_row(params![direction], |row| {
            Ok(SyncState {
                direction: row.get(0)?,
                epoch: row.get(1)?,
                incarnation: row.get(2)?,
                acked_seq: row.get(3)?,
                feed_seq: row.get(4)?,
                last_success_ms: row.get(5)?,
                last_attempt_ms: row.get(6)?,
                last_error: row.get(7)?,
                attempts: row.get(8)?,
                next_attempt_ms: row.get(9)?,
            })
        });
        state.optional()?.ok_or_else(|| Error::not_found("direction of sync", direction.as_str()))
    }

    /// What the hub must still learn, from the log alone.
    pub fn pending(&self) -> Result<Pending> {
        let acked = self.sync_state(Direction::Uplink)?.acked_seq;
        let head = self.outbox_head()?.map_or(0, |head| head.seq);
        let oldest = self.outbox_after(acked, 1)?.first().map(|record| record.at.utc_ms);
        Ok(Pending { records: u64::try_from(head - acked).unwrap_or(0), oldest_ms: oldest })
    }
}
