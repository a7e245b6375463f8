//! The assays a station knows: those shipped, and a laboratory's own. What runs were made under stays as it was.

mod well_roles;

use crate::{
    Problem, Station,
    people::{Permission, Session},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use wellread_plate::{
    assay::{Assay, Role},
    class::{Call, WellClass},
    format::{PlateFormat, WellId},
};
use wellread_store::{AssayKey, Origin, StoredAssay};

pub use well_roles::with_roles;

/// A version of an assay in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AssayLine {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// The plate it is done on.
    pub format: String,
    /// Whether it comes with the program.
    pub shipped: bool,
    /// Whose it is: of what headquarters sent, they alone make the next version.
    pub origin: Origin,
    /// Whether new plates are read under it.
    pub active: bool,
}

/// An assay that comes with the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ShippedAssay {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The assays that come with the program.
pub fn shipped() -> Vec<ShippedAssay> {
    let all = Assay::shipped_texts().filter_map(|(id, text)| Assay::from_toml(id, text).ok());
    all.map(|assay| ShippedAssay { id: assay.id, name: assay.name }).collect()
}

/// A version of an assay, whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AssayView {
    /// Which.
    pub line: AssayLine,
    /// The definition as it was written.
    pub text: String,
    /// Its plate.
    pub plate: PlateDrawing,
    /// What each class means.
    pub classes: BTreeMap<WellClass, Call>,
}

/// A plate to draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlateDrawing {
    /// Its rows and columns.
    pub format: PlateFormat,
    /// Every well, row by row.
    pub wells: Vec<PlateWell>,
}

/// A well of a drawn plate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlateWell {
    /// Its name.
    pub well: WellId,
    /// What it is there for.
    pub role: Role,
    /// The series it belongs to.
    pub series: Option<String>,
    /// Its place in the series, from 1.
    pub step: Option<usize>,
}

/// What is wrong with an assay's text, or the plate it describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AssayCheck {
    /// Whether it could be kept.
    pub ok: bool,
    /// What is wrong, the first thing first.
    pub faults: Vec<AssayFault>,
    /// The plate, where it can be drawn.
    pub plate: Option<PlateDrawing>,
}

/// Something wrong with an assay's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AssayFault {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The dotted path of the key.
    pub key: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Station {
    /// Keeps an assay of the laboratory's own; a changed one is a version of its own.
    pub fn add_assay(&self, session: &Session, file_name: &str, toml: &str, why: &str) -> anyhow::Result<StoredAssay> {
        let assay = Assay::from_toml(file_name, toml).map_err(|why| Problem::invalid(why.to_string()))?;
        refuse_shipped(&assay)?;
        refuse_of_headquarters(&assay, &self.hub_assays()?)?;
        let stored = StoredAssay { id: assay.id, version: assay.version, name: assay.name, toml: toml.to_owned() };
        self.act(session, Permission::ConfigWrite, |writing| Ok(writing.add_own_assay(&stored, why)?))?;
        Ok(stored)
    }

    /// Every version of every assay.
    pub fn assays(&self) -> anyhow::Result<Vec<StoredAssay>> {
        self.read(|reading| Ok(reading.assays()?))
    }

    fn hub_assays(&self) -> anyhow::Result<BTreeSet<AssayKey>> {
        self.read(|reading| Ok(reading.hub_assays()?))
    }

    /// Every version of every assay, as lists show them.
    pub fn assay_lines(&self) -> anyhow::Result<Vec<AssayLine>> {
        let (used, stored, theirs) = (self.settings()?.assay, self.assays()?, self.hub_assays()?);
        let newest = |id: &str| stored.iter().filter(|other| other.id == id).map(|other| other.version).max();
        stored.iter().map(|one| Ok(line(one, &used, newest(&one.id), &theirs)?.0)).collect()
    }

    /// A version of an assay, whole.
    pub fn assay_view(&self, id: &str, version: u32) -> anyhow::Result<AssayView> {
        let (used, stored) = (self.settings()?.assay, self.assays()?);
        let newest = stored.iter().filter(|other| other.id == id).map(|other| other.version).max();
        let found = stored.into_iter().find(|one| one.id == id && one.version == version);
        let found = found.ok_or_else(|| Problem::not_found("assay", format!("{id} version {version}")))?;
        let (line, assay) = line(&found, &used, newest, &self.hub_assays()?)?;
        Ok(AssayView { line, plate: drawing(&assay), text: found.toml, classes: assay.classes })
    }

    /// Whether a text could be kept as an assay of the laboratory's own.
    pub fn check_assay(&self, text: &str) -> anyhow::Result<AssayCheck> {
        let assay = match Assay::from_toml("assay", text) {
            Ok(assay) => assay,
            Err(why) => {
                let (key, message) = (why.key().map(str::to_owned), why.to_string());
                let line = key.as_deref().and_then(|key| well_roles::line_of(text, key));
                let line = line.or_else(|| line_named(&message));
                let faults = vec![AssayFault { line, key, message }];
                return Ok(AssayCheck { ok: false, faults, plate: None });
            }
        };
        let mut faults = Vec::new();
        let mut fault = |key: &str, message: String| {
            faults.push(AssayFault { line: well_roles::line_of(text, key), key: Some(key.to_owned()), message });
        };
        let theirs = self.hub_assays()?;
        if let Err(why) = refuse_shipped(&assay).and_then(|()| refuse_of_headquarters(&assay, &theirs)) {
            fault("id", why.message);
        } else if let Some(known) = self.read(|reading| Ok(reading.assay(&assay.id, assay.version)?))?
            && known.toml != text
        {
            fault("version", format!("version {} of '{}' is kept already: raise `version`", assay.version, assay.id));
        }
        Ok(AssayCheck { ok: faults.is_empty(), faults, plate: Some(drawing(&assay)) })
    }
}

