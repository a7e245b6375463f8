//! `/healthz`, `/readyz`, `/metrics`.

use super::{Health, Report, Status};
use crate::{
    Answer, Hub, Problem,
    db::{DbError, p},
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
};
use std::{sync::Arc, time::Duration};

/// Longer than this no scrape waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the process lives. It asks nothing of anybody: a hub whose database is away must not be restarted for it.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "The process answers", content_type = "text/plain", body = String)))]
#[allow(clippy::unused_async, reason = "what axum calls is async")]
pub(super) async fn healthz() -> &'static str {
    "alive\n"
}

/// Whether requests can be served: database, migrations, object store, notifications, signing keys.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "It can; some of it may be degraded", body = Report),
              (status = 503, description = "It cannot; `checks` say why", body = Report)))]
pub(super) async fn readyz(
    State(hub): State<Hub>,
    Extension(health): Extension<Arc<Health>>,
) -> (StatusCode, Json<Report>) {
    let report = health.look(&hub).await;
    let status = if report.status == Status::Unhealthy { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(report))
}

/// What is counted, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Prometheus' text format", content_type = "text/plain", body = String)))]
pub(super) async fn metrics(State(hub): State<Hub>, headers: HeaderMap) -> Answer<([(HeaderName, String); 1], String)> {
    if let Some(token) = &hub.config.metrics_token {
        let brought = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if !brought.is_some_and(|brought| same(brought, token)) {
            return Err(Problem::unauthenticated("metrics are told to who brings WELLREAD_HUB_METRICS_TOKEN"));
        }
    }
    match tokio::time::timeout(PATIENCE, look_at_fleet(&hub)).await {
        Ok(Ok(())) => {}
        // What was last known is told; the rest is this process's own.
        Ok(Err(why)) => tracing::warn!("the stations cannot be counted: {why}"),
        Err(_) => tracing::warn!("the stations cannot be counted: the database takes too long"),
    }
    let (in_use, most) = hub.db.in_use();
    hub.metrics.pool_in_use.set(i64::try_from(in_use).unwrap_or(i64::MAX));
    hub.metrics.pool_max.set(i64::try_from(most).unwrap_or(i64::MAX));
    let (text, media_type) = hub.metrics.text()?;
    Ok(([(header::CONTENT_TYPE, media_type)], text))
}

/// In time that tells nothing of how far two secrets are alike.
fn same(brought: &str, secret: &str) -> bool {
    wellread_wire::chain::Sha256::of(brought.as_bytes()) == wellread_wire::chain::Sha256::of(secret.as_bytes())
}

async fn look_at_fleet(hub: &Hub) -> Result<(), DbError> {
    let tx = hub.db.nobody().await?;
    let now = hub.clock.now();
    let sql = "SELECT stations, seen, pending, oldest_s, quarantined FROM microplates.fn_fleet($1)";
    let row = tx.query_one(sql, &[p(&now)]).await?;
    tx.commit().await?;
    let metrics = &hub.metrics;
    metrics.stations.set(row.try_get(0)?);
    metrics.stations_seen.set(row.try_get(1)?);
    metrics.backlog_records.set(row.try_get(2)?);
    metrics.oldest_backlog_seconds.set(row.try_get(3)?);
    metrics.quarantined.set(row.try_get(4)?);
    Ok(())
}
