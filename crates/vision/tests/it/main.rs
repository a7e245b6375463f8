//! The vision crate from outside: files of every format in, and models through the real ONNX Runtime.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of this is tests, and the exemption for tests does not reach their helpers"
)]

mod decode;
mod decode_damage;
mod detector;
mod models;
mod pictures;
