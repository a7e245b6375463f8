//! `blob`: which content-addressed files there must be. The files themselves are not this crate's.

use crate::{Error, Reading, Result, Sha256, Writing, audit::NewAudit, words::words};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

words! {
    /// Whether a blob's file is as it was.
    pub enum BlobState("blob state") {
        /// It is there.
        Present = "present",
        /// It is gone.
        Missing = "missing",
        /// It had other content, and was put aside.
        Quarantined = "quarantined",
    }
}

/// A content-addressed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Blob {
    /// Its content, and so its name.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// What it is.
    pub mime_type: String,
    /// Whether it is as it was.
    pub state: BlobState,
    /// Why it is not.
    pub reason: String,
    /// Whether the hub said once that it has it, and must be asked again.
    pub doubted: bool,
}

const BLOB: &str = "SELECT sha256, size, mime_type, state, reason, doubted FROM blob";

fn blob(row: &Row<'_>) -> rusqlite::Result<Blob> {
    Ok(Blob {
        sha256: row.get(0)?,
        size: row.get(1)?,
        mime_type: row.get(2)?,
        state: row.get(3)?,
        reason: row.get(4)?,
        doubted: row.get(5)?,
    })
}

impl Writing<'_> {
    /// Notes a blob whose file has been written. Known ones stay as they are, but a lost one is back with this.
    pub fn add_blob(&self, sha256: &Sha256, size: u64, mime_type: &str) -> Result<()> {
        self.execute(
            "INSERT INTO blob (sha256, size, mime_type, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
             ON CONFLICT (sha256) DO UPDATE SET state = 'present', reason = '', updated_at = excluded.updated_at
             WHERE state <> 'present'",
            params![sha256, size, mime_type, self.utc_ms()],
        )?;
        Ok(())
    }

    /// Notes that the hub has a blob, whole and by its hash.
    pub fn note_blob_verified(&self, sha256: &Sha256) -> Result<()> {
        self.execute(
            "UPDATE blob SET verified_at = ?2, doubted = 0 WHERE sha256 = ?1",
            params![sha256, self.utc_ms()],
        )?;
        Ok(())
    }

    /// Forgets what the hub said that it has: it was restored, and must be asked again.
    pub fn doubt_blobs(&self) -> Result<()> {
        self.execute("UPDATE blob SET verified_at = NULL, doubted = 1 WHERE verified_at IS NOT NULL", [])?;
        Ok(())
    }

    /// Notes that a blob's file is gone, was put aside, or is back, and why.
    pub fn set_blob_state(&self, sha256: &Sha256, state: BlobState, why: &str) -> Result<()> {
        let old = self.blob(sha256)?.ok_or_else(|| Error::not_found("blob", &sha256))?;
        let reason = if state == BlobState::Present { "" } else { why };
        self.execute(
            "UPDATE blob SET state = ?2, reason = ?3, updated_at = ?4 WHERE sha256 = ?1",
            params![sha256, state, reason, self.utc_ms()],
        )?;
        self.audit(&NewAudit {
            action: "UPDATE",
            resource: "blob",
            resource_id: sha256.to_string(),
            old: Some(serde_json::json!({ "state": old.state })),
            new: Some(serde_json::json!({ "state": state })),
            why: why.to_owned(),
            ..NewAudit::default()
        })
    }
}

impl Reading<'_> {
    /// A blob.
    pub fn blob(&self, sha256: &Sha256) -> Result<Option<Blob>> {
        let mut statement = self.connection().prepare_cached(&format!("{BLOB} WHERE sha256 = ?1"))?;
        Ok(statement.query_row(params![sha256], blob).optional()?)
    }

    /// Pictures of runs that the hub has not verified and whose files are there, the oldest first.
    pub fn blobs_to_send(&self, limit: u32) -> Result<Vec<Blob>> {
        let mut statement = self.connection().prepare_cached(&format!(
            "{BLOB} WHERE verified_at IS NULL AND state = 'present'
               AND EXISTS (SELECT 1 FROM image_file WHERE image_file.sha256 = blob.sha256)
             ORDER BY created_at LIMIT ?1"
        ))?;
        let rows = statement.query_map(params![limit], blob)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many pictures of runs the hub has not verified: those whose files are there, and those whose are not.
    pub fn blobs_pending(&self) -> Result<(u64, u64)> {
        let mut statement = self.connection().prepare_cached(
            "SELECT count(*) FILTER (WHERE state = 'present'), count(*) FILTER (WHERE state <> 'present') FROM blob
             WHERE verified_at IS NULL AND EXISTS (SELECT 1 FROM image_file WHERE image_file.sha256 = blob.sha256)",
        )?;
        Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// How many blobs there are.
    pub fn blob_count(&self) -> Result<u64> {
        Ok(self.connection().prepare_cached("SELECT count(*) FROM blob")?.query_row([], |row| row.get(0))?)
    }

    /// Blobs in the order of their hashes, from after one; at most `limit`. The walk over all of them needs no more
    /// memory than a page.
    pub fn blobs(&self, after: Option<&Sha256>, limit: u32) -> Result<Vec<Blob>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{BLOB} WHERE sha256 > ?1 ORDER BY sha256 LIMIT ?2"))?;
        let after = after.map(Sha256::to_string).unwrap_or_default();
        let rows = statement.query_map(params![after, limit], blob)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
