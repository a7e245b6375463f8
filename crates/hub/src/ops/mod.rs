//! What operators look at.

pub mod metrics;

use crate::Hub;
use utoipa_axum::router::OpenApiRouter;

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
}
