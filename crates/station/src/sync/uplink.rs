//! Records to the hub: batch after batch, each acknowledged before the next is made.

use super::{
    SyncError,
    batch::{Limits, pack_next},
    round::{Engine, SyncReport, Turn},
};
use crate::failpoint;
use std::time::Instant;
use wellread_store::{Direction, OutboxRecord, Sha256};
use wellread_wire::{batch::Outcome, problem::code};

/// The newest records of the log that stay, whatever the hub has: a hub restored from a backup is told again.
const KEPT_RECORDS: u64 = 20_000;
/// And those of so many days.
const KEPT_MS: i64 = 30 * 86_400_000;
/// Fewer are not worth an entry in the audit trail.
const PRUNED_AT_LEAST: u64 = 1_000;

impl Engine<'_> {
    /// Tells records until there are none, or until it is somebody else's turn.
    pub(super) fn push_all(&self, until: Instant, report: &mut SyncReport) -> Result<Turn, SyncError> {
        let mut limits = Limits::default();
        loop {
            if self.client.stopped() {
                return Err(SyncError::Stopped);
            }
            let (epoch, incarnation, after, records) = self.next_records()?;
            let Some(packed) = pack_next((epoch, incarnation), after, &records, limits)? else { break };
            let answer = match self.client.push(&packed.bytes) {
                Ok(answer) => answer,
                Err(error) if error.code() == code::GAP || error.code() == code::EPOCH => {
                    return Ok(Turn::ContactAgain);
                }
                Err(error) if error.code() == code::FENCED => {
                    report.fenced = self.note_fenced(&error)?;
                    return Ok(Turn::Done);
                }
                // Something on the way takes less than the hub does.
                Err(SyncError::Refused { status: 413, .. }) if packed.records > 1 => {
                    limits.records = packed.records / 2;
                    continue;
                }
                Err(error) => return Err(error),
            };
            failpoint::reach("told");
            if answer.acked_seq < packed.last_seq {
                return Ok(Turn::ContactAgain);
            }
            self.station.write(|writing| Ok(writing.acknowledge(packed.last_seq)?))?;
            failpoint::reach("acknowledged");
            report.records += packed.records as u64;
            report.runs += packed.runs as u64;
            report.packed_bytes += packed.bytes.len() as u64;
            let aside = |outcome: &&Outcome| matches!(outcome, Outcome::Quarantined { .. });
            report.quarantined += answer.outcomes.iter().filter(aside).count() as u64;
            if Instant::now() >= until {
                report.more = true;
                break;
            }
        }
        self.prune()?;
        Ok(Turn::Done)
    }

    fn next_records(&self) -> Result<(uuid::Uuid, u32, Sha256, Vec<OutboxRecord>), SyncError> {
        let read = self.station.read(|reading| {
            let state = reading.sync_state(Direction::Uplink)?;
            let records = reading.outbox_after(state.acked_seq, Limits::default().records as u32)?;
            let after = reading.outbox_hash(state.acked_seq)?;
            let after = after.ok_or_else(|| anyhow::anyhow!("the log has no record {}", state.acked_seq))?;
            Ok((state.epoch.parse()?, state.incarnation, after, records))
        });
        Ok(read?)
    }

    fn note_fenced(&self, error: &SyncError) -> Result<String, SyncError> {
        let why = error.said();
        self.station.write(|writing| Ok(writing.note_fenced(&why)?))?;
        Ok(why)
    }

    /// Removes what the hub has had for long.
    fn prune(&self) -> Result<(), SyncError> {
        let made_after_ms = self.station.clock().now().utc_ms - KEPT_MS;
        loop {
            let pruned = self
                .station
                .write(|writing| Ok(writing.prune_acknowledged(KEPT_RECORDS, made_after_ms, PRUNED_AT_LEAST)?))?;
            if pruned == 0 {
                return Ok(());
            }
        }
    }
}
