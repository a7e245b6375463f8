//! The end of what nobody goes on from any more: old entries of feeds, old changes.

use super::alone;
use crate::{
    Hub,
    db::DbError,
    station::{changes, feed},
};
use uuid::Uuid;

/// Lets the feed begin later. Stations that are further behind take a snapshot. Returns how many entries went.
pub(super) async fn trim(hub: &Hub, org: Uuid) -> Result<u64, DbError> {
    let Some(tx) = alone(hub.db.org(org).await?, &format!("feed {org}")).await? else { return Ok(0) };
    let gone = feed::trim(&tx, org, hub.config.feed_keep).await?;
    tx.commit().await?;
    Ok(gone)
}

/// Lets changes begin later. A live view that was away for longer looks at everything anew. Returns how many went.
pub(super) async fn trim_changes(hub: &Hub, org: Uuid) -> Result<u64, DbError> {
    let Some(tx) = alone(hub.db.org(org).await?, &format!("changes {org}")).await? else { return Ok(0) };
    let gone = changes::trim(&tx, org).await?;
    tx.commit().await?;
    Ok(gone)
}
