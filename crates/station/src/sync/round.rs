//! A round: contact, then whatever the plan says, each part with its own failure. What fails for everything ends it.

use super::{
    Client, Http, SyncError, Transport,
    backoff::{planned_by_a_wrong_clock, wait_ms},
    downlink::PAGE,
    enrol::not_enrolled,
    error::{of_its_own, survivable},
    models::PutOff,
    plan::{Local, Remote, Step, plan},
    secret::Secret,
    trust,
};
use crate::{Code, Problem, Station, code_of, folder::Lock};
use anyhow::Context as _;
use serde::Serialize;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize},
    },
    thread,
    time::{Duration, Instant},
};
use wellread_plate::assay::Assay;
use wellread_store::{Direction, Head, RejectedRecord, Sha256};
use wellread_wire::{
    chain,
    contact::{self, Contact, TakeIncarnation, Welcome},
};

/// Contacts of one round: a take-over, an epoch or a gap each need one more.
const MOST_CONTACTS: u32 = 4;
/// For how long another process's round is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
/// The first part of a picture, in bytes.
const FIRST_PART: usize = 256 * 1024;

/// Speaks to headquarters for one station.
pub struct Engine<'s> {
    pub(super) station: &'s Station,
    pub(super) client: Client<'s>,
    /// How large the next part of a picture is.
    pub(super) part: AtomicUsize,
    /// How many entries of the feed are asked for at a time.
    pub(super) feed_page: AtomicU32,
    /// Whether models that could not be used were tried once more: another release may be able to.
    pub(super) models_seen: AtomicBool,
    /// Since they failed: a feed that goes well says nothing about them.
    pub(super) models_put_off: Mutex<Option<PutOff>>,
}

/// For how long a round may be at one thing while others wait.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// For records, for pictures, and for models each.
    pub each: Duration,
    /// Whether also what was put off after a failure is done.
    pub whatever_failed: bool,
}

/// What a round did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Records told.
    pub records: u64,
    /// Runs among them.
    pub runs: u64,
    /// Bytes of them, as sent.
    pub packed_bytes: u64,
    /// Records that headquarters put aside.
    pub quarantined: u64,
    /// Items of headquarters taken up.
    pub items: u64,
    /// Items that could not be, and wait.
    pub left: u64,
    /// Sets of models fetched.
    pub models: u64,
    /// Pictures that are there now.
    pub blobs: u64,
    /// Bytes of them, as sent.
    pub blob_bytes: u64,
    /// Milliseconds that the pictures took.
    pub blobs_ms: u64,
    /// Why headquarters take no records of this copy; empty when they do.
    pub fenced: String,
    /// What did not go well, though the rest did.
    pub failures: Vec<String>,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Done,
    ContactAgain,
}

impl Station {
    /// Speaks to headquarters once, until all that waits is told or something stands in the way.
    pub fn sync_once(&self, stop: &(dyn Fn() -> bool + Sync)) -> anyhow::Result<SyncReport> {
        let http = self.http()?;
        let engine = Engine::new(self, &http, stop)?;
        let budget = Budget { each: Duration::from_mins(1), whatever_failed: true };
        let (mut all, until) = (SyncReport::default(), Instant::now() + PATIENCE);
        loop {
            let report = match engine.round(budget).map_err(SyncError::into_problem) {
                // The service is at it just now.
                Err(error) if code_of(&error) == Some(Code::InUse) && Instant::now() < until && !stop() => continue,
                report => report?,
            };
            let more = report.more;
            all.add(report);
            if !more || stop() {
                return Ok(all);
            }
        }
    }

    /// What carries requests to the hub that this station is enrolled with.
    pub(crate) fn http(&self) -> anyhow::Result<Http> {
        let with = self.read(|reading| Ok(reading.sync_connection()?.enrolled))?.ok_or_else(not_enrolled)?;
        trust::open(&with.hub_url, self.settings()?.sync.ca_file.as_deref())
    }
}

impl SyncReport {
    fn add(&mut self, other: Self) {
        self.records += other.records;
        self.runs += other.runs;
        self.packed_bytes += other.packed_bytes;
        self.quarantined += other.quarantined;
        self.items += other.items;
        self.models += other.models;
        self.blobs += other.blobs;
        self.blob_bytes += other.blob_bytes;
        self.blobs_ms += other.blobs_ms;
        self.left = other.left;
        self.fenced = other.fenced;
        self.failures = other.failures;
        self.more = other.more;
    }
}

