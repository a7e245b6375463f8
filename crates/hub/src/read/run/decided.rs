//! What people decided about a run: at the station, and at headquarters.

use super::results::PlateResults;
use crate::{
    db::{DbError, Tx},
    read::{
        ask::written,
        sql::{Sql, get},
    },
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

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
    pub(in crate::read) made: Option<Value>,
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

fn of_run(text: &str, org: Uuid, run: Uuid) -> Sql {
    Sql::new(text).with(" org_id = ?", org).with(" AND run_id = ?", run)
}

/// The reviews of a run, the oldest first.
pub(in crate::read) async fn reviews(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Review>, DbError> {
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
pub(super) fn now(as_read: Option<&PlateResults>, reviews: &[Review]) -> Option<PlateResults> {
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

pub(super) async fn signatures(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Signature>, DbError> {
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

pub(super) async fn corrections(tx: &Tx, org: Uuid, run: Uuid) -> Result<Vec<Correction>, DbError> {
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
