//! What surrounds the hub: limits, health, TLS, its end, its upkeep, its command line, and a pooler in front of the
//! database. Everything against a real PostgreSQL, over real sockets, and where a process matters, a real one.

#![allow(clippy::disallowed_methods, reason = "files of tests")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail the test"
)]

mod backup_check;
mod cli;
mod database_tls;
mod deployment;
mod form;
mod health;
mod housekeeping;
mod node;
mod place;
mod pooler;
mod rate;
mod shutdown;
mod size_and_time;
mod station;
mod tls;
#[path = "../support/until.rs"]
mod until;
