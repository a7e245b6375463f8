//! What people at headquarters do about records kept aside.

use super::{By, Place, QuarantineAsked, QuarantineItem, Retried, Which, drop_record, retry, retry_all};
use crate::{
    Answer, Hub,
    auth::{body::Said, caller::Caller, permission::SYNC_ADMIN},
    read::{
        ask::{Asked, Named},
        list::{self, Page},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Lists records that the hub could not take.
#[utoipa::path(get, path = "/v1/quarantine", tag = "stations", params(QuarantineAsked), security(("person" = [])),
    responses((status = 200, description = "A page, or a sheet", content(
        (Page<QuarantineItem> = "application/json"),
        (String = "text/csv")
    ))))]
pub async fn list_quarantine(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<QuarantineAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Tries a record again, and what waited for it.
#[utoipa::path(post, path = "/v1/quarantine/{station}/{incarnation}/{seq}/retry", tag = "stations",
    params(("station" = Uuid, Path, description = "Whose log"), ("incarnation" = i32, Path, description = "Which writer's"),
        ("seq" = i64, Path, description = "Where in it")), security(("person" = [])),
    responses((status = 200, description = "What became of it", body = Retried),
        (status = 409, description = "`record-settled`: it waits no longer")))]
pub async fn retry_record(State(hub): State<Hub>, caller: Caller, Named(place): Named<Place>) -> Answer<Json<Retried>> {
    let tx = caller.begin(&hub, SYNC_ADMIN).await?;
    let retried = retry(&hub, &tx, caller.org, place, &By::caller(&caller)).await?;
    tx.commit().await?;
    Ok(Json(retried))
}

/// Which records to try again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetryWanted {
    /// Of one station.
    pub station: Option<Uuid>,
    /// With this code.
    pub code: Option<String>,
}

/// Tries records again that are open: at most 500, those first that were not tried for the longest time.
#[utoipa::path(post, path = "/v1/quarantine/retry", tag = "stations", request_body = RetryWanted,
    security(("person" = [])), responses((status = 200, description = "What became of them", body = Retried)))]
pub async fn retry_records(
    State(hub): State<Hub>,
    caller: Caller,
    Said(wanted): Said<RetryWanted>,
) -> Answer<Json<Retried>> {
    let which = Which { station: wanted.station, code: wanted.code.as_deref() };
    Ok(Json(retry_all(&hub, caller.org, which, &By::caller(&caller)).await?))
}

/// Why a record is dropped.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DropWanted {
    /// What will be known of it.
    pub why: String,
}

/// Drops a record that nobody needs.
#[utoipa::path(post, path = "/v1/quarantine/{station}/{incarnation}/{seq}/drop", tag = "stations",
    request_body = DropWanted, params(("station" = Uuid, Path, description = "Whose log"),
        ("incarnation" = i32, Path, description = "Which writer's"), ("seq" = i64, Path, description = "Where in it")),
    security(("person" = [])), responses((status = 204, description = "It waits no longer"),
        (status = 409, description = "`record-settled`: it waits no longer")))]
pub async fn drop_quarantined(
    State(hub): State<Hub>,
    caller: Caller,
    Named(place): Named<Place>,
    Said(wanted): Said<DropWanted>,
) -> Answer<StatusCode> {
    let tx = caller.begin(&hub, SYNC_ADMIN).await?;
    drop_record(&hub, &tx, caller.org, place, &By::caller(&caller), &wanted.why).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
