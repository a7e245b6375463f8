//! Interface files: what stations made for the laboratory's systems, the newest first.

use super::{
    ask::{Asked, moment, written},
    list::{self, List, Page, Wanted},
    sheet::{Cell, SheetRow},
    sql::{Sql, get},
    words::FileStatus,
};
use crate::{Answer, Hub, auth::caller::Caller, db::DbError};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which interface files.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct InterfaceFilesAsked {
    /// Of this sample.
    pub sample: Option<String>,
    /// Of this station.
    pub station: Option<Uuid>,
    /// That came so far.
    #[param(inline)]
    pub status: Option<FileStatus>,
    /// Asked for at this moment or later: `2026-11-28` (midnight UTC) or `2026-11-28T03:00:00Z`.
    pub from: Option<String>,
    /// Asked for before this moment.
    pub to: Option<String>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// An interface file, as its station told last.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InterfaceFileItem {
    /// Its id.
    pub id: Uuid,
    /// The station.
    pub station_id: Uuid,
    /// The station's name.
    pub station: String,
    /// The sample.
    pub sample_no: String,
    /// Its name.
    pub file_name: String,
    /// Its size in bytes.
    pub file_size: Option<i64>,
    /// Its content.
    pub sha256: Option<String>,
    /// The format's template.
    pub template: String,
    /// Which turn of it.
    pub revision: i32,
    /// Where it goes.
    pub target: String,
    /// The number the laboratory's system knows the request by.
    pub test_no: String,
    /// `pending`, `generated`, `delivered` or `failed`.
    pub status: String,
    /// What went wrong last.
    pub error_msg: Option<String>,
    /// How often delivery was tried.
    pub attempts: i64,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub generated_at: Option<String>,
    /// When it was delivered.
    #[schema(format = DateTime)]
    pub delivered_at: Option<String>,
    /// When it is tried again.
    #[schema(format = DateTime)]
    pub next_try_at: Option<String>,
}

impl List for InterfaceFilesAsked {
    type Item = InterfaceFileItem;
    type Key = Uuid;

    fn name(&self) -> &'static str {
        "interface-files"
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<Uuid>, rows: u32) -> Answer<Sql> {
        let from = self.from.as_deref().map(|text| moment("from", text)).transpose()?;
        let to = self.to.as_deref().map(|text| moment("to", text)).transpose()?;
        let text = "SELECT f.id, f.station_id, n.name AS station, f.sample_no, f.file_name, f.file_size, f.sha256,
              f.template, f.revision, f.target, f.test_no, f.status, f.error_msg, f.attempts, f.created_at,
              f.generated_at, f.delivered_at, f.next_try_at
            FROM microplates.interface_file f
            JOIN microplates.station n ON n.org_id = f.org_id AND n.id = f.station_id
            WHERE f.deleted_at IS NULL";
        Ok(Sql::new(text)
            .with(" AND f.org_id = ? AND n.org_id = ?", org)
            .with_some(" AND f.id < ?", after)
            .with_some(" AND f.sample_no = ?", self.sample.clone())
            .with_some(" AND f.station_id = ?", self.station)
            .with_some(" AND f.status = ?", self.status.map(FileStatus::word))
            .with_some(" AND f.created_at >= ?", from)
            .with_some(" AND f.created_at < ?", to)
            // Ids begin with the moment they were made at.
            .then(" ORDER BY f.id DESC")
            .limit(rows))
    }

    fn item(&self, row: &Row) -> Result<InterfaceFileItem, DbError> {
        let at = |column| Ok::<_, DbError>(get::<Option<DateTime<Utc>>>(row, column)?.map(written));
        Ok(InterfaceFileItem {
            id: get(row, "id")?,
            station_id: get(row, "station_id")?,
            station: get(row, "station")?,
            sample_no: get(row, "sample_no")?,
            file_name: get(row, "file_name")?,
            file_size: get(row, "file_size")?,
            sha256: get(row, "sha256")?,
            template: get(row, "template")?,
            revision: get(row, "revision")?,
            target: get(row, "target")?,
            test_no: get(row, "test_no")?,
            status: get(row, "status")?,
            error_msg: get(row, "error_msg")?,
            attempts: get(row, "attempts")?,
            created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
            generated_at: at("generated_at")?,
            delivered_at: at("delivered_at")?,
            next_try_at: at("next_try_at")?,
        })
    }

    fn key(&self, item: &InterfaceFileItem) -> Uuid {
        item.id
    }
}

impl SheetRow for InterfaceFileItem {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "station",
        "station_id",
        "sample_no",
        "file_name",
        "file_size",
        "sha256",
        "template",
        "revision",
        "target",
        "test_no",
        "status",
        "error_msg",
        "attempts",
        "created_at",
        "generated_at",
        "delivered_at",
        "next_try_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::number(self.id),
            (&self.station).into(),
            Cell::number(self.station_id),
            (&self.sample_no).into(),
            (&self.file_name).into(),
            Cell::or_empty(self.file_size, Cell::number),
            (&self.sha256).into(),
            (&self.template).into(),
            Cell::number(self.revision),
            (&self.target).into(),
            (&self.test_no).into(),
            (&self.status).into(),
            (&self.error_msg).into(),
            Cell::number(self.attempts),
            (&self.created_at).into(),
            (&self.generated_at).into(),
            (&self.delivered_at).into(),
            (&self.next_try_at).into(),
        ]
    }
}

/// Interface files, the newest first.
#[utoipa::path(
    get,
    path = "/v1/interface-files",
    tag = "read",
    security(("person" = [])),
    params(InterfaceFilesAsked),
    responses(
        (status = 200, description = "A page, or all files as a sheet",
            content((Page<InterfaceFileItem> = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A filter or cursor that makes no sense"),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
    )
)]
pub(super) async fn list_interface_files(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<InterfaceFilesAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}
