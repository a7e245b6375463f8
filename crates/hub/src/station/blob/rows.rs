//! `blob` and `blob_part`: how much of a blob is here, and where.

use crate::{
    db::{DbError, Tx, p},
    station::who::column,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use wellread_wire::chain::Sha256;

/// How much of a blob is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) verified: bool,
    /// Bytes from the start without gaps.
    pub(super) received: i64,
    /// The size that was announced.
    pub(super) size: Option<i64>,
}

impl Stand {
    pub(super) const fn state(&self) -> &'static str {
        match self {
            Self { verified: true, .. } => "verified",
            Self { received: 0, .. } => "absent",
            _ => "partial",
        }
    }

    pub(super) fn offset(&self) -> u64 {
        u64::try_from(self.received).unwrap_or_default()
    }
}

/// A blob of an organization, in a transaction of it.
#[derive(Clone, Debug)]
pub(super) struct BlobRow {
    pub(super) org: Uuid,
    pub(super) name: String,
}

/// A part that was stored.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) first_byte: i64,
    pub(super) size: i64,
    pub(super) sha256: Sha256,
    pub(super) key: String,
}

impl BlobRow {
    pub(super) fn new(org: Uuid, sha256: &Sha256) -> Self {
        Self { org, name: sha256.to_string() }
    }

    /// How much is here. With a lock nobody else adds to it meanwhile.
    pub(super) async fn stand(&self, tx: &Tx, lock: bool) -> Result<Stand, DbError> {
        let sql = format!(
            "SELECT state = 'verified', received, size FROM microplates.blob WHERE org_id = $1 AND sha256 = $2 {}",
            if lock { "FOR UPDATE" } else { "" }
        );
        match tx.query_opt(&sql, &[p(&self.org), p(&self.name)]).await? {
            Some(row) => Ok(Stand { verified: column(&row, 0)?, received: column(&row, 1)?, size: column(&row, 2)? }),
            None => Ok(Stand::default()),
        }
    }

    /// Makes the row, where it is missing.
    pub(super) async fn announce(&self, tx: &Tx, station: Option<Uuid>) -> Result<(), DbError> {
        tx.execute(
            "INSERT INTO microplates.blob (org_id, sha256, station_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            &[p(&self.org), p(&self.name), p(&station)],
        )
        .await?;
        Ok(())
    }

    /// Adds a part, which must begin where the ones before it end.
    pub(super) async fn add(&self, tx: &Tx, part: &Part, size: i64) -> Result<(), DbError> {
        tx.execute(
            "WITH part AS (
               INSERT INTO microplates.blob_part (org_id, sha256, first_byte, size, part_sha256, object_key)
               VALUES ($1, $2, $3, $4, $5, $6))
             UPDATE microplates.blob SET state = 'partial', received = $3 + $4, size = $7, updated_at = now()
             WHERE org_id = $1 AND sha256 = $2",
            &[
                p(&self.org),
                p(&self.name),
                p(&part.first_byte),
                p(&part.size),
                p(&part.sha256.to_string()),
                p(&part.key),
                p(&size),
            ],
        )
        .await?;
        Ok(())
    }

    /// The parts in order.
    pub(super) async fn parts(&self, tx: &Tx) -> Result<Vec<String>, DbError> {
        let sql = "SELECT object_key FROM microplates.blob_part WHERE org_id = $1 AND sha256 = $2 ORDER BY first_byte";
        tx.query(sql, &[p(&self.org), p(&self.name)]).await?.iter().map(|row| column(row, 0)).collect()
    }

    /// All of it is here and has the hash. Returns the parts that are no longer needed.
    pub(super) async fn verified(
        &self,
        tx: &Tx,
        station: Option<Uuid>,
        size: i64,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, DbError> {
        let row = tx
            .query_one(
                "INSERT INTO microplates.blob AS b
                   (org_id, sha256, size, state, received, object_key, station_id, verified_at)
                 VALUES ($1, $2, $3, 'verified', $3, $4, $5, $6)
                 ON CONFLICT (org_id, sha256) DO UPDATE SET size = EXCLUDED.size, state = 'verified',
                   received = EXCLUDED.received, object_key = EXCLUDED.object_key, reason = '',
                   verified_at = coalesce(b.verified_at, EXCLUDED.verified_at), updated_at = now()
                 RETURNING xmax <> 0",
                &[p(&self.org), p(&self.name), p(&size), p(&key), p(&station), p(&now)],
            )
            .await?;
        if column(&row, 0)? { self.forget_parts(tx).await } else { Ok(Vec::new()) }
    }

    /// What is here is no good: it begins anew. Returns the parts that are no longer needed.
    pub(super) async fn begin_anew(&self, tx: &Tx, why: &str) -> Result<Vec<String>, DbError> {
        tx.execute(
            "UPDATE microplates.blob SET state = 'absent', received = 0, size = NULL, reason = $3, updated_at = now()
             WHERE org_id = $1 AND sha256 = $2 AND state <> 'verified'",
            &[p(&self.org), p(&self.name), p(&why)],
        )
        .await?;
        self.forget_parts(tx).await
    }

    async fn forget_parts(&self, tx: &Tx) -> Result<Vec<String>, DbError> {
        let sql = "DELETE FROM microplates.blob_part WHERE org_id = $1 AND sha256 = $2 RETURNING object_key";
        tx.query(sql, &[p(&self.org), p(&self.name)]).await?.iter().map(|row| column(row, 0)).collect()
    }
}
