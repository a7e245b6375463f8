//! The use cases of a station over a real database, with plates made by hand.

mod backup;
mod bench;
mod interface;
mod people;
mod review;
mod verify;
