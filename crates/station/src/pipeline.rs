//! One plate's way from its picture to a recorded run: decode, locate, classify, interpret, draw, record.
//!
//! A picture in which no plate can be read ends as a failed run with its reason. Only what has nothing to do with the
//! picture (a full disk, a locked database) is an error here, and then nothing was recorded.

mod pictures;

use crate::{
    Settings, Station, calibration,
    eyes::{Eyes, Unseen, contained},
    failpoint,
    intake::{
        admit::{Plate, newest_assay},
        barcode::{Barcode, Barcodes},
        identity::Claim,
    },
    people::{Permission, Session},
    problem::Problem,
};
use anyhow::Context as _;
use pictures::Drawn;
use serde_json::json;
use std::time::Instant;
use wellread_plate::{
    assay::Assay,
    class::WellClass,
    interpret::{InterpretError, Interpretation, interpret},
    reading::{Grid, Reading},
};
use wellread_store::{
    AssayKey, Completion, Disposition, FinalResults, Identity, ImageKind, ModelRef, NewRun, ReadingKey, RunFailure,
    RunId, RunStatus, Sha256, TitreScale,
};
use wellread_vision::{decode::Decoded, raster::Raster};

/// Readings kept for another look under another assay.
const READINGS_KEPT: u32 = 1_000;

/// Eyes and settings, ready to read plates. Several threads may use it at once.
pub struct Pipeline<'s> {
    station: &'s Station,
    eyes: &'s Eyes,
    judge: ModelRef,
    models: Vec<ModelRef>,
    calibration: Option<Grid>,
    barcodes: Option<Barcodes>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The run.
    pub run: RunId,
    /// Completed or failed.
    pub status: RunStatus,
    /// Whose plate it was taken to be.
    pub identity: Identity,
    /// Whether a person must look.
    pub needs_review: bool,
    /// Why it failed, for programs.
    pub error_code: Option<String>,
    /// Why it failed, for people.
    pub error: Option<String>,
}

/// What was made of a picture.
struct Made {
    claim: Claim,
    completion: Completion,
    key: ReadingKey,
    /// The reading, where it was not in the cache.
    fresh: Option<Reading>,
}

/// Why nothing was made.
enum Stopped {
    /// The picture is the reason: the run fails.
    Picture(Unseen),
    /// Something else is: nothing is recorded.
    Station(anyhow::Error),
}

impl From<Unseen> for Stopped {
    fn from(unseen: Unseen) -> Self {
        Self::Picture(unseen)
    }
}

impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Self {
        Self::Station(error)
    }
}

impl<'s> Pipeline<'s> {
    /// What holds under these settings.
    pub fn new(station: &'s Station, eyes: &'s Eyes, settings: &Settings) -> anyhow::Result<Self> {
        let (judge, models) = eyes.model_refs()?;
        let calibration = settings.intake.calibration.as_deref().map(calibration::load).transpose();
        let intake = &settings.intake;
        Ok(Self {
            station,
            eyes,
            judge,
            models,
            calibration: calibration.map_err(Problem::invalid)?,
            barcodes: Barcodes::allow(&intake.barcode_symbologies, &intake.barcode_pattern, intake.barcode_region)?,
        })
    }

    /// The same, with the wells where a person put them.
    #[must_use]
    pub fn with_grid(self, grid: Grid) -> Self {
        Self { calibration: Some(grid), ..self }
    }

    /// Reads a plate and records what came of it.
    pub fn read(&self, plate: &Plate) -> anyhow::Result<Ended> {
        let begun = Instant::now();
        let assay = self.station.read(|reading| stored_assay(reading, &plate.run.assay))?;
        let made = contained(|| self.make(plate, &assay, begun)).map_err(Stopped::from).flatten();
        failpoint::reach("pictures-kept");
        match made {
            Ok(made) => self.record(plate, &made),
            Err(Stopped::Picture(unseen)) => self.record_failure(plate, &unseen, begun),
            Err(Stopped::Station(error)) => Err(error),
        }
    }

