//! `assay` and `model`: the definitions and models that runs were made with, kept as they were.

use crate::{
    Error, Reading, Result, Sha256, Writing,
    audit::NewAudit,
    origin::{FROM_HUB, Origin},
    seal::Sealed,
};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

/// One version of an assay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct StoredAssay {
    /// Its id, such as `hi`.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The definition as it was written.
    pub toml: String,
}

/// What people say of a model's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Agreement {
    /// Accepted runs.
    pub runs: u64,
    /// Their wells.
    pub wells: u64,
    /// Those that nobody overrode.
    pub agreed: u64,
}

/// How many wells a plate has, as runs write its format: `96` or `8x12`.
fn wells_of(format: &str) -> u64 {
    format.split('x').map(|part| part.parse::<u64>().unwrap_or(0)).product()
}

/// Which version of which assay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AssayKey {
    /// Its id, such as `hi`.
    pub id: String,
    /// Its version.
    pub version: u32,
}

/// A model that took part in a reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ModelRef {
    /// `locator`, `well-classifier`, `detector`, …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The hash of its file.
    pub sha256: Sha256,
}

impl Writing<'_> {
    /// Keeps a version of an assay that comes with the program. The same text again changes nothing; another text under
    /// the same version is refused. Headquarters have the same program.
    pub fn add_assay(&self, new: &StoredAssay, why: &str) -> Result<()> {
        self.keep_assay(new, Origin::Station, why).map(drop)
    }

    /// Keeps a version of an assay of the laboratory's own, and tells the hub.
    pub fn add_own_assay(&self, new: &StoredAssay, why: &str) -> Result<()> {
        if self.keep_assay(new, Origin::Station, why)? { self.tell_assay(new) } else { Ok(()) }
    }

    /// Keeps a version of an assay that headquarters sent.
    pub fn add_hub_assay(&self, new: &StoredAssay) -> Result<()> {
        self.keep_assay(new, Origin::Hub, FROM_HUB).map(drop)
    }

    pub(crate) fn tell_assay(&self, assay: &StoredAssay) -> Result<()> {
        self.tell_hub("assay", assay)
    }

    /// Whether it is new.
    fn keep_assay(&self, new: &StoredAssay, origin: Origin, why: &str) -> Result<bool> {
        if let Some(known) = self.assay(&new.id, new.version)? {
            return if known.toml == new.toml {
                Ok(false)
            } else {
                Err(Error::refused(format!(
                    "assay '{}' version {} is known with another text: raise `version` in the changed one",
                    new.id, new.version
                )))
            };
        }
        let sha256 = Sha256::of(new.toml.as_bytes());
        self.execute(
            "INSERT INTO assay (id, version, name, toml, sha256, created_at, origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![new.id, new.version, new.name, new.toml, sha256, self.utc_ms(), origin],
        )?;
        let entry = NewAudit {
            action: "CREATE",
            resource: Sealed::Assay.resource(),
            resource_id: format!("{} {}", new.id, new.version),
            new: Some(json!({ "name": new.name, "sha256": sha256 })),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Assay)?;
        Ok(true)
    }

    /// Keeps what a model was; a known one is known by its hash.
    pub(crate) fn add_model(&self, new: &ModelRef) -> Result<()> {
        let added = self.execute(
            "INSERT OR IGNORE INTO model (sha256, name, version, kind, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![new.sha256, new.name, new.version, new.kind, self.utc_ms()],
        )?;
        if added == 0 {
            return Ok(());
        }
        let entry = NewAudit {
            action: "CREATE",
            resource: Sealed::Model.resource(),
            resource_id: new.sha256.to_string(),
            new: Some(serde_json::to_value(new)?),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Model)
    }
}

impl Reading<'_> {
    /// What people say of a judge's calls, over the accepted runs it has read; `None` where there are none.
    pub fn agreement(&self, judge: &Sha256) -> Result<Option<Agreement>> {
        // A well that somebody overrode and took back is counted as overridden: they did doubt it.
        let mut statement = self.connection().prepare_cached(
            "WITH judged AS (
               SELECT r.id, r.plate_format FROM prediction_run AS r JOIN run_state AS s ON s.seq = r.seq
               WHERE s.disposition = 'accepted' AND r.model_sha256 = ?1)
             SELECT plate_format, count(*), sum((SELECT count(DISTINCT well) FROM well_review
               WHERE run_id = judged.id AND kind = 'override')) FROM judged GROUP BY plate_format",
        )?;
        let mut rows = statement.query(params![judge])?;
        let (mut runs, mut wells, mut overridden) = (0, 0, 0);
        while let Some(row) = rows.next()? {
            let (format, count, changed): (String, u64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            (runs, wells, overridden) = (runs + count, wells + count * wells_of(&format), overridden + changed);
        }
        Ok((runs > 0).then(|| Agreement { runs, wells, agreed: wells.saturating_sub(overridden) }))
    }

    /// A version of an assay.
    pub fn assay(&self, id: &str, version: u32) -> Result<Option<StoredAssay>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT id, version, name, toml FROM assay WHERE id = ?1 AND version = ?2")?;
        let found = statement.query_row(params![id, version], |row| {
            Ok(StoredAssay { id: row.get(0)?, version: row.get(1)?, name: row.get(2)?, toml: row.get(3)? })
        });
        Ok(found.optional()?)
    }

    /// Every version of every assay.
    pub fn assays(&self) -> Result<Vec<StoredAssay>> {
        let mut statement =
            self.connection().prepare_cached("SELECT id, version, name, toml FROM assay ORDER BY id, version")?;
        let rows = statement.query_map([], |row| {
            Ok(StoredAssay { id: row.get(0)?, version: row.get(1)?, name: row.get(2)?, toml: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every version of every assay that headquarters did not send.
    pub(crate) fn station_assays(&self) -> Result<Vec<StoredAssay>> {
        let from_hub = self.hub_assays()?;
        let key = |assay: &StoredAssay| AssayKey { id: assay.id.clone(), version: assay.version };
        Ok(self.assays()?.into_iter().filter(|assay| !from_hub.contains(&key(assay))).collect())
    }

    /// The versions of assays that headquarters sent.
    pub fn hub_assays(&self) -> Result<BTreeSet<AssayKey>> {
        let mut statement = self.connection().prepare_cached("SELECT id, version FROM assay WHERE origin = 'hub'")?;
        let rows = statement.query_map([], |row| Ok(AssayKey { id: row.get(0)?, version: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every model that took part in a run.
    pub fn models(&self) -> Result<Vec<ModelRef>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT kind, name, version, sha256 FROM model ORDER BY created_at, name")?;
        let rows = statement.query_map([], |row| {
            Ok(ModelRef { kind: row.get(0)?, name: row.get(1)?, version: row.get(2)?, sha256: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
