//! Sets of models that headquarters offer: fetched part by part, each file checked by its hash, put in their place whole.
//! Nothing reads with them until a person says so.

use super::{
    SyncError,
    round::{Engine, SyncReport},
};
use crate::{Problem, blobs::hash_of, folder::sync_folder};
use anyhow::Context as _;
use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
    time::Instant,
};
use wellread_store::{ModelOffer, OfferState, OfferedFile};
use wellread_vision::manifest::Manifest;

/// Bytes asked for at a time.
const PART: u64 = 1 << 20;

impl Engine<'_> {
    /// Fetches the sets that are offered and not here yet, until it is somebody else's turn.
    pub(super) fn fetch_models(&self, until: Instant, report: &mut SyncReport) -> Result<(), SyncError> {
        let offers = self.station.read(|reading| Ok(reading.model_offers()?))?;
        for offer in offers.iter().filter(|offer| offer.state == OfferState::Wanted) {
            let (state, reason) = match self.fetch_set(offer, until) {
                Ok(true) => (OfferState::Ready, String::new()),
                Ok(false) => {
                    report.more = true;
                    return Ok(());
                }
                Err(SyncError::Station(error)) if error.downcast_ref::<Problem>().is_some() => {
                    (OfferState::Failed, format!("{error:#}"))
                }
                Err(error) => return Err(error),
            };
            report.models += u64::from(state == OfferState::Ready);
            self.station.write(|writing| Ok(writing.note_model_offer(&offer.sha256, state, &reason)?))?;
        }
        Ok(())
    }

    /// Whether all of it is here.
    fn fetch_set(&self, offer: &ModelOffer, until: Instant) -> Result<bool, SyncError> {
        let place = self.station.offered_place(&offer.sha256);
        if place.is_dir() {
            return Ok(true);
        }
        let unfinished = place.with_extension("offered");
        fs::create_dir_all(&unfinished).context("cannot make a folder for the models")?;
        for (name, file) in &offer.files {
            if !self.fetch_file(&unfinished.join(name), file, until)? {
                return Ok(false);
            }
        }
        Manifest::load(&unfinished).map_err(|why| anyhow::Error::new(Problem::invalid(why.to_string())))?;
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
