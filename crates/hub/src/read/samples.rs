//! Samples: what their plates say together.

use super::{
    RUN_READ,
    ask::{self, Asked, Form, Named, moment, written},
    list::{self, List, Page, Wanted},
    sheet::{Cell, SheetRow},
    sql::{Sql, begins, get},
};
use crate::{Answer, Hub, Problem, auth::caller::Caller, db::DbError};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wellread_plate::{
    summary::{Distribution, TitreSummary, summarise},
    titre::{BelowFirst, Dilution},
};

/// The order of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The one with the newest run first. One that gets a run while pages are turned moves to the front.
    Newest,
    /// By number, which never changes.
    Sample,
}

/// Which samples.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct SamplesAsked {
    /// Whose number begins so.
    pub text: Option<String>,
    /// With a plate of this submission.
    pub submission: Option<String>,
    /// Whose last run was read at this moment or later: `2026-11-28` (midnight UTC) or `2026-11-28T03:00:00Z`.
    pub from: Option<String>,
    /// Whose last run was read before this moment.
    pub to: Option<String>,
    /// `newest` or `sample`; pages are by the newest, sheets by the sample's number where nothing is said.
    #[param(inline)]
    pub order: Option<Order>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// What a sample's plates say together: the latest accepted run of each plate number counts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sample {
    /// Its number.
    pub sample_no: String,
    /// How many series of the runs that count have each end point.
    #[schema(value_type = Object)]
    pub distribution: Value,
    /// Statistics of their titres; null where there are none, or where plates have different scales.
    pub statistics: Option<Statistics>,
    /// Completed runs.
    pub total_runs: i64,
    /// Runs that count.
    pub counted_runs: i64,
    /// When the last one was read.
    #[schema(format = DateTime)]
    pub last_run_at: Option<String>,
    /// The last one.
    pub last_run_id: Option<Uuid>,
    /// Its number.
    pub last_run_number: Option<i64>,
}

/// Statistics of titres, taken on log2 values. What is not defined is null.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Statistics {
    /// Series in the distribution.
    pub series: u64,
    /// Series with end point 0.
    pub below_first: u64,
    /// How those enter the statistics: `half` or `exclude`.
    #[schema(value_type = String)]
    pub below_first_as: BelowFirst,
    /// Values in the statistics.
    pub count: u64,
    /// Arithmetic mean of the log2 values.
    pub mean_log2: Option<f64>,
    /// Sample standard deviation (n - 1) of the log2 values.
    pub sd_log2: Option<f64>,
    /// `100 x SD / mean` of the log2 values.
    pub cv_percent: Option<f64>,
    /// 2 to the power of the mean.
    pub geometric_mean_titre: Option<f64>,
    /// The cut-off titre, where the assay has one.
    pub cut_off: Option<f64>,
    /// Share of all series, 0 to 1, at the cut-off or above.
    pub share_at_or_above: Option<f64>,
}

impl From<TitreSummary> for Statistics {
    fn from(made: TitreSummary) -> Self {
        Self {
            series: made.series,
            below_first: made.below_first,
            below_first_as: made.below_first_as,
            count: made.statistics.count,
            mean_log2: made.statistics.mean_log2,
            sd_log2: made.statistics.sd_log2,
            cv_percent: made.statistics.cv_percent,
            geometric_mean_titre: made.statistics.geometric_mean_titre,
            cut_off: made.cut_off,
            share_at_or_above: made.share_at_or_above,
        }
    }
}

/// How end points become titres, as a run brings it.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Scale {
    dilution: Dilution,
    below_first: BelowFirst,
    cut_off: Option<f64>,
}

/// The statistics of a distribution, where all that counts is of one scale.
fn statistics(distribution: &Value, scales: &[Value]) -> Option<Statistics> {
    let [scale] = scales else { return None };
    // A scale of null, of concentrations, or of a kind that only a later release knows has no titres.
    let scale: Scale = serde_json::from_value(scale.clone()).ok()?;
    let distribution: Distribution = serde_json::from_value(distribution.clone()).ok()?;
    Some(summarise(&distribution, &scale.dilution, scale.below_first, scale.cut_off).into())
}

