//! Minimum inhibitory concentration of a broth microdilution series.
//!
//! The wells run from the highest concentration to the lowest. The MIC is the lowest concentration without growth
//! above which no well grows: the calls are `positive` for growth and `negative` for none, and the end point is the
//! step of that well ([`crate::end_point::Rule::Mic`]). Nothing is reported unless the growth control grew and the
//! sterility control stayed clear.

use crate::titre::Concentration;
use serde::Serialize;

/// A minimum inhibitory concentration, perhaps off the scale of the plate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Mic {
    /// How the true value relates to `concentration`.
    pub relation: Relation,
    /// A concentration of the series.
    pub concentration: f64,
    /// Its unit.
    pub unit: String,
}

/// How a true value relates to the one written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Relation {
    /// Between this concentration and the next lower one on the plate, which is what an MIC means.
    #[serde(rename = "=")]
    Equal,
    /// Nothing grew, not even at the lowest concentration.
    #[serde(rename = "<=")]
    AtMost,
    /// It grew even at the highest concentration.
    #[serde(rename = ">")]
    Above,
}

/// The MIC of an end point in a series of `wells` wells.
///
/// `None` when there is no end point, or one past the last well.
pub fn mic(end_point: Option<u8>, wells: u8, series: &Concentration) -> Option<Mic> {
    let step = end_point.filter(|step| *step <= wells)?;
    let relation = match step {
        0 => Relation::Above,
        last if last == wells => Relation::AtMost,
        _ => Relation::Equal,
    };
    Some(Mic { relation, concentration: series.at(step.max(1))?, unit: series.unit.clone() })
}

impl std::fmt::Display for Mic {
    /// As a laboratory writes it: `4 mg/L`, `<=0.125 mg/L`, `>64 mg/L`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = match self.relation {
            Relation::Equal => "",
            Relation::AtMost => "<=",
            Relation::Above => ">",
        };
        write!(f, "{sign}{} {}", self.concentration, self.unit)
    }
}
