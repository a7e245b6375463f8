//! `run_state`, where people or later runs have changed what follows from a run.

use super::{Work, newest, rows, runs::Present};
use crate::db::{DbError, Tx, p};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use wellread_wire::event::{Event, RunState};

#[derive(Serialize)]
struct StateRow<'a> {
    run_id: Uuid,
    status: &'a str,
    disposition: &'a str,
    sample_no: &'a str,
    submission_no: &'a str,
    plate_no: &'a str,
    needs_review: bool,
    conflict: bool,
    signed: &'a str,
    last_event_seq: i64,
    distribution: &'a Map<String, Value>,
    log_seq: i64,
}

impl<'a> StateRow<'a> {
    fn new(state: &'a RunState, log_seq: i64) -> Self {
        Self {
            run_id: state.run_id,
            status: &state.status,
            disposition: &state.disposition,
            sample_no: &state.identity.sample_no,
            submission_no: &state.identity.submission_no,
            plate_no: &state.identity.plate_no,
            needs_review: state.needs_review,
            conflict: state.conflict,
            signed: &state.signed,
            last_event_seq: state.last_event_seq,
            distribution: &state.distribution,
            log_seq,
        }
    }
}

/// Brings the states of runs up to what the station says.
pub(super) async fn update(tx: &Tx, work: &mut Work<'_>, present: &Present) -> Result<(), DbError> {
    let mut told = Vec::new();
    for (at, record, state) in work.of(|event| if let Event::RunState(state) = event { Some(state) } else { None }) {
        match present.why_not(state.run_id) {
            Some(refused) => work.set(at, refused.outcome()),
            None => told.push((state.run_id, StateRow::new(state, record.seq))),
        }
    }
    let told = newest(told);
    if told.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = told.iter().map(|row| row.run_id).collect();
    tx.execute(
        "UPDATE microplates.run_state s SET status = t.status, disposition = t.disposition, sample_no = t.sample_no,
           submission_no = t.submission_no, plate_no = t.plate_no, needs_review = t.needs_review,
           conflict = t.conflict, signed = t.signed, last_event_seq = t.last_event_seq,
           distribution = t.distribution, log_seq = t.log_seq, updated_at = now()
         FROM jsonb_to_recordset($2::text::jsonb) AS t (run_id uuid, status text, disposition text, sample_no text,
           submission_no text, plate_no text, needs_review boolean, conflict boolean, signed text,
           last_event_seq bigint, distribution jsonb, log_seq bigint)
         WHERE s.org_id = $1 AND s.run_id = t.run_id AND s.run_id = ANY ($3) AND s.log_seq < $4",
        &[p(&work.source.org), p(&rows(&told)?), p(&ids), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}