/// The different scales of the runs that count, chosen as `fn_summarise_samples` chooses them.
const COLUMNS: &str = "SELECT y.sample_no, y.summary -> 'distribution' AS distribution, y.total_runs, y.counted_runs,
    y.last_run_at, y.last_run_id, y.last_run_number,
    (SELECT jsonb_agg(DISTINCT coalesce(counted.titre_scale, 'null')) FROM (
       SELECT DISTINCT ON (latest.plate_no) latest.titre_scale FROM (
         SELECT DISTINCT ON (s.plate_no, s.station_id) s.plate_no, r.run_number, r.titre_scale
         FROM microplates.run_state s
         JOIN microplates.prediction_run r ON r.org_id = s.org_id AND r.id = s.run_id
         WHERE s.org_id = y.org_id AND s.sample_no = y.sample_no AND s.status = 'completed'
           AND s.disposition = 'accepted' AND r.deleted_at IS NULL
         ORDER BY s.plate_no, s.station_id, r.station_seq DESC, r.run_number DESC
       ) latest ORDER BY latest.plate_no, latest.run_number DESC
     ) counted) AS scales
  FROM microplates.sample_summary y WHERE";

fn sample(row: &Row) -> Result<Sample, DbError> {
    let distribution: Value = get(row, "distribution")?;
    let scales = match get::<Option<Value>>(row, "scales")? {
        Some(Value::Array(scales)) => scales,
        _ => Vec::new(),
    };
    Ok(Sample {
        sample_no: get(row, "sample_no")?,
        statistics: statistics(&distribution, &scales),
        distribution,
        total_runs: get(row, "total_runs")?,
        counted_runs: get(row, "counted_runs")?,
        last_run_at: get::<Option<DateTime<Utc>>>(row, "last_run_at")?.map(written),
        last_run_id: get(row, "last_run_id")?,
        last_run_number: get(row, "last_run_number")?,
    })
}

/// What a sample stands by in its order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleKey {
    /// The number of its newest run.
    Newest(i64),
    /// Its own number.
    Sample(String),
}

impl List for SamplesAsked {
    type Item = Sample;
    type Key = SampleKey;

    fn name(&self) -> &'static str {
        match self.order {
            Some(Order::Sample) => "samples",
            Some(Order::Newest) | None => "newest-samples",
        }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<SampleKey>, rows: u32) -> Answer<Sql> {
        let from = self.from.as_deref().map(|text| moment("from", text)).transpose()?;
        let to = self.to.as_deref().map(|text| moment("to", text)).transpose()?;
        let mut sql = Sql::new(COLUMNS)
            .with(" y.org_id = ?", org)
            .with_some(" AND y.last_run_at >= ?", from)
            .with_some(" AND y.last_run_at < ?", to)
            .with_some(
                " AND y.sample_no = ANY (ARRAY(SELECT s.sample_no FROM microplates.run_state s
                    WHERE s.org_id = y.org_id AND s.submission_no = ?))",
                self.submission.clone(),
            );
        if let Some(text) = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            sql = begins(sql, &["y.sample_no"], text);
        }
        sql = match after {
            Some(SampleKey::Newest(number)) => sql.with(" AND y.last_run_number < ?", number),
            Some(SampleKey::Sample(sample_no)) => sql.with(" AND y.sample_no > ?", sample_no),
            None => sql,
        };
        let order = match self.order {
            Some(Order::Sample) => " ORDER BY y.sample_no",
            Some(Order::Newest) | None => " ORDER BY y.last_run_number DESC",
        };
        Ok(sql.then(order).limit(rows))
    }

    fn item(&self, row: &Row) -> Result<Sample, DbError> {
        sample(row)
    }

    fn key(&self, item: &Sample) -> SampleKey {
        match self.order {
            Some(Order::Sample) => SampleKey::Sample(item.sample_no.clone()),
            Some(Order::Newest) | None => SampleKey::Newest(item.last_run_number.unwrap_or_default()),
        }
    }
}

impl SheetRow for Sample {
    const COLUMNS: &'static [&'static str] = &[
        "sample_no",
        "total_runs",
        "counted_runs",
        "last_run_at",
        "last_run_number",
        "last_run_id",
        "series",
        "below_first",
        "mean_log2",
        "sd_log2",
        "cv_percent",
        "geometric_mean_titre",
        "cut_off",
        "share_at_or_above",
        "distribution",
    ];

    fn cells(&self) -> Vec<Cell> {
        let of = |value: fn(&Statistics) -> Option<f64>| {
            Cell::or_empty(self.statistics.as_ref().and_then(value), Cell::number)
        };
        let counted = |value: fn(&Statistics) -> u64| Cell::or_empty(self.statistics.as_ref().map(value), Cell::number);
        vec![
            (&self.sample_no).into(),
            Cell::number(self.total_runs),
            Cell::number(self.counted_runs),
            (&self.last_run_at).into(),
            Cell::or_empty(self.last_run_number, Cell::number),
            Cell::or_empty(self.last_run_id, Cell::number),
            counted(|s| s.series),
            counted(|s| s.below_first),
            of(|s| s.mean_log2),
            of(|s| s.sd_log2),
            of(|s| s.cv_percent),
            of(|s| s.geometric_mean_titre),
            of(|s| s.cut_off),
            of(|s| s.share_at_or_above),
            Cell::Text(counts_in_words(&self.distribution)),
        ]
    }
}

