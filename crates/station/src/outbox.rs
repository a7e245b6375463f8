//! What waits for headquarters, as the station knows it.

use crate::{
    Station,
    people::{Permission, Session},
};
use serde::Serialize;
use wellread_store::{Direction, Listed, OutboxRecord, Page};

/// How the way to headquarters is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutboxState {
    /// Records that headquarters must still learn.
    pub pending: u64,
    /// Since when the oldest waits, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
    /// Records that headquarters did not take.
    pub rejected: u64,
    /// When headquarters last took something, in milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// Whether this station is known at headquarters.
    pub enrolled: bool,
}

impl Station {
    /// What waits, and since when.
    pub fn outbox_state(&self, session: &Session) -> anyhow::Result<OutboxState> {
        self.ask(session, Permission::RunRead, |reading| {
            let (pending, uplink) = (reading.pending()?, reading.sync_state(Direction::Uplink)?);
            Ok(OutboxState {
                pending: pending.records,
                oldest_ms: pending.oldest_ms,
                // Headquarters quarantine what they cannot take and acknowledge it, so that nothing behind it waits.
                rejected: 0,
                last_success_ms: uplink.last_success_ms,
                last_error: uplink.last_error,
                enrolled: !uplink.epoch.is_empty(),
            })
        })
    }

    /// Records that wait, newest first.
    pub fn outbox(&self, session: &Session, page: Page) -> anyhow::Result<Listed<OutboxRecord>> {
        self.ask(session, Permission::RunRead, |reading| Ok(reading.outbox_page(page)?))
    }
}
