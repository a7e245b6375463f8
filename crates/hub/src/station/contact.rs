//! `POST /v1/stations/{id}/contact`: where do we stand?
//!
//! The head of the station's audit trail is kept at every contact. A trail that goes back, or has another entry at a
//! place that was told, was changed behind the program's back; that stays visible.

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
    db::{DbError, Tx, p},
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;
use wellread_wire::contact::{Contact, Head, Rejected, Welcome};

/// The most records in quarantine that a station is told of.
const MOST_REJECTED: i64 = 200;
/// What the trail calls a station's audit trail that was changed.
const TAMPERED: &str = "TAMPERED";
/// A term of SQL, true for a station `s` whose audit trail was changed since its writer began: a take-over says that
/// somebody has looked into it.
pub const IS_TAMPERED: &str = "EXISTS (SELECT FROM auth.audit_logs a
   WHERE a.org_id = s.org_id AND a.resource = 'audit_trail' AND a.resource_id = s.id::text AND a.action = 'TAMPERED'
     AND a.created_at >= (SELECT i.created_at FROM microplates.station_incarnation i
       WHERE i.org_id = s.org_id AND i.station_id = s.id AND i.incarnation = s.incarnation))";

/// Keeps what a station says of itself, and tells it where the hub stands.
#[utoipa::path(
    post, path = "/v1/stations/{id}/contact", tag = "stations", operation_id = "contact",
    params(("id" = Uuid, Path, description = "The station")),
    request_body(content = serde_json::Value, description = "What the station has (`wire::contact::Contact`)"),
    responses((status = 200, description = "What the hub has (`wire::contact::Welcome`)", body = serde_json::Value)),
    security(("station" = []))
)]
#[tracing::instrument(skip_all, fields(station = %caller.station))]
pub async fn contact(
    State(hub): State<Hub>,
    caller: StationCaller,
    Said(told): Said<Contact>,
) -> Answer<Json<Welcome>> {
    let tx = caller.lock(&hub).await?;
    let before = before(&tx, caller).await?;
    let writes = i32::try_from(told.incarnation).unwrap_or(i32::MAX);
    // A copy that another one has taken over from says nothing of the station any more, and its trail is another.
    if let Some(head) = told.audit_head.filter(|_| writes == before.incarnation) {
        anchor(&hub, &tx, caller, &before, head).await?;
    }
    if writes >= before.incarnation {
        keep(&hub, &tx, caller, &told).await?;
    }
    let lineage = Lineage::load(&tx, caller.org, caller.station, before.incarnation).await?;
    let head = lineage.writer.head;
    let (rejected, rejected_total) = rejected(&tx, caller).await?;
    let welcome = Welcome {
        epoch: before.epoch,
        incarnation: u32::try_from(before.incarnation).unwrap_or_default(),
        expected_seq: head.seq.saturating_add(1),
        expected_after: (head.seq > 0).then_some(head.hash),
        fenced: before.fenced.clone(),
        feed_head: before.feed_head,
        feed_horizon: before.feed_horizon,
        rejected,
        rejected_total,
        clock_ms: hub.clock.now().timestamp_millis(),
    };
    // Many stations at once would all wait here for the organization's counter; nothing hangs on each contact.
    if before.is_news(&told, hub.clock.now()) {
        changes::note(&tx, caller.org, Some(caller.station), &["station"], &[]).await?;
    }
    tx.commit().await?;
    Ok(Json(welcome))
}

/// How the hub knew the station before.
struct Before {
    incarnation: i32,
    fenced: String,
    pending: i64,
    blobs_pending: i64,
    last_contact_at: Option<DateTime<Utc>>,
    audit_seq: Option<i64>,
    audit_hash: Option<String>,
    epoch: Uuid,
    feed_head: i64,
    feed_horizon: i64,
}

impl Before {
    /// Whether those who watch should look again: what waits has changed, or nothing was heard for a while.
    fn is_news(&self, told: &Contact, now: DateTime<Utc>) -> bool {
        let waits = (i64::try_from(told.pending).ok(), i64::try_from(told.blobs_pending).ok());
        let quiet = self.last_contact_at.is_none_or(|last| now - last > chrono::TimeDelta::minutes(5));
        quiet || waits != (Some(self.pending), Some(self.blobs_pending))
    }
}

async fn before(tx: &Tx, caller: StationCaller) -> Answer<Before> {
    let row = tx
        .query_one(
            "SELECT s.incarnation, s.fenced, s.pending, s.blobs_pending, s.last_contact_at, s.audit_head_seq,
               s.audit_head_hash, h.epoch, c.feed_seq, c.feed_horizon
             FROM microplates.station s JOIN microplates.org_counter c ON c.org_id = s.org_id
             CROSS JOIN public.hub_state h
             WHERE s.org_id = $1 AND s.id = $2",
            &[p(&caller.org), p(&caller.station)],
        )
        .await?;
    Ok(Before {
        incarnation: column(&row, 0)?,
        fenced: column(&row, 1)?,
        pending: column(&row, 2)?,
        blobs_pending: column(&row, 3)?,
        last_contact_at: column(&row, 4)?,
        audit_seq: column(&row, 5)?,
        audit_hash: column(&row, 6)?,
        epoch: column(&row, 7)?,
        feed_head: column(&row, 8)?,
        feed_horizon: column(&row, 9)?,
    })
}

