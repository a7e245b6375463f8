//! What stations ask: who they are, where they stand, what they tell, what headquarters say, and blobs.

pub mod changes;
pub mod feed;
pub mod who;

use crate::Hub;
use utoipa_axum::router::OpenApiRouter;

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
}