impl<'s> Engine<'s> {
    /// For a station that is enrolled.
    pub fn new(
        station: &'s Station,
        transport: &'s dyn Transport,
        stop: &'s (dyn Fn() -> bool + Sync),
    ) -> anyhow::Result<Self> {
        let with = station.read(|reading| Ok(reading.sync_connection()?.enrolled))?.ok_or_else(not_enrolled)?;
        let org = with.org_id.parse().context("the organization's id")?;
        let who = (org, station.identity().id.uuid());
        let client = Client::new(transport, stop, who, Some(Secret::load(station)?));
        let (part, feed_page) = (AtomicUsize::new(FIRST_PART), AtomicU32::new(PAGE));
        let (models_seen, models_put_off) = (AtomicBool::new(false), Mutex::new(None));
        Ok(Self { station, client, part, feed_page, models_seen, models_put_off })
    }

    /// One round. How it went is noted, and when the next one is due after a failure.
    pub fn round(&self, budget: Budget) -> Result<SyncReport, SyncError> {
        let _lock = self.lock()?;
        let connection = self.station.read(|reading| Ok(reading.sync_connection()?))?;
        if connection.enrolled.is_none() {
            return Err(SyncError::Station(not_enrolled().into()));
        }
        if !connection.paused.is_empty() {
            let told = format!("the sync is paused ({}): resume it first", connection.paused);
            return Err(SyncError::Station(Problem::refused(told).into()));
        }
        self.station.write(|writing| Ok(writing.note_sync_attempt(Direction::Uplink)?))?;
        let mut report = SyncReport::default();
        let done = self.contacts(budget, &mut report);
        if let Err(error) = &done {
            if error.is_shut_out() {
                self.station.write(|writing| Ok(writing.note_revoked(&error.said())?))?;
            }
            if !matches!(error, SyncError::Stopped) {
                self.note_failure(Direction::Uplink, error)?;
            }
        }
        done.map(|()| report)
    }

    /// One process at a time: two would only repeat each other.
    fn lock(&self) -> Result<Lock, SyncError> {
        let mut tries = 0;
        loop {
            match self.station.folder().lock_sync() {
                Ok(lock) => return Ok(lock),
                // Who looks whether somebody is at it holds it for a moment.
                Err(_) if tries < 20 => thread::sleep(Duration::from_millis(100)),
                Err(error) => return Err(SyncError::Station(error)),
            }
            tries += 1;
        }
    }

    fn contacts(&self, budget: Budget, report: &mut SyncReport) -> Result<(), SyncError> {
        if self.station.read(|reading| Ok(reading.sync_connection()?.untold))? {
            let is_own = |id: &str| Assay::shipped(id).is_none();
            while self.station.write(|writing| Ok(writing.tell_untold(&is_own)?))? {}
        }
        for _ in 0..MOST_CONTACTS {
            let welcome = self.contact()?;
            let steps = self.plan(&welcome, budget)?;
            if self.walk(&steps, &welcome, budget, report)? == Turn::Done {
                return Ok(());
            }
        }
        Err(SyncError::Unreadable("headquarters say something else each time".to_owned()))
    }

    /// Asks where both are.
    fn contact(&self) -> Result<Welcome, SyncError> {
        let now_ms = self.station.clock().now().utc_ms;
        let asked = self.station.read(|reading| {
            let (uplink, downlink) = (reading.sync_state(Direction::Uplink)?, reading.sync_state(Direction::Downlink)?);
            let (pending, takes_over) = (reading.pending()?, !reading.sync_connection()?.take_over.is_empty());
            Ok(Contact {
                incarnation: uplink.incarnation,
                log_head: reading.outbox_head()?.map(told),
                // A copy that takes over has another trail, which is no sign of tampering.
                audit_head: reading.audit_head()?.filter(|_| !takes_over).map(told),
                pending: pending.records,
                oldest_age_ms: pending.oldest_ms.map(|at| now_ms.saturating_sub(at).max(0)),
                blobs_pending: reading.blobs_pending()?.0,
                feed_seq: downlink.feed_seq,
                clock_ms: now_ms,
                app_version: Station::app_version().to_owned(),
            })
        })?;
        let welcome = self.client.contact(&asked)?;
        let rejected: Vec<RejectedRecord> = welcome
            .rejected
            .iter()
            .map(|one| RejectedRecord {
                seq: one.seq,
                kind: one.kind.clone(),
                code: one.code.clone(),
                reason: one.reason.clone(),
                at_ms: one.at_ms,
            })
            .collect();
        self.station.write(|writing| {
            writing.note_revoked("")?;
            Ok(writing.note_rejected(&rejected, welcome.rejected_total)?)
        })?;
        Ok(welcome)
    }

