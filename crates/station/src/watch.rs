//! The service: watches the folder, hands what rests to the workers, and stays on its feet.
//!
//! One loop looks and decides what is handed out; workers admit and read; what they report comes back to the loop.
//! Nothing is kept here that is not found again after a crash: files by the scan, promised runs in the database.

mod clock_set_back;
mod courtesy;
mod delivery;
mod hand_out;
mod headquarters;
mod inbox;
mod look_around;
mod quarantine;
mod queue;
mod rules;
mod state;
mod told;
mod worker;

pub use courtesy::stand_back;
pub use told::{Around, Orders, Tally, Told};

use crate::{
    Settings, Station,
    eyes::{Eyes, cores},
    intake::{
        first_start::{self, Existing},
        hints::Hints,
    },
    recover,
};
use anyhow::Context as _;
use clock_set_back::LatestTime;
use delivery::News;
use headquarters::RaisedAtEnd;
use inbox::Inbox;
use quarantine::Quarantine;
use queue::{ClosesAtEnd, Job, Queue};
use rules::Rules;
use state::States;
use std::{
    collections::VecDeque,
    sync::{
        atomic::AtomicBool,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};
use wellread_store::{HealthStatus, RunStatus};
use worker::{Bench, Outcome, Report};

/// The longest wait without looking whether somebody wants the service to stop.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// How often a folder that is offline is looked for.
const OFFLINE_LOOK: Duration = Duration::from_secs(2);

/// How many plates are read at the same time under these settings.
pub fn workers(settings: &Settings) -> usize {
    match settings.intake.workers {
        // One more than cores: while a plate is being flushed to disk, another can be looked at.
        0 => cores() + 1,
        some => usize::try_from(some).unwrap_or(1),
    }
}

/// Runs the service until it is told to stop, until everything is taken in, or until other models were chosen.
pub fn run(station: &Station, eyes: &Eyes, orders: Orders, around: Around<'_>) -> anyhow::Result<Tally> {
    let mut rules = Rules::of(station, eyes, station.settings()?)?;
    if first_start::to_choose(station, &rules.settings)?.is_some() || orders.existing.is_some() {
        first_start::choose(station, &rules.settings, orders.existing.unwrap_or(Existing::Import))?;
    }
    recover::sweep_blobs(station)?;
    Station::sweep_drop_folder(&rules.settings);
    if orders.again {
        (around.told)(&Told::State { part: "service", status: HealthStatus::Healthy, message: String::new() });
    }
    let mut kept = Kept {
        inbox: Inbox::new(&rules.admitting.inbox, &rules.settings),
        states: States::default(),
        latest: LatestTime::new(station.read(|reading| Ok(reading.latest_ms()?))?),
        tally: Tally::default(),
    };
    loop {
        let turn = run_under(&rules, (station, eyes), orders, around, &mut kept)?;
        let Some(changed) = turn else {
            kept.tally.unreadable = kept.inbox.unreadable().map(str::to_owned).collect();
            return Ok(kept.tally);
        };
        kept.inbox = kept.inbox.under(&changed.admitting.inbox, &changed.settings);
        rules = changed;
    }
}

/// Runs under these rules until the end, or until a person has changed them; then those that hold from now on.
fn run_under<'s>(
    rules: &Rules<'s>,
    (station, eyes): (&'s Station, &'s Eyes),
    orders: Orders,
    around: Around<'_>,
    kept: &mut Kept,
) -> anyhow::Result<Option<Rules<'s>>> {
    let queue = Queue::new(usize::try_from(rules.settings.intake.queue_limit).unwrap_or(usize::MAX));
    let bench = Bench { station, admitting: &rules.admitting, pipeline: &rules.pipeline, queue: &queue };
    let (sender, reports) = channel();
    let (news, delivered) = channel();
    let (stop_delivery, delivery_stopped) = channel::<()>();
    let (synced, headquarters) = channel();
    let end_of_sync = AtomicBool::new(false);
    let mut service = Service::new(rules, (station, eyes), &queue, orders, around, kept);
    let changed = thread::scope(|scope| {
        // However the loop ends, its helpers must, or the scope would wait for ever.
        let _closes = ClosesAtEnd(&queue);
        let _stops = stop_delivery;
        let _ends = RaisedAtEnd(&end_of_sync);
        let hints = service.kept.inbox.hints(&rules.settings).unwrap_or_else(Hints::none);
        for number in 0..workers(&rules.settings) {
            let (bench, sender, waker) = (&bench, sender.clone(), hints.waker());
            let named = thread::Builder::new().name(format!("plates-{number}"));
            let work = move || {
                if orders.behind_a_window {
                    stand_back();
                }
                bench.work(&sender, &waker);
            };
            named.spawn_scoped(scope, work).context("a worker cannot be started")?;
        }
        if !orders.once {
            let waker = hints.waker();
            scope.spawn(move || delivery::deliver_until(station, &delivery_stopped, &news, &waker));
            let (waker, ended) = (hints.waker(), &end_of_sync);
            scope.spawn(move || headquarters::sync_until(station, ended, &synced, &waker));
        }
        service.run(hints, &reports, (&delivered, &headquarters))
    })?;
    service.end(&reports);
    Ok(changed)
}

/// What the loop keeps when the rules change.
struct Kept {
    inbox: Inbox,
    states: States,
    latest: LatestTime,
    tally: Tally,
}

