//! The files that wait for a worker: few at a time, and those that have just come before those that waited for long.

use crate::intake::{admit::Manner, scan::Found};
use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};
use wellread_store::RunId;

/// Something for a worker to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Decide about a file, and read it if it is a plate.
    File {
        found: Found,
        /// It came while the station watched.
        fresh: bool,
        /// It has been given time enough for its end to come.
        last_call: bool,
    },
    /// Read a plate that was promised, by an earlier process or before trouble came.
    Resume(RunId),
    /// Record that a plate is not read any more: each time it was, the program ended.
    GiveUp(RunId),
}

impl Job {
    pub(super) const fn is_fresh(&self) -> bool {
        matches!(self, Self::File { fresh: true, .. })
    }

    pub(super) const fn manner(fresh: bool, last_call: bool) -> Manner {
        Manner { fresh, last_call }
    }
}

/// Jobs between the loop that looks and the workers.
#[derive(Debug)]
pub(super) struct Queue {
    most: usize,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    fresh: VecDeque<Job>,
    backlog: VecDeque<Job>,
    paused: bool,
    closed: bool,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), waiting: Mutex::default(), changed: Condvar::new() }
    }

    /// How many more backlog jobs it takes.
    pub(super) fn room(&self) -> usize {
        let waiting = self.lock();
        self.most.saturating_sub(waiting.fresh.len() + waiting.backlog.len())
    }

    pub(super) fn push(&self, job: Job) {
        let mut waiting = self.lock();
        if job.is_fresh() {
            waiting.fresh.push_back(job);
        } else {
            waiting.backlog.push_back(job);
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// The next job, once there is one and work is not paused; `None` when there will be none any more.
    pub(super) fn take(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            if !waiting.paused {
                let fresh = waiting.fresh.pop_front();
                if let Some(job) = fresh.or_else(|| waiting.backlog.pop_front()) {
                    return Some(job);
                }
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Stops handing out work, or goes on.
    pub(super) fn pause(&self, paused: bool) {
        let mut waiting = self.lock();
        if waiting.paused != paused {
            waiting.paused = paused;
            drop(waiting);
            self.changed.notify_all();
        }
    }

    /// Hands out nothing any more. What waits is found again at the next start.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Each change is one step, so what a panic leaves is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a queue however its owner ends, so that no worker waits for ever.
pub(super) struct ClosesAtEnd<'q>(pub(super) &'q Queue);

impl Drop for ClosesAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::scan::Stamp;

    fn job(name: &str, fresh: bool) -> Job {
        let found = Found { path: name.into(), stamp: Stamp { size: 1, mtime_ns: 1 } };
        Job::File { found, fresh, last_call: false }
    }

    #[test]
    fn fresh_plates_go_before_the_backlog() {
        let queue = Queue::new(4);
        queue.push(job("old-1", false));
        queue.push(job("old-2", false));
        queue.push(job("new", true));
        assert_eq!(queue.room(), 1, "it holds four at most");
        let order: Vec<Job> = std::iter::from_fn(|| (queue.room() < 4).then(|| queue.take()).flatten()).collect();
        assert_eq!(order, [job("new", true), job("old-1", false), job("old-2", false)], "somebody stands beside it");
    }

    #[test]
    fn a_closed_queue_sends_its_workers_home() {
        let queue = Queue::new(4);
        queue.push(job("waits", false));
        drop(ClosesAtEnd(&queue));
        assert_eq!(queue.take(), None, "what waits is found again at the next start");
    }
}