    fn plan(&self, welcome: &Welcome, budget: Budget) -> Result<Vec<Step>, SyncError> {
        let own = |hash: chain::Sha256| Sha256::new(hash.0);
        let remote = Remote {
            epoch: welcome.epoch.to_string(),
            incarnation: welcome.incarnation,
            expected_seq: welcome.expected_seq,
            expected_after: welcome.expected_after.map(own),
            fenced: welcome.fenced.clone(),
            feed_head: welcome.feed_head,
            feed_horizon: welcome.feed_horizon,
        };
        let sends_blobs = self.station.settings()?.sync.blobs && self.is_due(Direction::Blobs, budget)?;
        let local = self.station.read(|reading| {
            let (uplink, connection) = (reading.sync_state(Direction::Uplink)?, reading.sync_connection()?);
            Ok(Local {
                epoch: uplink.epoch,
                incarnation: uplink.incarnation,
                take_over: !connection.take_over.is_empty(),
                head: reading.outbox_head()?.map_or(0, |head| head.seq),
                acked: uplink.acked_seq,
                pruned: reading.outbox_mark()?.map_or(0, |mark| mark.seq),
                hash_before_expected: reading.outbox_hash(remote.expected_seq - 1)?,
                feed_seq: reading.sync_state(Direction::Downlink)?.feed_seq,
                snapshot_wanted: connection.snapshot_wanted,
                blobs_pending: reading.blobs_pending()?.0,
                sends_blobs,
            })
        })?;
        let steps = plan(&local, &remote);
        // The epoch of the very first contact is nothing new, and is kept all the same.
        let epoch = remote.epoch;
        self.station.write(|writing| {
            for direction in [Direction::Uplink, Direction::Downlink, Direction::Blobs] {
                writing.meet_epoch(direction, &epoch)?;
            }
            if steps.contains(&Step::NewEpoch) {
                writing.doubt_blobs()?;
                writing.want_snapshot()?;
            }
            Ok(())
        })?;
        Ok(steps)
    }

    /// Whether a direction that failed is due again.
    fn is_due(&self, direction: Direction, budget: Budget) -> Result<bool, SyncError> {
        let next_ms = self.station.read(|reading| Ok(reading.sync_state(direction)?.next_attempt_ms))?;
        Ok(budget.whatever_failed || next_ms.is_none_or(|next_ms| self.has_come(next_ms)))
    }

    /// Whether the moment of the next try is here.
    pub(super) fn has_come(&self, next_ms: i64) -> bool {
        let now_ms = self.station.clock().now().utc_ms;
        next_ms <= now_ms || planned_by_a_wrong_clock(next_ms, now_ms)
    }

