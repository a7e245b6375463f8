//! The paths of the hub, put together, and what surrounds every request.

use crate::{Hub, auth, ops, people, publish, read, station};
use axum::Router;
use utoipa_axum::router::OpenApiRouter;

/// Everything that the hub answers.
pub fn router(hub: Hub) -> Router {
    let (router, _openapi) = paths().split_for_parts();
    router.with_state(hub)
}

fn paths() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .merge(station::routes())
        .merge(auth::routes())
        .merge(people::routes())
        .merge(publish::routes())
        .merge(read::routes())
        .merge(ops::routes())
}
