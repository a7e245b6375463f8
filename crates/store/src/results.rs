//! `row_counts` and `interface_results`: what a plate says, as the assay made it. This crate computes none of it.

use crate::{Reading, Result, ids::RunId};
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wellread_plate::{
    assay::{Assay, Scale},
    interpret::Interpretation,
    summary::{Distribution, TitreSummary, summarise},
    titre::{BelowFirst, Dilution},
};

/// What a plate says: made by the caller with the assay, from the reading or after a review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FinalResults {
    /// Wells by call: `{"positive": 37, "negative": 59, "invalid": 0}`.
    pub counts: Value,
    /// End points of the sample series.
    pub distribution: Distribution,
    /// Everything else, an object: series, statistics, validity.
    pub results: Value,
}

/// How end points become titres; runs of one scale can be summed up together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TitreScale {
    /// Start and fold.
    pub dilution: Dilution,
    /// How end point 0 enters the statistics.
    pub below_first: BelowFirst,
    /// Titre from which a sample counts as positive, if there is one.
    pub cut_off: Option<f64>,
}

impl FinalResults {
    /// What an interpretation says.
    pub fn of(made: &Interpretation) -> Self {
        let results = json!({
            "series": made.series,
            "classes": made.counts.classes.iter().map(|(c, n)| (c.to_string(), json!(n))).collect::<serde_json::Map<_, _>>(),
            "statistics": made.summary,
            "validity_failures": made.validity_failures,
            "needs_review": made.needs_review,
            "review_reasons": made.review_reasons,
        });
        Self { counts: json!(made.counts.calls), distribution: made.distribution.clone(), results }
    }

    /// The one JSON object that `interface_results` holds, with the distribution first.
    pub(crate) fn stored_results(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("distribution".to_owned(), json!(self.distribution));
        if let Value::Object(more) = &self.results {
            object.extend(more.iter().filter(|(key, _)| *key != "distribution").map(|(k, v)| (k.clone(), v.clone())));
        }
        Value::Object(object)
    }

    fn from_stored(counts: &str, results: &str) -> Result<Self> {
        let mut results: Value = serde_json::from_str(results)?;
        let distribution = results.as_object_mut().and_then(|object| object.remove("distribution"));
        Ok(Self {
            counts: serde_json::from_str(counts)?,
            distribution: serde_json::from_value(distribution.unwrap_or_else(|| json!({})))?,
            results,
        })
    }
}

impl TitreScale {
    /// The scale of an assay's series; `None` when its end points are no titres.
    pub fn of(assay: &Assay) -> Option<Self> {
        match assay.series.as_ref()?.scale {
            Scale::Dilution { dilution, below_first, cut_off } => Some(Self { dilution, below_first, cut_off }),
            Scale::Concentration(_) => None,
        }
    }

    /// Sums up a distribution.
    pub(crate) fn summary(&self, distribution: &Distribution) -> TitreSummary {
        summarise(distribution, &self.dilution, self.below_first, self.cut_off)
    }
}

impl Reading<'_> {
    /// What the plate said before anybody reviewed it; `None` for a run that is not completed.
    pub fn first_results(&self, run: RunId) -> Result<Option<FinalResults>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT c.counts, r.results FROM row_counts c JOIN interface_results r ON r.run_id = c.run_id
             WHERE c.run_id = ?1",
        )?;
        let stored: Option<(String, String)> =
            statement.query_row(params![run], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        stored.map(|(counts, results)| FinalResults::from_stored(&counts, &results)).transpose()
    }

    /// What the plate says, with everything that reviews have changed.
    pub fn final_results(&self, run: RunId) -> Result<Option<FinalResults>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT e.final FROM run_state s JOIN well_review e ON e.seq = s.final_event_seq WHERE s.run_id = ?1",
        )?;
        let reviewed: Option<String> = statement.query_row(params![run], |row| row.get(0)).optional()?;
        match reviewed {
            Some(text) => Ok(Some(serde_json::from_str(&text)?)),
            None => self.first_results(run),
        }
    }
}
