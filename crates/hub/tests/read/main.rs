//! What headquarters read: a real hub, real HTTP, a real `PostgreSQL`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what is shared by tests fails them as they do themselves"
)]

mod events;
mod house;
mod lists;
mod plans;
mod run;
mod sheets;
mod stations;
