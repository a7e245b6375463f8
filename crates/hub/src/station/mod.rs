//! What stations ask: who they are, where they stand, what they tell, what headquarters say, and blobs. Beside it what
//! people do about stations: codes to enrol with, the list, the quarantine.

mod apply;
pub mod blob;
pub mod changes;
pub mod contact;
pub mod enrol;
pub mod enrol_code;
pub mod feed;
mod fence;
pub mod incarnation;
mod lineage;
pub mod log;
mod packed;
pub mod quarantine;
pub mod revoke;
mod section;
pub mod snapshot;
pub mod token;
pub mod who;

use crate::Hub;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .routes(routes!(enrol::enrol))
        .routes(routes!(token::challenge))
        .routes(routes!(token::token))
        .routes(routes!(contact::contact))
        .routes(routes!(log::push))
        .routes(routes!(incarnation::take))
        .routes(routes!(feed::feed))
        .routes(routes!(snapshot::snapshot))
        .routes(routes!(blob::look, blob::put, blob::fetch))
        .routes(routes!(enrol_code::create_code, enrol_code::list::list_codes))
        .routes(routes!(enrol_code::revoke_code))
        .routes(routes!(revoke::revoke_station))
        .routes(routes!(quarantine::paths::list_quarantine))
        .routes(routes!(quarantine::paths::retry_records))
        .routes(routes!(quarantine::paths::retry_record))
        .routes(routes!(quarantine::paths::drop_quarantined))
}
