//! The service: watches the folder, hands what rests to the workers, and stays on its feet.
//!
//! One loop looks and decides what is handed out; workers admit and read; what they report comes back to the loop.
//! Nothing is kept here that is not found again after a crash: files by the scan, promised runs in the database.

mod inbox;
mod quarantine;
mod queue;
mod state;
mod told;
mod worker;

pub use told::{Around, Orders, Tally, Told};

use crate::{
    Code, Problem, Settings, Station, code_of,
    eyes::{Eyes, cores},
    intake::{
        admit::Admitting,
        first_start::{self, Existing},
        hints::Hints,
    },
    pipeline::Pipeline,
    recover,
};
use anyhow::Context as _;
use inbox::Inbox;
use quarantine::Quarantine;
use queue::{ClosesAtEnd, Job, Queue};
use state::States;
use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};
use wellread_store::{HealthStatus, RunStatus};
use worker::{Bench, Outcome, Promised, Report};

/// The longest wait without looking whether somebody wants the service to stop.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// How often a folder that is offline is looked for.
const OFFLINE_LOOK: Duration = Duration::from_secs(2);
/// How often what is due for delivery is looked for.
const DELIVERY_EVERY: Duration = Duration::from_secs(1);
/// How often free space is looked at.
const DISK_LOOK: Duration = Duration::from_secs(1);
/// The longest pause after trouble; the first is a second, and each in a row doubles it.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Troubles in a row after which draining gives up.
const DRAIN_TRIES: u32 = 5;

/// How many plates are read at the same time under these settings.
pub fn workers(settings: &Settings) -> usize {
    match settings.intake.workers {
        0 => cores(),
        some => usize::try_from(some).unwrap_or(1),
    }
}

/// Runs the service until it is told to stop, or until everything is taken in.
pub fn run(station: &Station, eyes: &Eyes, orders: Orders, around: Around<'_>) -> anyhow::Result<Tally> {
    let settings = station.settings()?;
    let admitting = Admitting::of(station, &settings, *eyes.limits())?;
    let pipeline = Pipeline::new(station, eyes, &settings)?;
    if first_start::to_choose(station, &settings)?.is_some() || orders.existing.is_some() {
        first_start::choose(station, &settings, orders.existing.unwrap_or(Existing::Import))?;
    }
    recover::sweep_blobs(station)?;
    Station::sweep_drop_folder(&settings);
    let queue = Queue::new(usize::try_from(settings.intake.queue_limit).unwrap_or(usize::MAX));
    let bench = Bench { station, admitting: &admitting, pipeline: &pipeline, queue: &queue };
    let (sender, reports) = channel();
    let (stop_delivery, delivery_stopped) = channel::<()>();
    thread::scope(|scope| {
        // However the loop ends, its helpers must, or the scope would wait for ever.
        let _closes = ClosesAtEnd(&queue);
        let _stops = stop_delivery;
        let hints = Inbox::new(&admitting.inbox, &settings).hints(&settings).unwrap_or_else(Hints::none);
        for number in 0..workers(&settings) {
            let (bench, sender, waker) = (&bench, sender.clone(), hints.waker());
            let named = thread::Builder::new().name(format!("plates-{number}"));
            named.spawn_scoped(scope, move || bench.work(&sender, &waker)).context("a worker cannot be started")?;
        }
        if !orders.once {
            scope.spawn(move || deliver_until(station, &delivery_stopped));
        }
        let mut service = Service::new(station, &settings, &admitting, &queue, orders, around);
        let tally = service.run(hints, &reports)?;
        if orders.once {
            deliver_round(station);
        }
        Ok(tally)
    })
}

/// Brings interface files to their places, beside the intake: an unreachable share must not hold up a plate.
fn deliver_until(station: &Station, stopped: &Receiver<()>) {
    while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(DELIVERY_EVERY) {
        deliver_round(station);
    }
}

/// One round of delivery; how it goes shows in the station's status.
fn deliver_round(station: &Station) {
    let (status, message) = match station.deliver_due().and_then(|_| station.delivery_health()) {
        Ok(health) => health,
        Err(error) => (HealthStatus::Unhealthy, format!("{error:#}")),
    };
    // A database that cannot take even this shows at the next plate.
    let _ = station.write(|writing| Ok(writing.note_health("delivery", status, &message)?));
}

