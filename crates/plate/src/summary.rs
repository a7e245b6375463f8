//! Counts, distributions and the statistics of titres.
//!
//! Titres double from well to well, so their statistics are taken on log2 values; the geometric mean titre is 2 to the
//! power of their mean. A statistic that is not defined is `None`, never 0.

use crate::{
    class::{Call, WellClass},
    titre::{BelowFirst, Dilution},
};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// How many wells have each class and each call. Every class of the assay and every call is named, also at 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Counts {
    /// By call.
    pub calls: BTreeMap<Call, u64>,
    /// By class.
    #[serde(serialize_with = "by_class_name")]
    pub classes: BTreeMap<WellClass, u64>,
}

fn by_class_name<S: Serializer>(classes: &BTreeMap<WellClass, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(classes.iter().map(|(class, count)| (class.as_str(), count)))
}

/// Histogram of end points. Its JSON keys are the end points as text, in numeric order: `{"0":1,"5":3,"10":4}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Distribution(BTreeMap<u8, u64>);

/// Statistics of log2 values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LogStatistics {
    /// How many values there are.
    pub count: u64,
    /// Arithmetic mean of the log2 values.
    pub mean_log2: Option<f64>,
    /// Sample standard deviation (n - 1) of the log2 values; needs two values.
    pub sd_log2: Option<f64>,
    /// `100 x SD / mean` of the log2 values; needs a mean above 0.
    pub cv_percent: Option<f64>,
    /// Geometric mean titre: 2 to the power of the mean.
    pub geometric_mean_titre: Option<f64>,
}

/// What a plate, or a sample's plates together, say about titres.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TitreSummary {
    /// Series in the distribution.
    pub series: u64,
    /// Series with end point 0.
    pub below_first: u64,
    /// How those enter the statistics.
    pub below_first_as: BelowFirst,
    /// Statistics of the log2 titres.
    #[serde(flatten)]
    pub statistics: LogStatistics,
    /// The cut-off titre, where the assay has one.
    pub cut_off: Option<f64>,
    /// Share of all series, 0 to 1, whose titre is the cut-off or above; end point 0 is always below.
    pub share_at_or_above: Option<f64>,
}

impl Counts {
    /// Counts wells over all classes of an assay.
    pub fn of<'a>(
        classes: impl IntoIterator<Item = &'a WellClass>,
        wells: impl IntoIterator<Item = (&'a WellClass, Call)>,
    ) -> Self {
        let mut counts = Self {
            calls: [Call::Positive, Call::Negative, Call::Invalid].map(|call| (call, 0)).into(),
            classes: classes.into_iter().map(|class| (class.clone(), 0)).collect(),
        };
        for (class, call) in wells {
            *counts.calls.entry(call).or_default() += 1;
            *counts.classes.entry(class.clone()).or_default() += 1;
        }
        counts
    }
}

impl Distribution {
    /// Adds series with this end point.
    pub fn add(&mut self, end_point: u8, series: u64) {
        if series > 0 {
            *self.0.entry(end_point).or_default() += series;
        }
    }

    /// Adds another distribution, as of another plate of the same sample.
    pub fn merge(&mut self, other: &Self) {
        for (end_point, series) in other.iter() {
            self.add(end_point, series);
        }
    }

    /// End points and how many series have each, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, u64)> {
        self.0.iter().map(|(end_point, series)| (*end_point, *series))
    }

    /// How many series there are.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many series have this end point.
    pub fn count(&self, end_point: u8) -> u64 {
        self.0.get(&end_point).copied().unwrap_or(0)
    }
}

impl FromIterator<(u8, u64)> for Distribution {
    fn from_iter<I: IntoIterator<Item = (u8, u64)>>(counts: I) -> Self {
        let mut distribution = Self::default();
        for (end_point, series) in counts {
            distribution.add(end_point, series);
        }
        distribution
    }
}

/// Statistics of log2 values, each with how often it occurs.
pub fn log_statistics(values: &[(f64, u64)]) -> LogStatistics {
    let count: u64 = values.iter().map(|(_, times)| times).sum();
    if count == 0 {
        return LogStatistics::default();
    }
    let n = count as f64;
    let mean = values.iter().map(|(log2, times)| log2 * *times as f64).sum::<f64>() / n;
    // Squares are summed around the mean: the shortcut with sums of squares loses digits when all values are close.
    let squares: f64 = values.iter().map(|(log2, times)| (log2 - mean).powi(2) * *times as f64).sum();
    let sd = (count > 1).then(|| (squares / (n - 1.0)).sqrt());
    LogStatistics {
        count,
        mean_log2: Some(mean),
        sd_log2: sd,
        cv_percent: sd.filter(|_| mean > 0.0).map(|sd| 100.0 * sd / mean),
        geometric_mean_titre: Some(mean.exp2()),
    }
}

/// Share of series, 0 to 1, whose titre is `cut_off` or above; `None` without series.
pub fn share_at_or_above(distribution: &Distribution, dilution: &Dilution, cut_off: f64) -> Option<f64> {
    let total = distribution.total();
    // A cut-off such as 33.75 of a 1.5-fold series must not be missed for the last bit of a power.
    let reaches = |titre: f64| titre >= cut_off * (1.0 - 1e-9);
    let at_or_above: u64 = distribution
        .iter()
        .filter(|(end_point, _)| dilution.titre(*end_point).is_some_and(reaches))
        .map(|(_, series)| series)
        .sum();
    (total > 0).then(|| at_or_above as f64 / total as f64)
}

/// Sums up the titres of a distribution.
pub fn summarise(
    distribution: &Distribution,
    dilution: &Dilution,
    below_first_as: BelowFirst,
    cut_off: Option<f64>,
) -> TitreSummary {
    let values: Vec<(f64, u64)> = distribution
        .iter()
        .filter_map(|(step, series)| Some((dilution.log2_for_statistics(step, below_first_as)?, series)))
        .collect();
    TitreSummary {
        series: distribution.total(),
        below_first: distribution.count(0),
        below_first_as,
        statistics: log_statistics(&values),
        cut_off,
        share_at_or_above: cut_off.and_then(|cut_off| share_at_or_above(distribution, dilution, cut_off)),
    }
}
