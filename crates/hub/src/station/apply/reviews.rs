//! `well_review` and `signature`: what people decided and stand for. Both are only ever added.

use super::{Refused, Source, Work, rows, runs::Present};
use crate::{
    db::{DbError, Tx, p},
    station::who::column,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use uuid::Uuid;
use wellread_wire::{
    batch::Outcome,
    event::{Event, Review, Signature},
};

#[derive(Serialize)]
struct ReviewRow<'a> {
    run_id: Uuid,
    id: Uuid,
    seq: i64,
    kind: &'a str,
    well: Option<&'a str>,
    class: Option<&'a str>,
    label: Option<&'a str>,
    payload: &'a Map<String, Value>,
    reason_code: &'a str,
    reason_text: &'a str,
    actor: &'a str,
    user_id: Option<Uuid>,
    at_ms: i64,
    offset_min: i32,
    based_on_seq: i64,
    conflict: bool,
    r#final: Option<&'a Value>,
    log_seq: i64,
}

impl<'a> ReviewRow<'a> {
    fn new(review: &'a Review, log_seq: i64) -> Self {
        let event = &review.event;
        let word = |name: &str| event.decision.get(name).and_then(Value::as_str);
        Self {
            run_id: review.run_id,
            id: event.id,
            seq: event.seq,
            kind: word("kind").unwrap_or_default(),
            well: word("well"),
            class: word("class"),
            label: word("label"),
            payload: &event.decision,
            reason_code: &event.reason_code,
            reason_text: &event.reason_text,
            actor: &event.actor,
            user_id: event.user,
            at_ms: event.at.utc_ms,
            offset_min: event.at.offset_min,
            based_on_seq: event.based_on_seq,
            conflict: event.conflict,
            r#final: review.results.as_ref(),
            log_seq,
        }
    }
}

impl ReviewRow<'_> {
    /// What a review with this id always says.
    fn content(&self) -> (&Map<String, Value>, &str, &str, &str) {
        (self.payload, self.reason_code, self.reason_text, self.actor)
    }
}

fn review_differs(id: Uuid) -> Refused {
    Refused::new("review-differs", format!("the hub has review {id} already with other content"))
}

/// What a statement says of a row that it was given: whether it is new, and if not, whether it is what was there.
struct Verdicts {
    new: HashSet<Uuid>,
    alike: HashSet<Uuid>,
}

impl Verdicts {
    fn outcome(&self, id: Uuid, differs: impl Fn() -> Refused) -> Outcome {
        match id {
            id if self.new.contains(&id) => Outcome::Applied,
            id if self.alike.contains(&id) => Outcome::Known,
            _ => differs().outcome(),
        }
    }
}

