//! `POST /v1/stations/{id}/incarnation`: this copy of the log goes on, and no other.

use super::{
    changes,
    lineage::Lineage,
    who::{StationCaller, column},
};
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit::{self, Entry},
        body::Said,
    },
    db::{Tx, p},
    failpoint::hit,
};
use axum::{Json, extract::State};
use serde_json::json;
use wellread_wire::{
    chain::genesis,
    contact::{Head, NewIncarnation, TakeIncarnation},
};

/// The most places of its log that a station names; a few, ever farther apart, find any.
const MOST_HEADS: usize = 1_000;
/// The longest reason that is kept.
const LONGEST_WHY: usize = 1_000;

/// Begins a new writer of the station's log, at the last place that the hub and this copy have both.
#[utoipa::path(
    post, path = "/v1/stations/{id}/incarnation", tag = "stations", operation_id = "take_incarnation",
    params(("id" = Uuid, Path, description = "The station")),
    request_body(content = serde_json::Value, description = "Places of this copy's log, and why (`wire::contact::TakeIncarnation`)"),
    responses(
        (status = 200, description = "Where to go on (`wire::contact::NewIncarnation`)", body = serde_json::Value),
        (status = 409, description = "`no-common-place`: none of the places is one that the hub has"),
    ),
    security(("station" = []))
)]
#[tracing::instrument(skip_all, fields(station = %caller.station))]
pub async fn take(
    State(hub): State<Hub>,
    caller: StationCaller,
    Said(told): Said<TakeIncarnation>,
) -> Answer<Json<NewIncarnation>> {
    let why: String = told.why.trim().replace('\0', "").chars().take(LONGEST_WHY).collect();
    if why.is_empty() {
        return Err(Problem::invalid("say who takes over, and why"));
    }
    if told.heads.len() > MOST_HEADS {
        return Err(Problem::invalid(format!("at most {MOST_HEADS} places of the log are looked at")));
    }
    let tx = caller.lock(&hub).await?;
    let row = tx
        .query_one(
            "SELECT incarnation, fenced FROM microplates.station WHERE org_id = $1 AND id = $2",
            &[p(&caller.org), p(&caller.station)],
        )
        .await?;
    let (current, fenced): (i32, String) = (column(&row, 0)?, column(&row, 1)?);
    let lineage = Lineage::load(&tx, caller.org, caller.station, current).await?;
    let base = base(&tx, caller, &lineage, &told.heads).await?;
    // A hub restored from a backup may have forgotten writers that the station has not.
    let new = current.max(i32::try_from(told.incarnation).unwrap_or(i32::MAX)).checked_add(1);
    let new = new.ok_or_else(|| Problem::invalid("there are no more incarnations to take"))?;
    begin(&hub, &tx, caller, new, base, &why).await?;
    let hub_only = lineage.writer.head.seq.saturating_sub(base.seq);
    let entry = Entry {
        station: Some(caller.station),
        action: "TAKE_OVER",
        resource: "station",
        resource_id: caller.station.to_string(),
        details: json!({
            "incarnation": new, "before": current, "told": told.incarnation, "base_seq": base.seq,
            "hub_only": hub_only, "fenced": fenced, "why": why,
        }),
        ..Entry::default()
    };
    audit::note(&hub, &tx, caller.org, &entry).await?;
    changes::note(&tx, caller.org, Some(caller.station), &["station"], &[]).await?;
    hit("incarnation-before-commit");
    tx.commit().await?;
    hit("incarnation-after-commit");
    tracing::info!(station = %caller.station, incarnation = new, base = base.seq, hub_only, "taken over: {why}");
    Ok(Json(NewIncarnation {
        incarnation: u32::try_from(new).unwrap_or_default(),
        expected_seq: base.seq.saturating_add(1),
        hub_only: u64::try_from(hub_only).unwrap_or_default(),
    }))
}

/// The last place that both have. A copy whose log is empty begins at the beginning.
async fn base(tx: &Tx, caller: StationCaller, lineage: &Lineage, heads: &[Head]) -> Answer<Head> {
    if heads.is_empty() {
        return Ok(Head { seq: 0, hash: genesis(caller.station) });
    }
    let head = lineage.writer.head;
    lineage.last_common(tx, heads).await?.ok_or_else(|| {
        let told = "none of these places of the log is one that the hub has: name more of them, back to the beginning";
        Problem::conflict("no-common-place", told).with(json!({ "head_seq": head.seq, "head_hash": head.hash }))
    })
}

async fn begin(hub: &Hub, tx: &Tx, caller: StationCaller, incarnation: i32, base: Head, why: &str) -> Answer<()> {
    tx.execute(
        "INSERT INTO microplates.station_incarnation (org_id, station_id, incarnation, base_seq, base_hash, head_seq,
           head_hash, why, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $4, $5, $6, 'station', $7)",
        &[
            p(&caller.org),
            p(&caller.station),
            p(&incarnation),
            p(&base.seq),
            p(&base.hash.to_string()),
            p(&why),
            p(&hub.clock.now()),
        ],
    )
    .await?;
    // This copy's audit trail is measured against itself from here on.
    tx.execute(
        "UPDATE microplates.station SET incarnation = $3, fenced = '', fenced_at = NULL, audit_head_seq = NULL,
           audit_head_hash = NULL, updated_at = now()
         WHERE org_id = $1 AND id = $2",
        &[p(&caller.org), p(&caller.station), p(&incarnation)],
    )
    .await?;
    Ok(())
}
