//! The paths of the hub, put together, and what surrounds every request: an id, a span, counts, limits of size, time and
//! rate, and one form for everything that goes wrong.

mod around;
mod limits;
pub mod openapi;
pub mod problems;
mod rate;
mod rest;

pub use around::RequestId;

use crate::{Hub, auth, ops, people, publish, read, station};
use around::Around;
use axum::{Router, middleware, routing::get};
use std::sync::Arc;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

/// Tells requests that would go on for ever that the hub stops.
#[derive(Clone, Debug, Default)]
pub struct Closing(watch::Sender<bool>);

impl Closing {
    /// The hub stops.
    pub fn close(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it does.
    pub async fn closed(&self) {
        let mut told = self.0.subscribe();
        // The sender is this one: it cannot have gone.
        let _ = told.wait_for(|closing| *closing).await;
    }
}

/// Everything that the hub answers.
pub fn router(hub: Hub) -> Router {
    router_until(hub, Closing::default())
}

/// The same; live streams end when the hub closes.
pub fn router_until(hub: Hub, closing: Closing) -> Router {
    let (router, openapi) = paths().split_for_parts();
    let document: Arc<str> = openapi::text(&openapi).into();
    let state = Arc::new(Around { rates: rate::Rates::new(&hub.config), hub: hub.clone(), closing });
    router
        .route("/openapi.json", get(async move || openapi::answer(&document)))
        .route("/problems/{code}", get(problems::describe))
        .fallback(problems::no_such_path)
        .method_not_allowed_fallback(problems::no_such_method)
        // The last is the outermost.
        .layer(middleware::from_fn_with_state(Arc::clone(&state), limits::within))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), rate::slow_down))
        .layer(CatchPanicLayer::custom(problems::panicked))
        .layer(middleware::from_fn_with_state(state, around::around))
        .with_state(hub)
}

/// The document that describes the paths.
pub fn document() -> String {
    openapi::text(&paths().into_openapi())
}

fn paths() -> OpenApiRouter<Hub> {
    OpenApiRouter::with_openapi(openapi::head())
        .merge(station::routes())
        .merge(auth::routes())
        .merge(people::routes())
        .merge(publish::routes())
        .merge(read::routes())
        .merge(ops::routes())
}
