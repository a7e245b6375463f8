//! Results on their way out: what each format says, and how bytes get to their place.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod documents;
mod drop;
mod messages;
mod mllp;
mod sample;
mod tables;
mod templates;