/// The loop.
struct Service<'a, 's> {
    station: &'s Station,
    eyes: &'s Eyes,
    rules: &'a Rules<'s>,
    queue: &'a Queue,
    orders: Orders,
    around: Around<'a>,
    kept: &'a mut Kept,
    /// Which folder is watched, beyond its name.
    watched: Option<(u64, u64)>,
    next_scan: Instant,
    next_look_around: Instant,
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
    /// How much was waiting and in work when that was last told.
    queue_told: (usize, usize),
    /// Rules that a person has made, to go on under; and settings that cannot be.
    changed: Option<Rules<'s>>,
    unusable: Option<Settings>,
}

impl<'a, 's> Service<'a, 's> {
    fn new(
        rules: &'a Rules<'s>,
        (station, eyes): (&'s Station, &'s Eyes),
        queue: &'a Queue,
        orders: Orders,
        around: Around<'a>,
        kept: &'a mut Kept,
    ) -> Self {
        let now = Instant::now();
        Self {
            station,
            eyes,
            rules,
            queue,
            orders,
            around,
            watched: kept.inbox.identity(),
            kept,
            next_scan: now,
            next_look_around: now,
            working: 0,
            again: VecDeque::new(),
            quarantine: Quarantine::default(),
            troubles: 0,
            rests_until: None,
            no_room: false,
            looked_last: false,
            queue_told: (0, 0),
            changed: None,
            unusable: None,
        }
    }

    fn run(
        &mut self,
        mut hints: Hints,
        reports: &Receiver<Report>,
        (delivered, headquarters): (&Receiver<News>, &Receiver<News>),
    ) -> anyhow::Result<Option<Rules<'s>>> {
        let promised = self.station.read(|reading| Ok(reading.unfinished_runs()?))?;
        self.again.extend(self.quarantine.keep(promised));
        while !(self.around.stop)() {
            let came = hints.wait(self.wait_at_most());
            let now = Instant::now();
            for report in reports.try_iter() {
                self.take(report, now)?;
            }
            for (status, message) in delivered.try_iter() {
                self.tell_state("delivery", status, &message);
            }
            for (status, message) in headquarters.try_iter() {
                self.tell_state("sync", status, &message);
            }
            self.look_around(now)?;
            if self.changed.is_some() || self.kept.tally.models_changed {
                break;
            }
            self.tell_queue();
            if self.kept.inbox.follow(came, now) || now >= self.next_scan {
                self.scan(now, &mut hints)?;
            }
            self.kept.inbox.look_again(now);
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
        Ok(self.changed.take())
    }

    /// After the workers have gone home: what they did last is told too.
    fn end(&mut self, reports: &Receiver<Report>) {
        for Report { job, outcome } in reports.try_iter() {
            let Outcome::Over(told) = outcome else { continue };
            if let Job::File { found, .. } = &job {
                self.kept.inbox.decide(found);
            }
            if let Some(told) = told {
                self.tell(&told);
            }
        }
        if self.orders.once {
            let (status, message) = delivery::round(self.station);
            self.tell_state("delivery", status, &message);
        }
        self.kept.states.write_down(self.station);
    }

    /// Until the next thing that is known to be due.
    fn wait_at_most(&self) -> Duration {
        let now = Instant::now();
        let due = [self.kept.inbox.next_look(), Some(self.next_scan), self.rests_until];
        let next = due.into_iter().flatten().min().map_or(LONGEST_WAIT, |at| at.saturating_duration_since(now));
        next.min(LONGEST_WAIT)
    }

    fn is_idle(&self) -> bool {
        self.working == 0 && self.again.is_empty() && self.quarantine.is_empty() && self.kept.inbox.open() == 0
    }

    fn scan(&mut self, now: Instant, hints: &mut Hints) -> anyhow::Result<()> {
        self.next_scan = now + Duration::from_millis(self.rules.settings.intake.scan_every_ms);
        let looked = match self.kept.inbox.scan(self.station, now) {
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
        // A folder that was away, or another one under the same name, must be watched anew.
        let there = self.kept.inbox.identity();
        if there != self.watched {
            self.watched = there;
            let intake = &self.rules.settings.intake;
            hints.watch_again(&self.rules.admitting.inbox, intake.sub_folders, intake.watch_by);
        }
        Ok(())
    }

    fn inbox_status(&self) -> (HealthStatus, String) {
        let mut unreadable = self.kept.inbox.unreadable();
        match (unreadable.next(), unreadable.count()) {
            (None, _) => (HealthStatus::Healthy, String::new()),
            (Some(one), 0) => (HealthStatus::Degraded, one.to_owned()),
            (Some(first), more) => (HealthStatus::Degraded, format!("{first}; and {more} more")),
        }
    }

    fn tell(&mut self, told: &Told) {
        match told {
            Told::Run { ended, .. } if ended.status == RunStatus::Completed => self.kept.tally.completed += 1,
            Told::Run { .. } => self.kept.tally.failed += 1,
            Told::Duplicate { .. } => self.kept.tally.duplicates += 1,
            Told::Rejected { .. } => self.kept.tally.rejected += 1,
            Told::State { .. } | Told::Queue { .. } => {}
        }
        (self.around.told)(told);
    }

    fn tell_queue(&mut self) {
        let open = self.kept.inbox.open() + self.again.len() + self.quarantine.len();
        let queue = (open.saturating_sub(self.working), self.working);
        if self.queue_told != queue {
            self.queue_told = queue;
            let (waiting, working) = queue;
            self.tell(&Told::Queue { waiting, working });
        }
    }

    fn tell_state(&mut self, part: &'static str, status: HealthStatus, message: &str) {
        if let Some(told) = self.kept.states.change(part, status, message) {
            // First, so that who is told and looks finds it there.
            self.kept.states.write_down(self.station);
            self.tell(&told);
        }
    }
}