/// `0:1 5:3 10:4`: how many series have each end point.
fn counts_in_words(distribution: &Value) -> String {
    let mut counts: Vec<(&String, &Value)> = distribution.as_object().into_iter().flatten().collect();
    counts.sort_by_key(|(end_point, _)| (end_point.parse::<u64>().unwrap_or(u64::MAX), end_point.as_str()));
    counts.iter().map(|(end_point, series)| format!("{end_point}:{series}")).collect::<Vec<_>>().join(" ")
}

/// Samples with what their plates say together.
#[utoipa::path(
    get,
    path = "/v1/samples",
    tag = "read",
    security(("person" = [])),
    params(SamplesAsked),
    responses(
        (status = 200, description = "A page, or all samples as a sheet",
            content((Page<Sample> = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A filter or cursor that makes no sense"),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
    )
)]
pub(super) async fn list_samples(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(mut asked): Asked<SamplesAsked>,
) -> Answer<Response> {
    // Whoever takes a sheet wants every sample once, whatever comes in meanwhile.
    if ask::form(&headers, asked.format.as_deref())? == Form::Csv {
        asked.order.get_or_insert(Order::Sample);
    }
    list::answer(hub, caller, &headers, asked).await
}

/// What a sample's plates say together.
#[utoipa::path(
    get,
    path = "/v1/samples/{sample_no}",
    tag = "read",
    security(("person" = [])),
    params(("sample_no" = String, Path, description = "The sample's number")),
    responses(
        (status = 200, description = "The sample", body = Sample),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
        (status = 404, description = "No plate of this organization has the number"),
    )
)]
pub(super) async fn show_sample(
    State(hub): State<Hub>,
    caller: Caller,
    Named(sample_no): Named<String>,
) -> Answer<Json<Sample>> {
    let tx = caller.begin(&hub, RUN_READ).await?;
    let sql = Sql::new(COLUMNS).with(" y.org_id = ?", caller.org).with(" AND y.sample_no = ?", sample_no.clone());
    let rows = sql.query(&tx).await?;
    tx.commit().await?;
    let row = rows.first().ok_or_else(|| Problem::not_found("sample", &sample_no))?;
    Ok(Json(sample(row)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scale(start: f64) -> Value {
        json!({"dilution": {"start": start, "fold": 2.0}, "below_first": "half", "cut_off": 8.0})
    }

    #[test]
    fn plates_of_one_scale_are_summed_up_together() {
        let made = statistics(&json!({"0": 1, "5": 2, "10": 1}), &[scale(2.0)]).unwrap();
        assert_eq!((made.series, made.below_first, made.count), (4, 1, 4), "every series counts");
        // log2 titres 0 (half of 1:2), 5, 5 and 10.
        assert_eq!(made.mean_log2, Some(5.0), "the mean of the log2 titres");
        assert_eq!(made.geometric_mean_titre, Some(32.0), "2 to the power of 5");
        assert_eq!(made.share_at_or_above, Some(0.75), "all but the one below the first dilution reach 1:8");
    }

    #[test]
    fn what_has_no_one_scale_has_no_statistics() {
        let distribution = json!({"5": 2});
        assert_eq!(statistics(&distribution, &[]), None, "no run counts");
        assert_eq!(statistics(&distribution, &[scale(2.0), scale(4.0)]), None, "two scales");
        assert_eq!(statistics(&distribution, &[Value::Null]), None, "end points that are no titres");
        assert_eq!(statistics(&distribution, &[json!({"dilution": "?"})]), None, "a scale nobody knows");
    }

    #[test]
    fn a_distribution_in_a_cell_is_in_numeric_order() {
        assert_eq!(counts_in_words(&json!({"10": 4, "5": 3, "0": 1})), "0:1 5:3 10:4", "as numbers, not as texts");
    }
}
