//! What headquarters read: samples, runs, wells, pictures, interface files, rejected files, stations, and what changes.
//!
//! Nothing here writes. Every list is paged by the key of its last row and can be had as a sheet; every statement is
//! one that an index answers.

pub mod ask;
mod cursor;
pub mod events;
mod images;
pub mod interface_files;
pub mod list;
pub mod rejections;
pub mod run;
pub mod runs;
pub mod samples;
pub mod sheet;
pub mod sql;
pub mod station;
pub mod stations;
pub mod wells;
pub mod words;

use crate::{Hub, auth::permission::RUN_READ};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this part.
pub fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new()
        .routes(routes!(samples::list_samples))
        .routes(routes!(samples::show_sample))
        .routes(routes!(runs::list_runs))
        .routes(routes!(run::show_run))
        .routes(routes!(wells::list_wells))
        .routes(routes!(images::show_image))
        .routes(routes!(interface_files::list_interface_files))
        .routes(routes!(rejections::list_rejections))
        .routes(routes!(stations::list_stations))
        .routes(routes!(station::show_station))
        .merge(events::routes())
}
