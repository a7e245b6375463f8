//! Accounts and roles of an organization, and the trail of who did what.

pub(crate) mod feed;

use crate::Hub;
use utoipa_axum::router::OpenApiRouter;

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
}