/// Adds reviews. One that carries out a correction of headquarters closes it.
pub(super) async fn insert(tx: &Tx, work: &mut Work<'_>, present: &Present) -> Result<(), DbError> {
    let (mut places, mut told) = (Vec::new(), Vec::<ReviewRow<'_>>::new());
    for (at, record, review) in work.of(|event| if let Event::Review(review) = event { Some(review) } else { None }) {
        if let Some(refused) = present.why_not(review.run_id) {
            work.set(at, refused.outcome());
            continue;
        }
        let row = ReviewRow::new(review, record.seq);
        match told.iter().find(|earlier| earlier.id == row.id) {
            Some(earlier) if earlier.content() == row.content() => work.set(at, Outcome::Known),
            Some(_) => work.set(at, review_differs(row.id).outcome()),
            None => {
                places.push((at, row.id));
                told.push(row);
            }
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let verdicts = insert_reviews(tx, work.source, &told).await?;
    for (at, id) in places {
        work.set(at, verdicts.outcome(id, || review_differs(id)));
    }
    let ids: Vec<Uuid> = told.iter().map(|row| row.id).collect();
    tx.execute(
        "UPDATE microplates.correction SET applied_at = now()
         WHERE org_id = $1 AND station_id = $2 AND id = ANY ($3) AND applied_at IS NULL",
        &[p(&work.source.org), p(&work.source.station), p(&ids)],
    )
    .await?;
    Ok(())
}

async fn insert_reviews(tx: &Tx, source: Source, told: &[ReviewRow<'_>]) -> Result<Verdicts, DbError> {
    let runs: Vec<Uuid> = told.iter().map(|row| row.run_id).collect();
    let sql = "WITH told AS MATERIALIZED (
           SELECT * FROM jsonb_to_recordset($3::text::jsonb) AS t (run_id uuid, id uuid, seq bigint, kind text,
             well text, class text, label text, payload jsonb, reason_code text, reason_text text, actor text,
             user_id uuid, at_ms bigint, offset_min integer, based_on_seq bigint, conflict boolean, final jsonb,
             log_seq bigint)),
         added AS (
           INSERT INTO microplates.well_review (org_id, run_id, id, station_id, seq, kind, well, class, label, payload,
             reason_code, reason_text, actor, user_id, at, offset_min, based_on_seq, conflict, final, log_seq)
           SELECT $1, t.run_id, t.id, $2, t.seq, t.kind, t.well, t.class, t.label, t.payload, t.reason_code,
             t.reason_text, t.actor, t.user_id, timestamptz 'epoch' + t.at_ms * interval '1 millisecond',
             t.offset_min, t.based_on_seq, t.conflict, t.final, t.log_seq
           FROM told t ON CONFLICT DO NOTHING RETURNING id)
         SELECT t.id, a.id IS NOT NULL,
           coalesce((r.payload, r.reason_code, r.reason_text, r.actor)
             IS NOT DISTINCT FROM (t.payload, t.reason_code, t.reason_text, t.actor), false)
         FROM told t LEFT JOIN added a ON a.id = t.id
         LEFT JOIN microplates.well_review r
           ON r.org_id = $1 AND r.run_id = t.run_id AND r.id = t.id AND r.run_id = ANY ($4)";
    verdicts(tx, sql, source, &rows(told)?, &runs).await
}

async fn verdicts(tx: &Tx, sql: &str, source: Source, told: &str, runs: &Vec<Uuid>) -> Result<Verdicts, DbError> {
    let mut verdicts = Verdicts { new: HashSet::new(), alike: HashSet::new() };
    for row in tx.query(sql, &[p(&source.org), p(&source.station), p(&told), p(runs)]).await? {
        let (id, is_new, is_alike): (Uuid, bool, bool) = (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
        if is_new {
            verdicts.new.insert(id);
        } else if is_alike {
            verdicts.alike.insert(id);
        }
    }
    Ok(verdicts)
}

#[derive(Serialize)]
struct SignatureRow<'a> {
    run_id: Uuid,
    id: Uuid,
    user_id: Uuid,
    meaning: &'a str,
    covers_seq: i64,
    content_hash: &'a str,
    at_ms: i64,
    offset_min: i32,
    log_seq: i64,
}

impl<'a> SignatureRow<'a> {
    fn new(signature: &'a Signature, log_seq: i64) -> Self {
        Self {
            run_id: signature.run_id,
            id: signature.signature_id,
            user_id: signature.user_id,
            meaning: &signature.meaning,
            covers_seq: signature.covers_seq,
            content_hash: &signature.content_hash,
            at_ms: signature.at.utc_ms,
            offset_min: signature.at.offset_min,
            log_seq,
        }
    }
}

impl SignatureRow<'_> {
    /// What a signature with this id always says.
    fn content(&self) -> (Uuid, &str, i64, &str) {
        (self.user_id, self.meaning, self.covers_seq, self.content_hash)
    }
}

fn signature_differs(id: Uuid) -> Refused {
    Refused::new("signature-differs", format!("the hub has signature {id} already with other content"))
}

/// Adds signatures.
pub(super) async fn insert_signatures(tx: &Tx, work: &mut Work<'_>, present: &Present) -> Result<(), DbError> {
    let (mut places, mut told) = (Vec::new(), Vec::<SignatureRow<'_>>::new());
    let signatures = work.of(|event| if let Event::Signature(signature) = event { Some(signature) } else { None });
    for (at, record, signature) in signatures {
        if let Some(refused) = present.why_not(signature.run_id) {
            work.set(at, refused.outcome());
            continue;
        }
        let row = SignatureRow::new(signature, record.seq);
        match told.iter().find(|earlier| earlier.id == row.id) {
            Some(earlier) if earlier.content() == row.content() => work.set(at, Outcome::Known),
            Some(_) => work.set(at, signature_differs(row.id).outcome()),
            None => {
                places.push((at, row.id));
                told.push(row);
            }
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let runs: Vec<Uuid> = told.iter().map(|row| row.run_id).collect();
    let sql = "WITH told AS MATERIALIZED (
           SELECT * FROM jsonb_to_recordset($3::text::jsonb) AS t (run_id uuid, id uuid, user_id uuid, meaning text,
             covers_seq bigint, content_hash text, at_ms bigint, offset_min integer, log_seq bigint)),
         added AS (
           INSERT INTO microplates.signature (org_id, run_id, id, station_id, user_id, meaning, covers_seq,
             content_hash, at, offset_min, log_seq)
           SELECT $1, t.run_id, t.id, $2, t.user_id, t.meaning, t.covers_seq, t.content_hash,
             timestamptz 'epoch' + t.at_ms * interval '1 millisecond', t.offset_min, t.log_seq
           FROM told t ON CONFLICT DO NOTHING RETURNING id)
         SELECT t.id, a.id IS NOT NULL,
           coalesce((s.user_id, s.meaning, s.covers_seq, s.content_hash)
             IS NOT DISTINCT FROM (t.user_id, t.meaning, t.covers_seq, t.content_hash), false)
         FROM told t LEFT JOIN added a ON a.id = t.id
         LEFT JOIN microplates.signature s
           ON s.org_id = $1 AND s.run_id = t.run_id AND s.id = t.id AND s.run_id = ANY ($4)";
    let verdicts = verdicts(tx, sql, work.source, &rows(&told)?, &runs).await?;
    for (at, id) in places {
        work.set(at, verdicts.outcome(id, || signature_differs(id)));
    }
    Ok(())
}
