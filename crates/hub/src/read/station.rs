//! One station, with the writers its log has had and what is known of its audit trail.

use super::{
    RUN_READ,
    ask::{Named, written},
    sql::{Sql, get},
    stations::{self, StationItem},
};
use crate::{Answer, Hub, Problem, auth::caller::Caller, db::DbError};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// A station with all that is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StationDetail {
    /// As in the list.
    #[serde(flatten)]
    pub station: StationItem,
    /// Since when the hub takes no records of it.
    #[schema(format = DateTime)]
    pub fenced_at: Option<String>,
    /// Why it was taken off the list.
    pub revoked_why: String,
    /// When the newest entry of its audit trail was told.
    #[schema(format = DateTime)]
    pub audit_anchored_at: Option<String>,
    /// Places of its audit trail that were told with two different hashes, by whichever writer of its log. At most 20, the
    /// newest first.
    pub audit_contradictions: Vec<i64>,
    /// The writers that its log has had, the newest first.
    pub incarnations: Vec<Incarnation>,
    /// Runs of it that headquarters have.
    pub runs: i64,
}

/// A writer of a station's log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Incarnation {
    /// Which one.
    pub incarnation: i32,
    /// Records up to here are those of the ones before.
    pub base_seq: i64,
    /// The last record that the hub has of it.
    pub head_seq: i64,
    /// Why it began.
    pub why: String,
    /// Who said so.
    pub created_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
}

fn incarnation(row: &Row) -> Result<Incarnation, DbError> {
    Ok(Incarnation {
        incarnation: get(row, "incarnation")?,
        base_seq: get(row, "base_seq")?,
        head_seq: get(row, "head_seq")?,
        why: get(row, "why")?,
        created_by: get(row, "created_by")?,
        created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
    })
}

/// A station.
#[utoipa::path(
    get,
    path = "/v1/stations/{id}",
    tag = "read",
    security(("person" = [])),
    params(("id" = Uuid, Path, description = "The station's id")),
    responses(
        (status = 200, description = "The station", body = StationDetail),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
        (status = 404, description = "No station of this organization"),
    )
)]
pub(super) async fn show_station(
    State(hub): State<Hub>,
    caller: Caller,
    Named(id): Named<Uuid>,
) -> Answer<Json<StationDetail>> {
    let tx = caller.begin(&hub, RUN_READ).await?;
    let rows = stations::select(caller.org, hub.clock.now()).with(" AND t.id = ?", id).query(&tx).await?;
    let of_station = |text: &str| Sql::new(text).with(" org_id = ?", caller.org).with(" AND station_id = ?", id);
    let incarnations = of_station(
        "SELECT incarnation, base_seq, head_seq, why, created_by, created_at FROM microplates.station_incarnation WHERE",
    )
    .then(" ORDER BY incarnation DESC")
    .query(&tx)
    .await?;
    let anchored = of_station("SELECT anchored_at FROM microplates.audit_anchor WHERE")
        .then(" ORDER BY seq DESC, anchored_at DESC LIMIT 1")
        .query(&tx)
        .await?;
    let contradictions = of_station("SELECT seq FROM microplates.audit_anchor WHERE")
        .then(" GROUP BY seq HAVING count(DISTINCT hash) > 1 ORDER BY seq DESC LIMIT 20")
        .query(&tx)
        .await?;
    let runs = of_station("SELECT count(*) AS runs FROM microplates.prediction_run WHERE deleted_at IS NULL AND")
        .query(&tx)
        .await?;
    tx.commit().await?;
    let row = rows.first().ok_or_else(|| Problem::not_found("station", id))?;
    let at = |row: &Row, column| Ok::<_, DbError>(get::<Option<DateTime<Utc>>>(row, column)?.map(written));
    Ok(Json(StationDetail {
        station: stations::item(row)?,
        fenced_at: at(row, "fenced_at")?,
        revoked_why: get(row, "revoked_why")?,
        audit_anchored_at: anchored.first().map(|row| at(row, "anchored_at")).transpose()?.flatten(),
        audit_contradictions: contradictions.iter().map(|row| get(row, "seq")).collect::<Result<_, _>>()?,
        incarnations: incarnations.iter().map(incarnation).collect::<Result<_, _>>()?,
        runs: runs.first().map(|row| get(row, "runs")).transpose()?.unwrap_or_default(),
    }))
}
