//! Stations: when each was last heard of, and what it still has to tell.

use super::{
    ask::{Asked, written},
    list::{self, List, Page, Wanted},
    sheet::{Cell, SheetRow},
    sql::{Sql, get},
};
use crate::{Answer, Hub, auth::caller::Caller, db::DbError, station::contact::IS_TAMPERED};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A station with a network makes contact every few minutes; after a day without, somebody should ask.
const QUIET_AFTER_HOURS: i64 = 24;

/// Which stations.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct StationsAsked {
    /// Whether nothing was heard of it for a day.
    pub quiet: Option<bool>,
    /// Whether the hub takes no records of it, because its log has two histories.
    pub fenced: Option<bool>,
    /// Whether it was taken off the list.
    pub revoked: Option<bool>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
    /// What time it is; not of the query.
    #[serde(skip)]
    #[param(ignore)]
    pub now: DateTime<Utc>,
}

/// A station.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StationItem {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The program's version.
    pub app_version: String,
    /// When it was last heard of.
    #[schema(format = DateTime)]
    pub last_contact_at: Option<String>,
    /// Whether nothing was heard of it for a day.
    pub quiet: bool,
    /// When it last sent records.
    #[schema(format = DateTime)]
    pub last_push_at: Option<String>,
    /// Records that it had not sent at its last contact.
    pub pending: i64,
    /// For how long the oldest of them had waited then, in milliseconds.
    pub oldest_age_ms: Option<i64>,
    /// Pictures that it had not sent then.
    pub blobs_pending: i64,
    /// Records of it that the hub could not take and somebody must look at.
    pub rejected: i64,
    /// Its clock minus the hub's, in milliseconds, at its last contact.
    pub clock_skew_ms: Option<i64>,
    /// The last entry of the hub's feed that it has applied.
    pub feed_seq: i64,
    /// Why the hub takes no records of it; empty when it does.
    pub fenced: String,
    /// The writer of its log that the hub takes records from.
    pub incarnation: i32,
    /// The newest entry of its audit trail that it told of: its place.
    pub audit_seq: Option<i64>,
    /// And its hash.
    pub audit_hash: Option<String>,
    /// Whether what it tells of its audit trail contradicts what it told before: the trail was changed from outside.
    pub audit_tampered: bool,
    /// When it was enrolled.
    #[schema(format = DateTime)]
    pub enrolled_at: String,
    /// When it was taken off the list.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

/// The statement for stations, up to what follows `org_id`. A station that was taken off the list is not missed.
pub(super) fn select(org: Uuid, now: DateTime<Utc>) -> Sql {
    let since = now - TimeDelta::hours(QUIET_AFTER_HOURS);
    Sql::new(
        "SELECT t.id, t.name, t.app_version, t.last_contact_at, t.quiet, t.last_push_at, t.pending, t.oldest_age_ms,
           t.blobs_pending, t.rejected, t.clock_skew_ms, t.feed_seq, t.fenced, t.fenced_at, t.incarnation,
           t.audit_head_seq, t.audit_head_hash, t.audit_tampered, t.enrolled_at, t.revoked_at, t.revoked_why
         FROM (SELECT s.*, ",
    )
    .then(IS_TAMPERED)
    .with(" AS audit_tampered, s.revoked_at IS NULL AND coalesce(s.last_contact_at, s.enrolled_at) < ? AS quiet", since)
    .with(" FROM microplates.station s WHERE s.org_id = ?) t WHERE t.org_id = ?", org)
}

/// What a row of [`select`] says.
pub(super) fn item(row: &Row) -> Result<StationItem, DbError> {
    let at = |column| Ok::<_, DbError>(get::<Option<DateTime<Utc>>>(row, column)?.map(written));
    Ok(StationItem {
        id: get(row, "id")?,
        name: get(row, "name")?,
        app_version: get(row, "app_version")?,
        last_contact_at: at("last_contact_at")?,
        quiet: get(row, "quiet")?,
        last_push_at: at("last_push_at")?,
        pending: get(row, "pending")?,
        oldest_age_ms: get(row, "oldest_age_ms")?,
        blobs_pending: get(row, "blobs_pending")?,
        rejected: get(row, "rejected")?,
        clock_skew_ms: get(row, "clock_skew_ms")?,
        feed_seq: get(row, "feed_seq")?,
        fenced: get(row, "fenced")?,
        incarnation: get(row, "incarnation")?,
        audit_seq: get(row, "audit_head_seq")?,
        audit_hash: get(row, "audit_head_hash")?,
        audit_tampered: get(row, "audit_tampered")?,
        enrolled_at: written(get::<DateTime<Utc>>(row, "enrolled_at")?),
        revoked_at: at("revoked_at")?,
    })
}

impl List for StationsAsked {
    type Item = StationItem;
    type Key = Uuid;

    fn name(&self) -> &'static str {
        "stations"
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<Uuid>, rows: u32) -> Answer<Sql> {
        Ok(select(org, self.now)
            .with_some(" AND t.id > ?", after)
            .with_some(" AND t.quiet = ?", self.quiet)
            .with_some(" AND (t.fenced <> '') = ?", self.fenced)
            .with_some(" AND (t.revoked_at IS NOT NULL) = ?", self.revoked)
            // Names may change while pages are turned; ids do not.
            .then(" ORDER BY t.id")
            .limit(rows))
    }

    fn item(&self, row: &Row) -> Result<StationItem, DbError> {
        item(row)
    }

    fn key(&self, item: &StationItem) -> Uuid {
        item.id
    }
}

impl SheetRow for StationItem {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "app_version",
        "last_contact_at",
        "quiet",
        "last_push_at",
        "pending",
        "oldest_age_ms",
        "blobs_pending",
        "rejected",
        "clock_skew_ms",
        "feed_seq",
        "fenced",
        "incarnation",
        "audit_seq",
        "audit_hash",
        "audit_tampered",
        "enrolled_at",
        "revoked_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::number(self.id),
            (&self.name).into(),
            (&self.app_version).into(),
            (&self.last_contact_at).into(),
            self.quiet.into(),
            (&self.last_push_at).into(),
            Cell::number(self.pending),
            Cell::or_empty(self.oldest_age_ms, Cell::number),
            Cell::number(self.blobs_pending),
            Cell::number(self.rejected),
            Cell::or_empty(self.clock_skew_ms, Cell::number),
            Cell::number(self.feed_seq),
            (&self.fenced).into(),
            Cell::number(self.incarnation),
            Cell::or_empty(self.audit_seq, Cell::number),
            (&self.audit_hash).into(),
            self.audit_tampered.into(),
            (&self.enrolled_at).into(),
            (&self.revoked_at).into(),
        ]
    }
}

/// Stations, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/v1/stations",
    tag = "read",
    security(("person" = [])),
    params(StationsAsked),
    responses(
        (status = 200, description = "A page, or all stations as a sheet",
            content((Page<StationItem> = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A filter or cursor that makes no sense"),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
    )
)]
pub(super) async fn list_stations(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(mut asked): Asked<StationsAsked>,
) -> Answer<Response> {
    asked.now = hub.clock.now();
    list::answer(hub, caller, &headers, asked).await
}