async fn keep(hub: &Hub, tx: &Tx, caller: StationCaller, told: &Contact) -> Answer<()> {
    let now = hub.clock.now();
    let count = |count: u64, name: &str| {
        i64::try_from(count).map_err(|_| Problem::invalid(format!("{name} is no count: {count}")))
    };
    let pending = count(told.pending, "pending")?;
    let blobs_pending = count(told.blobs_pending, "blobs_pending")?;
    let skew = told.clock_ms.saturating_sub(now.timestamp_millis());
    let (audit_seq, audit_hash) = told.audit_head.map(|head| (head.seq, head.hash.to_string())).unzip();
    tx.execute(
        "UPDATE microplates.station SET last_contact_at = $3, pending = $4, oldest_age_ms = $5, blobs_pending = $6,
           feed_seq = $7, clock_skew_ms = $8, app_version = $9, audit_head_seq = coalesce($10, audit_head_seq),
           audit_head_hash = coalesce($11, audit_head_hash), updated_at = now()
         WHERE org_id = $1 AND id = $2",
        &[
            p(&caller.org),
            p(&caller.station),
            p(&now),
            p(&pending),
            p(&told.oldest_age_ms),
            p(&blobs_pending),
            p(&told.feed_seq.max(0)),
            p(&skew),
            p(&told.app_version.replace('\0', "")),
            p(&audit_seq),
            p(&audit_hash),
        ],
    )
    .await?;
    Ok(())
}

/// Keeps the head of the station's audit trail, and notes when it contradicts what was told before.
async fn anchor(hub: &Hub, tx: &Tx, caller: StationCaller, before: &Before, head: Head) -> Answer<()> {
    if head.seq < 1 {
        return Err(Problem::invalid("entries of an audit trail are counted from 1"));
    }
    let hash = head.hash.to_string();
    if before.audit_seq == Some(head.seq) && before.audit_hash.as_ref() == Some(&hash) {
        return Ok(());
    }
    let others = tx
        .query(
            "SELECT hash FROM microplates.audit_anchor
             WHERE org_id = $1 AND station_id = $2 AND seq = $3 AND hash <> $4 AND incarnation = $5",
            &[p(&caller.org), p(&caller.station), p(&head.seq), p(&hash), p(&before.incarnation)],
        )
        .await?;
    tx.execute(
        "INSERT INTO microplates.audit_anchor (org_id, station_id, seq, hash, incarnation, anchored_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        &[p(&caller.org), p(&caller.station), p(&head.seq), p(&hash), p(&before.incarnation), p(&hub.clock.now())],
    )
    .await?;
    let goes_back = before.audit_seq.is_some_and(|seq| head.seq < seq);
    if others.is_empty() && !goes_back {
        return Ok(());
    }
    let details = json!({
        "seq": head.seq, "hash": hash, "before_seq": before.audit_seq, "before_hash": before.audit_hash,
        "goes_back": goes_back, "differs": !others.is_empty(), "incarnation": before.incarnation,
    });
    tracing::warn!(station = %caller.station, seq = head.seq, goes_back, "an audit trail contradicts what was told of it");
    let entry = Entry {
        station: Some(caller.station),
        action: TAMPERED,
        resource: "audit_trail",
        resource_id: caller.station.to_string(),
        details,
        ..Entry::default()
    };
    audit::note(hub, tx, caller.org, &entry).await?;
    changes::note(tx, caller.org, Some(caller.station), &["station"], &[]).await?;
    Ok(())
}

/// Records of the station that somebody must look at, and how many there are.
async fn rejected(tx: &Tx, caller: StationCaller) -> Result<(Vec<Rejected>, u64), DbError> {
    let rows = tx
        .query(
            "SELECT seq, kind, code, reason, created_at, count(*) OVER () FROM microplates.sync_quarantine
             WHERE org_id = $1 AND station_id = $2 AND state = 'open' ORDER BY seq, incarnation LIMIT $3",
            &[p(&caller.org), p(&caller.station), p(&MOST_REJECTED)],
        )
        .await?;
    let mut total = 0;
    let mut rejected = Vec::with_capacity(rows.len());
    for row in &rows {
        let since: DateTime<Utc> = column(row, 4)?;
        total = u64::try_from(column::<i64>(row, 5)?).unwrap_or_default();
        rejected.push(Rejected {
            seq: column(row, 0)?,
            kind: column(row, 1)?,
            code: column(row, 2)?,
            reason: column(row, 3)?,
            at_ms: since.timestamp_millis(),
        });
    }
    Ok((rejected, total))
}
