//! Takes a station off the list. What it told stays.

use super::{changes, who::column};
use crate::{
    Answer, Hub, Problem,
    auth::{audit, body::Said, caller::Caller, permission::STATION_ADMIN},
    db::p,
    read::ask::Named,
};
use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Why a station is taken off the list.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeWanted {
    /// For the trail, and for the next one who looks at it.
    pub why: String,
}

/// Takes a station off the list: its tokens are void at once. A new code brings it back.
#[utoipa::path(post, path = "/v1/stations/{id}/revoke", tag = "stations", request_body = RevokeWanted,
    params(("id" = Uuid, Path, description = "The station")), security(("person" = [])),
    responses((status = 204, description = "It is off the list")))]
pub async fn revoke_station(
    State(hub): State<Hub>,
    caller: Caller,
    Named(station): Named<Uuid>,
    Said(wanted): Said<RevokeWanted>,
) -> Answer<StatusCode> {
    let why = wanted.why.trim();
    let tx = caller.begin(&hub, STATION_ADMIN).await?;
    if why.is_empty() {
        return Err(Problem::invalid("say why: it is what the trail and the next one will know of it"));
    }
    let row = tx
        .query_opt(
            "SELECT name, revoked_at FROM microplates.station WHERE org_id = $1 AND id = $2 FOR NO KEY UPDATE",
            &[p(&caller.org), p(&station)],
        )
        .await?
        .ok_or_else(|| Problem::not_found("station", station))?;
    let (name, revoked_at): (String, Option<DateTime<Utc>>) = (column(&row, 0)?, column(&row, 1)?);
    if revoked_at.is_none() {
        tx.execute(
            "UPDATE microplates.station SET revoked_at = $3, revoked_by = $4, revoked_why = $5,
               token_version = token_version + 1, updated_at = now()
             WHERE org_id = $1 AND id = $2",
            &[p(&caller.org), p(&station), p(&hub.clock.now()), p(&caller.user), p(&why)],
        )
        .await?;
        let entry = caller.entry("REVOKE", "station", station).with(json!({ "name": name, "why": why }));
        audit::note(&hub, &tx, caller.org, &entry).await?;
        changes::note(&tx, caller.org, Some(station), &["station"], &[]).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
