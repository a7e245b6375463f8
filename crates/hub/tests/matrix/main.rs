//! Who may do what: every path and method that the hub serves, for every role, with every kind of token, about its own
//! organization's things, another's, and things that there are not.
//!
//! The paths come from the served document, so that none can be forgotten: one that the table does not know fails, and
//! so does a line of the table that is served no more.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test")]

mod actors;
#[path = "../people/place.rs"]
#[allow(dead_code, reason = "the other tests need more of it")]
mod place;
mod table;
mod walk;
mod world;
