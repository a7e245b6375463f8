//! The feed of an organization: what headquarters say, in an order that no reader can miss an entry of.
//!
//! An entry's number is taken from the organization's counter, whose row stays locked until the commit: whoever sees a
//! number sees every entry before it. Entries are kept for stations that were away; before the horizon the snapshot
//! tells the same.

use super::{
    packed::packed,
    who::{StationCaller, column},
};
use crate::{
    Answer, Hub, Problem,
    db::{DbError, Tx, p},
    news::Hint,
    read::ask::Asked,
};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use utoipa::IntoParams;
use uuid::Uuid;
use wellread_wire::{
    downlink::{FeedEntry, FeedPage, Item},
    problem::code,
};

/// Entries of a page where nothing is said, and the most.
const PAGE: u32 = 500;
const MOST_PAGE: u32 = 2_000;
/// The longest that a station may wait for something new, in seconds; below what proxies wait for.
const MOST_WAIT_S: u64 = 25;
/// How often is looked meanwhile, whether or not a notification came.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
/// The same while notifications come.
const LISTENING_LOOKED_EVERY: Duration = Duration::from_secs(10);

/// Appends an entry: the last statements before the commit, because every other writer of the organization waits from
/// here on. `station` is whom it concerns, `None` for all; `key` is what it replaces, such as `user:ID`.
pub async fn append(tx: &Tx, org: Uuid, station: Option<Uuid>, key: &str, item: &Item) -> Result<i64, DbError> {
    let (kind, body) = written(item)?;
    let row = tx
        .query_one(
            "WITH n AS (
               UPDATE microplates.org_counter SET feed_seq = feed_seq + 1 WHERE org_id = $1 RETURNING feed_seq),
             entry AS (
               INSERT INTO microplates.org_feed (org_id, seq, kind, key, station_id, body)
               SELECT $1, n.feed_seq, $2, $3, $4, $5 FROM n)
             SELECT n.feed_seq, pg_notify('org_feed', $1::text) FROM n",
            &[p(&org), p(&kind), p(&key), p(&station), p(&body)],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// An item's kind and body, as they are kept and told.
fn written(item: &Item) -> Result<(String, Value), DbError> {
    let unwritable = || DbError::Passing("an entry of the feed cannot be written".to_owned());
    let Ok(Value::Object(mut told)) = serde_json::to_value(item) else { return Err(unwritable()) };
    let (Some(Value::String(kind)), Some(body)) = (told.remove("kind"), told.remove("body")) else {
        return Err(unwritable());
    };
    Ok((kind, body))
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct FeedAsked {
    /// The last entry that the station has applied; 0 for none.
    pub after: i64,
    /// Entries of the page, 1 to 2000; 500 where nothing is said.
    pub limit: Option<u32>,
    /// For how many seconds to wait for something new, at most 25.
    pub wait_s: Option<u64>,
}

/// What headquarters have said since.
#[utoipa::path(
    get, path = "/v1/stations/{id}/feed", tag = "stations", operation_id = "feed",
    params(("id" = Uuid, Path, description = "The station"), FeedAsked),
    responses(
        (status = 200, description = "A page (`wire::downlink::FeedPage`)", body = serde_json::Value,
            content_type = "application/vnd.wellread+json+zstd"),
        (status = 410, description = "`snapshot-needed`: the feed no longer goes back that far"),
    ),
    security(("station" = []))
)]
#[tracing::instrument(skip_all, fields(station = %caller.station))]
pub async fn feed(State(hub): State<Hub>, caller: StationCaller, Asked(asked): Asked<FeedAsked>) -> Answer<Response> {
    let wait = Duration::from_secs(asked.wait_s.unwrap_or(0).min(MOST_WAIT_S));
    let until = Instant::now() + wait;
    let mut news = hub.news.wait_for(Hint::Feed(caller.org));
    loop {
        let found = page(&hub, caller, asked).await?;
        if !found.entries.is_empty() || Instant::now() >= until {
            hub.metrics.feed_served.inc_by(found.entries.len() as u64);
            return packed(found).await;
        }
        let every = if hub.metrics.listening.get() > 0 { LISTENING_LOOKED_EVERY } else { LOOKED_EVERY };
        let look = (Instant::now() + every).min(until);
        // Whichever comes first.
        let _ = tokio::time::timeout_at(look, news.heard()).await;
    }
}

async fn page(hub: &Hub, caller: StationCaller, asked: FeedAsked) -> Answer<FeedPage> {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, MOST_PAGE);
    let tx = caller.begin(hub).await?;
    // The head first: what is committed up to it is there for the statement after.
    let row = tx
        .query_one(
            "SELECT c.feed_seq, c.feed_horizon, h.epoch FROM microplates.org_counter c CROSS JOIN public.hub_state h
             WHERE c.org_id = $1",
            &[p(&caller.org)],
        )
        .await?;
    let (head, horizon, epoch): (i64, i64, Uuid) = (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    if asked.after < 0 || asked.after.saturating_add(1) < horizon || asked.after > head {
        tx.rollback().await?;
        return Err(snapshot_needed(horizon, head));
    }
    let rows = tx
        .query(
            "SELECT seq, kind, body FROM microplates.org_feed
             WHERE org_id = $1 AND seq > $2 AND seq <= $3 AND (station_id IS NULL OR station_id = $4)
             ORDER BY seq LIMIT $5",
            &[p(&caller.org), p(&asked.after), p(&head), p(&caller.station), p(&i64::from(limit))],
        )
        .await?;
    tx.commit().await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let (kind, body): (&str, Value) = (column(row, 1)?, column(row, 2)?);
        let item = serde_json::from_value(json!({ "kind": kind, "body": body }));
        let item: Item =
            item.map_err(|why| Problem::unforeseen(&anyhow::Error::new(why).context("an entry of the feed")))?;
        entries.push(FeedEntry { seq: column(row, 0)?, item });
    }
    let is_full = entries.len() >= limit as usize;
    let up_to = entries.last().filter(|_| is_full).map_or(head, |last| last.seq);
    Ok(FeedPage { epoch, entries, up_to, head })
}

/// What a station is told that was away for too long, or knows more than this hub.
pub(super) fn snapshot_needed(horizon: i64, head: i64) -> Problem {
    let told = format!("the feed goes from {horizon} to {head}: take the snapshot, and go on after it");
    Problem::new(StatusCode::GONE, code::SNAPSHOT, told).with(json!({ "horizon": horizon, "head": head }))
}

/// Takes away entries that are older than the newest `keep`, at most 10 000 at once; for housekeeping. Returns how many.
pub async fn trim(tx: &Tx, org: Uuid, keep: u64) -> Result<u64, DbError> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    // The horizon with the entries: a reader sees either both before or both after.
    tx.execute(
        "WITH n AS (
           UPDATE microplates.org_counter SET feed_horizon = least(feed_seq - $2 + 1, feed_horizon + 10000)
           WHERE org_id = $1 AND feed_horizon < feed_seq - $2 + 1 RETURNING feed_horizon)
         DELETE FROM microplates.org_feed f USING n WHERE f.org_id = $1 AND f.seq < n.feed_horizon",
        &[p(&org), p(&keep)],
    )
    .await
}
