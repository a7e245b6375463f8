//! `well_prediction`: what was seen in every well of a run, and its call.

use crate::{Error, Reading, Result, Writing, ids::RunId};
use rusqlite::{Row, params};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use wellread_plate::{
    assay::Role,
    class::{Call, WellClass},
    format::WellId,
    interpret::{CallFlag, CalledWell},
    reading::{BBox, Grid},
};

const ROLES: [(Role, &str); 7] = [
    (Role::Sample, "sample"),
    (Role::Blank, "blank"),
    (Role::PositiveControl, "positive-control"),
    (Role::NegativeControl, "negative-control"),
    (Role::GrowthControl, "growth-control"),
    (Role::SterilityControl, "sterility-control"),
    (Role::Unused, "unused"),
];

/// Probabilities by class, in the model's order.
struct Shares<'a>(&'a [(WellClass, f64)]);

impl Serialize for Shares<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(class, p)| (class.as_str(), p)))
    }
}

/// The wells of a run by column, row by row of the plate, as the hub is told of them. Boxes that follow from the grid are
/// left out.
#[derive(Serialize)]
pub(crate) struct ToldWells<'a> {
    classes: Vec<&'a str>,
    class: Vec<usize>,
    label: String,
    confidence: Vec<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    bbox: BTreeMap<String, BBox>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    flags: BTreeMap<String, &'a [CallFlag]>,
}

/// A box closer than this to that of the grid, in pixels, is that of the grid: a number read back from a text may differ
/// in its last digit.
const SAME_BOX_PX: f64 = 1e-6;

impl<'a> ToldWells<'a> {
    pub(crate) fn new(grid: &Grid, wells: &'a [CalledWell]) -> Self {
        let classes: BTreeSet<&str> = wells.iter().map(|well| well.class.as_str()).collect();
        let classes: Vec<&str> = classes.into_iter().collect();
        let place = |well: &CalledWell| classes.binary_search(&well.class.as_str()).unwrap_or_default();
        let letter = |well: &CalledWell| match well.label {
            Call::Positive => 'p',
            Call::Negative => 'n',
            Call::Invalid => 'i',
        };
        let own_boxes = wells.iter().filter(|well| !same_box(&well.bbox, &grid.bbox(well.well)));
        let flagged = wells.iter().filter(|well| !well.flags.is_empty());
        Self {
            class: wells.iter().map(place).collect(),
            label: wells.iter().map(letter).collect(),
            confidence: wells.iter().map(|well| well.confidence).collect(),
            bbox: own_boxes.map(|well| (well.well.to_string(), well.bbox)).collect(),
            flags: flagged.map(|well| (well.well.to_string(), well.flags.as_slice())).collect(),
            classes,
        }
    }
}

fn same_box(one: &BBox, other: &BBox) -> bool {
    let sides = |b: &BBox| [b.xmin, b.ymin, b.xmax, b.ymax];
    sides(one).iter().zip(sides(other)).all(|(one, other)| (one - other).abs() < SAME_BOX_PX)
}

pub(crate) fn insert(writing: &Writing<'_>, run: RunId, wells: &[CalledWell]) -> Result<()> {
    let run = run.to_string();
    let mut statement = writing.connection().prepare_cached(
        "INSERT INTO well_prediction (run_id, well_id, label, class, confidence, bbox, created_at, role, center_x_px,
           center_y_px, probabilities, flags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for well in wells {
        let role = ROLES.iter().find(|(role, _)| *role == well.role).map_or("unused", |(_, name)| name);
        let [x, y] = well.center_px;
        statement.execute(params![
            run,
            well.well.to_string(),
            well.label.as_str(),
            well.class.as_str(),
            well.confidence,
            serde_json::to_string(&well.bbox)?,
            writing.utc_ms(),
            role,
            x,
            y,
            serde_json::to_string(&Shares(&well.probabilities))?,
            serde_json::to_string(&well.flags)?
        ])?;
    }
    Ok(())
}

/// A row before its texts are understood.
type Raw = (String, String, String, f64, String, String, [f64; 2], String, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let center = [row.get(6)?, row.get(7)?];
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, center, row.get(8)?, row.get(9)?))
}

fn called((well, label, class, confidence, bbox, role, center_px, probabilities, flags): Raw) -> Result<CalledWell> {
    let unknown = |what: &str| Error::Unreadable(format!("{what} of a well"));
    let probabilities: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&probabilities)?;
    let shares = probabilities.iter().map(|(class, p)| Some((WellClass::new(class)?, p.as_f64()?)));
    Ok(CalledWell {
        well: well.parse::<WellId>().map_err(|e| Error::Unreadable(e.to_string()))?,
        role: ROLES.iter().find(|(_, name)| *name == role).map(|(role, _)| *role).ok_or_else(|| unknown("role"))?,
        center_px,
        bbox: serde_json::from_str::<BBox>(&bbox)?,
        class: WellClass::new(&class).ok_or_else(|| unknown("class"))?,
        label: serde_json::from_value::<Call>(label.into())?,
        confidence,
        probabilities: shares.collect::<Option<_>>().ok_or_else(|| unknown("probability"))?,
        flags: serde_json::from_str::<Vec<CallFlag>>(&flags)?,
    })
}

impl Reading<'_> {
    /// Every well of a run as the eyes saw it and the assay called it, in the plate's order.
    pub fn wells(&self, run: RunId) -> Result<Vec<CalledWell>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT well_id, label, class, confidence, bbox, role, center_x_px, center_y_px, probabilities, flags
             FROM well_prediction WHERE run_id = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map(params![run], raw)?;
        rows.map(|row| called(row?)).collect()
    }
}