    /// Records that a picture is not read any more, because the program ended each time it was.
    pub fn give_up(&self, plate: &Plate, tries: u32) -> anyhow::Result<Ended> {
        let told = format!(
            "the program ended {tries} times while it read this picture, so it is left alone: report it with the \
             picture, and have it read again with `reprocess`"
        );
        self.record_failure(plate, &Unseen::new("program-ended", told), Instant::now())
    }

    fn make(&self, plate: &Plate, assay: &Assay, begun: Instant) -> Result<Made, Stopped> {
        let decoded = self.eyes.decode(&plate.bytes)?;
        let barcode = self.barcodes.as_ref().and_then(|barcodes| barcodes.find(&decoded.raster));
        let (claim, told) = plate.claim.clone().with_barcode(barcode.as_ref());
        let key = self.key(plate.run.image_sha256, assay);
        let (reading, is_new) = self.reading(&decoded.raster, assay, &key)?;
        let made = interpret(&reading, assay).map_err(|error| Unseen::new(interpret_code(&error), &error))?;
        failpoint::reach_with("plate-read", &plate.file_name);
        let drawn = Drawn { name: &plate.file_name, decoded: &decoded, grid: &reading.grid, assay, made: &made };
        let images = pictures::keep(self.station, plate, &drawn)?;
        let mut completion = self.completion(assay, &reading.grid, made, &key);
        completion.images = images;
        add_reasons(&mut completion, plate.notes.iter().cloned().chain(told));
        note_barcode(&mut completion, barcode.as_ref());
        completion.processing_time_ms = elapsed_ms(begun);
        Ok(Made { claim, completion, key, fresh: is_new.then_some(reading) })
    }

    /// The reading made before, or a new one.
    fn reading(&self, raster: &Raster, assay: &Assay, key: &ReadingKey) -> Result<(Reading, bool), Stopped> {
        if let Some(known) = self.station.read(|reading| Ok(reading.cached_reading(key)?))? {
            return Ok((known, false));
        }
        Ok((self.eyes.look(raster, &assay.classes, self.calibration.as_ref())?.reading, true))
    }

    /// Everything a reading depends on.
    fn key(&self, image: Sha256, assay: &Assay) -> ReadingKey {
        let models: Vec<String> = self.models.iter().map(|model| model.sha256.to_string()).collect();
        let classes: Vec<&str> = assay.classes.keys().map(WellClass::as_str).collect();
        let asked = json!({ "models": models, "classes": classes }).to_string();
        let calibration = serde_json::to_string(&self.calibration).unwrap_or_default();
        ReadingKey { image, models: Sha256::of(asked.as_bytes()), calibration: Sha256::of(calibration.as_bytes()) }
    }

    fn completion(&self, assay: &Assay, grid: &Grid, made: Interpretation, key: &ReadingKey) -> Completion {
        Completion {
            judge: self.judge.clone(),
            models: self.models.clone(),
            processing_time_ms: 0,
            confidence_threshold: Some(assay.review_threshold),
            grid: grid.clone(),
            scale: TitreScale::of(assay),
            needs_review: made.needs_review,
            review_reasons: made.review_reasons.clone(),
            reading_key: Some(key.key()),
            results: FinalResults::of(&made),
            wells: made.wells,
            images: Vec::new(),
        }
    }

    /// The one transaction of a plate.
    fn record(&self, plate: &Plate, made: &Made) -> anyhow::Result<Ended> {
        let run = NewRun { identity: made.claim.identity.clone(), ..plate.run.clone() };
        let settings = self.station.settings()?;
        self.station.write(|writing| {
            writing.record_run(&run, &made.completion)?;
            if writing.run_state(run.id)?.disposition == Disposition::Accepted {
                self.station.want_automatically(writing, &settings, &run.identity.sample_no)?;
            }
            if let Some(reading) = &made.fresh {
                writing.cache_reading(&made.key, reading, READINGS_KEPT)?;
            }
            failpoint::reach("in-recording");
            Ok(())
        })?;
        failpoint::reach("recorded");
        Ok(Ended {
            run: run.id,
            status: RunStatus::Completed,
            needs_review: made.completion.needs_review || run.identity.sample_no.is_empty(),
            identity: run.identity,
            error_code: None,
            error: None,
        })
    }

