//! Assays: versioned definitions of what a plate holds and what the classes of its wells mean.
//!
//! An assay is written as a TOML file (`docs/assays.md` names every key) and checked completely when it is read, so
//! that nothing can be missing or contradictory when a plate is interpreted.

mod error;
mod layout;
mod parse;
mod section;
mod shipped;

pub use error::AssayError;

use crate::{
    class::{Call, WellClass},
    end_point::Rule,
    format::{PlateFormat, WellId, row_letters},
    titre::{BelowFirst, Concentration, Dilution},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A versioned definition: plate layout, class to call, end-point rule, review threshold, validity rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Assay {
    /// Its id: `hi`, `ha`, `mic`, `qualitative` or a laboratory's own.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// Its name, for people.
    pub name: String,
    /// The plate it is done on.
    pub format: PlateFormat,
    /// What each class means. A classifier is asked for these classes alone.
    pub classes: BTreeMap<WellClass, Call>,
    /// Confidence, 0 to 1, below which a well needs review.
    pub review_threshold: f64,
    /// The series; `None` where each well is its own result.
    pub series: Option<SeriesLayout>,
    /// What must hold for the plate to be valid.
    pub validity: Validity,
    /// Whether who reviewed a plate, or signed it as performed or reviewed, may approve it too.
    pub approve_own_work: bool,
    /// Role of each well, row by row.
    roles: Vec<Role>,
}

/// What a well is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "WellRole"))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Holds a sample.
    Sample,
    /// Holds no analyte: must read negative.
    Blank,
    /// Must read positive.
    PositiveControl,
    /// Must read negative.
    NegativeControl,
    /// Must grow.
    GrowthControl,
    /// Must not grow.
    SterilityControl,
    /// Holds nothing of interest: seen and stored, but judged and counted nowhere.
    Unused,
}

/// How series lie on the plate and what their wells mean.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesLayout {
    /// The direction.
    pub along: Along,
    /// Position of the first well along the direction, from 0. May lie after `last`: then series run backwards.
    pub first: usize,
    /// Position of the last well, from 0.
    pub last: usize,
    /// What the steps are.
    pub scale: Scale,
    /// How the end point is found.
    pub rule: Rule,
}

/// The direction of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// Each row is a series.
    Rows,
    /// Each column is a series.
    Columns,
}

/// What the steps of a series are.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Dilutions: an end point is a titre.
    Dilution {
        /// Start and fold.
        dilution: Dilution,
        /// How end point 0 enters the statistics.
        below_first: BelowFirst,
        /// Titre from which a sample counts as positive, if the assay has one.
        cut_off: Option<f64>,
    },
    /// Concentrations: an end point is an MIC.
    Concentration(Concentration),
}

/// What must hold for a plate to be valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Validity {
    /// The roles of the layout whose wells must read as [`Role::required_call`] says.
    pub judged: BTreeSet<Role>,
    /// End points, from and to, allowed for a series of positive controls.
    pub positive_control_end_point: (u8, u8),
    /// End points, from and to, allowed for a series of negative controls.
    pub negative_control_end_point: (u8, u8),
    /// The most invalid wells; wells of wholly invalid series (unused rows) are not counted. `None`: no limit.
    pub max_invalid_wells: Option<usize>,
}

/// One series of a plate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesLine {
    /// Row letters, or the column number.
    pub id: String,
    /// Row or column from 0.
    pub line: usize,
    /// What its wells are there for.
    pub role: Role,
    /// Its wells from the first step to the last.
    pub wells: Vec<WellId>,
}

