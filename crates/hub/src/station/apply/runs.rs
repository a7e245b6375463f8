//! `prediction_run` and what comes with a run: counts, results, pictures, and the state that follows from it.

use super::{Refused, Source, Told, Work, rows};
use crate::{
    db::{DbError, Tx, p},
    station::who::column,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use wellread_plate::reading::Grid;
use wellread_wire::{
    batch::Outcome,
    event::{Event, Image, Made, ModelRef, Run, RunFailed, RunHead},
};

/// What tells whether a run is the one that the hub has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    sha256: Option<String>,
    status: String,
    image_sha256: String,
    error: Option<String>,
}

/// A run that the hub has.
#[derive(Debug)]
pub(super) struct KnownRun {
    station: Uuid,
    content: Content,
}

/// Either kind of run.
#[derive(Clone, Copy)]
enum AnyRun<'a> {
    Completed(&'a Run),
    Failed(&'a RunFailed),
}

impl<'a> AnyRun<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::Run(run) => Some(Self::Completed(run)),
            Event::RunFailed(run) => Some(Self::Failed(run)),
            _ => None,
        }
    }

    fn head(self) -> &'a RunHead {
        match self {
            Self::Completed(run) => &run.head,
            Self::Failed(run) => &run.head,
        }
    }

    fn images(self) -> &'a [Image] {
        match self {
            Self::Completed(run) => &run.made.images,
            Self::Failed(run) => &run.images,
        }
    }

    fn made(self) -> Option<&'a Made> {
        match self {
            Self::Completed(run) => Some(&run.made),
            Self::Failed(_) => None,
        }
    }

    fn content(self) -> Content {
        let head = self.head();
        Content {
            sha256: head.content_sha256.clone(),
            status: head.status.clone(),
            image_sha256: head.image_sha256.clone(),
            error: match self {
                Self::Completed(_) => None,
                Self::Failed(run) => Some(run.error_msg.clone()),
            },
        }
    }

    /// What is to be done with a run that nobody has touched.
    fn disposition(self) -> &'static str {
        match self {
            Self::Failed(_) => "none",
            Self::Completed(run) if run.head.identity.sample_no.is_empty() => "waiting-sample",
            Self::Completed(run) if run.made.needs_review => "to-review",
            Self::Completed(_) => "accepted",
        }
    }
}

/// The runs that these records are about, as far as the hub has them.
pub(super) async fn known(tx: &Tx, work: &Work<'_>) -> Result<HashMap<Uuid, KnownRun>, DbError> {
    let ids: HashSet<Uuid> = work.told.iter().filter_map(|told| told.run_id()).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let found = tx
        .query(
            "SELECT id, station_id, content_sha256, status, image_sha256, error_msg FROM microplates.prediction_run
             WHERE org_id = $1 AND id = ANY ($2)",
            &[p(&work.source.org), p(&ids)],
        )
        .await?;
    let known = found.iter().map(|row| {
        let content = Content {
            sha256: column(row, 2)?,
            status: column(row, 3)?,
            image_sha256: column(row, 4)?,
            error: column(row, 5)?,
        };
        Ok((column(row, 0)?, KnownRun { station: column(row, 1)?, content }))
    });
    known.collect()
}

/// Runs of this station that are there now.
pub(super) struct Present {
    own: HashSet<Uuid>,
    foreign: HashSet<Uuid>,
}

impl Present {
    /// Why nothing can be told about a run.
    pub(super) fn why_not(&self, run: Uuid) -> Option<Refused> {
        match run {
            run if self.own.contains(&run) => None,
            run if self.foreign.contains(&run) => Some(Refused::run_foreign(run)),
            run => Some(Refused::run_missing(run)),
        }
    }
}

pub(super) fn present(source: Source, known: &HashMap<Uuid, KnownRun>, new: &[NewRun<'_>]) -> Present {
    let (mut own, mut foreign) = (HashSet::new(), HashSet::new());
    for (id, run) in known {
        if run.station == source.station {
            own.insert(*id)
        } else {
            foreign.insert(*id)
        };
    }
    own.extend(new.iter().map(|run| run.run.head().run_id));
    Present { own, foreign }
}

/// A run that the hub has not.
pub(super) struct NewRun<'a> {
    told: &'a Told,
    run: AnyRun<'a>,
}

impl<'a> NewRun<'a> {
    /// Its results, where it has any.
    pub(super) fn completed(&self) -> Option<&'a Run> {
        match self.run {
            AnyRun::Completed(run) => Some(run),
            AnyRun::Failed(_) => None,
        }
    }
}

