//! What a plate is: formats and well ids, well classes and calls, assays, end points, titres and summaries.
//!
//! Pure: this crate never opens a file, reads a clock, draws a random number or speaks to a network.
//! An assay arrives as text and a reading as data; what goes in decides what comes out.

pub mod assay;
pub mod class;
pub mod end_point;
pub mod format;
pub mod interpret;
pub mod mic;
pub mod reading;
pub mod summary;
pub mod titre;
