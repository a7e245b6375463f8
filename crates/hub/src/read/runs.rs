//! Runs, the newest first.

use super::{
    ask::{Asked, moment, written},
    list::{self, List, Page, Wanted},
    sheet::{Cell, SheetRow},
    sql::{Sql, begins, get},
    words::{Disposition, Signed, Status},
};
use crate::{Answer, Hub, auth::caller::Caller, db::DbError};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which runs.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct RunsAsked {
    /// Of this sample.
    pub sample: Option<String>,
    /// Of this submission.
    pub submission: Option<String>,
    /// Whose sample or submission number begins so.
    pub text: Option<String>,
    /// Of this station.
    pub station: Option<Uuid>,
    /// Of this assay, by its id.
    pub assay: Option<String>,
    /// That came so far.
    #[param(inline)]
    pub status: Option<Status>,
    /// Of which this is to be made.
    #[param(inline)]
    pub disposition: Option<Disposition>,
    /// Signed so.
    #[param(inline)]
    pub signed: Option<Signed>,
    /// Whether the program wanted a person to look.
    pub needs_review: Option<bool>,
    /// Whether two people decided without knowing of each other.
    pub conflict: Option<bool>,
    /// Read at this moment or later: `2026-11-28` (midnight UTC) or `2026-11-28T03:00:00Z`.
    pub from: Option<String>,
    /// Read before this moment.
    pub to: Option<String>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A run in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunItem {
    /// Its number, for people: in the order of arrival at headquarters.
    pub run_number: i64,
    /// Its id.
    pub id: Uuid,
    /// The station.
    pub station_id: Uuid,
    /// The station's name.
    pub station: String,
    /// Whose plate it is now; empty where nobody has said.
    pub sample_no: String,
    /// The submission.
    pub submission_no: String,
    /// Which plate of the sample.
    pub plate_no: String,
    /// When it was read.
    #[schema(format = DateTime)]
    pub predict_at: String,
    /// What the station's clock showed beside it, in minutes east of UTC.
    pub offset_min: i32,
    /// `pending`, `processing`, `completed` or `failed`.
    pub status: String,
    /// `none`, `waiting-sample`, `to-review`, `accepted`, `rejected` or `superseded`.
    pub disposition: String,
    /// Whether the program wanted a person to look.
    pub needs_review: bool,
    /// Whether two people decided without knowing of each other.
    pub conflict: bool,
    /// Empty, `void`, `performed`, `reviewed` or `approved`.
    pub signed: String,
    /// The assay.
    pub assay_id: String,
    /// Its version.
    pub assay_version: i32,
    /// The model that judged the wells.
    pub model_version: String,
    /// The program's version.
    pub app_version: String,
    /// Why it has no results, for programs.
    pub error_code: Option<String>,
    /// When headquarters got it.
    #[schema(format = DateTime)]
    pub received_at: String,
}

/// The columns of a [`RunItem`].
pub(super) const COLUMNS: &str = "s.run_number, r.id, r.station_id, n.name AS station, s.sample_no, s.submission_no,
    s.plate_no, s.predict_at, r.offset_min, s.status, s.disposition, s.needs_review, s.conflict, s.signed, r.assay_id,
    r.assay_version, r.model_version, r.app_version, r.error_code, r.created_at AS received_at";
/// The tables of a [`RunItem`].
pub(super) const TABLES: &str = " FROM microplates.prediction_run r
    JOIN microplates.run_state s ON s.org_id = r.org_id AND s.run_id = r.id
    JOIN microplates.station n ON n.org_id = r.org_id AND n.id = r.station_id";

/// What a row of [`COLUMNS`] says.
pub(super) fn item(row: &Row) -> Result<RunItem, DbError> {
    Ok(RunItem {
        run_number: get(row, "run_number")?,
        id: get(row, "id")?,
        station_id: get(row, "station_id")?,
        station: get(row, "station")?,
        sample_no: get(row, "sample_no")?,
        submission_no: get(row, "submission_no")?,
        plate_no: get(row, "plate_no")?,
        predict_at: written(get::<DateTime<Utc>>(row, "predict_at")?),
        offset_min: get(row, "offset_min")?,
        status: get(row, "status")?,
        disposition: get(row, "disposition")?,
        needs_review: get(row, "needs_review")?,
        conflict: get(row, "conflict")?,
        signed: get(row, "signed")?,
        assay_id: get(row, "assay_id")?,
        assay_version: get(row, "assay_version")?,
        model_version: get(row, "model_version")?,
        app_version: get(row, "app_version")?,
        error_code: get(row, "error_code")?,
        received_at: written(get::<DateTime<Utc>>(row, "received_at")?),
    })
}

impl List for RunsAsked {
    type Item = RunItem;
    type Key = i64;

    fn name(&self) -> &'static str {
        "runs"
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<i64>, rows: u32) -> Answer<Sql> {
        let from = self.from.as_deref().map(|text| moment("from", text)).transpose()?;
        let to = self.to.as_deref().map(|text| moment("to", text)).transpose()?;
        // First which, from the one table that has all filters and the order; then the rest of those few. OFFSET 0 keeps
        // the planner from joining first: it does not count on partitions being passed over while it runs.
        let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM (SELECT s.* FROM microplates.run_state s WHERE"))
            .with(" s.org_id = ?", org)
            .then(
                " AND NOT EXISTS (SELECT FROM microplates.prediction_run d
                    WHERE d.org_id = s.org_id AND d.id = s.run_id AND d.deleted_at IS NOT NULL)",
            )
            .with_some(" AND s.run_number < ?", after)
            .with_some(" AND s.sample_no = ?", self.sample.clone())
            .with_some(" AND s.submission_no = ?", self.submission.clone())
            .with_some(" AND s.station_id = ?", self.station)
            .with_some(" AND s.assay_id = ?", self.assay.clone())
            .with_some(" AND s.status = ?", self.status.map(Status::word))
            .with_some(" AND s.disposition = ?", self.disposition.map(Disposition::word))
            .with_some(" AND s.signed = ?", self.signed.map(Signed::word))
            .with_some(" AND s.needs_review = ?", self.needs_review)
            .with_some(" AND s.conflict = ?", self.conflict)
            .with_some(" AND s.predict_at >= ?", from)
            .with_some(" AND s.predict_at < ?", to);
        if let Some(text) = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            sql = begins(sql, &["s.sample_no", "s.submission_no"], text);
        }
        let rest = " CROSS JOIN LATERAL (SELECT * FROM microplates.prediction_run r
              WHERE r.org_id = s.org_id AND r.id = s.run_id OFFSET 0) r
            JOIN microplates.station n ON n.org_id = r.org_id AND n.id = r.station_id
            ORDER BY s.run_number DESC";
        Ok(sql.then(" ORDER BY s.run_number DESC").limit(rows).then(") s").then(rest))
    }

    fn item(&self, row: &Row) -> Result<RunItem, DbError> {
        item(row)
    }

    fn key(&self, item: &RunItem) -> i64 {
        item.run_number
    }
}

