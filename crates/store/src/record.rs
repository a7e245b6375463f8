//! Recording a run: one transaction that leaves all of a plate, or none of it.

use crate::{
    Error, FinalResults, Result, Sha256, TitreScale, Writing,
    assay::{AssayKey, ModelRef},
    audit::NewAudit,
    ids::{FileId, RunId},
    images::{self, Image},
    run::{Completion, Identity, NewRun, Run, RunFailure, RunStatus},
    seal::{self, Sealed},
    stamp::Now,
    wells::{self, ToldWells},
};
use rusqlite::params;
use serde::Serialize;
use serde_json::{Value, json};
use wellread_plate::{format::PlateFormat, reading::Grid};

impl Writing<'_> {
    /// Puts a run in the queue, so that it shows before anybody has looked at the picture.
    pub fn queue_run(&self, new: &NewRun) -> Result<()> {
        self.insert_run(new, RunStatus::Pending)?;
        self.derive_run(new.id)
    }

    /// Notes that the reading of a queued run begins. It counts as a try until the program has ended it itself.
    pub fn start_run(&self, id: RunId) -> Result<()> {
        self.step_run(id, "status = 'processing', tries = tries + 1")
    }

    /// Notes that a reading that was begun has ended without a result, for a reason that is not the picture's: the run
    /// waits again, and the try does not count.
    pub fn put_back_run(&self, id: RunId) -> Result<()> {
        self.step_run(id, "status = 'pending', tries = max(tries - 1, 0)")
    }

    fn step_run(&self, id: RunId, set: &str) -> Result<()> {
        let changed = self.execute(
            &format!(
                "UPDATE prediction_run SET {set}, updated_at = ?2 WHERE id = ?1 AND status IN ('pending', 'processing')"
            ),
            params![id, self.utc_ms()],
        )?;
        if changed == 0 {
            return Err(Error::refused(format!("run {id} is not waiting")));
        }
        self.derive_run(id)
    }

    /// Records a whole run: the row, its wells, counts, results and pictures, its state, the sample's summary, the
    /// file's state, an audit entry and a record for the hub. A run that was queued is completed.
    pub fn record_run(&self, new: &NewRun, made: &Completion) -> Result<()> {
        check_completion(made)?;
        self.begin(new)?;
        for model in made.models.iter().chain([&made.judge]) {
            self.add_model(model)?;
        }
        wells::insert(self, new.id, &made.wells)?;
        self.insert_results(new.id, &made.results)?;
        images::insert(self, new.id, &new.identity.sample_no, &made.images)?;
        self.complete(new, made)?;
        let run = self.run_over(new, "RUN")?;
        self.tell_hub("run", &ToldRun::new(&run, made))?;
        self.derive_run(new.id)
    }

    /// Records that a run has no results, and why. Its file may be tried again with another run.
    pub fn record_failure(&self, new: &NewRun, failure: &RunFailure) -> Result<()> {
        if failure.code.is_empty() || failure.message.is_empty() {
            return Err(Error::refused("a failed run says why it failed"));
        }
        self.begin(new)?;
        images::insert(self, new.id, &new.identity.sample_no, &failure.images)?;
        self.execute(
            "UPDATE prediction_run SET status = 'failed', error_code = ?2, error_msg = ?3, processing_time_ms = ?4,
               predict_at = ?5, updated_at = ?5, offset_min = ?6 WHERE id = ?1",
            params![
                new.id,
                failure.code,
                failure.message,
                failure.processing_time_ms,
                self.utc_ms(),
                self.stamp().at.offset_min
            ],
        )?;
        let run = self.run_over(new, "RUN_FAILED")?;
        let told = ToldAlways::new(&run);
        let RunFailure { code, message, images, .. } = failure;
        let failure = ToldFailure { told, error_code: code, error_msg: message, images };
        self.tell_hub("run-failed", &failure)?;
        self.derive_run(new.id)
    }

    /// Makes the row, or takes over the queued one.
    fn begin(&self, new: &NewRun) -> Result<()> {
        match self.find_run(new.id)?.map(|known| known.status) {
            None => self.insert_run(new, RunStatus::Processing),
            Some(RunStatus::Pending | RunStatus::Processing) => {
                self.execute(
                    "UPDATE prediction_run SET status = 'processing', sample_no = ?2, submission_no = ?3,
                       plate_no = ?4 WHERE id = ?1",
                    params![new.id, new.identity.sample_no, new.identity.submission_no, new.identity.plate_no],
                )?;
                Ok(())
            }
            Some(over) => Err(Error::refused(format!("run {} is {over} already", new.id))),
        }
    }

    fn insert_run(&self, new: &NewRun, status: RunStatus) -> Result<()> {
        if let Some(older) = new.supersedes {
            let older = self.run(older)?;
            if older.status != RunStatus::Completed {
                return Err(Error::refused("only a completed run can be superseded: try the file again instead"));
            }
        }
        let at = self.stamp().at;
        self.execute(
            "INSERT INTO prediction_run (id, sample_no, submission_no, description, predict_at, raw_image_path, status,
               created_by, created_at, updated_at, offset_min, plate_no, intake_id, image_sha256, assay_id,
               assay_version, app_version, supersedes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?5, ?5, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            params![
                new.id,
                new.identity.sample_no,
                new.identity.submission_no,
                new.description,
                at.utc_ms,
                new.raw_image_path,
                status,
                self.stamp().by.user(),
                at.offset_min,
                new.identity.plate_no,
                new.intake,
                new.image_sha256,
                new.assay.id,
                new.assay.version,
                new.app_version,
                new.supersedes
            ],
        )?;
        Ok(())
    }

    fn insert_results(&self, run: RunId, results: &FinalResults) -> Result<()> {
        self.execute(
            "INSERT INTO row_counts (run_id, counts, created_at) VALUES (?1, ?2, ?3)",
            params![run, results.counts.to_string(), self.utc_ms()],
        )?;
        self.execute(
            "INSERT INTO interface_results (run_id, results, created_at) VALUES (?1, ?2, ?3)",
            params![run, results.stored_results().to_string(), self.utc_ms()],
        )?;
        Ok(())
    }

    /// Fills in what looking has found, then seals all of it.
    fn complete(&self, new: &NewRun, made: &Completion) -> Result<()> {
        let annotated = made.images.iter().find(|image| image.kind == images::ImageKind::Annotated);
        let at = self.stamp().at;
        self.execute(
            "UPDATE prediction_run SET predict_at = ?2, offset_min = ?3, annotated_image_path = ?4, model_version = ?5,
               processing_time_ms = ?6, confidence_threshold = ?7, model_name = ?8, model_sha256 = ?9, models = ?10,
               plate_format = ?11, grid = ?12, titre_scale = ?13, needs_review = ?14, review_reasons = ?15,
               reading_key = ?16 WHERE id = ?1",
            params![
                new.id,
                at.utc_ms,
                at.offset_min,
                annotated.map(|image| &image.file_path),
                made.judge.version,
                made.processing_time_ms,
                made.confidence_threshold,
                made.judge.name,
                made.judge.sha256,
                serde_json::to_string(&made.models)?,
                made.grid.format.to_string(),
                serde_json::to_string(&made.grid)?,
                made.scale.map(|scale| serde_json::to_string(&scale)).transpose()?,
                made.needs_review,
                serde_json::to_string(&made.review_reasons)?,
                made.reading_key
            ],
        )?;
        let content = seal::run_content(self.connection(), &new.id.to_string())?;
        self.execute(
            "UPDATE prediction_run SET status = 'completed', updated_at = ?2, content_sha256 = ?3 WHERE id = ?1",
            params![new.id, self.utc_ms(), content],
        )?;
        Ok(())
    }

    /// Ties the file to a run that is over, and enters it in the audit trail.
    fn run_over(&self, new: &NewRun, action: &'static str) -> Result<Run> {
        if let Some(file) = new.intake {
            self.file_done(file, new.id)?;
        }
        let run = self.run(new.id)?;
        let entry = NewAudit {
            action,
            resource: Sealed::Run.resource(),
            resource_id: new.id.to_string(),
            new: Some(json!({
                "seq": run.seq, "status": run.status, "identity": run.identity, "image_sha256": run.image_sha256,
                "assay": run.assay, "content_sha256": run.content_sha256, "error_code": run.error_code,
                "supersedes": run.supersedes,
            })),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Run)?;
        Ok(run)
    }
}

