//! What is handed to the workers, and what comes of it.

use super::{
    Service,
    queue::Job,
    worker::{Outcome, Promised, Report},
};
use crate::{Code, code_of};
use std::time::{Duration, Instant};
use wellread_store::HealthStatus;

/// The longest pause after trouble; the first is a second, and each in a row doubles it.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Troubles in a row after which draining gives up.
const DRAIN_TRIES: u32 = 5;

impl Service<'_, '_> {
    /// Hands out as much as the queue takes.
    pub(super) fn hand_out(&mut self, now: Instant) {
        if self.rests_until.is_some_and(|until| now >= until) {
            self.rests_until = None;
            self.queue.pause(self.no_room);
        }
        if self.rests_until.is_some() || self.no_room {
            return;
        }
        let mut room = if self.quarantine.is_at_work() { 0 } else { self.queue.room() };
        while room > 0 {
            let Some(job) = self.again.pop_front().or_else(|| self.kept.inbox.next_job(now)) else { break };
            self.push(job);
            room -= 1;
        }
        if self.working == 0
            && self.kept.inbox.open() == 0
            && let Some(job) = self.quarantine.take()
        {
            self.push(job);
        }
    }

    fn push(&mut self, job: Job) {
        self.queue.push(job);
        self.working += 1;
    }

    pub(super) fn take(&mut self, report: Report, now: Instant) -> anyhow::Result<()> {
        self.working = self.working.saturating_sub(1);
        let Report { job, outcome } = report;
        if !matches!(outcome, Outcome::Trouble(_) | Outcome::Panicked(_)) {
            self.troubles = 0;
            self.tell_state("intake", HealthStatus::Healthy, "");
        }
        let waits_again = self.quarantine.put_back(matches!(outcome, Outcome::Trouble(_)));
        let found = match &job {
            Job::File { found, .. } => Some(found.clone()),
            Job::Resume(_) | Job::GiveUp(_) => None,
        };
        match (outcome, found) {
            (Outcome::Over(told), found) => {
                if let Some(found) = &found {
                    self.kept.inbox.decide(found);
                }
                if let Some(told) = told {
                    self.tell(&told);
                }
            }
            (Outcome::NotYet, Some(found)) => self.kept.inbox.wait_for_end(&found, now),
            (Outcome::Gone, Some(found)) => self.kept.inbox.release(&found),
            (Outcome::Unreadable(why), Some(found)) => {
                self.kept.inbox.shut(&found, why);
            }
            (Outcome::Trouble(error), found) => {
                match (error.downcast_ref::<Promised>(), found) {
                    // Its run is promised already, so the file is decided about.
                    (Some(Promised(run)), Some(found)) => {
                        self.kept.inbox.decide(&found);
                        self.again.push_back(Job::Resume(*run));
                    }
                    _ if waits_again => {}
                    _ => self.again.push_back(job),
                }
                return self.trouble(error, now);
            }
            // Not again before the next start: it would fail again, and hold up the others.
            (Outcome::Panicked(why), found) => {
                if let Some(found) = &found {
                    self.kept.inbox.decide(found);
                }
                self.tell_state("intake", HealthStatus::Degraded, &why);
            }
            (Outcome::NotYet | Outcome::Gone | Outcome::Unreadable(_), None) => {}
        }
        Ok(())
    }

    /// Something outside the pictures stands in the way: work rests for a while and is tried again.
    pub(super) fn trouble(&mut self, error: anyhow::Error, now: Instant) -> anyhow::Result<()> {
        self.troubles = self.troubles.saturating_add(1);
        let hopeless = matches!(code_of(&error), Some(Code::Damaged | Code::Key));
        if hopeless || (self.orders.once && self.troubles >= DRAIN_TRIES) {
            return Err(error);
        }
        let pause = Duration::from_secs(1_u64 << self.troubles.min(6).saturating_sub(1)).min(LONGEST_PAUSE);
        self.rests_until = Some(now + pause);
        self.next_scan = self.next_scan.max(now + pause);
        self.queue.pause(true);
        let told = format!("intake pauses: {error:#}; it is tried again by itself");
        let changed = self.kept.states.change("intake", HealthStatus::Degraded, &told);
        if let Some(told) = changed {
            self.tell(&told);
        }
        // A database that somebody has locked would only be waited for here.
        if code_of(&error) != Some(Code::Busy) {
            self.kept.states.write_down(self.station);
        }
        Ok(())
    }
}
