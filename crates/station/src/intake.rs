//! From the watched folder to files that are whole, new and pictures: looking, resting, names.

pub mod hints;
pub mod name_pattern;
pub mod scan;
pub mod settle;
