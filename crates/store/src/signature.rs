//! `signature`: who stands for a run. The password was checked by the caller; what was signed is fixed by a hash.

use crate::{
    Error, Reading, Result, Sha256, Writing,
    audit::NewAudit,
    digest::Fields,
    ids::{RunId, SignatureId, UserId},
    run::RunStatus,
    seal::Sealed,
    stamp::Now,
    state::Disposition,
    words::words,
};
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::json;

words! {
    /// What a signature says, from the least to the most.
    pub enum Meaning("meaning of a signature") {
        /// I did this.
        Performed = "performed",
        /// I have looked at it.
        Reviewed = "reviewed",
        /// It may leave the laboratory.
        Approved = "approved",
    }
}

/// A signature to add, by the person who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSignature {
    /// Its id.
    pub id: SignatureId,
    /// The run.
    pub run: RunId,
    /// What it says.
    pub meaning: Meaning,
    /// The run's newest event, as the signer saw it; 0 for none.
    pub covers_seq: i64,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Signature {
    /// Its id.
    pub id: SignatureId,
    /// Who signed.
    pub user: UserId,
    /// The account's name.
    pub username: String,
    /// What it says.
    pub meaning: Meaning,
    /// When.
    pub at: Now,
    /// The last event it covers.
    pub covers_seq: i64,
    /// The hash of what was signed.
    pub content_hash: Sha256,
    /// Whether a later event took it back.
    pub void: bool,
}

/// The hash of what a signature covers: the run's content and the seals of its events up to one.
pub(crate) fn signed_content(connection: &Connection, run: &str, covers_seq: i64) -> Result<Sha256> {
    let mut fields = Fields::new("signed content");
    fields.text(run);
    let mut content = connection.prepare_cached("SELECT content_sha256 FROM prediction_run WHERE id = ?1")?;
    let content: Option<String> = content.query_row(params![run], |row| row.get(0))?;
    fields.optional(content.as_deref());
    let mut events =
        connection.prepare_cached("SELECT id FROM well_review WHERE run_id = ?1 AND seq <= ?2 ORDER BY seq")?;
    let mut rows = events.query(params![run, covers_seq])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let seal = Sealed::Review.of(connection, &id)?.map(|seal| seal.to_string());
        fields.optional(seal.as_deref());
    }
    fields.int(covers_seq);
    Ok(fields.finish())
}

impl Writing<'_> {
    /// Signs a run as it is. What the signer has not seen cannot be signed.
    pub fn sign(&self, new: &NewSignature) -> Result<Signature> {
        let user = self.stamp().by.user().ok_or_else(|| Error::refused("only a person can sign"))?;
        let state = self.run_state(new.run)?;
        if state.status != RunStatus::Completed {
            return Err(Error::refused("only a completed run can be signed"));
        }
        if new.covers_seq != state.last_event_seq {
            return Err(Error::refused("the run was reviewed meanwhile: look at it again, then sign"));
        }
        let settled = matches!(state.disposition, Disposition::Accepted | Disposition::Rejected);
        if new.meaning != Meaning::Performed && !settled {
            return Err(Error::refused(format!(
                "a run that is '{}' cannot be signed as {}: accept or reject it first",
                state.disposition, new.meaning
            )));
        }
        let same = |known: &Signature| known.user == user && known.meaning == new.meaning && !known.void;
        if self.signatures(new.run)?.iter().any(same) {
            return Err(Error::refused(format!("you have signed this run as {} already", new.meaning)));
        }
        self.insert_signature(new, user)?;
        self.derive_run(new.run)?;
        let signature = self.signatures(new.run)?.into_iter().find(|known| known.id == new.id);
        signature.ok_or_else(|| Error::not_found("signature", &new.id))
    }

    fn insert_signature(&self, new: &NewSignature, user: UserId) -> Result<()> {
        let content = signed_content(self.connection(), &new.run.to_string(), new.covers_seq)?;
        let at = self.stamp().at;
        self.execute(
            "INSERT INTO signature (id, run_id, user_id, meaning, at_ms, offset_min, covers_seq, content_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![new.id, new.run, user, new.meaning, at.utc_ms, at.offset_min, new.covers_seq, content],
        )?;
        let told = json!({
            "signature_id": new.id, "run_id": new.run, "user_id": user, "meaning": new.meaning,
            "covers_seq": new.covers_seq, "content_hash": content, "at": at,
        });
        let entry = NewAudit {
            action: "SIGN",
            resource: Sealed::Signature.resource(),
            resource_id: new.id.to_string(),
            new: Some(told.clone()),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Signature)?;
        self.tell_hub("signature", &told)
    }
}

impl Reading<'_> {
    /// The signatures of a run, oldest first.
    pub fn signatures(&self, run: RunId) -> Result<Vec<Signature>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT g.id, g.user_id, u.username, g.meaning, g.at_ms, g.offset_min, g.covers_seq, g.content_hash,
               EXISTS (SELECT 1 FROM well_review e WHERE e.run_id = g.run_id AND e.seq > g.covers_seq)
             FROM signature g JOIN users u ON u.id = g.user_id WHERE g.run_id = ?1 ORDER BY g.seq",
        )?;
        let rows = statement.query_map(params![run], |row| {
            Ok(Signature {
                id: row.get(0)?,
                user: row.get(1)?,
                username: row.get(2)?,
                meaning: row.get(3)?,
                at: Now { utc_ms: row.get(4)?, offset_min: row.get(5)? },
                covers_seq: row.get(6)?,
                content_hash: row.get(7)?,
                void: row.get(8)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
