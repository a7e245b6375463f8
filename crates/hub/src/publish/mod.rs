//! What headquarters publish to the stations: assays, layouts, settings, sets of models, and decisions about runs.

pub mod assays;
pub mod config;
pub mod corrections;
pub mod layouts;
pub mod model_blobs;
pub mod models;

use crate::{
    Answer, Hub,
    auth::audit::{self, Entry},
    db::{Tx, p},
    station::feed,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use wellread_wire::downlink::Item;

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .routes(routes!(assays::list_assays, assays::publish_assay))
        .routes(routes!(assays::show_assay))
        .routes(routes!(layouts::list_layouts, layouts::publish_layout))
        .routes(routes!(layouts::retire_layout))
        .routes(routes!(config::list_config))
        .routes(routes!(config::set_config))
        .routes(routes!(models::list_models, models::publish_model))
        .routes(routes!(models::change_model))
        .routes(routes!(model_blobs::look_at_file, model_blobs::put_file))
        .routes(routes!(corrections::list_corrections, corrections::correct))
}

/// Makes it true: what was written is told to the trail and then to the stations, last of all, because every other writer
/// of the organization waits from there on.
async fn publish(hub: &Hub, tx: Tx, entry: &Entry, org: Uuid, key: &str, item: &Item) -> Answer<()> {
    audit::note(hub, &tx, org, entry).await?;
    feed::append(&tx, org, None, key, item).await?;
    Ok(tx.commit().await?)
}

/// Lets two people who publish the same kind of thing do so one after the other: what the second one checks, the first
/// one has written.
async fn in_turn(tx: &Tx, org: Uuid, kind: &str) -> Answer<()> {
    let name = format!("publish {kind} {org}");
    tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[p(&name)]).await?;
    Ok(())
}