/// Inserts the runs that the hub has not, and says of the others whether they are what it has.
pub(super) async fn insert<'a>(
    tx: &Tx,
    work: &mut Work<'a>,
    known: &HashMap<Uuid, KnownRun>,
) -> Result<Vec<NewRun<'a>>, DbError> {
    let mut new: Vec<NewRun<'a>> = Vec::new();
    let mut seen: HashMap<Uuid, Content> = HashMap::new();
    for (at, told, run) in work.of(AnyRun::of) {
        let (id, content) = (run.head().run_id, run.content());
        let of_others = known.get(&id).filter(|known| known.station != work.source.station);
        let before = known.get(&id).map(|known| &known.content).or_else(|| seen.get(&id));
        match before {
            _ if of_others.is_some() => work.set(at, Refused::run_differs(id).outcome()),
            Some(before) if *before == content => work.set(at, Outcome::Known),
            Some(_) => work.set(at, Refused::run_differs(id).outcome()),
            None => {
                seen.insert(id, content);
                new.push(NewRun { told, run });
            }
        }
    }
    if !new.is_empty() {
        insert_runs(tx, work.source, &new).await?;
        insert_results(tx, work.source, &new).await?;
        insert_images(tx, work.source, &new).await?;
        insert_states(tx, work.source, &new).await?;
    }
    Ok(new)
}

/// A row of `prediction_run`.
#[derive(Serialize)]
struct RunRow<'a> {
    id: Uuid,
    station_seq: i64,
    log_seq: i64,
    sample_no: &'a str,
    submission_no: &'a str,
    plate_no: &'a str,
    description: &'a str,
    predict_at_ms: i64,
    offset_min: i32,
    annotated_image_path: Option<&'a str>,
    raw_image_path: Option<&'a str>,
    model_version: &'a str,
    model_name: &'a str,
    model_sha256: &'a str,
    models: &'a [ModelRef],
    status: &'a str,
    error_code: Option<&'a str>,
    error_msg: Option<&'a str>,
    processing_time_ms: Option<i64>,
    confidence_threshold: Option<f64>,
    created_by: Option<Uuid>,
    intake_id: Option<Uuid>,
    image_sha256: &'a str,
    assay_id: &'a str,
    assay_version: i32,
    app_version: &'a str,
    plate_format: String,
    grid: Option<&'a Grid>,
    titre_scale: Option<&'a Value>,
    needs_review: bool,
    review_reasons: &'a [String],
    supersedes: Option<Uuid>,
    content_sha256: Option<&'a str>,
}

impl<'a> RunRow<'a> {
    fn new(new: &NewRun<'a>) -> Self {
        let (head, made) = (new.run.head(), new.run.made());
        let (error_code, error_msg) = match new.run {
            AnyRun::Completed(_) => (None, None),
            AnyRun::Failed(run) => (Some(run.error_code.as_str()), Some(run.error_msg.as_str())),
        };
        let path =
            |kind: &str| new.run.images().iter().find(|image| image.kind == kind).map(|image| image.file_path.as_str());
        Self {
            id: head.run_id,
            station_seq: head.seq,
            log_seq: new.told.seq,
            sample_no: &head.identity.sample_no,
            submission_no: &head.identity.submission_no,
            plate_no: &head.identity.plate_no,
            description: made.map_or("", |made| &made.description),
            predict_at_ms: head.predict_at.utc_ms,
            offset_min: head.predict_at.offset_min,
            annotated_image_path: path("annotated"),
            raw_image_path: path("raw"),
            model_version: made.map_or("", |made| &made.judge.version),
            model_name: made.map_or("", |made| &made.judge.name),
            model_sha256: made.map_or("", |made| &made.judge.sha256),
            models: made.map_or(&[], |made| &made.models),
            status: &head.status,
            error_code,
            error_msg,
            processing_time_ms: made.map(|made| made.processing_time_ms),
            confidence_threshold: made.and_then(|made| made.confidence_threshold),
            created_by: new.told.account(),
            intake_id: head.intake_id,
            image_sha256: &head.image_sha256,
            assay_id: &head.assay.id,
            assay_version: head.assay.version,
            app_version: &head.app_version,
            plate_format: made.map_or_else(String::new, |made| made.grid.format.to_string()),
            grid: made.map(|made| &made.grid),
            titre_scale: made.and_then(|made| made.titre_scale.as_ref()),
            needs_review: made.is_some_and(|made| made.needs_review),
            review_reasons: made.map_or(&[], |made| &made.review_reasons),
            supersedes: head.supersedes,
            content_sha256: head.content_sha256.as_deref(),
        }
    }
}

