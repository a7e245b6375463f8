//! Pictures to the hub: some at a time, in parts that grow while they go well and shrink when they are cut. A picture is
//! there when the hub says so, by its hash.

use super::{
    SyncError,
    client::BlobThere,
    round::{Engine, SyncReport},
};
use crate::{blobs::BlobError, failpoint};
use anyhow::Context as _;
use bytes::Bytes;
use std::{
    collections::{BTreeSet, VecDeque},
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    sync::{Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};
use wellread_store::{Blob, BlobState, Sha256, Writing};
use wellread_wire::{FEWEST_PART_BYTES, MOST_PART_BYTES, problem::code};

/// Pictures on their way at the same time: each waits for several disks in turn, and the network should not.
pub(super) const AT_ONCE: usize = 8;
/// Pictures looked up at a time.
const PAGE: u32 = 64;
/// For how long a part should take: long enough for the network to be used, short enough to be lost.
const PART_TAKES: Duration = Duration::from_secs(4);
/// Cuts of one picture in one round after which it waits for the next.
const MOST_CUTS: u32 = 3;

/// What those that send share.
struct Sending {
    queue: VecDeque<Blob>,
    sent: u64,
    bytes: u64,
    /// What ends it for all of them.
    failure: Option<SyncError>,
    /// What the hub said of one that it does not take; the others go on.
    refused: Vec<SyncError>,
    /// There by now, and not noted yet.
    verified: Vec<Sha256>,
}

/// The same with its locks.
struct Shared {
    sending: Mutex<Sending>,
    /// Whose turn it is to note what is there.
    noting: Mutex<()>,
}

impl Shared {
    fn sending(&self) -> MutexGuard<'_, Sending> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine<'_> {
    /// Sends pictures until all are there, or until it is somebody else's turn.
    pub(super) fn send_blobs(&self, until: Instant, report: &mut SyncReport) -> Result<(), SyncError> {
        let begun = Instant::now();
        let done = self.send_pages(until, report);
        report.blobs_ms += u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        done
    }

    fn send_pages(&self, until: Instant, report: &mut SyncReport) -> Result<(), SyncError> {
        let (mut seen, mut refused) = (BTreeSet::new(), Vec::new());
        loop {
            // Those that the hub did not take are for the next round, and stand before the others.
            let page = PAGE.saturating_add(u32::try_from(refused.len()).unwrap_or(u32::MAX));
            let page = self.station.read(|reading| Ok(reading.blobs_to_send(page)?))?;
            let queue: VecDeque<Blob> = page.into_iter().filter(|blob| seen.insert(*blob.sha256.as_bytes())).collect();
            if queue.is_empty() {
                return refused.into_iter().next().map_or(Ok(()), Err);
            }
            let sending =
                Sending { queue, sent: 0, bytes: 0, failure: None, refused: Vec::new(), verified: Vec::new() };
            let shared = Shared { sending: Mutex::new(sending), noting: Mutex::new(()) };
            thread::scope(|scope| {
                for _ in 1..AT_ONCE {
                    scope.spawn(|| self.send_from(&shared, until));
                }
                self.send_from(&shared, until);
            });
            let sending = shared.sending.into_inner().unwrap_or_else(PoisonError::into_inner);
            report.blobs += sending.sent;
            report.blob_bytes += sending.bytes;
            if let Some(failure) = sending.failure {
                return Err(failure);
            }
            refused.extend(sending.refused);
            if Instant::now() >= until {
                report.more = true;
                return Ok(());
            }
        }
    }

    fn send_from(&self, shared: &Shared, until: Instant) {
        loop {
            let mut now = shared.sending();
            if now.failure.is_some() || Instant::now() >= until {
                return;
            }
            let Some(blob) = now.queue.pop_front() else { return };
            drop(now);
            let done = match self.send_blob(&blob) {
                Ok(bytes) => self.note_verified(&blob, bytes, shared),
                // It is not here any more, or another: that is told, and the others go on.
                Err(SyncError::Station(error)) if error.downcast_ref::<BlobError>().is_some() => {
                    self.report_lost(&blob, &error)
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => {}
                Err(error) if is_about_one(&error) => shared.sending().refused.push(error),
                Err(error) => {
                    shared.sending().failure = Some(error);
                    return;
                }
            }
        }
    }

    /// Sends what the hub lacks of a picture, until it is there. How many bytes that took.
    fn send_blob(&self, blob: &Blob) -> Result<u64, SyncError> {
        let name = blob.sha256.to_string();
        // One that goes in one part is not asked for first: at worst one part is sent again, after an answer was lost.
        let mut there = if self.goes_whole(blob) { BlobThere::Until(0) } else { self.client.blob_there(&name)? };
        let (mut sent, mut cuts, mut file) = (0, 0, None);
        loop {
            let offset = match there {
                BlobThere::Verified => return Ok(sent),
                BlobThere::Until(offset) => offset.min(blob.size),
            };
            if self.client.stopped() {
                return Err(SyncError::Stopped);
            }
            let part = self.part_from(offset, blob, &mut file)?;
            let (length, begun) = (part.len(), Instant::now());
            match self.client.put_part(&name, (offset, blob.size), part) {
                Ok(BlobThere::Until(now)) if now <= offset && length > 0 => {
                    return Err(SyncError::Unreadable(format!(
                        "the hub has no more of picture {name} after a part of it"
                    )));
                }
                Ok(now) => {
                    failpoint::reach("part-sent");
                    self.adapt(length, begun.elapsed());
                    sent += length as u64;
                    there = now;
                }
                Err(error) => there = self.after_part(&name, error, &mut cuts)?,
            }
        }
    }

    fn goes_whole(&self, blob: &Blob) -> bool {
        blob.size <= self.part.load(Ordering::Relaxed) as u64
    }

    /// The next bytes to send: empty where the hub has all of them and has not said yet that it verified them.
    fn part_from(&self, offset: u64, blob: &Blob, file: &mut Option<File>) -> Result<Bytes, SyncError> {
        let name = blob.sha256.to_string();
        if offset == 0 && self.goes_whole(blob) {
            // Read once, for the hash and for the network.
            return Ok(self.station.blobs().get(&name).map_err(anyhow::Error::new)?.into());
        }
        let file = match file {
            Some(file) => file,
            none => none.insert(self.open_checked(&name)?),
        };
        Ok(read_part(file, offset, blob.size, self.part.load(Ordering::Relaxed))?.into())
    }

    /// Where to go on after a part that did not arrive, or not as it should.
    fn after_part(&self, name: &str, error: SyncError, cuts: &mut u32) -> Result<BlobThere, SyncError> {
        *cuts += 1;
        if *cuts > MOST_CUTS {
            return Err(error);
        }
        match &error {
            SyncError::Unreachable(_) | SyncError::Refused { status: 408 | 413, .. } => {
                let half = (self.part.load(Ordering::Relaxed) / 2).max(FEWEST_PART_BYTES);
                self.part.store(half, Ordering::Relaxed);
                self.client.blob_there(name)
            }
            // The hub threw away what it had, or has it otherwise than we thought: it says where to go on.
            SyncError::Refused { code, .. } if code == code::OFFSET || code == code::HASH => {
                self.client.blob_there(name)
            }
            _ => Err(error),
        }
    }

    fn adapt(&self, length: usize, took: Duration) {
        let per_ms = length as u128 / took.as_millis().max(1);
        let wanted = usize::try_from(per_ms * PART_TAKES.as_millis()).unwrap_or(MOST_PART_BYTES);
        // Not more than doubled at a time: one fast part may have been luck. A small picture that went well is no reason
        // for smaller parts.
        let most = length.saturating_mul(2).max(self.part.load(Ordering::Relaxed));
        if length >= FEWEST_PART_BYTES {
            self.part.store(wanted.clamp(FEWEST_PART_BYTES, most.min(MOST_PART_BYTES)), Ordering::Relaxed);
        }
    }

    /// The file, once it was found to be what its name says: the hub would find out after all of it was sent.
    fn open_checked(&self, name: &str) -> Result<File, SyncError> {
        let blobs = self.station.blobs();
        blobs.verify(name).map_err(anyhow::Error::new)?;
        let path = blobs.path(name).map_err(anyhow::Error::new)?;
        Ok(File::open(&path).with_context(|| format!("cannot read {}", path.display()))?)
    }

    /// Notes that a picture is there, in one write with those that others have brought meanwhile: each waits for the
    /// disk once, and not for everybody.
    fn note_verified(&self, blob: &Blob, bytes: u64, shared: &Shared) -> Result<(), SyncError> {
        let mut now = shared.sending();
        now.sent += 1;
        now.bytes += bytes;
        now.verified.push(blob.sha256);
        drop(now);
        let turn = shared.noting.lock().unwrap_or_else(PoisonError::into_inner);
        let verified = std::mem::take(&mut shared.sending().verified);
        // Whoever had the turn before may have noted this one, too.
        if !verified.is_empty() {
            let each =
                |writing: &Writing<'_>| verified.iter().try_for_each(|sha256| writing.note_blob_verified(sha256));
            self.station.write(|writing| Ok(each(writing)?))?;
        }
        drop(turn);
        Ok(())
    }

    fn report_lost(&self, blob: &Blob, error: &anyhow::Error) -> Result<(), SyncError> {
        let state = match error.downcast_ref::<BlobError>() {
            Some(BlobError::Missing { .. }) => BlobState::Missing,
            Some(BlobError::Corrupt { .. }) => {
                let set_aside = self.station.blobs().quarantine(&blob.sha256.to_string());
                set_aside.map_err(anyhow::Error::new)?;
                BlobState::Quarantined
            }
            _ => return Err(SyncError::Station(anyhow::anyhow!("{error:#}"))),
        };
        let why = format!("{error:#}; found when it was sent to headquarters");
        Ok(self.station.write(|writing| Ok(writing.set_blob_state(&blob.sha256, state, &why)?))?)
    }
}

/// Whether the hub refuses this picture, and not everything.
const fn is_about_one(error: &SyncError) -> bool {
    match error {
        SyncError::Refused { status, .. } => matches!(status, 400 | 404..=407 | 409..=428 | 431..=499),
        SyncError::Unreadable(_) => true,
        _ => false,
    }
}

fn read_part(file: &mut File, offset: u64, size: u64, length: usize) -> Result<Vec<u8>, SyncError> {
    file.seek(SeekFrom::Start(offset)).context("cannot read a picture")?;
    let wanted = (size - offset).min(length as u64);
    let mut part = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
    file.take(wanted).read_to_end(&mut part).context("cannot read a picture")?;
    Ok(part)
}
