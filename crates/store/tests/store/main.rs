//! The store through its public face, on real files. What it must refuse is tried with a second, plain connection.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what the tests are made with may panic as they may")]
#![allow(clippy::redundant_closure_for_method_calls, reason = "`|r| r.health()` reads as what it does")]

mod support;

mod assay;
mod blob;
mod config;
mod derived;
mod fixture;
mod hub_people;
mod intake;
mod interface_file;
mod layout;
mod lists;
mod model_offer;
mod open;
mod people;
mod review;
mod run;
mod summary;
mod sync_connection;
mod sync_left;
mod sync_state;
mod verify;
