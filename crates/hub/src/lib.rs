//! Headquarters: takes what stations tell, keeps it in PostgreSQL exactly once, and answers who may ask.
//!
//! There is one database, of many organizations: every transaction says whose it is ([`db::Db::org`]), and row-level
//! security holds whatever a statement forgets. Every node is alike and keeps nothing between requests.
//!
//! Never here: what a class means, a reading, SQLite, a window. The hub is told; it decides nothing about a plate.

pub mod auth;
pub mod config;
pub mod db;
pub mod epoch;
pub mod failpoint;
pub mod housekeeping;
pub mod http;
pub mod hub;
pub mod mail;
pub mod news;
pub mod objects;
pub mod ops;
pub mod people;
pub mod problem;
pub mod publish;
pub mod read;
pub mod schema;
pub mod serve;
pub mod station;
pub mod tls;

pub use hub::Hub;
pub use problem::{Answer, Problem};
