//! The trail of headquarters, the newest entry first.

use crate::{
    Answer, Hub,
    auth::{caller::Caller, permission::AUDIT_READ},
    db::DbError,
    read::{
        ask::{Asked, moment, written},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct AuditAsked {
    /// Of what this account did.
    pub user: Option<Uuid>,
    /// Of what this station did.
    pub station: Option<Uuid>,
    /// Of this verb, such as `LOGIN`.
    pub action: Option<String>,
    /// About a thing of this kind, such as `users`.
    pub resource: Option<String>,
    /// About this one.
    pub resource_id: Option<String>,
    /// At this moment or later: `2026-11-28` (midnight UTC) or `2026-11-28T03:00:00Z`.
    pub from: Option<String>,
    /// Before this moment.
    pub to: Option<String>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// An entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditItem {
    /// Its place.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Whose account acted.
    pub user_id: Option<Uuid>,
    /// Its name.
    pub username: Option<String>,
    /// Which station acted.
    pub station_id: Option<Uuid>,
    /// Who acted, where it was neither.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub resource: String,
    /// To which one.
    pub resource_id: String,
    /// More.
    #[schema(value_type = Object)]
    pub details: Value,
    /// What it was.
    #[schema(value_type = Option<Object>)]
    pub old: Option<Value>,
    /// What it became.
    #[schema(value_type = Option<Object>)]
    pub new: Option<Value>,
    /// Why.
    pub why: String,
    /// From where.
    pub ip_address: Option<String>,
    /// With what program.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
}

impl List for AuditAsked {
    type Item = AuditItem;
    type Key = i64;

    fn name(&self) -> &'static str {
        "audit-logs"
    }

    fn permission(&self) -> &'static str {
        AUDIT_READ
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<i64>, rows: u32) -> Answer<Sql> {
        let at = |name, text: &Option<String>| text.as_deref().map(|text| moment(name, text)).transpose();
        let sql = Sql::new(
            "SELECT a.seq, a.id, a.created_at, a.user_id, u.username, a.station_id, a.actor, a.action, a.resource,
               a.resource_id, a.details, a.old, a.new, a.why, a.ip_address, a.user_agent, a.request_id
             FROM auth.audit_logs a LEFT JOIN auth.users u ON u.org_id = a.org_id AND u.id = a.user_id WHERE ",
        )
        .with("a.org_id = ?", org)
        .with_some(" AND a.user_id = ?", self.user)
        .with_some(" AND a.station_id = ?", self.station)
        .with_some(" AND a.action = ?", self.action.clone())
        .with_some(" AND a.resource = ?", self.resource.clone())
        .with_some(" AND a.resource_id = ?", self.resource_id.clone())
        .with_some(" AND a.created_at >= ?", at("from", &self.from)?)
        .with_some(" AND a.created_at < ?", at("to", &self.to)?)
        .with_some(" AND a.seq < ?", after);
        Ok(sql.then(" ORDER BY a.seq DESC").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<AuditItem, DbError> {
        Ok(AuditItem {
            seq: get(row, "seq")?,
            id: get(row, "id")?,
            created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
            user_id: get(row, "user_id")?,
            username: get(row, "username")?,
            station_id: get(row, "station_id")?,
            actor: get(row, "actor")?,
            action: get(row, "action")?,
            resource: get(row, "resource")?,
            resource_id: get(row, "resource_id")?,
            details: get(row, "details")?,
            old: get(row, "old")?,
            new: get(row, "new")?,
            why: get(row, "why")?,
            ip_address: get(row, "ip_address")?,
            user_agent: get(row, "user_agent")?,
            request_id: get(row, "request_id")?,
        })
    }

    fn key(&self, item: &AuditItem) -> i64 {
        item.seq
    }
}

impl SheetRow for AuditItem {
    const COLUMNS: &'static [&'static str] = &[
        "seq",
        "created_at",
        "user_id",
        "username",
        "station_id",
        "actor",
        "action",
        "resource",
        "resource_id",
        "details",
        "old",
        "new",
        "why",
        "ip_address",
        "user_agent",
        "request_id",
    ];

    fn cells(&self) -> Vec<Cell> {
        let id = |id: Option<Uuid>| Cell::or_empty(id, Cell::number);
        let json = |value: &Option<Value>| Cell::or_empty(value.as_ref(), |value| Cell::from(&value.to_string()));
        vec![
            Cell::number(self.seq),
            (&self.created_at).into(),
            id(self.user_id),
            (&self.username).into(),
            id(self.station_id),
            (&self.actor).into(),
            (&self.action).into(),
            (&self.resource).into(),
            (&self.resource_id).into(),
            Cell::from(&self.details.to_string()),
            json(&self.old),
            json(&self.new),
            (&self.why).into(),
            (&self.ip_address).into(),
            (&self.user_agent).into(),
            (&self.request_id).into(),
        ]
    }
}

/// Lists the trail.
#[utoipa::path(get, path = "/v1/audit-logs", tag = "people", params(AuditAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<AuditItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_audit_logs(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<AuditAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}
