//! `outbox`: the dense, hash-linked log of what the hub must learn, written in the transaction that made it true.
//!
//! What the hub has may be pruned. The last record removed leaves its place and hash behind (`outbox_mark`, sealed in
//! the audit trail), so that what is left is still one chain.

use crate::{
    Listed, Page, Reading, Result, Writing,
    audit::{Head, NewAudit},
    digest::{Fields, Sha256},
    ids::StationId,
    seal::Sealed,
    stamp::Now,
    sync_state::Direction,
};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::json;

/// A record for the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutboxRecord {
    /// Its place, from 1, without gaps.
    pub seq: i64,
    /// What it tells of: `run`, `run-failed`, `run-state`, `rejection`, `review`, `signature`, `interface-file`, `user`,
    /// `config`, `layout`, `assay`.
    pub kind: String,
    /// The version of the payload's form.
    pub schema_version: i64,
    /// JSON.
    pub payload: String,
    /// SHA-256 over the record before and this one's fields.
    pub hash: Sha256,
    /// Who made it true.
    pub actor: String,
    /// When.
    pub at: Now,
}

/// The version of every payload that this release writes.
pub const SCHEMA_VERSION: i64 = 2;

/// The most records pruned in one transaction, so that no plate waits for it.
const MOST_PRUNED: i64 = 5_000;

/// So many of the newest places are all named to a hub that looks for the last one it has.
const NEAR_HEADS: i64 = 200;

const RECORDS: &str = "SELECT seq, kind, schema_version, payload, hash, actor, created_at, offset_min FROM outbox";

fn record(row: &Row<'_>) -> rusqlite::Result<OutboxRecord> {
    Ok(OutboxRecord {
        seq: row.get(0)?,
        kind: row.get(1)?,
        schema_version: row.get(2)?,
        payload: row.get(3)?,
        hash: row.get(4)?,
        actor: row.get(5)?,
        at: Now { utc_ms: row.get(6)?, offset_min: row.get(7)? },
    })
}

pub(crate) fn genesis(station: StationId) -> Sha256 {
    let mut fields = Fields::new("wellread outbox 1");
    fields.text(&station.to_string());
    fields.finish()
}

impl OutboxRecord {
    /// The hash its fields should have after that of the record before.
    pub fn computed(&self, previous: &Sha256) -> Sha256 {
        let mut fields = Fields::new("wellread outbox 1");
        fields.text(&previous.to_string());
        fields.int(self.seq);
        fields.text(&self.kind);
        fields.int(self.schema_version);
        fields.text(&self.payload);
        fields.text(&self.actor);
        fields.int(self.at.utc_ms);
        fields.int(i64::from(self.at.offset_min));
        fields.finish()
    }
}

impl Writing<'_> {
    pub(crate) fn tell_hub(&self, kind: &str, payload: &impl Serialize) -> Result<()> {
        let previous = match self.outbox_head()? {
            Some(head) => head,
            None => Head { seq: 0, hash: genesis(self.station()?.id) },
        };
        let stamp = self.stamp();
        let mut record = OutboxRecord {
            seq: previous.seq + 1,
            kind: kind.to_owned(),
            schema_version: SCHEMA_VERSION,
            payload: serde_json::to_string(payload)?,
            hash: previous.hash,
            actor: stamp.by.user().map_or_else(|| "station".to_owned(), |id| id.to_string()),
            at: stamp.at,
        };
        record.hash = record.computed(&previous.hash);
        self.execute(
            "INSERT INTO outbox (seq, kind, schema_version, payload, hash, actor, created_at, offset_min)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                record.seq,
                record.kind,
                record.schema_version,
                record.payload,
                record.hash,
                record.actor,
                record.at.utc_ms,
                record.at.offset_min
            ],
        )?;
        Ok(())
    }

    /// Removes records that the hub has acknowledged, but for the newest `keep` of the log and those made after a moment:
    /// a hub that is restored from a backup of yesterday can be told again. Returns how many; none when there are fewer
    /// than `worth_it`, and less than there is when there is much: call it again.
    pub fn prune_acknowledged(&self, keep: u64, made_after_ms: i64, worth_it: u64) -> Result<u64> {
        let begins = self.outbox_mark()?.map_or(0, |mark| mark.seq);
        let head = self.outbox_head()?.map_or(0, |head| head.seq);
        let kept_after = head.saturating_sub(i64::try_from(keep).unwrap_or(i64::MAX));
        let acked = self.sync_state(Direction::Uplink)?.acked_seq;
        let last = acked.min(kept_after).min(begins + MOST_PRUNED);
        let too_young: Option<i64> = self
            .connection()
            .prepare_cached("SELECT min(seq) FROM outbox WHERE seq > ?1 AND seq <= ?2 AND created_at > ?3")?
            .query_row(params![begins, last, made_after_ms], |row| row.get(0))?;
        let last = too_young.map_or(last, |young| young - 1);
        if last <= begins || last - begins < i64::try_from(worth_it).unwrap_or(i64::MAX) {
            return Ok(0);
        }
        self.execute(
            "INSERT INTO outbox_mark (only, seq, hash) SELECT 1, seq, hash FROM outbox WHERE seq = ?1
             ON CONFLICT (only) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            params![last],
        )?;
        let removed = self.execute("DELETE FROM outbox WHERE seq <= ?1", params![last])?;
        let entry = NewAudit {
            action: "PRUNE",
            resource: Sealed::OutboxMark.resource(),
            resource_id: "1".to_owned(),
            new: Some(json!({ "seq": last, "acked_seq": acked })),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::OutboxMark)?;
        Ok(removed as u64)
    }
}

