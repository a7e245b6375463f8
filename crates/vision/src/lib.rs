//! Image bytes to a reading: decode, locate, classify.
//!
//! Never touches a database, a network or an async runtime, and never decides what a class means:
//! calls, end points and titres belong to `plate`.

pub mod classify;
pub mod decode;
pub mod detector;
pub mod eyes;
pub mod locate;
pub mod manifest;
pub mod raster;
pub mod runtime;
pub mod scale;
mod tensor;
