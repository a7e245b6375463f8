//! The use cases of a station over a real database, with plates made by hand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod backup;
mod bench;
mod interface;
mod people;
mod review;
mod verify;
mod window;
