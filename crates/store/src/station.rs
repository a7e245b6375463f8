//! `station`: whose database this is; one row, for ever.

use crate::{Error, Reading, Result, Writing, audit::NewAudit, ids::StationId, seal::Sealed, stamp::Now};
use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

/// The station to make a database for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStation {
    /// Its id.
    pub id: StationId,
    /// What people call it.
    pub name: String,
}

/// The station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Station {
    /// Its id.
    pub id: StationId,
    /// What people call it.
    pub name: String,
    /// Since when it exists.
    pub created: Now,
}

pub(crate) fn insert(writing: &Writing<'_>, new: &NewStation) -> Result<()> {
    if new.name.trim().is_empty() {
        return Err(Error::refused("a station needs a name that people know it by"));
    }
    let at = writing.stamp().at;
    writing.execute(
        "INSERT INTO station (only, id, name, created_at, offset_min) VALUES (1, ?1, ?2, ?3, ?4)",
        params![new.id, new.name, at.utc_ms, at.offset_min],
    )?;
    let entry = NewAudit {
        action: "CREATE",
        resource: Sealed::Station.resource(),
        resource_id: new.id.to_string(),
        new: Some(serde_json::json!({ "name": new.name })),
        ..NewAudit::default()
    };
    writing.audit_sealed(&entry, Sealed::Station)
}

impl Reading<'_> {
    /// Whose database this is.
    pub fn station(&self) -> Result<Station> {
        let mut statement =
            self.connection().prepare_cached("SELECT id, name, created_at, offset_min FROM station WHERE only = 1")?;
        let station = statement.query_row([], |row| {
            let created = Now { utc_ms: row.get(2)?, offset_min: row.get(3)? };
            Ok(Station { id: row.get(0)?, name: row.get(1)?, created })
        });
        station.optional()?.ok_or_else(|| Error::Damaged("it does not say whose station it is".to_owned()))
    }
}
