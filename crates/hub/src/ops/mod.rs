//! What operators look at.

pub mod check;
mod health;
pub mod metrics;
pub mod migrations;
mod told;

pub use health::{Check, Health, Report, Status};

use crate::Hub;
use axum::Extension;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .routes(routes!(told::healthz))
        .routes(routes!(told::readyz))
        .routes(routes!(told::metrics))
        .layer(Extension(Arc::new(Health::default())))
}
