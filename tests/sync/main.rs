//! A station and headquarters: the real programs over a real PostgreSQL, as people and cameras use them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops where it fails")]
#![allow(dead_code, reason = "what journeys of the window need of the hub, these need not all")]

mod driver;
#[path = "../desktop/hub.rs"]
mod hub;
mod journeys;
#[cfg(unix)]
mod keys;
mod models;
mod people;
mod theirs;
mod tls;
