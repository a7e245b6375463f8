//! The way to headquarters and back: what this station must tell, what it is told, and its pictures.
//!
//! A round is a contact first, which says where both are; [`plan`] makes of that, by itself, what is to be done; then each
//! step is done in short transactions, so that a plate never waits for a network. Nothing here is needed for a plate to
//! be read, reviewed, signed or delivered.

mod apply;
mod backoff;
mod batch;
mod client;
mod downlink;
mod enrol;
mod error;
mod http;
mod items;
mod keep;
mod models;
mod pictures;
mod plan;
mod round;
mod secret;
mod state;
mod transport;
mod trust;
mod uplink;

pub use backoff::{LONGEST_WAIT_MS, planned_by_a_wrong_clock, wait_ms};
pub use batch::{Limits, Packed, pack_next};
pub use client::Client;
pub use error::SyncError;
pub use http::Http;
pub(crate) use keep::News;
pub use plan::{Local, Remote, Step, plan};
pub use round::{Budget, Engine, SyncReport};
pub use state::{Headquarters, RejectedLine, SyncPhase, SyncState};
pub use transport::{Cut, Method, Request, Response, Transport};
pub(crate) use trust::{CA_FILE, check as check_authorities};
