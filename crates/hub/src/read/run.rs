//! One run, with all that is known of it but its wells.

mod decided;
mod results;

pub(super) use decided::{Review, reviews};

use super::{
    RUN_READ,
    ask::{Named, written},
    runs::{self, RunItem},
    sql::{Sql, get},
};
use crate::{
    Answer, Hub, Problem,
    auth::caller::Caller,
    db::{DbError, Tx},
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use decided::{Correction, Signature};
use results::PlateResults;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunDetail {
    /// As in the list.
    #[serde(flatten)]
    pub run: RunItem,
    /// Its place in the station's order.
    pub station_seq: i64,
    /// Anything a person wrote about it.
    pub description: String,
    /// The picture.
    pub image_sha256: String,
    /// All models that took part.
    #[schema(value_type = Vec<Object>)]
    pub models: Value,
    /// How long it took.
    pub processing_time_ms: Option<i64>,
    /// The assay's review threshold.
    pub confidence_threshold: Option<f64>,
    /// Rows and columns of the plate: `8x12`.
    pub plate_format: String,
    /// Where the wells are in the picture.
    #[schema(value_type = Object)]
    pub grid: Value,
    /// How end points become titres.
    #[schema(value_type = Option<Object>)]
    pub titre_scale: Option<Value>,
    /// Why a person must look.
    #[schema(value_type = Vec<String>)]
    pub review_reasons: Value,
    /// Why it has no results, for people.
    pub error_msg: Option<String>,
    /// The run it was made to replace.
    pub supersedes: Option<Uuid>,
    /// The runs that were made to replace it.
    pub superseded_by: Vec<Uuid>,
    /// The station's hash over all that the run holds.
    pub content_sha256: Option<String>,
    /// Its newest event at the station; 0 for none.
    pub last_event_seq: i64,
    /// When somebody at headquarters took it out of lists and summaries.
    #[schema(format = DateTime)]
    pub deleted_at: Option<String>,
    /// The end points that hold.
    #[schema(value_type = Object)]
    pub distribution: Value,
    /// What the plate says, with everything that reviews have changed; null without results.
    pub results: Option<PlateResults>,
    /// What it said before anybody reviewed it.
    pub results_as_read: Option<PlateResults>,
    /// What people decided, the oldest first.
    pub reviews: Vec<Review>,
    /// Who stands for it.
    pub signatures: Vec<Signature>,
    /// Its pictures.
    pub images: Vec<Image>,
    /// What headquarters decided about it.
    pub corrections: Vec<Correction>,
}

/// A picture of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Image {
    /// `raw`, `annotated` or `thumbnail`: its name in `/v1/runs/{id}/images/{kind}`.
    pub kind: String,
    /// Its name for people.
    pub file_name: String,
    /// Its size in bytes.
    pub size: i64,
    /// Its type.
    pub mime_type: String,
    /// Width in pixels.
    pub width_px: Option<i32>,
    /// Height in pixels.
    pub height_px: Option<i32>,
    /// Its content.
    pub sha256: String,
    /// Whether headquarters have it, with every byte as its hash says.
    pub verified: bool,
}

/// The run that a path names, by its id or by its number for people.
pub(super) async fn find(tx: &Tx, org: Uuid, name: &str) -> Result<Option<Uuid>, DbError> {
    let sql = Sql::new("SELECT id FROM microplates.prediction_run WHERE").with(" org_id = ?", org);
    let sql = match (name.parse::<Uuid>(), name.parse::<i64>()) {
        (Ok(id), _) => sql.with(" AND id = ?", id),
        (_, Ok(number)) => sql.with(" AND run_number = ?", number),
        _ => return Ok(None),
    };
    sql.query(tx).await?.first().map(|row| get(row, "id")).transpose()
}

/// Ends a transaction whose answer is that there is no such run.
pub(super) async fn no_run(tx: Tx, name: &str) -> Problem {
    match tx.commit().await {
        Ok(()) => Problem::not_found("run", name),
        Err(why) => why.into(),
    }
}

