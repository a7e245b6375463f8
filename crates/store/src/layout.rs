//! `plate_layout`: which wells of a plate are samples, controls or unused, as a laboratory lays it out. A version never
//! changes; it may be retired.

use crate::{
    Error, Reading, Result, Sha256, Writing,
    audit::NewAudit,
    ids::UserId,
    origin::{FROM_HUB, Origin},
    seal::Sealed,
    stamp::Now,
};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use wellread_plate::{
    assay::Role,
    format::{PlateFormat, WellId},
};

/// Which version of which layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutKey {
    /// Its id, such as `hi-8-sera`.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
}

/// A version of a layout to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLayout {
    /// Which one.
    pub key: LayoutKey,
    /// Its name, for people.
    pub name: String,
    /// The plate.
    pub format: PlateFormat,
    /// What every well of the plate is there for.
    pub wells: BTreeMap<WellId, Role>,
}

/// A version of a layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Which one.
    #[serde(flatten)]
    pub key: LayoutKey,
    /// Its name, for people.
    pub name: String,
    /// The plate.
    pub format: PlateFormat,
    /// What every well of the plate is there for.
    pub wells: BTreeMap<WellId, Role>,
    /// Who made it; `None` for the station.
    pub created_by: Option<UserId>,
    /// Since when it is there.
    pub created: Now,
    /// Since when it is not offered for new plates, in milliseconds since 1970.
    pub retired_at_ms: Option<i64>,
    /// Whose it is: what headquarters sent, they alone retire.
    pub origin: Origin,
}

/// What `definition` holds.
#[derive(Serialize, Deserialize)]
struct Definition {
    format: PlateFormat,
    wells: BTreeMap<WellId, Role>,
}

impl LayoutKey {
    /// As the audit trail names it.
    fn resource_id(&self) -> String {
        format!("{} {}", self.id, self.version)
    }
}

const LAYOUT: &str = "SELECT id, version, name, definition, created_by, created_at, offset_min, retired_at,
    origin FROM plate_layout";

fn layout(row: &Row<'_>) -> Result<Layout> {
    let Definition { format, wells } = serde_json::from_str(&row.get::<_, String>(3)?)?;
    Ok(Layout {
        key: LayoutKey { id: row.get(0)?, version: row.get(1)? },
        name: row.get(2)?,
        format,
        wells,
        created_by: row.get(4)?,
        created: Now { utc_ms: row.get(5)?, offset_min: row.get(6)? },
        retired_at_ms: row.get(7)?,
        origin: row.get(8)?,
    })
}