impl Reading<'_> {
    /// The place and hash of the last record ever appended, pruned or not.
    pub fn outbox_head(&self) -> Result<Option<Head>> {
        let mut statement =
            self.connection().prepare_cached("SELECT seq, hash FROM outbox ORDER BY seq DESC LIMIT 1")?;
        match statement.query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? })).optional()? {
            Some(head) => Ok(Some(head)),
            None => self.outbox_mark(),
        }
    }

    /// The last record that was pruned; `None` while all are there.
    pub fn outbox_mark(&self) -> Result<Option<Head>> {
        let mut statement = self.connection().prepare_cached("SELECT seq, hash FROM outbox_mark")?;
        Ok(statement.query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? })).optional()?)
    }

    /// The hash of the log at a place, or what its first record builds on; `None` where it was pruned or is not there.
    pub fn outbox_hash(&self, seq: i64) -> Result<Option<Sha256>> {
        if seq == 0 {
            return Ok(Some(genesis(self.station()?.id)));
        }
        let mut statement = self.connection().prepare_cached(
            "SELECT hash FROM outbox WHERE seq = ?1 UNION ALL SELECT hash FROM outbox_mark WHERE seq = ?1",
        )?;
        Ok(statement.query_row(params![seq], |row| row.get(0)).optional()?)
    }

    /// Places of the log at growing distances from its end, the newest first: among them the hub finds one that it has
    /// too.
    pub fn outbox_heads(&self) -> Result<Vec<Head>> {
        let mut heads: Vec<Head> = self.outbox_head()?.into_iter().collect();
        let begins = self.outbox_mark()?.map_or(0, |mark| mark.seq);
        let last = heads.first().map_or(0, |head| head.seq);
        let mut back = 1;
        while last - back > begins {
            heads.extend(self.outbox_hash(last - back)?.map(|hash| Head { seq: last - back, hash }));
            // One by one at first, for what a backup of an hour ago lacks is little.
            back = if back < NEAR_HEADS { back + 1 } else { back.saturating_mul(3) / 2 };
        }
        heads.extend(self.outbox_mark()?.filter(|mark| mark.seq < last));
        heads.push(Head { seq: 0, hash: genesis(self.station()?.id) });
        Ok(heads)
    }

    /// Records that the hub must still learn, newest first.
    pub fn outbox_page(&self, page: Page) -> Result<Listed<OutboxRecord>> {
        let acked = self.sync_state(Direction::Uplink)?.acked_seq;
        let mut statement = self
            .connection()
            .prepare_cached(&format!("{RECORDS} WHERE seq > ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3"))?;
        let rows = statement.query_map(params![acked, page.before(), page.rows()], record)?;
        Ok(Listed::new(rows.collect::<rusqlite::Result<_>>()?, page, |record| record.seq))
    }

    /// Records after a place, in order, at most `limit`.
    pub fn outbox_after(&self, seq: i64, limit: u32) -> Result<Vec<OutboxRecord>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{RECORDS} WHERE seq > ?1 ORDER BY seq LIMIT ?2"))?;
        let rows = statement.query_map(params![seq, limit], record)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
