//! Shows what the sync is worth: real stations, a real hub, a real PostgreSQL, and a network that does what it is told.
//!
//! Whatever a case does, afterwards the [`checker`] compares every row of the hub with every row of the stations.
//! Never here: a rule of the protocol. What is tried is what station and hub do by themselves.

pub mod bench;
pub mod cases;
pub mod checker;
pub mod hub;
pub mod network;
pub mod plates;
pub mod simulator;
pub mod sql;
pub mod station;
mod syncing;
mod work;
pub mod world;

pub use network::Network;
pub use station::{Pictures, StationInHand};