    /// Records and word of headquarters first, and that they went well is noted before anything large is on its way.
    fn walk(
        &self,
        steps: &[Step],
        welcome: &Welcome,
        budget: Budget,
        report: &mut SyncReport,
    ) -> Result<Turn, SyncError> {
        let (mut told, mut heard) = (Ok(()), Ok(()));
        for step in steps {
            match step {
                Step::NewEpoch | Step::Blobs => {}
                Step::TakeOver => return self.take_over(welcome).map(|()| Turn::ContactAgain),
                Step::Fenced(why) => {
                    report.fenced.clone_from(why);
                    self.station.write(|writing| Ok(writing.note_fenced(why)?))?;
                }
                Step::Admitted => self.station.write(|writing| Ok(writing.note_fenced("")?))?,
                Step::Rewind(to) => self.station.write(|writing| Ok(writing.rewind(*to)?))?,
                Step::Acknowledge(to) => self.station.write(|writing| Ok(writing.acknowledge(*to)?))?,
                Step::Lost { has, pruned } => told = Err(lost(*has, *pruned)),
                Step::Push { .. } => match self.push_all(Instant::now() + budget.each, report) {
                    Ok(Turn::ContactAgain) => return Ok(Turn::ContactAgain),
                    other => told = survivable(other.map(drop))?,
                },
                Step::Snapshot { anew } => heard = survivable(self.take_snapshot(*anew, report))?,
                Step::Feed { after } => heard = survivable(self.take_feed(*after, report))?,
            }
        }
        report.left = self.retry_left()?;
        let put_off = self.models_put_off(budget)?;
        let is_heard = heard.is_ok();
        self.note(Direction::Downlink, heard, report)?;
        if let Some(models) = put_off.as_ref().filter(|_| is_heard) {
            // Word of them outlives a feed that goes well.
            self.station.write(|writing| Ok(models.note(writing)?))?;
        }
        self.note(Direction::Uplink, told, report)?;
        if steps.contains(&Step::Blobs) {
            let sent = of_its_own(self.send_blobs(Instant::now() + budget.each, report))?;
            self.note(Direction::Blobs, sent, report)?;
        }
        if put_off.is_none() {
            self.take_models(Instant::now() + budget.each, report)?;
        }
        Ok(Turn::Done)
    }

    /// Takes an incarnation of this copy's own.
    fn take_over(&self, welcome: &Welcome) -> Result<(), SyncError> {
        let (heads, incarnation, why) = self.station.read(|reading| {
            let why = reading.sync_connection()?.take_over;
            Ok((reading.outbox_heads()?, reading.sync_state(Direction::Uplink)?.incarnation, why))
        })?;
        let why = if why.is_empty() {
            "the hub was restored and does not know of the last take-over".to_owned()
        } else {
            why
        };
        let take = TakeIncarnation {
            // The higher of both, so that the new one is higher than either.
            incarnation: incarnation.max(welcome.incarnation),
            heads: heads.into_iter().map(told).collect(),
            why,
        };
        let taken = self.client.take_incarnation(&take)?;
        Ok(self.station.write(|writing| {
            writing.took_over(taken.incarnation, taken.hub_only)?;
            // Where the hub goes on, whether that is before or after what it had acknowledged.
            writing.rewind(taken.expected_seq - 1)?;
            Ok(writing.acknowledge(taken.expected_seq - 1)?)
        })?)
    }

    fn note(
        &self,
        direction: Direction,
        done: Result<(), SyncError>,
        report: &mut SyncReport,
    ) -> Result<(), SyncError> {
        match done {
            Ok(()) => Ok(self.station.write(|writing| Ok(writing.note_sync_success(direction)?))?),
            Err(error) => {
                report.failures.push(error.to_string());
                self.note_failure(direction, &error)
            }
        }
    }

    fn note_failure(&self, direction: Direction, error: &SyncError) -> Result<(), SyncError> {
        let failures = self.station.read(|reading| Ok(reading.sync_state(direction)?.attempts))?.saturating_add(1);
        let next_ms = self.next_try_ms(failures, error)?;
        Ok(self.station.write(|writing| Ok(writing.note_sync_failure(direction, &error.to_string(), next_ms)?))?)
    }

    /// When to try again after so many failures in a row.
    pub(super) fn next_try_ms(&self, failures: u32, error: &SyncError) -> Result<i64, SyncError> {
        let mut chance = [0];
        crate::clock::random_bytes(&mut chance)?;
        let chance = f64::from(chance.first().copied().unwrap_or(0)) / 255.0;
        Ok(self.station.clock().now().utc_ms + wait_ms(failures, error.retry_after_s(), chance))
    }
}

fn lost(has: i64, pruned: i64) -> SyncError {
    SyncError::Unreadable(format!(
        "they have {has} records of this station, and those up to {pruned} are no longer kept here: they restore a newer \
         backup of their hub, and this station goes on by itself"
    ))
}

fn told(head: Head) -> contact::Head {
    contact::Head { seq: head.seq, hash: chain::Sha256(*head.hash.as_bytes()) }
}