async fn insert_runs(tx: &Tx, source: Source, new: &[NewRun<'_>]) -> Result<(), DbError> {
    let told = rows(&new.iter().map(RunRow::new).collect::<Vec<_>>())?;
    tx.execute(
        "INSERT INTO microplates.prediction_run (org_id, id, station_id, station_seq, incarnation, log_seq, sample_no,
           submission_no, plate_no, description, predict_at, offset_min, annotated_image_path, raw_image_path,
           model_version, model_name, model_sha256, models, status, error_code, error_msg, processing_time_ms,
           confidence_threshold, created_by, intake_id, image_sha256, assay_id, assay_version, app_version,
           plate_format, grid, titre_scale, needs_review, review_reasons, supersedes, content_sha256)
         SELECT $1, t.id, $2, t.station_seq, $3, t.log_seq, t.sample_no, t.submission_no, t.plate_no, t.description,
           timestamptz 'epoch' + t.predict_at_ms * interval '1 millisecond', t.offset_min, t.annotated_image_path,
           t.raw_image_path, t.model_version, t.model_name, t.model_sha256, t.models, t.status, t.error_code,
           t.error_msg, t.processing_time_ms, t.confidence_threshold, t.created_by, t.intake_id, t.image_sha256,
           t.assay_id, t.assay_version, t.app_version, t.plate_format, coalesce(t.grid, '{}'), t.titre_scale,
           t.needs_review, t.review_reasons, t.supersedes, t.content_sha256
         FROM jsonb_to_recordset($4::text::jsonb) AS t (id uuid, station_seq bigint, log_seq bigint, sample_no text,
           submission_no text, plate_no text, description text, predict_at_ms bigint, offset_min integer,
           annotated_image_path text, raw_image_path text, model_version text, model_name text, model_sha256 text,
           models jsonb, status text, error_code text, error_msg text, processing_time_ms bigint,
           confidence_threshold double precision, created_by uuid, intake_id uuid, image_sha256 text, assay_id text,
           assay_version integer, app_version text, plate_format text, grid jsonb, titre_scale jsonb,
           needs_review boolean, review_reasons jsonb, supersedes uuid, content_sha256 text)",
        &[p(&source.org), p(&source.station), p(&source.incarnation), p(&told)],
    )
    .await?;
    Ok(())
}

/// Rows of `row_counts` and `interface_results`.
async fn insert_results(tx: &Tx, source: Source, new: &[NewRun<'_>]) -> Result<(), DbError> {
    #[derive(Serialize)]
    struct ResultRow<'a> {
        run_id: Uuid,
        counts: &'a Value,
        results: &'a Value,
    }
    let told = new.iter().filter_map(NewRun::completed).map(|run| ResultRow {
        run_id: run.head.run_id,
        counts: &run.made.counts,
        results: &run.made.results,
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "WITH told AS MATERIALIZED (
           SELECT * FROM jsonb_to_recordset($2::text::jsonb) AS t (run_id uuid, counts jsonb, results jsonb)),
         counted AS (
           INSERT INTO microplates.row_counts (org_id, run_id, counts) SELECT $1, t.run_id, t.counts FROM told t)
         INSERT INTO microplates.interface_results (org_id, run_id, results) SELECT $1, t.run_id, t.results FROM told t",
        &[p(&source.org), p(&rows(&told)?)],
    )
    .await?;
    Ok(())
}

async fn insert_images(tx: &Tx, source: Source, new: &[NewRun<'_>]) -> Result<(), DbError> {
    #[derive(Serialize)]
    struct ImageRow<'a> {
        run_id: Uuid,
        sample_no: &'a str,
        #[serde(flatten)]
        image: &'a Image,
    }
    let told = new.iter().flat_map(|new| {
        let head = new.run.head();
        new.run.images().iter().map(|image| ImageRow {
            run_id: head.run_id,
            sample_no: &head.identity.sample_no,
            image,
        })
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.image_file (org_id, run_id, sample_no, file_type, file_name, file_path, file_size,
           mime_type, width, height, sha256)
         SELECT $1, t.run_id, t.sample_no, t.kind, t.file_name, t.file_path, t.size, t.mime_type, t.width_px,
           t.height_px, t.sha256
         FROM jsonb_to_recordset($2::text::jsonb) AS t (run_id uuid, sample_no text, kind text, file_name text,
           file_path text, size bigint, mime_type text, width_px integer, height_px integer, sha256 text)",
        &[p(&source.org), p(&rows(&told)?)],
    )
    .await?;
    Ok(())
}

/// What follows from runs that nobody has touched. Last, because the samples' summaries follow from it.
async fn insert_states(tx: &Tx, source: Source, new: &[NewRun<'_>]) -> Result<(), DbError> {
    #[derive(Serialize)]
    struct StateRow<'a> {
        run_id: Uuid,
        disposition: &'a str,
        distribution: Option<&'a Value>,
    }
    let told: Vec<_> = new
        .iter()
        .map(|new| StateRow {
            run_id: new.run.head().run_id,
            disposition: new.run.disposition(),
            distribution: new.run.made().and_then(|made| made.results.get("distribution")),
        })
        .collect();
    let ids: Vec<Uuid> = told.iter().map(|row| row.run_id).collect();
    tx.execute(
        "INSERT INTO microplates.run_state (org_id, run_id, station_id, status, disposition, sample_no, submission_no,
           plate_no, assay_id, predict_at, needs_review, distribution, log_seq, run_number)
         SELECT $1, r.id, r.station_id, r.status, t.disposition, r.sample_no, r.submission_no, r.plate_no, r.assay_id,
           r.predict_at, r.needs_review, coalesce(t.distribution, '{}'), r.log_seq, r.run_number
         FROM jsonb_to_recordset($2::text::jsonb) AS t (run_id uuid, disposition text, distribution jsonb)
         JOIN microplates.prediction_run r ON r.org_id = $1 AND r.id = t.run_id AND r.id = ANY ($3)",
        &[p(&source.org), p(&rows(&told)?), p(&ids)],
    )
    .await?;
    Ok(())
}
