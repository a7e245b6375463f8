//! Results on their way out: what each format says, and how bytes get to their place.

mod documents;
mod drop;
mod messages;
mod mllp;
mod sample;
mod tables;
mod templates;
