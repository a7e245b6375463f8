//! `epoch`: which history the database is.

use super::{
    args::{EpochNewArgs, StoreArgs},
    print, start,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;
use wellread_hub::{db::Db, epoch};

pub(super) async fn show(args: &StoreArgs, json: bool) -> anyhow::Result<()> {
    let (db, objects) = start::store(args)?;
    let (epoch, generation, since, why) = state(&db).await?;
    let marker = objects.marker().await?;
    let told = json!({ "epoch": epoch, "generation": generation, "since": since, "why": why, "marker": marker });
    print::either(json, &told, || {
        let marker = marker.map_or_else(
            || "the object store has no marker yet".to_owned(),
            |marker| format!("the object store has seen generation {} of epoch {}", marker.generation, marker.epoch),
        );
        format!("epoch {epoch}, generation {generation}\nsince {since}: {why}\n{marker}")
    })
}

async fn state(db: &Db) -> anyhow::Result<(Uuid, i64, DateTime<Utc>, String)> {
    let tx = db.nobody().await?;
    let row = tx.query_one("SELECT epoch, generation, epoch_since, epoch_why FROM public.hub_state", &[]).await?;
    tx.commit().await?;
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
}

pub(super) async fn renew(args: &EpochNewArgs, json: bool) -> anyhow::Result<()> {
    let (db, objects) = start::store(&args.store)?;
    let epoch = epoch::new(&db, &objects, &args.why).await?;
    print::either(json, &json!({ "epoch": epoch }), || {
        format!(
            "epoch {epoch}: restart every node of the hub now. Stations learn of it at their next contact, compare their \
             logs with the hub's, and bring again what is missing."
        )
    })
}
