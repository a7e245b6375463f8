//! Files that became no run: no picture, there before, or none that is read. The newest first.

use super::{
    ask::{Asked, moment, written},
    list::{self, List, Page, Wanted},
    sheet::{Cell, SheetRow},
    sql::{Sql, get},
    words::RejectionState,
};
use crate::{Answer, Hub, auth::caller::Caller, db::DbError};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which files.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct RejectionsAsked {
    /// Of this station.
    pub station: Option<Uuid>,
    /// Of which this became.
    #[param(inline)]
    pub state: Option<RejectionState>,
    /// Told at this moment or later: `2026-11-28` (midnight UTC) or `2026-11-28T03:00:00Z`.
    pub from: Option<String>,
    /// Told before this moment.
    pub to: Option<String>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A file that became no run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RejectionItem {
    /// The file.
    pub file_id: Uuid,
    /// The station.
    pub station_id: Uuid,
    /// The station's name.
    pub station: String,
    /// Its name.
    pub path: String,
    /// Which content under this name.
    pub revision: i64,
    /// Its size in bytes.
    pub size: i64,
    /// Its content, where it was read.
    pub sha256: Option<String>,
    /// `rejected`, `duplicate` or `ignored`.
    pub state: String,
    /// Why, for programs.
    pub reason_code: String,
    /// Why, for people.
    pub reason: String,
    /// The file whose content it repeats.
    pub duplicate_of: Option<Uuid>,
    /// When, by the station's clock.
    #[schema(format = DateTime)]
    pub at: String,
}

impl List for RejectionsAsked {
    type Item = RejectionItem;
    // Two stations that were one once may tell of one file.
    type Key = (Uuid, Uuid);

    fn name(&self) -> &'static str {
        "rejections"
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<(Uuid, Uuid)>, rows: u32) -> Answer<Sql> {
        let from = self.from.as_deref().map(|text| moment("from", text)).transpose()?;
        let to = self.to.as_deref().map(|text| moment("to", text)).transpose()?;
        let (file, station) = after.unzip();
        let text = "SELECT f.file_id, f.station_id, n.name AS station, f.path, f.revision, f.size, f.sha256, f.state,
              f.reason_code, f.reason, f.duplicate_of, f.at
            FROM microplates.intake_rejection f
            JOIN microplates.station n ON n.org_id = f.org_id AND n.id = f.station_id
            WHERE true";
        Ok(Sql::new(text)
            .with(" AND f.org_id = ? AND n.org_id = ?", org)
            .with_some(" AND (f.file_id, f.station_id) < (?", file)
            .with_some(", ?)", station)
            .with_some(" AND f.station_id = ?", self.station)
            .with_some(" AND f.state = ?", self.state.map(RejectionState::word))
            .with_some(" AND f.at >= ?", from)
            .with_some(" AND f.at < ?", to)
            // Ids begin with the moment they were made at.
            .then(" ORDER BY f.file_id DESC, f.station_id DESC")
            .limit(rows))
    }

    fn item(&self, row: &Row) -> Result<RejectionItem, DbError> {
        Ok(RejectionItem {
            file_id: get(row, "file_id")?,
            station_id: get(row, "station_id")?,
            station: get(row, "station")?,
            path: get(row, "path")?,
            revision: get(row, "revision")?,
            size: get(row, "size")?,
            sha256: get(row, "sha256")?,
            state: get(row, "state")?,
            reason_code: get(row, "reason_code")?,
            reason: get(row, "reason")?,
            duplicate_of: get(row, "duplicate_of")?,
            at: written(get::<DateTime<Utc>>(row, "at")?),
        })
    }

    fn key(&self, item: &RejectionItem) -> (Uuid, Uuid) {
        (item.file_id, item.station_id)
    }
}

impl SheetRow for RejectionItem {
    const COLUMNS: &'static [&'static str] = &[
        "file_id",
        "station",
        "station_id",
        "path",
        "revision",
        "size",
        "sha256",
        "state",
        "reason_code",
        "reason",
        "duplicate_of",
        "at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::number(self.file_id),
            (&self.station).into(),
            Cell::number(self.station_id),
            (&self.path).into(),
            Cell::number(self.revision),
            Cell::number(self.size),
            (&self.sha256).into(),
            (&self.state).into(),
            (&self.reason_code).into(),
            (&self.reason).into(),
            Cell::or_empty(self.duplicate_of, Cell::number),
            (&self.at).into(),
        ]
    }
}

/// Files that became no run, the newest first.
#[utoipa::path(
    get,
    path = "/v1/rejections",
    tag = "read",
    security(("person" = [])),
    params(RejectionsAsked),
    responses(
        (status = 200, description = "A page, or all files as a sheet",
            content((Page<RejectionItem> = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A filter or cursor that makes no sense"),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
    )
)]
pub(super) async fn list_rejections(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<RejectionsAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}
