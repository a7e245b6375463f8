//! Which history this database is, and whether it is an older copy of itself.
//!
//! The database counts its generations, and the object store, which no restored backup of the database reaches, keeps
//! the highest. A database that is behind it was restored from a backup, and takes a new epoch: stations that are ahead
//! of it then make contact anew and bring again what it has lost.

use crate::{
    Hub,
    db::{Db, Tx, p},
    objects::{Marker, Objects},
};
use anyhow::Context as _;
use std::time::Duration;
use uuid::Uuid;

/// Keeps two nodes from moving the marker at the same time.
const LOCK: i64 = 0x5765_6c6c_4570_6f63;

/// The epoch of this database; a new one when it was restored from a backup.
pub async fn at_start(db: &Db, objects: &Objects) -> anyhow::Result<Uuid> {
    let marker = objects.marker().await.context("the object store does not say how far the database was")?;
    let tx = locked(db).await?;
    let here = here(&tx).await?;
    match marker {
        Some(marker) if marker.generation > here.generation => {
            let why = format!(
                "at the start: the database has generation {} and the object store knows of {}; it was restored from a backup",
                here.generation, marker.generation
            );
            advance(&tx, marker.generation, &why).await?;
            tracing::warn!("new epoch {why}");
        }
        Some(marker) if marker.epoch != here.epoch => {
            tracing::warn!(
                "the object store was left in epoch {} and the database is in {}: if the store was restored from a \
                 backup or is another one, run `wellread-hub backup-check`",
                marker.epoch,
                here.epoch
            );
        }
        _ => {}
    }
    tx.commit().await?;
    tick(db, objects).await
}

/// Counts a generation every so often for as long as the hub runs, whichever node is the first to: a database of longer
/// ago than that shows at the next start.
pub async fn keep_counting(hub: Hub, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(why) = tick_after(&hub.db, &hub.objects, every.mul_f64(0.75)).await {
            tracing::error!("how far the database is could not be noted: {why:#}");
        }
    }
}

/// Counts a generation where none was counted for this long. Returns whether it did.
pub async fn tick_after(db: &Db, objects: &Objects, quiet: Duration) -> anyhow::Result<bool> {
    let tx = locked(db).await?;
    let sql = "SELECT updated_at <= now() - make_interval(secs => $1) FROM public.hub_state";
    let is_due: bool = tx.query_one(sql, &[p(&quiet.as_secs_f64())]).await?.try_get(0)?;
    tx.commit().await?;
    if is_due {
        tick(db, objects).await?;
    }
    Ok(is_due)
}

/// Counts a generation, and has the object store keep it; at each start, every minute, and by housekeeping. What a backup
/// is older than shows at the next start. Returns the epoch.
pub async fn tick(db: &Db, objects: &Objects) -> anyhow::Result<Uuid> {
    let tx = locked(db).await?;
    tx.execute("UPDATE public.hub_state SET generation = generation + 1, updated_at = now()", &[]).await?;
    tx.commit().await?;
    // Only what is committed: a marker ahead of the database would be taken for a restored backup. Under the lock, so
    // that an older generation never replaces a newer.
    let tx = locked(db).await?;
    let here = here(&tx).await?;
    objects.set_marker(here).await.context("the object store cannot keep how far the database is")?;
    tx.commit().await?;
    Ok(here.epoch)
}

/// Takes a new epoch because somebody says that the database was restored.
pub async fn new(db: &Db, objects: &Objects, why: &str) -> anyhow::Result<Uuid> {
    let marker = objects.marker().await.context("the object store does not say how far the database was")?;
    let tx = locked(db).await?;
    advance(&tx, marker.map_or(0, |marker| marker.generation), why).await?;
    tx.commit().await?;
    tick(db, objects).await
}

async fn locked(db: &Db) -> anyhow::Result<Tx> {
    let tx = db.nobody().await?;
    tx.query("SELECT pg_advisory_xact_lock($1)", &[p(&LOCK)]).await?;
    Ok(tx)
}

async fn here(tx: &Tx) -> anyhow::Result<Marker> {
    let row = tx.query_one("SELECT epoch, generation FROM public.hub_state", &[]).await?;
    Ok(Marker { epoch: row.try_get(0)?, generation: row.try_get(1)? })
}

async fn advance(tx: &Tx, past: i64, why: &str) -> anyhow::Result<()> {
    tx.execute(
        "UPDATE public.hub_state SET epoch = gen_random_uuid(), generation = greatest(generation, $1) + 1,
           epoch_since = now(), epoch_why = $2, updated_at = now()",
        &[p(&past), p(&why)],
    )
    .await?;
    Ok(())
}
