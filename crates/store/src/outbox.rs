//! `outbox`: the dense, hash-linked log of what the hub must learn, written in the transaction that made it true.

use crate::{
    Reading, Result, Writing,
    audit::Head,
    digest::{Fields, Sha256},
    ids::StationId,
    stamp::Now,
};
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

/// A record for the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OutboxRecord {
    /// Its place, from 1, without gaps.
    pub seq: i64,
    /// What it tells of: `run`, `run-failed`, `rejection`, `review`, `signature`, `interface-file`, `user`, `config`.
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
pub const SCHEMA_VERSION: i64 = 1;

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
}

impl Reading<'_> {
    /// The last record's place and hash.
    pub fn outbox_head(&self) -> Result<Option<Head>> {
        let mut statement =
            self.connection().prepare_cached("SELECT seq, hash FROM outbox ORDER BY seq DESC LIMIT 1")?;
        Ok(statement.query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? })).optional()?)
    }

    /// Records after a place, in order, at most `limit`.
    pub fn outbox_after(&self, seq: i64, limit: u32) -> Result<Vec<OutboxRecord>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT seq, kind, schema_version, payload, hash, actor, created_at, offset_min FROM outbox
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = statement.query_map(params![seq, limit], |row| {
            Ok(OutboxRecord {
                seq: row.get(0)?,
                kind: row.get(1)?,
                schema_version: row.get(2)?,
                payload: row.get(3)?,
                hash: row.get(4)?,
                actor: row.get(5)?,
                at: Now { utc_ms: row.get(6)?, offset_min: row.get(7)? },
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
