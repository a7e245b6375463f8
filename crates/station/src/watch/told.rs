//! What the service is told, and what it tells.

use crate::{intake::first_start::Existing, pipeline::Ended};
use serde::Serialize;
use std::collections::BTreeSet;
use wellread_store::HealthStatus;

/// How the service runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Orders {
    /// Take in what is there, then end.
    pub once: bool,
    /// What to do with pictures that lay there before the first start; `None` imports them.
    pub existing: Option<Existing>,
    /// A start before this one failed, and somebody was told: say that this one did not.
    pub again: bool,
    /// Somebody works at a window of the same process: their keys go before the plates that wait.
    pub behind_a_window: bool,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Told {
    /// A run ended.
    Run {
        /// The file.
        path: String,
        /// The run.
        ended: Ended,
    },
    /// A file had content that was there already.
    Duplicate {
        /// The file.
        path: String,
        /// The file that had it first.
        of: String,
    },
    /// A file is no picture that can be read.
    Rejected {
        /// The file.
        path: String,
        /// The reason, for programs.
        code: &'static str,
        /// The reason, for people.
        reason: String,
    },
    /// How many files wait, and how many are being read.
    Queue {
        /// Found and not yet begun.
        waiting: usize,
        /// In work.
        working: usize,
    },
    /// A part of the station is in another state than before.
    State {
        /// The part: `service`, `inbox`, `disk`, `intake`, `delivery`, `sync`, `clock`, `settings`.
        part: &'static str,
        /// How it is.
        status: HealthStatus,
        /// In words; empty when all is well.
        message: String,
    },
}

/// What the service did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Tally {
    /// Runs with results.
    pub completed: u64,
    /// Runs without.
    pub failed: u64,
    /// Files whose content was there already.
    pub duplicates: u64,
    /// Files that are no picture.
    pub rejected: u64,
    /// Files that the system does not let be read.
    pub unreadable: BTreeSet<String>,
    /// Whether it ended because other models were chosen: open those, and run it again.
    pub models_changed: bool,
}

/// Who is told of what happens, and who says when to stop.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Is told, from the loop's thread.
    pub told: &'a (dyn Fn(&Told) + Sync),
    /// Whether to stop: work in hand is finished, nothing new is begun.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}
