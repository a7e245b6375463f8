//! `model_offer`: sets of models that headquarters offer. Which one is used is the station's people's to say.

use crate::{Reading, Result, Sha256, Writing, audit::NewAudit, origin::FROM_HUB, words::words};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

words! {
    /// How far an offered set is.
    pub enum OfferState("state of offered models") {
        /// Its files are to be fetched.
        Wanted = "wanted",
        /// They are here, and are what they should be.
        Ready = "ready",
        /// They cannot be used, and why.
        Failed = "failed",
        /// It is no longer offered.
        Withdrawn = "withdrawn",
    }
}

/// A file of an offered set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedFile {
    /// Its content.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// A set of models that headquarters offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelOffer {
    /// The hash of its manifest, which names it.
    pub sha256: Sha256,
    /// Its name, for people.
    pub name: String,
    /// What headquarters say about it.
    pub note: String,
    /// Its files by name, the manifest among them.
    pub files: BTreeMap<String, OfferedFile>,
    /// How far it is.
    pub state: OfferState,
    /// Why it cannot be used.
    pub reason: String,
}

const OFFER: &str = "SELECT sha256, name, note, files, state, reason FROM model_offer";

fn offer(row: &Row<'_>) -> rusqlite::Result<(ModelOffer, String)> {
    let offer = ModelOffer {
        sha256: row.get(0)?,
        name: row.get(1)?,
        note: row.get(2)?,
        files: BTreeMap::new(),
        state: row.get(4)?,
        reason: row.get(5)?,
    };
    Ok((offer, row.get(3)?))
}

fn with_files((offer, files): (ModelOffer, String)) -> Result<ModelOffer> {
    Ok(ModelOffer { files: serde_json::from_str(&files)?, ..offer })
}

impl Writing<'_> {
    /// Keeps what headquarters say about a set. Files that are here stay, and one that failed is tried again.
    pub fn put_model_offer(&self, new: &ModelOffer) -> Result<()> {
        let known = self.model_offer(&new.sha256)?;
        let state = match (new.state, known.as_ref().map(|known| known.state)) {
            (OfferState::Withdrawn, _) => OfferState::Withdrawn,
            (_, Some(OfferState::Ready)) => OfferState::Ready,
            _ => OfferState::Wanted,
        };
        let new = ModelOffer { state, reason: String::new(), ..new.clone() };
        if known.as_ref() == Some(&new) {
            return Ok(());
        }
        self.execute(
            "INSERT INTO model_offer (sha256, name, note, files, state, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT (sha256) DO UPDATE SET name = ?2, note = ?3, files = ?4, state = ?5, reason = '', updated_at = ?6",
            params![new.sha256, new.name, new.note, serde_json::to_string(&new.files)?, state, self.utc_ms()],
        )?;
        self.offer_changed(&new, FROM_HUB)
    }

    /// Notes that the files of a set are here, or why they cannot be used.
    pub fn note_model_offer(&self, sha256: &Sha256, state: OfferState, reason: &str) -> Result<()> {
        let changed = self.execute(
            "UPDATE model_offer SET state = ?2, reason = ?3, updated_at = ?4
             WHERE sha256 = ?1 AND (state <> ?2 OR reason <> ?3)",
            params![sha256, state, reason, self.utc_ms()],
        )?;
        match self.model_offer(sha256)?.filter(|_| changed > 0) {
            Some(offer) => self.offer_changed(&offer, reason),
            None => Ok(()),
        }
    }

    fn offer_changed(&self, offer: &ModelOffer, why: &str) -> Result<()> {
        self.audit(&NewAudit {
            action: "OFFER",
            resource: "model_offer",
            resource_id: offer.sha256.to_string(),
            new: Some(json!({ "name": offer.name, "state": offer.state })),
            why: why.to_owned(),
            ..NewAudit::default()
        })
    }
}

impl Reading<'_> {
    /// A set that headquarters offer, or did.
    pub fn model_offer(&self, sha256: &Sha256) -> Result<Option<ModelOffer>> {
        let mut statement = self.connection().prepare_cached(&format!("{OFFER} WHERE sha256 = ?1"))?;
        statement.query_row(params![sha256], offer).optional()?.map(with_files).transpose()
    }

    /// Every set that headquarters offer, or did, by name.
    pub fn model_offers(&self) -> Result<Vec<ModelOffer>> {
        let mut statement = self.connection().prepare_cached(&format!("{OFFER} ORDER BY name, sha256"))?;
        let rows = statement.query_map([], offer)?;
        rows.map(|row| with_files(row?)).collect()
    }
}