/// The loop.
struct Service<'a> {
    station: &'a Station,
    settings: &'a Settings,
    admitting: &'a Admitting,
    queue: &'a Queue,
    orders: Orders,
    around: Around<'a>,
    inbox: Inbox,
    states: States,
    tally: Tally,
    /// Which folder is watched, beyond its name.
    watched: Option<(u64, u64)>,
    next_scan: Instant,
    next_disk_look: Instant,
    /// Jobs handed out and not yet reported.
    working: usize,
    /// Jobs that met trouble, to be handed out again.
    again: VecDeque<Job>,
    quarantine: Quarantine,
    /// Troubles in a row, and until when work rests because of them.
    troubles: u32,
    rests_until: Option<Instant>,
    no_room: bool,
    /// While draining: whether everything was looked at once more after all was done.
    looked_last: bool,
}

impl<'a> Service<'a> {
    fn new(
        station: &'a Station,
        settings: &'a Settings,
        admitting: &'a Admitting,
        queue: &'a Queue,
        orders: Orders,
        around: Around<'a>,
    ) -> Self {
        let (inbox, now) = (Inbox::new(&admitting.inbox, settings), Instant::now());
        Self {
            station,
            settings,
            admitting,
            queue,
            orders,
            around,
            watched: inbox.identity(),
            inbox,
            states: States::default(),
            tally: Tally::default(),
            next_scan: now,
            next_disk_look: now,
            working: 0,
            again: VecDeque::new(),
            quarantine: Quarantine::default(),
            troubles: 0,
            rests_until: None,
            no_room: false,
            looked_last: false,
        }
    }

    fn run(&mut self, mut hints: Hints, reports: &Receiver<Report>) -> anyhow::Result<Tally> {
        let promised = self.station.read(|reading| Ok(reading.unfinished_runs()?))?;
        self.again.extend(self.quarantine.keep(promised));
        while !(self.around.stop)() {
            let came = hints.wait(self.wait_at_most());
            let now = Instant::now();
            for report in reports.try_iter() {
                self.take(report, now)?;
            }
            self.look_at_disk(now)?;
            if self.inbox.follow(came, now) || now >= self.next_scan {
                self.scan(now, &mut hints)?;
            }
            self.inbox.look_again(now);
            self.hand_out(now);
            if self.orders.once && self.is_idle() {
                if self.looked_last {
                    break;
                }
                self.looked_last = true;
                self.next_scan = now;
            }
        }
        // Work in hand is finished; what waits is found again at the next start.
        self.queue.close();
        Ok(std::mem::take(&mut self.tally))
    }

    /// Until the next thing that is known to be due.
    fn wait_at_most(&self) -> Duration {
        let now = Instant::now();
        let due = [self.inbox.next_look(), Some(self.next_scan), self.rests_until];
        let next = due.into_iter().flatten().min().map_or(LONGEST_WAIT, |at| at.saturating_duration_since(now));
        next.min(LONGEST_WAIT)
    }

    fn is_idle(&self) -> bool {
        self.working == 0 && self.again.is_empty() && self.quarantine.is_empty() && self.inbox.open() == 0
    }

    fn scan(&mut self, now: Instant, hints: &mut Hints) -> anyhow::Result<()> {
        self.next_scan = now + Duration::from_millis(self.settings.intake.scan_every_ms);
        let looked = match self.inbox.scan(self.station, now) {
            Ok(looked) => looked,
            // The database does not answer; the next look may find it better.
            Err(error) => return self.trouble(error, now),
        };
        if let Err(offline) = looked {
            self.next_scan = now + OFFLINE_LOOK;
            self.watched = None;
            self.tell_state("inbox", HealthStatus::Unhealthy, &offline.to_string());
            if self.orders.once {
                return Err(anyhow::Error::new(offline));
            }
            return Ok(());
        }
        let (status, message) = self.inbox_status();
        self.tell_state("inbox", status, &message);
        self.tally.unreadable.clear();
        // A folder that was away, or another one under the same name, must be watched anew.
        let there = self.inbox.identity();
        if there != self.watched {
            self.watched = there;
            hints.watch_again(&self.admitting.inbox, self.settings.intake.sub_folders, self.settings.intake.watch_by);
        }
        Ok(())
    }

    fn inbox_status(&self) -> (HealthStatus, String) {
        match self.tally.unreadable.first() {
            None => (HealthStatus::Healthy, String::new()),
            Some(first) => (HealthStatus::Degraded, first.clone()),
        }
    }

