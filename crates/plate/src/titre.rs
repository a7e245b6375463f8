//! What a step of a series means: reciprocal dilutions and titres, or concentrations.
//!
//! The first well of a series holds `start`. An end point counts wells from 1, so end point `n` is the titre
//! `start x fold^(n - 1)`: with start 2 and fold 2, end point 1 is 1:2, end point 5 is 1:32 and `log2` of the titre
//! is the end point itself. End point 0 lies below the first dilution and has no titre.

use serde::{Deserialize, Serialize};

/// A dilution series, as reciprocals: 1:8 is 8.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Dilution {
    /// Reciprocal of the dilution in the first well; at least 1.
    pub start: f64,
    /// How many times more dilute each next well is; above 1.
    pub fold: f64,
}

/// A concentration series that falls from its first well.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Concentration {
    /// Concentration in the first well: the highest; above 0.
    pub start: f64,
    /// How many times less each next well holds; above 1.
    pub fold: f64,
    /// Unit of `start`, such as `mg/L`.
    pub unit: String,
}

/// How a series without an end point (end point 0) enters the geometric mean and the other log2 statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum BelowFirst {
    /// As half the starting dilution: the field's custom, and the default.
    #[default]
    Half,
    /// Not at all; the share at or above a cut-off still counts it.
    Exclude,
}

impl Dilution {
    /// The titre of an end point; `None` for end point 0.
    pub fn titre(&self, end_point: u8) -> Option<f64> {
        let steps = end_point.checked_sub(1)?;
        Some(self.start * self.fold.powi(i32::from(steps)))
    }

    /// Log2 of the titre of an end point; `None` for end point 0.
    pub fn log2(&self, end_point: u8) -> Option<f64> {
        self.titre(end_point).map(f64::log2)
    }

    /// The log2 value with which an end point enters the statistics; `None` when it stays out of them.
    pub fn log2_for_statistics(&self, end_point: u8, below: BelowFirst) -> Option<f64> {
        self.log2(end_point).or_else(|| match below {
            BelowFirst::Half => Some((self.start / 2.0).log2()),
            BelowFirst::Exclude => None,
        })
    }
}

impl Concentration {
    /// Concentration of the well at a step from 1; `None` for step 0, which is no well.
    pub fn at(&self, step: u8) -> Option<f64> {
        let steps = step.checked_sub(1)?;
        Some(self.start / self.fold.powi(i32::from(steps)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HI: Dilution = Dilution { start: 2.0, fold: 2.0 };

    #[test]
    fn the_first_well_holds_the_start() {
        assert_eq!(HI.titre(1), Some(2.0), "end point 1 is the dilution of the first well, not one step further");
        assert_eq!(HI.titre(5), Some(32.0), "1:2, 1:4, 1:8, 1:16, 1:32");
        assert_eq!(HI.titre(12), Some(4096.0), "the last of twelve wells");
        assert_eq!(Dilution { start: 10.0, fold: 2.0 }.titre(4), Some(80.0), "1:10, 1:20, 1:40, 1:80");
    }

    #[test]
    fn log2_of_the_default_series_is_the_end_point() {
        for step in 1..=12 {
            assert_eq!(HI.log2(step), Some(f64::from(step)), "2 x 2^(n-1) = 2^n");
        }
    }

    #[test]
    fn end_point_0_has_no_titre_but_a_stated_place_in_the_statistics() {
        assert_eq!(HI.titre(0), None, "nothing was positive, so the titre is only known to be below 2");
        assert_eq!(HI.log2(0), None, "no titre, no logarithm");
        assert_eq!(HI.log2_for_statistics(0, BelowFirst::Half), Some(0.0), "half of 2 is 1, log2 of 1 is 0");
        assert_eq!(HI.log2_for_statistics(0, BelowFirst::Exclude), None, "excluded sera have no value");
        assert_eq!(HI.log2_for_statistics(3, BelowFirst::Exclude), Some(3.0), "the setting touches end point 0 alone");
    }

    #[test]
    fn concentrations_fall_from_the_first_well() {
        let series = Concentration { start: 64.0, fold: 2.0, unit: "mg/L".to_owned() };
        assert_eq!(series.at(1), Some(64.0), "the first well holds the highest");
        assert_eq!(series.at(10), Some(0.125), "nine halvings of 64");
        assert_eq!(series.at(0), None, "there is no well before the first");
    }
}