/// A later release ships other versions under its ids, and two texts of one version are none.
fn refuse_shipped(assay: &Assay) -> Result<(), Problem> {
    match Assay::shipped(&assay.id) {
        None => Ok(()),
        Some(_) => {
            Err(Problem::invalid(format!("the id '{}' belongs to a shipped assay: give yours another `id`", assay.id)))
        }
    }
}

/// Headquarters may have made the next version already, and two texts of one version are none.
fn refuse_of_headquarters(assay: &Assay, theirs: &BTreeSet<AssayKey>) -> Result<(), Problem> {
    if theirs.iter().all(|key| key.id != assay.id) {
        return Ok(());
    }
    let told =
        format!("the assay '{}' is headquarters': have them change it there, or give yours another `id`", assay.id);
    Err(Problem::invalid(told))
}

fn line(
    stored: &StoredAssay,
    used: &str,
    newest: Option<u32>,
    theirs: &BTreeSet<AssayKey>,
) -> anyhow::Result<(AssayLine, Assay)> {
    let assay = Assay::from_toml(&stored.id, &stored.toml)?;
    let key = AssayKey { id: stored.id.clone(), version: stored.version };
    let line = AssayLine {
        id: stored.id.clone(),
        version: stored.version,
        name: stored.name.clone(),
        format: assay.format.to_string(),
        shipped: Assay::shipped(&stored.id).is_some(),
        origin: if theirs.contains(&key) { Origin::Hub } else { Origin::Station },
        active: stored.id == used && Some(stored.version) == newest,
    };
    Ok((line, assay))
}

fn drawing(assay: &Assay) -> PlateDrawing {
    let lines = assay.series_lines(assay.format);
    let in_series: BTreeMap<WellId, (&str, usize)> = lines
        .iter()
        .flat_map(|line| line.wells.iter().zip(1..).map(|(well, step)| (*well, (line.id.as_str(), step))))
        .collect();
    let well = |well: WellId| PlateWell {
        well,
        role: assay.role(well).unwrap_or(Role::Sample),
        series: in_series.get(&well).map(|(id, _)| (*id).to_owned()),
        step: in_series.get(&well).map(|(_, step)| *step),
    };
    PlateDrawing { format: assay.format, wells: assay.format.iter().map(well).collect() }
}

/// The line that a syntax error's words name, as `toml` writes them.
fn line_named(message: &str) -> Option<usize> {
    let (_, after) = message.split_once("line ")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