    /// Hands out as much as the queue takes.
    fn hand_out(&mut self, now: Instant) {
        if self.rests_until.is_some_and(|until| now >= until) {
            self.rests_until = None;
            self.queue.pause(self.no_room);
        }
        if self.rests_until.is_some() || self.no_room {
            return;
        }
        let mut room = if self.quarantine.is_at_work() { 0 } else { self.queue.room() };
        while room > 0 {
            let Some(job) = self.again.pop_front().or_else(|| self.inbox.next_job(now)) else { break };
            self.push(job);
            room -= 1;
        }
        if self.working == 0
            && self.inbox.open() == 0
            && let Some(job) = self.quarantine.take()
        {
            self.push(job);
        }
    }

    fn push(&mut self, job: Job) {
        self.queue.push(job);
        self.working += 1;
    }

    fn take(&mut self, report: Report, now: Instant) -> anyhow::Result<()> {
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
                    self.inbox.decide(found);
                }
                if let Some(told) = told {
                    self.tell(&told);
                }
            }
            (Outcome::NotYet, Some(found)) => self.inbox.wait_for_end(&found, now),
            (Outcome::Gone, Some(found)) => self.inbox.release(&found),
            (Outcome::Unreadable(why), Some(found)) => {
                self.inbox.release(&found);
                self.tally.unreadable.insert(why);
            }
            (Outcome::Trouble(error), found) => {
                match (error.downcast_ref::<Promised>(), found) {
                    // Its run is promised already, so the file is decided about.
                    (Some(Promised(run)), Some(found)) => {
                        self.inbox.decide(&found);
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
                    self.inbox.decide(found);
                }
                self.tell_state("intake", HealthStatus::Degraded, &why);
            }
            (Outcome::NotYet | Outcome::Gone | Outcome::Unreadable(_), None) => {}
        }
        Ok(())
    }

    /// Something outside the pictures stands in the way: work rests for a while and is tried again.
    fn trouble(&mut self, error: anyhow::Error, now: Instant) -> anyhow::Result<()> {
        self.troubles = self.troubles.saturating_add(1);
        let hopeless = matches!(code_of(&error), Some(Code::Damaged | Code::Key));
        if hopeless || (self.orders.once && self.troubles >= DRAIN_TRIES) {
            return Err(error);
        }
        let pause = Duration::from_secs(1_u64 << self.troubles.min(6).saturating_sub(1)).min(LONGEST_PAUSE);
        self.rests_until = Some(now + pause);
        self.next_scan = self.next_scan.max(now + pause);
        self.queue.pause(true);
        self.tell_state("intake", HealthStatus::Degraded, &format!("{error:#}; it is tried again by itself"));
        Ok(())
    }

    /// Pauses while the disk is fuller than the reserve allows.
    fn look_at_disk(&mut self, now: Instant) -> anyhow::Result<()> {
        if now < self.next_disk_look {
            return Ok(());
        }
        self.next_disk_look = now + DISK_LOOK;
        let reserve = self.settings.intake.disk_reserve_mib.saturating_mul(1 << 20);
        // A disk that does not say how much is free is tried.
        let free = fs4::available_space(self.station.folder().path()).unwrap_or(u64::MAX);
        let was = std::mem::replace(&mut self.no_room, free < reserve);
        if self.no_room {
            let told = format!(
                "intake pauses: {} MiB are free and the reserve is {} MiB; free some space, and it goes on by itself",
                free >> 20,
                reserve >> 20
            );
            if self.orders.once {
                return Err(Problem::new(Code::DiskFull, told).into());
            }
            // Only the first figure is told: a state that changes every second is none.
            if !was {
                self.queue.pause(true);
                self.tell_state("disk", HealthStatus::Unhealthy, &told);
            }
        } else {
            if was {
                self.queue.pause(self.rests_until.is_some());
            }
            self.tell_state("disk", HealthStatus::Healthy, "");
        }
        Ok(())
    }

    fn tell(&mut self, told: &Told) {
        match told {
            Told::Run { ended, .. } if ended.status == RunStatus::Completed => self.tally.completed += 1,
            Told::Run { .. } => self.tally.failed += 1,
            Told::Duplicate { .. } => self.tally.duplicates += 1,
            Told::Rejected { .. } => self.tally.rejected += 1,
            Told::State { .. } => {}
        }
        (self.around.told)(told);
    }

    fn tell_state(&mut self, part: &'static str, status: HealthStatus, message: &str) {
        if let Some(told) = self.states.change(self.station, part, status, message) {
            self.tell(&told);
        }
    }
}
