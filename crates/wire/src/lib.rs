//! What station and hub say to each other: messages, the log's hash chain, and the packing of a request.
//!
//! Everything here is a promise to programs already installed: a field is only added, with a default; one that has gone
//! stays readable for two versions. The types are the protocol's own, so that renaming a field of a table or of the
//! window cannot change it unnoticed, and every one has a snapshot.
//!
//! Never here: a file, a clock, a random number, a socket.

pub mod batch;
pub mod chain;
pub mod contact;
pub mod downlink;
pub mod enrol;
pub mod event;
pub mod pack;
pub mod problem;

/// The version of the protocol, the first part of every path.
pub const PROTOCOL: u32 = 1;
/// The newest version of an event's payload that this release writes and reads.
pub const EVENT_VERSION: u32 = 2;
/// The oldest version of an event's payload that this release reads: two back, as far as there have been that many.
pub const OLDEST_EVENT_VERSION: u32 = 1;
/// The most runs in one push.
pub const MOST_RUNS: usize = 50;
/// The most records of any kind in one push.
pub const MOST_RECORDS: usize = 500;
/// The most bytes of a push, packed; one record that is larger by itself goes alone.
pub const MOST_PACKED_BYTES: usize = 256 * 1024;
/// The most bytes of a push that is one record, packed.
pub const MOST_PACKED_RECORD_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of a push, unpacked: what a hub makes room for.
pub const MOST_UNPACKED_BYTES: usize = 16 * 1024 * 1024;
/// The most bytes of one part of a blob.
pub const MOST_PART_BYTES: usize = 4 * 1024 * 1024;
/// The fewest bytes of one part of a blob, but for the last.
pub const FEWEST_PART_BYTES: usize = 64 * 1024;