/// What makes no sense is refused here, whoever computed it.
fn check_completion(made: &Completion) -> Result<()> {
    let format: PlateFormat = made.grid.format;
    if !made.wells.iter().map(|well| well.well).eq(format.iter()) {
        return Err(Error::refused(format!("a run of a {format}-well plate holds every well of it, in order")));
    }
    if made.wells.iter().any(|well| !well.confidence.is_finite()) {
        return Err(Error::refused("a confidence is a number"));
    }
    if !made.results.results.is_object() || !made.results.counts.is_object() {
        return Err(Error::refused("counts and results are JSON objects"));
    }
    Ok(())
}

/// A completed run as the hub is told of it, in version [`crate::SCHEMA_VERSION`].
#[derive(Serialize)]
struct ToldRun<'a> {
    #[serde(flatten)]
    told: ToldAlways<'a>,
    description: &'a str,
    judge: &'a ModelRef,
    models: &'a [ModelRef],
    processing_time_ms: u64,
    confidence_threshold: Option<f64>,
    grid: &'a Grid,
    titre_scale: Option<TitreScale>,
    needs_review: bool,
    review_reasons: &'a [String],
    wells: ToldWells<'a>,
    counts: &'a Value,
    results: Value,
    images: &'a [Image],
}

/// A failed run as the hub is told of it.
#[derive(Serialize)]
struct ToldFailure<'a> {
    #[serde(flatten)]
    told: ToldAlways<'a>,
    error_code: &'a str,
    error_msg: &'a str,
    images: &'a [Image],
}

