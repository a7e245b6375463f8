//! Layouts of plates that headquarters sent: what each well is there for. An assay of the laboratory's own may begin with
//! one; what plates are read under is the assay alone.

use crate::Station;
use serde::Serialize;
use std::collections::BTreeMap;
use wellread_plate::{
    assay::Role,
    format::{PlateFormat, WellId},
};
use wellread_store::Origin;

/// The newest version of a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LayoutLine {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The plate.
    pub format: PlateFormat,
    /// What every well is there for.
    pub wells: BTreeMap<WellId, Role>,
    /// Whose it is.
    pub origin: Origin,
}

impl LayoutLine {
    /// How many wells have a role, by its name.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for role in self.wells.values() {
            let name = serde_json::to_value(role).ok().and_then(|name| name.as_str().map(str::to_owned));
            *counts.entry(name.unwrap_or_default()).or_insert(0) += 1;
        }
        counts
    }
}

impl Station {
    /// The newest version of each layout that is offered for new plates, by id.
    pub fn layout_lines(&self) -> anyhow::Result<Vec<LayoutLine>> {
        let layouts = self.read(|reading| Ok(reading.layouts()?))?;
        let line = |one: wellread_store::Layout| LayoutLine {
            id: one.key.id,
            version: one.key.version,
            name: one.name,
            format: one.format,
            wells: one.wells,
            origin: one.origin,
        };
        Ok(layouts.into_iter().map(line).collect())
    }
}