/// The pictures of a run.
pub(super) async fn images(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Image>, DbError> {
    let text = "SELECT f.file_type, f.file_name, f.file_size, f.mime_type, f.width, f.height, f.sha256,
          coalesce(b.state = 'verified', false) AS verified
        FROM microplates.image_file f
        LEFT JOIN microplates.blob b ON b.org_id = f.org_id AND b.sha256 = f.sha256
        WHERE";
    let sql = Sql::new(text).with(" f.org_id = ?", org).with(" AND f.run_id = ?", run);
    let rows = sql.then(" ORDER BY f.file_type").query(tx).await?;
    rows.iter()
        .map(|row| {
            Ok(Image {
                kind: get(row, "file_type")?,
                file_name: get(row, "file_name")?,
                size: get(row, "file_size")?,
                mime_type: get(row, "mime_type")?,
                width_px: get(row, "width")?,
                height_px: get(row, "height")?,
                sha256: get(row, "sha256")?,
                verified: get(row, "verified")?,
            })
        })
        .collect()
}

async fn detail(tx: &Tx, org: Uuid, run: Uuid) -> Result<Option<RunDetail>, DbError> {
    let text = format!(
        "SELECT {}, r.station_seq, r.description, r.image_sha256, r.models, r.processing_time_ms, r.confidence_threshold,
           r.plate_format, r.grid, r.titre_scale, r.review_reasons, r.error_msg, r.supersedes, r.content_sha256,
           r.deleted_at, s.last_event_seq, s.distribution {} WHERE",
        runs::COLUMNS,
        runs::TABLES
    );
    let rows = Sql::new(&text).with(" r.org_id = ?", org).with(" AND r.id = ?", run).query(tx).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let replacing = Sql::new("SELECT id FROM microplates.prediction_run WHERE")
        .with(" org_id = ?", org)
        .with(" AND supersedes = ?", run)
        .then(" ORDER BY run_number");
    let superseded_by = replacing.query(tx).await?.iter().map(|row| get(row, "id")).collect::<Result<_, _>>()?;
    let (as_read, reviews) = (results::results(tx, org, run).await?, reviews(tx, org, run).await?);
    Ok(Some(RunDetail {
        run: runs::item(row)?,
        station_seq: get(row, "station_seq")?,
        description: get(row, "description")?,
        image_sha256: get(row, "image_sha256")?,
        models: get(row, "models")?,
        processing_time_ms: get(row, "processing_time_ms")?,
        confidence_threshold: get(row, "confidence_threshold")?,
        plate_format: get(row, "plate_format")?,
        grid: get(row, "grid")?,
        titre_scale: get(row, "titre_scale")?,
        review_reasons: get(row, "review_reasons")?,
        error_msg: get(row, "error_msg")?,
        supersedes: get(row, "supersedes")?,
        superseded_by,
        content_sha256: get(row, "content_sha256")?,
        last_event_seq: get(row, "last_event_seq")?,
        deleted_at: get::<Option<DateTime<Utc>>>(row, "deleted_at")?.map(written),
        distribution: get(row, "distribution")?,
        results: decided::now(as_read.as_ref(), &reviews),
        results_as_read: as_read,
        reviews,
        signatures: decided::signatures(tx, org, run).await?,
        images: images(tx, org, run).await?,
        corrections: decided::corrections(tx, org, run).await?,
    }))
}

/// A run, by its id or its number.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}",
    tag = "read",
    security(("person" = [])),
    params(("id" = String, Path, description = "The run's id, or its number")),
    responses(
        (status = 200, description = "The run", body = RunDetail),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
        (status = 404, description = "No run of this organization"),
    )
)]
pub(super) async fn show_run(
    State(hub): State<Hub>,
    caller: Caller,
    Named(name): Named<String>,
) -> Answer<Json<RunDetail>> {
    let tx = caller.begin(&hub, RUN_READ).await?;
    let found = match find(&tx, caller.org, &name).await? {
        Some(run) => detail(&tx, caller.org, run).await?,
        None => None,
    };
    match found {
        Some(found) => {
            tx.commit().await?;
            Ok(Json(found))
        }
        None => Err(no_run(tx, &name).await),
    }
}
