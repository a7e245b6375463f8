//! Plates whose reading was begun several times and never ended: each may be what ended the program. They are read when
//! nothing else is to be done, one at a time and beside nothing, so what ends the program then is that plate.

use super::queue::Job;
use crate::recover::Again;
use std::collections::VecDeque;
use wellread_store::{Run, RunId};

/// Those that wait, and the one in hand.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    waiting: VecDeque<RunId>,
    in_hand: Option<RunId>,
}

impl Quarantine {
    /// Keeps those of the promised runs that belong here; gives what is to be done about the others.
    pub(super) fn keep(&mut self, mut promised: Vec<Run>) -> Vec<Job> {
        // A plate that was only beside the one that ended the program was begun less often, and goes before it.
        promised.sort_by_key(|run| (run.tries, run.seq));
        let mut others = Vec::new();
        for run in promised {
            match Again::after(run.tries) {
                Again::AmongOthers => others.push(Job::Resume(run.id)),
                Again::Alone => self.waiting.push_back(run.id),
                Again::Never => others.push(Job::GiveUp(run.id)),
            }
        }
        others
    }

    /// The next one, now that nothing else is to be done.
    pub(super) fn take(&mut self) -> Option<Job> {
        self.in_hand = self.waiting.pop_front();
        self.in_hand.map(Job::Resume)
    }

    /// Whether one is in hand, beside which nothing may be read.
    pub(super) const fn is_at_work(&self) -> bool {
        self.in_hand.is_some()
    }

    /// The one in hand is not any more. With trouble that was not the plate's it waits here again, and true is returned.
    pub(super) fn put_back(&mut self, trouble: bool) -> bool {
        let Some(run) = self.in_hand.take() else { return false };
        if trouble {
            self.waiting.push_front(run);
        }
        trouble
    }

    /// How many pictures are left to do here.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.in_hand.is_some())
    }

    /// Whether nothing is left to do here.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.in_hand.is_none()
    }
}
