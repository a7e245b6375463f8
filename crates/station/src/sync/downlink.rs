//! What headquarters say: the feed, or the snapshot where the feed does not go back far enough. A page is taken up in one
//! transaction together with where the next begins.

use super::{
    SyncError, items,
    round::{Engine, SyncReport},
};
use crate::failpoint;
use serde_json::Value;
use std::sync::atomic::Ordering;
use wellread_wire::problem::code;

/// Entries asked for at a time, at most and at least: fewer where an answer does not come through in time.
pub(super) const PAGE: u32 = 200;
const SMALLEST_PAGE: u32 = 5;
/// Pages of one round; more are for the next.
const MOST_PAGES: u32 = 500;

impl Engine<'_> {
    /// Takes what the feed has after a place.
    pub(super) fn take_feed(&self, after: i64, report: &mut SyncReport) -> Result<(), SyncError> {
        match self.follow(after, report) {
            Err(error) if error.code() == code::SNAPSHOT => self.take_snapshot(true, report),
            taken => taken,
        }
    }

    fn follow(&self, mut after: i64, report: &mut SyncReport) -> Result<(), SyncError> {
        for _ in 0..MOST_PAGES {
            let limit = self.feed_page.load(Ordering::Relaxed);
            let page = self.client.feed(after, limit).inspect_err(|why| {
                if matches!(why, SyncError::Unreachable(_)) {
                    self.feed_page.store((limit / 2).max(SMALLEST_PAGE), Ordering::Relaxed);
                }
            })?;
            self.feed_page.store((limit * 2).min(PAGE), Ordering::Relaxed);
            let up_to = page.up_to.max(after);
            let applied = self.station.write(|writing| {
                let mut applied = 0;
                for entry in &page.entries {
                    let place = entry.get("seq").map_or_else(|| after.to_string(), Value::to_string);
                    applied += u64::from(items::take(self.station, writing, &place, entry)?);
                }
                writing.note_feed(up_to)?;
                failpoint::reach("in-page");
                Ok(applied)
            })?;
            failpoint::reach("page-applied");
            report.items += applied;
            if up_to >= page.head || up_to == after {
                return Ok(());
            }
            after = up_to;
        }
        report.more = true;
        Ok(())
    }

    /// Takes the snapshot, from its beginning or where it was left; then the feed goes on.
    pub(super) fn take_snapshot(&self, anew: bool, report: &mut SyncReport) -> Result<(), SyncError> {
        if anew {
            self.station.write(|writing| Ok(writing.want_snapshot()?))?;
        }
        let mut begun_again = anew;
        for _ in 0..MOST_PAGES {
            let cursor = self.station.read(|reading| Ok(reading.sync_connection()?.snapshot_cursor))?;
            let page = match self.client.snapshot(cursor.as_deref()) {
                // A hub that was updated or restored may not know where we were.
                Err(SyncError::Refused { status: 400..=499, code, .. })
                    if cursor.is_some() && !begun_again && code != code::UNAUTHENTICATED && code != code::SLOW_DOWN =>
                {
                    begun_again = true;
                    self.station.write(|writing| Ok(writing.want_snapshot()?))?;
                    continue;
                }
                page => page?,
            };
            let applied = self.station.write(|writing| {
                let mut applied = 0;
                for (nth, item) in page.items.iter().enumerate() {
                    let place = format!("snapshot {} {nth}", page.as_of);
                    applied += u64::from(items::take(self.station, writing, &place, item)?);
                }
                writing.note_snapshot(page.next.as_deref(), page.as_of)?;
                failpoint::reach("in-page");
                Ok(applied)
            })?;
            failpoint::reach("page-applied");
            report.items += applied;
            if page.next.is_none() {
                // A feed that does not reach back even to there is for the next round, or both would go on for ever.
                return self.follow(page.as_of, report);
            }
        }
        report.more = true;
        Ok(())
    }

    /// Tries again what could not be taken up before.
    pub(super) fn retry_left(&self) -> Result<u64, SyncError> {
        if self.station.read(|reading| Ok(reading.left_items(1)?))?.is_empty() {
            return Ok(0);
        }
        Ok(self.station.write(|writing| items::retry_left(self.station, writing))?)
    }
}