impl SheetRow for RunItem {
    const COLUMNS: &'static [&'static str] = &[
        "run_number",
        "id",
        "station",
        "station_id",
        "sample_no",
        "submission_no",
        "plate_no",
        "predict_at",
        "offset_min",
        "status",
        "disposition",
        "needs_review",
        "conflict",
        "signed",
        "assay_id",
        "assay_version",
        "model_version",
        "app_version",
        "error_code",
        "received_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::number(self.run_number),
            Cell::number(self.id),
            (&self.station).into(),
            Cell::number(self.station_id),
            (&self.sample_no).into(),
            (&self.submission_no).into(),
            (&self.plate_no).into(),
            (&self.predict_at).into(),
            Cell::number(self.offset_min),
            (&self.status).into(),
            (&self.disposition).into(),
            self.needs_review.into(),
            self.conflict.into(),
            (&self.signed).into(),
            (&self.assay_id).into(),
            Cell::number(self.assay_version),
            (&self.model_version).into(),
            (&self.app_version).into(),
            (&self.error_code).into(),
            (&self.received_at).into(),
        ]
    }
}

/// Runs, the newest first.
#[utoipa::path(
    get,
    path = "/v1/runs",
    tag = "read",
    security(("person" = [])),
    params(RunsAsked),
    responses(
        (status = 200, description = "A page, or all runs as a sheet",
            content((Page<RunItem> = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A filter or cursor that makes no sense"),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
    )
)]
pub(super) async fn list_runs(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<RunsAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}