impl Assay {
    /// Reads an assay from the text of its TOML file; `file_name` is what errors call it.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, AssayError> {
        parse::assay(file_name, text)
    }

    /// The shipped assay of that id: `hi`, `ha`, `mic` or `qualitative`.
    pub fn shipped(id: &str) -> Option<Self> {
        shipped::assay(id)
    }

    /// Ids of the shipped assays, the default one first.
    pub fn shipped_ids() -> impl Iterator<Item = &'static str> {
        shipped::ids()
    }

    /// File names and texts of the shipped assays, for whoever keeps the texts that runs were made under.
    pub fn shipped_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
        shipped::texts()
    }

    /// What a class means; `None` for one the assay does not know.
    pub fn call(&self, class: &WellClass) -> Option<Call> {
        self.classes.get(class).copied()
    }

    /// What a well is there for; `None` off the plate.
    pub fn role(&self, well: WellId) -> Option<Role> {
        self.roles.get(self.format.index_of(well)?).copied()
    }

    /// Whether any well of the layout has this role.
    pub fn has_role(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The series on a plate of this format, in order.
    ///
    /// A line of blanks, growth or sterility controls is a line of single wells and no series, as is one of unused
    /// wells, and one of negative controls where wells hold concentrations: it has no end point worth a word.
    /// A format with fewer rows (or columns, where series run along columns) has fewer series.
    pub fn series_lines(&self, format: PlateFormat) -> Vec<SeriesLine> {
        let Some(layout) = &self.series else { return Vec::new() };
        let lines = layout.along.lines_of(format);
        let line = |line| self.series_line(layout, line);
        (0..lines).filter_map(line).filter(|series| layout.forms_series(series.role)).collect()
    }

    fn series_line(&self, layout: &SeriesLayout, line: usize) -> Option<SeriesLine> {
        let wells: Vec<WellId> = layout.positions().filter_map(|position| layout.along.well(line, position)).collect();
        let role = self.role(*wells.first()?)?;
        Some(SeriesLine { id: layout.along.line_name(line), line, role, wells })
    }
}

impl SeriesLayout {
    /// Positions of the wells from the first step to the last, from 0.
    pub fn positions(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, last) = (self.first, self.last);
        let (low, high) = (first.min(last), first.max(last));
        (low..=high).map(move |position| if first <= last { position } else { low + high - position })
    }

    const fn forms_series(&self, role: Role) -> bool {
        match role {
            Role::Sample | Role::PositiveControl => true,
            Role::NegativeControl => matches!(self.scale, Scale::Dilution { .. }),
            Role::Blank | Role::GrowthControl | Role::SterilityControl | Role::Unused => false,
        }
    }

    /// How many wells a series has.
    pub fn steps(&self) -> usize {
        self.first.abs_diff(self.last) + 1
    }
}

impl Along {
    /// How many series a plate can have in this direction.
    pub const fn lines_of(self, format: PlateFormat) -> usize {
        match self {
            Self::Rows => format.rows(),
            Self::Columns => format.cols(),
        }
    }

    /// How many wells lie one after the other in this direction.
    pub const fn length_of(self, format: PlateFormat) -> usize {
        match self {
            Self::Rows => format.cols(),
            Self::Columns => format.rows(),
        }
    }

    /// Which line of this direction a well lies in, from 0.
    pub const fn line_of(self, well: WellId) -> usize {
        match self {
            Self::Rows => well.row(),
            Self::Columns => well.col(),
        }
    }

    /// The well of a line at a position along it.
    pub fn well(self, line: usize, position: usize) -> Option<WellId> {
        match self {
            Self::Rows => WellId::new(line, position),
            Self::Columns => WellId::new(position, line),
        }
    }

    /// What people call a line: row letters or a column number.
    pub fn line_name(self, line: usize) -> String {
        match self {
            Self::Rows => row_letters(line),
            Self::Columns => (line + 1).to_string(),
        }
    }
}

impl Role {
    /// The call that a well of this role must have for the plate to be valid; `None` where any call is fine.
    pub const fn required_call(self) -> Option<Call> {
        match self {
            Self::PositiveControl | Self::GrowthControl => Some(Call::Positive),
            Self::NegativeControl | Self::Blank | Self::SterilityControl => Some(Call::Negative),
            Self::Sample | Self::Unused => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sample => "sample",
            Self::Blank => "blank",
            Self::PositiveControl => "positive control",
            Self::NegativeControl => "negative control",
            Self::GrowthControl => "growth control",
            Self::SterilityControl => "sterility control",
            Self::Unused => "unused",
        })
    }
}
