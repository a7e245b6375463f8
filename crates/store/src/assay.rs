//! `assay` and `model`: the definitions and models that runs were made with, kept as they were.

use crate::{Error, Reading, Result, Sha256, Writing, audit::NewAudit, seal::Sealed};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

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

/// Which version of which assay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Keeps a version of an assay. The same text again changes nothing; another text under the same version is refused.
    pub fn add_assay(&self, new: &StoredAssay) -> Result<()> {
        if let Some(known) = self.assay(&new.id, new.version)? {
            return if known.toml == new.toml {
                Ok(())
            } else {
                Err(Error::refused(format!(
                    "assay '{}' version {} is known with another text: raise `version` in the changed one",
                    new.id, new.version
                )))
            };
        }
        let sha256 = Sha256::of(new.toml.as_bytes());
        self.execute(
            "INSERT INTO assay (id, version, name, toml, sha256, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![new.id, new.version, new.name, new.toml, sha256, self.utc_ms()],
        )?;
        let entry = NewAudit {
            action: "CREATE",
            resource: Sealed::Assay.resource(),
            resource_id: format!("{} {}", new.id, new.version),
            new: Some(json!({ "name": new.name, "sha256": sha256 })),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Assay)
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
