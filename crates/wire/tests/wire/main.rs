//! The protocol as it is on the wire: every message has a snapshot, because stations already installed speak it.

mod batches;
mod events;
mod messages;
mod sample;
