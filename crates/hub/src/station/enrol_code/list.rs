//! The codes that there are, without themselves.

use crate::{
    Answer, Hub,
    auth::{caller::Caller, permission::STATION_ADMIN},
    db::DbError,
    read::{
        ask::{self, Asked},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which codes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct CodesAsked {
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`.
    pub format: Option<String>,
}

/// A code, without itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodeItem {
    /// Its id.
    pub id: Uuid,
    /// What it is meant for.
    pub note: String,
    /// The station that it is for alone; null for any that is new.
    pub station: Option<Uuid>,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was used.
    #[schema(format = DateTime)]
    pub used_at: Option<String>,
    /// By which station.
    pub used_by: Option<Uuid>,
    /// When it was withdrawn.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl List for CodesAsked {
    type Item = CodeItem;
    type Key = Uuid;

    fn name(&self) -> &'static str {
        "enrol-codes"
    }

    fn permission(&self) -> &'static str {
        STATION_ADMIN
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    /// The newest first: the ids begin with the time.
    fn sql(&self, org: Uuid, after: Option<Uuid>, rows: u32) -> Answer<Sql> {
        let sql = Sql::new(
            "SELECT id, note, station_id, created_by, created_at, expires_at, used_at, used_by, revoked_at
             FROM microplates.enrol_code WHERE ",
        );
        Ok(sql.with("org_id = ?", org).with_some(" AND id < ?", after).then(" ORDER BY id DESC").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<CodeItem, DbError> {
        let moment = |name| Ok::<_, DbError>(get::<Option<DateTime<Utc>>>(row, name)?.map(ask::written));
        Ok(CodeItem {
            id: get(row, "id")?,
            note: get(row, "note")?,
            station: get(row, "station_id")?,
            created_by: get(row, "created_by")?,
            created_at: ask::written(get(row, "created_at")?),
            expires_at: ask::written(get(row, "expires_at")?),
            used_at: moment("used_at")?,
            used_by: get(row, "used_by")?,
            revoked_at: moment("revoked_at")?,
        })
    }

    fn key(&self, item: &CodeItem) -> Uuid {
        item.id
    }
}

impl SheetRow for CodeItem {
    const COLUMNS: &'static [&'static str] =
        &["id", "note", "station", "created_by", "created_at", "expires_at", "used_at", "used_by", "revoked_at"];

    fn cells(&self) -> Vec<Cell> {
        let id = |id: Option<Uuid>| Cell::or_empty(id, |id| Cell::Text(id.to_string()));
        let moment = |at: &Option<String>| Cell::or_empty(at.clone(), Cell::Text);
        vec![
            Cell::Text(self.id.to_string()),
            Cell::Text(self.note.clone()),
            id(self.station),
            id(self.created_by),
            Cell::Text(self.created_at.clone()),
            Cell::Text(self.expires_at.clone()),
            moment(&self.used_at),
            id(self.used_by),
            moment(&self.revoked_at),
        ]
    }
}

/// Lists the codes that were made, without themselves.
#[utoipa::path(get, path = "/v1/enrol-codes", tag = "stations", params(CodesAsked), security(("person" = [])),
    responses((status = 200, description = "A page, or a sheet", content(
        (Page<CodeItem> = "application/json"),
        (String = "text/csv")
    ))))]
pub async fn list_codes(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<CodesAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}