    fn record_failure(&self, plate: &Plate, unseen: &Unseen, begun: Instant) -> anyhow::Result<Ended> {
        let failure = RunFailure {
            code: unseen.code.clone(),
            message: unseen.message.clone(),
            processing_time_ms: elapsed_ms(begun),
            images: vec![pictures::raw(plate, None)],
        };
        self.station.write(|writing| Ok(writing.record_failure(&plate.run, &failure)?))?;
        failpoint::reach("recorded");
        Ok(Ended {
            run: plate.run.id,
            status: RunStatus::Failed,
            identity: plate.run.identity.clone(),
            needs_review: true,
            error_code: Some(failure.code),
            error: Some(failure.message),
        })
    }

    /// Reads a run's picture again, under another assay or with other models. The new run replaces the old one once it
    /// is accepted; a failed one is simply tried again. Nothing is overwritten.
    pub fn reprocess(&self, session: &Session, run: RunId, assay: Option<&str>) -> anyhow::Result<Ended> {
        let (old, identity, file_name, assay) = self.station.ask(session, Permission::RunCapture, |reading| {
            let old = reading.run(run)?;
            let key = match assay {
                Some(id) => newest_assay(reading, id)?.0,
                None => old.assay.clone(),
            };
            let identity = reading.run_state(run)?.identity;
            let images = reading.images(run)?;
            let raw = images.into_iter().find(|image| image.kind == ImageKind::Raw);
            Ok((old, identity, raw.map_or_else(String::new, |image| image.file_name), key))
        })?;
        if matches!(old.status, RunStatus::Pending | RunStatus::Processing) {
            return Err(Problem::refused(format!("run {run} has not ended yet: wait for it")).into());
        }
        let bytes = self.station.blobs().get(&old.image_sha256.to_string())?;
        let probe = wellread_vision::decode::probe(&bytes).context("the picture kept cannot be read any more")?;
        let new = NewRun {
            id: self.station.clock().id()?,
            intake: old.intake,
            identity: identity.clone(),
            description: old.description.clone(),
            image_sha256: old.image_sha256,
            raw_image_path: Some(crate::intake::admit::blob_path(&old.image_sha256)),
            assay,
            app_version: Station::app_version().to_owned(),
            supersedes: (old.status == RunStatus::Completed).then_some(run),
        };
        let claim = Claim { identity, by: crate::intake::identity::ClaimedBy::Entered };
        self.read(&Plate { run: new, claim, file_name, bytes, format: probe.format, notes: Vec::new() })
    }
}

/// The stable code of an error of interpretation.
pub const fn interpret_code(error: &InterpretError) -> &'static str {
    match error {
        InterpretError::Format { .. } => "wrong-format",
        InterpretError::UnknownClass { .. } => "unknown-class",
        InterpretError::Probabilities { .. } | InterpretError::Wells { .. } => "damaged-reading",
    }
}

/// An assay as it was when a run was made under it.
pub fn stored_assay(reading: &wellread_store::Reading<'_>, key: &AssayKey) -> anyhow::Result<Assay> {
    let stored = reading.assay(&key.id, key.version)?;
    let stored = stored.ok_or_else(|| Problem::not_found("assay", format!("{} version {}", key.id, key.version)))?;
    Assay::from_toml(&stored.id, &stored.toml).with_context(|| format!("the stored assay '{}'", key.id))
}

fn add_reasons(completion: &mut Completion, reasons: impl Iterator<Item = String>) {
    completion.review_reasons.extend(reasons);
    completion.needs_review = completion.needs_review || !completion.review_reasons.is_empty();
}

/// Keeps the suggestion with the run, so that whoever confirms it sees what was read.
fn note_barcode(completion: &mut Completion, barcode: Option<&Barcode>) {
    if let (Some(barcode), Some(results)) = (barcode, completion.results.results.as_object_mut()) {
        results.insert("barcode".to_owned(), json!({ "text": barcode.text, "symbology": barcode.symbology }));
    }
}

fn elapsed_ms(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Width and height as the store keeps them.
fn size_px(decoded: &Decoded) -> Option<(u32, u32)> {
    Some((u32::try_from(decoded.raster.width()).ok()?, u32::try_from(decoded.raster.height()).ok()?))
}
