//! From the watched folder to files that are whole, new and pictures: looking, resting, reading, admitting.

pub mod admit;
pub mod arrival;
pub mod barcode;
pub mod by_hand;
pub mod first_start;
pub mod hints;
pub mod identity;
pub mod name_pattern;
pub mod next_plate;
pub mod scan;
pub mod settle;
