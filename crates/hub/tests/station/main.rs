//! Stations and the hub over real HTTP with a real database: enrolment, tokens, the log in every order that a network
//! makes of it, take-overs, feed, snapshot, blobs, quarantine, and a database that is an older copy of itself.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail the test"
)]
#![allow(unreachable_pub, reason = "what tests share is public to them")]

#[path = "../support/mod.rs"]
mod support;

mod blobs;
mod downlink;
mod enrol;
mod epoch;
mod events;
mod log;
mod objects;
mod quarantine;
mod take_over;
mod tokens;
mod turns;
