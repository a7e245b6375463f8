//! One run, with all that is known of it but its wells.

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
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio_postgres::Row;
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

/// What a plate says.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PlateResults {
    /// Wells by call.
    #[schema(value_type = Object)]
    pub counts: Value,
    /// End points of the sample series.
    #[schema(value_type = Object)]
    pub distribution: Value,
    /// Everything else: series, statistics, validity.
    #[schema(value_type = Object)]
    pub results: Value,
}

/// A decision of a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Review {
    /// Its id.
    pub id: Uuid,
    /// Its place in the station's order of events.
    pub seq: i64,
    /// `override`, `grid`, `sample`, `accept`, `reject` or `undo`.
    pub kind: String,
    /// What was decided, whole.
    #[schema(value_type = Object)]
    pub decision: Value,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
    /// Who decided.
    pub actor: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// Whether it and another were made without knowing of each other.
    pub conflict: bool,
    /// Whether a later event undid it.
    pub undone: bool,
    #[serde(skip)]
    pub(super) made: Option<Value>,
}

/// Somebody stands for a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Signature {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// By name, where it is an account that headquarters know.
    pub username: Option<String>,
    /// `performed`, `reviewed` or `approved`.
    pub meaning: String,
    /// The last event it covers; later ones made it void.
    pub covers_seq: i64,
    /// The hash of what was signed.
    pub content_hash: String,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
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

/// A decision of headquarters.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Correction {
    /// Its id.
    pub id: Uuid,
    /// `accept`, `reject`, `sample` or `override`.
    pub decision: String,
    /// The decision whole.
    #[schema(value_type = Object)]
    pub body: Value,
    /// Who.
    pub username: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the station told that it has carried it out.
    #[schema(format = DateTime)]
    pub applied_at: Option<String>,
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

fn of_run(text: &str, org: Uuid, run: Uuid) -> Sql {
    Sql::new(text).with(" org_id = ?", org).with(" AND run_id = ?", run)
}

