//! The end of parts of blobs that nobody went on with.

use crate::{
    Hub,
    db::{DbError, p},
};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A station may be without a network for weeks, and then goes on where it was.
const KEPT: TimeDelta = TimeDelta::days(60);
/// The rest is for the next round.
const AT_ONCE: usize = 1_000;

/// Removes them: rows first, because a row without bytes would make a blob that is never whole, and bytes without a row
/// are found again by their age. Returns how many.
pub(super) async fn remove(hub: &Hub, now: DateTime<Utc>) -> anyhow::Result<u64> {
    let old = hub.objects.old_parts(now - KEPT, AT_ONCE).await.context("parts of blobs cannot be listed")?;
    let mut by_org: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for part in old {
        by_org.entry(part.org).or_default().push(part.key);
    }
    let mut gone = 0;
    for (org, keys) in by_org {
        forget(hub, org, &keys).await?;
        hub.objects.remove_parts(&keys).await.context("parts of blobs cannot be removed")?;
        gone += keys.len() as u64;
    }
    Ok(gone)
}

/// A blob that lost a part begins anew.
async fn forget(hub: &Hub, org: Uuid, keys: &[String]) -> Result<(), DbError> {
    let tx = hub.db.org(org).await?;
    let keys = keys.to_vec();
    tx.execute(
        "WITH hit AS (
           SELECT DISTINCT sha256 FROM microplates.blob_part WHERE org_id = $1 AND object_key = ANY ($2)),
         gone AS (
           DELETE FROM microplates.blob_part part USING hit WHERE part.org_id = $1 AND part.sha256 = hit.sha256)
         UPDATE microplates.blob SET state = 'absent', received = 0, updated_at = now()
         FROM hit WHERE blob.org_id = $1 AND blob.sha256 = hit.sha256 AND blob.state = 'partial'",
        &[p(&org), p(&keys)],
    )
    .await?;
    tx.commit().await
}
