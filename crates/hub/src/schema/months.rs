//! Months of runs: made before they are needed, dropped when their time is over.

use super::versions::owner;
use crate::db::{Db, DbError, Server, p};
use anyhow::Context as _;
use chrono::{DateTime, Utc};

/// Makes the partitions of the last month, this one and `ahead` more where they are missing, and moves into them what
/// waited in the default ones. Returns how many months were made. Every node may do this at any time.
pub async fn ensure_months(db: &Db, now: DateTime<Utc>, ahead: u32) -> Result<i32, DbError> {
    let months = i32::try_from(ahead.saturating_add(2)).unwrap_or(i32::MAX);
    let tx = db.nobody().await?;
    let sql = "SELECT microplates.fn_ensure_partitions($1::timestamptz - interval '1 month', $2)";
    let made = tx.query_one(sql, &[p(&now), p(&months)]).await?.get(0);
    tx.commit().await?;
    Ok(made)
}

/// Drops the months that ended before this moment, with all runs in them, and what the default partitions have got
/// before it. Returns how many months were dropped. Only the owner may: the hub itself cannot remove a run.
pub async fn drop_before(as_owner: &Server, before: DateTime<Utc>) -> anyhow::Result<i32> {
    let (client, connection) = owner(as_owner).await?;
    let row = client
        .query_one("SELECT microplates.fn_drop_partitions_before($1)", &[&before])
        .await
        .context("the months could not be dropped")?;
    drop(client);
    connection.await?;
    Ok(row.get(0))
}
