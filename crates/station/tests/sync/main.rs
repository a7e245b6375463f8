//! The way to headquarters, against a hub that does what a test says: it cuts, repeats, refuses, forgets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test stops where it fails")]

mod apart;
mod bench;
mod downlink;
mod hub;
mod keys;
mod models;
mod people;
mod pictures;
mod told;
mod uplink;