/// The reviews of a run, the oldest first.
pub(super) async fn reviews(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Review>, DbError> {
    let text = "SELECT id, seq, kind, payload, reason_code, reason_text, actor, at, conflict, final
        FROM microplates.well_review WHERE";
    let rows = of_run(text, org, run).then(" ORDER BY seq, id").query(tx).await?;
    let mut reviews = rows.iter().map(review).collect::<Result<Vec<_>, _>>()?;
    mark_undone(&mut reviews);
    Ok(reviews)
}

fn review(row: &Row) -> Result<Review, DbError> {
    Ok(Review {
        id: get(row, "id")?,
        seq: get(row, "seq")?,
        kind: get(row, "kind")?,
        decision: get(row, "payload")?,
        reason_code: get(row, "reason_code")?,
        reason_text: get(row, "reason_text")?,
        actor: get(row, "actor")?,
        at: written(get::<DateTime<Utc>>(row, "at")?),
        conflict: get(row, "conflict")?,
        undone: false,
        made: get(row, "final")?,
    })
}

/// Marks what is undone: from the newest event back, one that an undo names that is not itself undone.
fn mark_undone(reviews: &mut [Review]) {
    let mut undone = BTreeSet::new();
    for review in reviews.iter_mut().rev() {
        review.undone = undone.contains(&review.seq);
        let target = review.decision.get("event").and_then(Value::as_i64);
        if let ("undo", false, Some(target)) = (review.kind.as_str(), review.undone, target) {
            undone.insert(target);
        }
    }
}

/// What the plate says: the newest event that changed calls brings it whole.
fn now(as_read: Option<&PlateResults>, reviews: &[Review]) -> Option<PlateResults> {
    let made = reviews.iter().rev().find_map(|review| review.made.as_ref());
    let part = |made: &Value, name: &str| made.get(name).cloned().unwrap_or_else(|| json!({}));
    match made {
        Some(made) => Some(PlateResults {
            counts: part(made, "counts"),
            distribution: part(made, "distribution"),
            results: part(made, "results"),
        }),
        None => as_read.cloned(),
    }
}

async fn results(tx: &Tx, org: Uuid, run: Uuid) -> Result<Option<PlateResults>, DbError> {
    let text = "SELECT c.counts, i.results FROM microplates.row_counts c
        JOIN microplates.interface_results i ON i.org_id = c.org_id AND i.run_id = c.run_id WHERE";
    let sql = Sql::new(text).with(" c.org_id = ?", org).with(" AND c.run_id = ?", run);
    let rows = sql.query(tx).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut results: Value = get(row, "results")?;
    let distribution = results.as_object_mut().and_then(|object| object.remove("distribution"));
    Ok(Some(PlateResults {
        counts: get(row, "counts")?,
        distribution: distribution.unwrap_or_else(|| json!({})),
        results,
    }))
}

async fn signatures(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Signature>, DbError> {
    let text = "SELECT g.id, g.user_id, coalesce(u.username, a.username) AS username, g.meaning, g.covers_seq,
          g.content_hash, g.at
        FROM microplates.signature g
        LEFT JOIN auth.users u ON u.org_id = g.org_id AND u.id = g.user_id
        LEFT JOIN microplates.station_account a
          ON a.org_id = g.org_id AND a.station_id = g.station_id AND a.id = g.user_id
        WHERE";
    let sql = Sql::new(text).with(" g.org_id = ?", org).with(" AND g.run_id = ?", run);
    let rows = sql.then(" ORDER BY g.at, g.id").query(tx).await?;
    rows.iter()
        .map(|row| {
            Ok(Signature {
                id: get(row, "id")?,
                user_id: get(row, "user_id")?,
                username: get(row, "username")?,
                meaning: get(row, "meaning")?,
                covers_seq: get(row, "covers_seq")?,
                content_hash: get(row, "content_hash")?,
                at: written(get::<DateTime<Utc>>(row, "at")?),
            })
        })
        .collect()
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

async fn corrections(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Correction>, DbError> {
    let text = "SELECT id, decision, body, username, created_at, applied_at FROM microplates.correction WHERE";
    let rows = of_run(text, org, run).then(" ORDER BY created_at, id").query(tx).await?;
    rows.iter()
        .map(|row| {
            Ok(Correction {
                id: get(row, "id")?,
                decision: get(row, "decision")?,
                body: get(row, "body")?,
                username: get(row, "username")?,
                created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
                applied_at: get::<Option<DateTime<Utc>>>(row, "applied_at")?.map(written),
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
    let (as_read, reviews) = (results(tx, org, run).await?, reviews(tx, org, run).await?);
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
        results: now(as_read.as_ref(), &reviews),
        results_as_read: as_read,
        reviews,
        signatures: signatures(tx, org, run).await?,
        images: images(tx, org, run).await?,
        corrections: corrections(tx, org, run).await?,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn review(seq: i64, kind: &str, decision: Value, made: Option<Value>) -> Review {
        Review {
            id: Uuid::from_u128(u128::try_from(seq).unwrap()),
            seq,
            kind: kind.to_owned(),
            decision,
            reason_code: String::new(),
            reason_text: String::new(),
            actor: "ann".to_owned(),
            at: String::new(),
            conflict: false,
            undone: false,
            made,
        }
    }

    #[test]
    fn an_undo_that_is_itself_undone_undoes_nothing() {
        let mut reviews = vec![
            review(1, "override", json!({"well": "A1"}), None),
            review(2, "undo", json!({"event": 1}), None),
            review(3, "undo", json!({"event": 2}), None),
            review(4, "accept", json!({}), None),
            review(5, "undo", json!({"event": 4}), None),
        ];
        mark_undone(&mut reviews);
        let undone: Vec<i64> = reviews.iter().filter(|review| review.undone).map(|review| review.seq).collect();
        assert_eq!(undone, [2, 4], "the override holds again, the acceptance does not");
    }

    #[test]
    fn the_newest_event_that_changed_calls_says_what_the_plate_says() {
        let as_read =
            PlateResults { counts: json!({"positive": 1}), distribution: json!({"5": 1}), results: json!({}) };
        assert_eq!(now(Some(&as_read), &[]), Some(as_read.clone()), "nobody has changed anything");
        let made = |end_point: &str| Some(json!({"counts": {}, "distribution": {end_point: 1}, "results": {"a": 1}}));
        let reviews = [
            review(1, "override", json!({}), made("6")),
            review(2, "undo", json!({"event": 1}), made("5")),
            review(3, "accept", json!({}), None),
        ];
        let says = now(Some(&as_read), &reviews).unwrap();
        assert_eq!(says.distribution, json!({"5": 1}), "the undo brought the first end point back");
        assert_eq!(says.results, json!({"a": 1}), "with all that goes with it");
    }
}
