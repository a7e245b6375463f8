//! People and what headquarters publish, from outside: real HTTP, a real PostgreSQL, a mail server of our own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test")]

mod audit;
mod corrections;
mod keys;
mod letters;
mod models;
mod organization;
mod passwords;
mod place;
mod publish;
mod roles;
mod sessions;
mod signing_in;
mod sink;
mod tokens;
mod users;
