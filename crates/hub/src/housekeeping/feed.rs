//! The end of entries that newer ones have replaced.

use super::alone;
use crate::{
    Hub,
    db::{DbError, p},
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// At once: a transaction stays short, and the horizon moves only as far as it came.
const AT_ONCE: i64 = 20_000;

/// Lets the feed begin later: of what is before its horizon only the newest entry of each key stays, because snapshots
/// are made of these. Stations that are further behind take a snapshot. Returns how many entries went.
pub(super) async fn trim(hub: &Hub, org: Uuid) -> Result<u64, DbError> {
    let Some(tx) = alone(hub.db.org(org).await?, &format!("feed {org}")).await? else { return Ok(0) };
    let keep = i64::try_from(hub.config.feed_keep).unwrap_or(i64::MAX);
    // First the horizon, whose row writers of the feed take too: nobody reads a feed with holes.
    let moved = tx
        .query_opt(
            "UPDATE microplates.org_counter
             SET feed_horizon = least(feed_seq - $2::bigint + 1, feed_horizon + $3::bigint)
             WHERE org_id = $1 AND feed_seq - $2::bigint + 1 > feed_horizon RETURNING feed_horizon",
            &[p(&org), p(&keep), p(&AT_ONCE)],
        )
        .await?;
    let Some(row) = moved else {
        tx.rollback().await?;
        return Ok(0);
    };
    let horizon: i64 = row.try_get(0)?;
    let gone = tx
        .execute(
            "DELETE FROM microplates.org_feed f WHERE f.org_id = $1 AND f.seq < $2 AND EXISTS (
               SELECT FROM microplates.org_feed newer WHERE newer.org_id = f.org_id AND newer.kind = f.kind
                 AND newer.key = f.key AND newer.seq > f.seq)",
            &[p(&org), p(&horizon)],
        )
        .await?;
    tx.commit().await?;
    Ok(gone)
}

/// Forgets changes of before: a live view that was away for so long looks at everything anew.
pub(super) async fn forget_changes(hub: &Hub, org: Uuid, before: DateTime<Utc>) -> Result<u64, DbError> {
    let Some(tx) = alone(hub.db.org(org).await?, &format!("changes {org}")).await? else { return Ok(0) };
    let sql = "DELETE FROM microplates.org_change WHERE org_id = $1 AND at < $2";
    let gone = tx.execute(sql, &[p(&org), p(&before)]).await?;
    tx.commit().await?;
    Ok(gone)
}
