//! The use cases of one station: what the people and machines around it ask of it, over plates and data.
//!
//! Never draws a window, reads an argument of a command line or answers a web request, and never decides what a class
//! or a call means: that is `plate`'s.

pub mod annotate;
pub mod blobs;
pub mod deliver;
pub mod intake;
#[cfg(test)]
mod samples;
