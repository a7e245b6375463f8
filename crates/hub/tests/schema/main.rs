//! The database as it is: organizations kept apart, names as agreed, what follows by itself, months made and dropped.

mod catalog;
mod filled;
mod follows;
mod isolation;
mod migrations;
mod model;
mod months;
mod names;
mod place;
#[path = "../support/until.rs"]
mod until;
