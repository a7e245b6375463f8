//! `prediction_run`: a reading made under an assay, for a sample and a plate number. Once over it never changes.

use crate::{
    Error, FinalResults, Reading, Result, Sha256, TitreScale,
    assay::{AssayKey, ModelRef},
    ids::{FileId, RunId, UserId},
    images::Image,
    stamp::Now,
    words::words,
};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wellread_plate::{interpret::CalledWell, reading::Grid};

words! {
    /// How far a run is.
    pub enum RunStatus("run status") {
        /// It waits.
        Pending = "pending",
        /// Somebody looks at the picture.
        Processing = "processing",
        /// It has its results.
        Completed = "completed",
        /// It has none, and says why.
        Failed = "failed",
    }
}

impl RunStatus {
    /// Whether nothing more comes of it.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// Whose plate it is. Empty where nobody has said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Identity {
    /// Sample number.
    pub sample_no: String,
    /// Submission (test) number.
    pub submission_no: String,
    /// Plate number; a run with the same sample and plate number replaces the one before in the sample's summary.
    pub plate_no: String,
}

/// A run to be made: what is known before anybody has looked at the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// The file it is made from.
    pub intake: Option<FileId>,
    /// Whose plate it is.
    pub identity: Identity,
    /// Anything a person wrote about it.
    pub description: String,
    /// The picture.
    pub image_sha256: Sha256,
    /// Where the picture lies, relative to the data folder.
    pub raw_image_path: Option<String>,
    /// The assay, which must have been added.
    pub assay: AssayKey,
    /// The program's version.
    pub app_version: String,
    /// The run it is made to replace.
    pub supersedes: Option<RunId>,
}

/// What came of looking.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The model that judged the wells.
    pub judge: ModelRef,
    /// All models that took part.
    pub models: Vec<ModelRef>,
    /// How long it took.
    pub processing_time_ms: u64,
    /// The assay's review threshold.
    pub confidence_threshold: Option<f64>,
    /// Where the wells are.
    pub grid: Grid,
    /// How end points become titres.
    pub scale: Option<TitreScale>,
    /// Whether a person must look.
    pub needs_review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
    /// The key of the reading in the cache.
    pub reading_key: Option<String>,
    /// Every well.
    pub wells: Vec<CalledWell>,
    /// What the plate says.
    pub results: FinalResults,
    /// Its pictures, whose blobs have been written.
    pub images: Vec<Image>,
}

/// Why a run has no results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// A code for programs.
    pub code: String,
    /// What happened and what to do, for people.
    pub message: String,
    /// How long it took to find out.
    pub processing_time_ms: u64,
    /// Its pictures, whose blobs have been written.
    pub images: Vec<Image>,
}

/// A run as it was recorded, before reviews.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Run {
    /// Its place in the station's order.
    pub seq: i64,
    /// Its id.
    pub id: RunId,
    /// How far it is.
    pub status: RunStatus,
    /// Whose plate it was taken to be.
    pub identity: Identity,
    /// Anything a person wrote about it.
    pub description: String,
    /// When the picture was read.
    pub predict_at: Now,
    /// The file it was made from.
    pub intake: Option<FileId>,
    /// The picture.
    pub image_sha256: Sha256,
    /// The assay.
    pub assay: AssayKey,
    /// All models that took part.
    pub models: Vec<ModelRef>,
    /// The program's version.
    pub app_version: String,
    /// The plate's format.
    pub plate_format: String,
    /// Where the wells are; `None` for a run without results.
    pub grid: Option<Grid>,
    /// How end points become titres.
    pub scale: Option<TitreScale>,
    /// Whether a person must look.
    pub needs_review: bool,
    /// Why.
    pub review_reasons: Vec<String>,
    /// How long it took.
    pub processing_time_ms: Option<u64>,
    /// The assay's review threshold.
    pub confidence_threshold: Option<f64>,
    /// The run it was made to replace.
    pub supersedes: Option<RunId>,
    /// The key of the reading in the cache.
    pub reading_key: Option<String>,
    /// Why it failed, for programs.
    pub error_code: Option<String>,
    /// Why it failed, for people.
    pub error_msg: Option<String>,
    /// How often its reading was begun: more than once tells of a program that died meanwhile.
    pub tries: u32,
    /// Who started it.
    pub created_by: Option<UserId>,
    /// The hash over all it holds.
    pub content_sha256: Option<Sha256>,
}

const RUN: &str = "SELECT seq, id, status, sample_no, submission_no, plate_no, description, predict_at, offset_min,
    intake_id, image_sha256, assay_id, assay_version, models, app_version, plate_format, grid, titre_scale,
    needs_review, review_reasons, processing_time_ms, confidence_threshold, supersedes, reading_key, error_code,
    error_msg, created_by, content_sha256, tries FROM prediction_run";

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let json = |at: usize| -> rusqlite::Result<Value> {
        let text: Option<String> = row.get(at)?;
        let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
        parsed
            .map(Option::unwrap_or_default)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(e)))
    };
    Ok(Run {
        seq: row.get(0)?,
        id: row.get(1)?,
        status: row.get(2)?,
        identity: Identity { sample_no: row.get(3)?, submission_no: row.get(4)?, plate_no: row.get(5)? },
        description: row.get(6)?,
        predict_at: Now { utc_ms: row.get(7)?, offset_min: row.get(8)? },
        intake: row.get(9)?,
        image_sha256: row.get(10)?,
        assay: AssayKey { id: row.get(11)?, version: row.get(12)? },
        models: serde_json::from_value(json(13)?).unwrap_or_default(),
        app_version: row.get(14)?,
        plate_format: row.get(15)?,
        grid: serde_json::from_value(json(16)?).ok(),
        scale: serde_json::from_value(json(17)?).ok(),
        needs_review: row.get(18)?,
        review_reasons: serde_json::from_value(json(19)?).unwrap_or_default(),
        processing_time_ms: row.get(20)?,
        confidence_threshold: row.get(21)?,
        supersedes: row.get(22)?,
        reading_key: row.get(23)?,
        error_code: row.get(24)?,
        error_msg: row.get(25)?,
        created_by: row.get(26)?,
        content_sha256: row.get(27)?,
        tries: row.get(28)?,
    })
}

impl Reading<'_> {
    /// A run as it was recorded.
    pub fn run(&self, id: RunId) -> Result<Run> {
        self.find_run(id)?.ok_or_else(|| Error::not_found("run", &id))
    }

    /// A run, if there is one.
    pub fn find_run(&self, id: RunId) -> Result<Option<Run>> {
        let mut statement = self.connection().prepare_cached(&format!("{RUN} WHERE id = ?1"))?;
        Ok(statement.query_row(params![id], run).optional()?)
    }

    /// Runs that are not over, oldest first: what a restart takes up again.
    pub fn unfinished_runs(&self) -> Result<Vec<Run>> {
        let mut statement = self.connection().prepare_cached(&format!(
            "{RUN} WHERE seq IN (SELECT seq FROM run_state WHERE status IN ('pending', 'processing')) ORDER BY seq"
        ))?;
        let rows = statement.query_map([], run)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Runs of a picture, oldest first.
    pub fn runs_of_image(&self, image: &Sha256) -> Result<Vec<Run>> {
        let mut statement = self.connection().prepare_cached(&format!("{RUN} WHERE image_sha256 = ?1 ORDER BY seq"))?;
        let rows = statement.query_map(params![image], run)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
