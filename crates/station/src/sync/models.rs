//! Sets of models that headquarters offer: fetched part by part, each file checked by its hash, put in their place whole.
//! Nothing reads with them until a person says so.

use super::{
    SyncError,
    round::{Budget, Engine, SyncReport},
};
use crate::{Problem, blobs::hash_of, eyes::Eyes, failpoint, folder::sync_folder};
use anyhow::Context as _;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{MutexGuard, PoisonError, atomic::Ordering},
    time::Instant,
};
use wellread_store::{Direction, ModelOffer, OfferState, OfferedFile, Writing};

/// Bytes asked for at a time.
const PART: u64 = 1 << 20;

/// Models that failed, and are left alone for a while.
#[derive(Clone, Debug)]
pub(super) struct PutOff {
    /// Failed tries in a row.
    failures: u32,
    next_ms: i64,
    why: String,
}

impl PutOff {
    /// Notes it with what comes from headquarters, where people see it.
    pub(super) fn note(&self, writing: &Writing<'_>) -> wellread_store::Result<()> {
        writing.note_sync_failure(Direction::Downlink, &self.why, self.next_ms)
    }
}

impl Engine<'_> {
    fn last_failure(&self) -> MutexGuard<'_, Option<PutOff>> {
        self.models_put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How models failed, where their next try is not due yet. To be asked before it is noted how the feed went.
    pub(super) fn models_put_off(&self, budget: Budget) -> Result<Option<PutOff>, SyncError> {
        // Nothing is told of them where another process had better luck since.
        let is_told = self.station.read(|reading| Ok(reading.sync_state(Direction::Downlink)?.last_error))?.is_some();
        let failed = self.last_failure().clone();
        Ok(failed.filter(|failed| is_told && !budget.whatever_failed && !self.has_come(failed.next_ms)))
    }

    /// Fetches models, and notes when to try again where that failed: a disk too full for them, say, is no trouble of what
    /// is told.
    pub(super) fn take_models(&self, until: Instant, report: &mut SyncReport) -> Result<(), SyncError> {
        let error = match self.fetch_models(until, report) {
            Ok(()) => {
                *self.last_failure() = None;
                return Ok(());
            }
            Err(SyncError::Stopped) => return Err(SyncError::Stopped),
            Err(error) => error,
        };
        let failures = self.last_failure().as_ref().map_or(0, |failed| failed.failures).saturating_add(1);
        let failed = PutOff { failures, next_ms: self.next_try_ms(failures, &error)?, why: error.to_string() };
        self.station.write(|writing| Ok(failed.note(writing)?))?;
        report.failures.push(failed.why.clone());
        *self.last_failure() = Some(failed);
        Ok(())
    }

    /// Fetches the sets that are offered and not here yet, until it is somebody else's turn. One that the hub does not
    /// give keeps no other away.
    fn fetch_models(&self, until: Instant, report: &mut SyncReport) -> Result<(), SyncError> {
        let offers = self.station.read(|reading| Ok(reading.model_offers()?))?;
        let failed_before = !self.models_seen.swap(true, Ordering::Relaxed);
        let mut refused = Ok(());
        for offer in &offers {
            let is_wanted = match offer.state {
                OfferState::Wanted => true,
                // A station brought back from a backup knows of models that are not beside it.
                OfferState::Ready => !self.place(offer).is_dir(),
                OfferState::Failed => failed_before,
                OfferState::Withdrawn => {
                    self.give_up(offer)?;
                    false
                }
            };
            if !is_wanted {
                continue;
            }
            match self.fetch_set(offer, until) {
                Ok(true) => {
                    report.models += 1;
                    self.note_offer(offer, OfferState::Ready, "")?;
                }
                Ok(false) => {
                    report.more = true;
                    return refused;
                }
                Err(SyncError::Station(error)) if error.downcast_ref::<Problem>().is_some() => {
                    self.note_offer(offer, OfferState::Failed, &format!("{error:#}"))?;
                }
                Err(error @ (SyncError::Refused { .. } | SyncError::Unreadable(_))) => {
                    refused = refused.and(Err(error));
                }
                Err(error) => return Err(error),
            }
        }
        refused
    }

    fn place(&self, offer: &ModelOffer) -> PathBuf {
        self.station.offered_place(&offer.sha256)
    }

    /// Where its files are until all of them are there.
    fn unfinished(&self, offer: &ModelOffer) -> PathBuf {
        self.place(offer).with_extension("offered")
    }

    fn note_offer(&self, offer: &ModelOffer, state: OfferState, reason: &str) -> Result<(), SyncError> {
        Ok(self.station.write(|writing| Ok(writing.note_model_offer(&offer.sha256, state, reason)?))?)
    }

    /// What was fetched of a set that was taken back meanwhile is of no use.
    fn give_up(&self, offer: &ModelOffer) -> Result<(), SyncError> {
        match fs::remove_dir_all(self.unfinished(offer)) {
            Err(why) if why.kind() != ErrorKind::NotFound => {
                Err(anyhow::Error::new(why).context("cannot remove models that were taken back").into())
            }
            _ => Ok(()),
        }
    }

    /// Whether all of it is here, and can be read with.
    fn fetch_set(&self, offer: &ModelOffer, until: Instant) -> Result<bool, SyncError> {
        let place = self.place(offer);
        if place.is_dir() {
            return Ok(true);
        }
        let unfinished = self.unfinished(offer);
        fs::create_dir_all(&unfinished).context("cannot make a folder for the models")?;
        for (name, file) in &offer.files {
            if !self.fetch_file(&unfinished.join(name), file, until)? {
                return Ok(false);
            }
        }
        // A set that nothing can be read with is no offer, whatever its hashes say.
        Eyes::open(Some(&unfinished), 1).map_err(|why| anyhow::Error::new(Problem::invalid(why.to_string())))?;
        fs::rename(&unfinished, &place).context("cannot put the models in their place")?;
        sync_folder(place.parent().unwrap_or(&place)).context("cannot flush the folder of models")?;
        Ok(true)
    }

    /// Fetches what is missing of a file. Whether it is whole; what is whole and another file is begun again.
    fn fetch_file(&self, path: &Path, file: &OfferedFile, until: Instant) -> Result<bool, SyncError> {
        let mut have = fs::metadata(path).map_or(0, |found| found.len());
        if have > file.size {
            fs::remove_file(path).context("cannot begin a file of models again")?;
            have = 0;
        }
        let mut out = OpenOptions::new().create(true).append(true).open(path).context("cannot write the models")?;
        while have < file.size {
            if self.client.stopped() {
                return Err(SyncError::Stopped);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            let last = (have + PART).min(file.size) - 1;
            let part = self.client.fetch_part(&file.sha256.to_string(), (have, last))?;
            if part.is_empty() || part.len() as u64 > last - have + 1 {
                return Err(SyncError::Unreadable("a part of a model has another size than was asked for".to_owned()));
            }
            out.write_all(&part).context("cannot write the models")?;
            have += part.len() as u64;
            failpoint::reach("model-part");
        }
        out.sync_all().context("cannot flush the models")?;
        let found =
            hash_of(&mut File::open(path).context("cannot read the models")?).context("cannot read the models")?;
        if found == file.sha256.to_string() {
            return Ok(true);
        }
        fs::remove_file(path).context("cannot begin a file of models again")?;
        let told = format!("{} came with another hash than headquarters say: it is fetched again", path.display());
        Err(SyncError::Unreadable(told))
    }
}