impl Writing<'_> {
    /// Keeps a version of a layout. The same again changes nothing; another one under the same version is refused.
    pub fn add_layout(&self, new: &NewLayout) -> Result<()> {
        if self.keep_layout(new, Origin::Station)? { self.layout_changed(&new.key, "CREATE", "") } else { Ok(()) }
    }

    /// Keeps a version of a layout that headquarters sent, and whether they still offer it.
    pub fn put_hub_layout(&self, new: &NewLayout, retired: bool) -> Result<()> {
        if self.keep_layout(new, Origin::Hub)? {
            self.layout_changed(&new.key, "CREATE", FROM_HUB)?;
        }
        let known = self.layout(&new.key)?.ok_or_else(|| Error::not_found("layout", &new.key.resource_id()))?;
        if known.origin == Origin::Station || known.retired_at_ms.is_some() == retired {
            return Ok(());
        }
        self.execute(
            "UPDATE plate_layout SET retired_at = ?3 WHERE id = ?1 AND version = ?2",
            params![new.key.id, new.key.version, retired.then(|| self.utc_ms())],
        )?;
        self.layout_changed(&new.key, if retired { "RETIRE" } else { "OFFER" }, FROM_HUB)
    }

    /// Whether it is new.
    fn keep_layout(&self, new: &NewLayout, origin: Origin) -> Result<bool> {
        let LayoutKey { id, version } = &new.key;
        if id.is_empty() || new.name.trim().is_empty() {
            return Err(Error::refused("a layout needs an id, and a name that people know it by"));
        }
        if !new.wells.keys().copied().eq(new.format.iter()) {
            return Err(Error::refused(format!(
                "a layout says of every well of a {}-well plate what it is",
                new.format
            )));
        }
        if let Some(known) = self.layout(&new.key)? {
            let same = known.name == new.name && known.format == new.format && known.wells == new.wells;
            return if same {
                Ok(false)
            } else {
                Err(Error::refused(format!("layout '{id}' version {version} is known otherwise: raise its version")))
            };
        }
        let definition = serde_json::to_string(&Definition { format: new.format, wells: new.wells.clone() })?;
        let stamp = self.stamp();
        self.execute(
            "INSERT INTO plate_layout (id, version, name, plate_format, definition, sha256, created_by, created_at,
               offset_min, origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                id,
                version,
                new.name,
                new.format.to_string(),
                definition,
                Sha256::of(definition.as_bytes()),
                stamp.by.user(),
                stamp.at.utc_ms,
                stamp.at.offset_min,
                origin
            ],
        )?;
        Ok(true)
    }

    /// Takes a version of a layout from those offered for new plates. What was made under it stays.
    pub fn retire_layout(&self, key: &LayoutKey) -> Result<()> {
        if self.layout(key)?.is_some_and(|known| known.origin == Origin::Hub) {
            let told = format!("layout '{}' is headquarters': have them retire it there", key.resource_id());
            return Err(Error::refused(told));
        }
        let retired = self.execute(
            "UPDATE plate_layout SET retired_at = ?3 WHERE id = ?1 AND version = ?2 AND retired_at IS NULL",
            params![key.id, key.version, self.utc_ms()],
        )?;
        match (retired, self.layout(key)?) {
            (1, _) => self.layout_changed(key, "RETIRE", ""),
            (_, Some(_)) => Err(Error::refused(format!("layout '{}' is retired already", key.resource_id()))),
            (_, None) => Err(Error::not_found("layout", &key.resource_id())),
        }
    }

    fn layout_changed(&self, key: &LayoutKey, action: &'static str, why: &str) -> Result<()> {
        let layout = self.layout(key)?.ok_or_else(|| Error::not_found("layout", &key.resource_id()))?;
        let entry = NewAudit {
            action,
            resource: Sealed::Layout.resource(),
            resource_id: key.resource_id(),
            new: Some(json!(layout)),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Layout)?;
        if layout.origin == Origin::Hub {
            return Ok(());
        }
        self.tell_hub("layout", &json!({ "action": action, "layout": layout }))
    }
}

impl Reading<'_> {
    /// A version of a layout.
    pub fn layout(&self, key: &LayoutKey) -> Result<Option<Layout>> {
        let mut statement = self.connection().prepare_cached(&format!("{LAYOUT} WHERE id = ?1 AND version = ?2"))?;
        let mut rows = statement.query(params![key.id, key.version])?;
        rows.next()?.map(layout).transpose()
    }

    /// The newest version of each layout that is offered for new plates, by id.
    pub fn layouts(&self) -> Result<Vec<Layout>> {
        let mut statement = self.connection().prepare_cached(&format!(
            "{LAYOUT} AS l WHERE retired_at IS NULL AND version =
               (SELECT max(version) FROM plate_layout WHERE id = l.id AND retired_at IS NULL) ORDER BY id"
        ))?;
        let mut rows = statement.query([])?;
        let mut layouts = Vec::new();
        while let Some(row) = rows.next()? {
            layouts.push(layout(row)?);
        }
        Ok(layouts)
    }

    /// The newest version of a layout, retired or not.
    pub fn newest_layout(&self, id: &str) -> Result<Option<LayoutKey>> {
        let mut statement =
            self.connection().prepare_cached("SELECT max(version) FROM plate_layout WHERE id = ?1 GROUP BY id")?;
        let version: Option<u32> = statement.query_row(params![id], |row| row.get(0)).optional()?;
        Ok(version.map(|version| LayoutKey { id: id.to_owned(), version }))
    }
}