/// What the hub is told of any run that is over.
#[derive(Serialize)]
struct ToldAlways<'a> {
    run_id: RunId,
    seq: i64,
    status: RunStatus,
    predict_at: Now,
    intake_id: Option<FileId>,
    identity: &'a Identity,
    image_sha256: Sha256,
    assay: &'a AssayKey,
    app_version: &'a str,
    supersedes: Option<RunId>,
    content_sha256: Option<Sha256>,
}

impl<'a> ToldAlways<'a> {
    fn new(run: &'a Run) -> Self {
        Self {
            run_id: run.id,
            seq: run.seq,
            status: run.status,
            predict_at: run.predict_at,
            intake_id: run.intake,
            identity: &run.identity,
            image_sha256: run.image_sha256,
            assay: &run.assay,
            app_version: &run.app_version,
            supersedes: run.supersedes,
            content_sha256: run.content_sha256,
        }
    }
}

impl<'a> ToldRun<'a> {
    fn new(run: &'a Run, made: &'a Completion) -> Self {
        Self {
            told: ToldAlways::new(run),
            description: &run.description,
            judge: &made.judge,
            models: &made.models,
            processing_time_ms: made.processing_time_ms,
            confidence_threshold: made.confidence_threshold,
            grid: &made.grid,
            titre_scale: made.scale,
            needs_review: made.needs_review,
            review_reasons: &made.review_reasons,
            wells: ToldWells::new(&made.grid, &made.wells),
            counts: &made.results.counts,
            results: made.results.stored_results(),
            images: &made.images,
        }
    }
}
