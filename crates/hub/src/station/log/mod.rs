//! `POST /v1/stations/{id}/log`: takes records of a station's log, each exactly once.
//!
//! The station's row is locked, so that one push of a station is worked on at a time, on whatever node. What it brings
//! (rows, log, outcomes, change) is committed together; an answer that is lost is found in the log by the next try.

mod keep;
mod place;

use super::{
    apply::{self, Told, Turns},
    fence,
    lineage::{KnownRecord, Lineage},
    packed::{packed, unpacked},
    who::{StationCaller, column},
};
use crate::{
    Answer, Hub, Problem,
    db::{Tx, p},
    failpoint::hit,
};
use axum::{extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use place::{Pushed, Verdict, decide};
use serde_json::json;
use std::time::Instant;
use uuid::Uuid;
use wellread_wire::{
    MOST_PACKED_BYTES, MOST_RECORDS, MOST_RUNS,
    batch::{Acked, Batch, Outcome, Record, is_run},
    contact::Head,
    problem::code,
};

/// A push of which the form is good.
#[derive(Debug)]
struct Push {
    epoch: Uuid,
    pushed: Pushed,
    records: Vec<Record>,
}

/// Takes a push.
#[utoipa::path(
    post, path = "/v1/stations/{id}/log", tag = "stations", operation_id = "push_log",
    params(("id" = Uuid, Path, description = "The station")),
    request_body(content = serde_json::Value, content_type = "application/vnd.wellread+json+zstd",
        description = "Records of the station's log, in order (`wire::batch::Batch`): at most 50 runs, 500 records, 256 KiB"),
    responses(
        (status = 200, description = "All of it is kept (`wire::batch::Acked`): the last place, and what became of each record",
            content_type = "application/vnd.wellread+json+zstd", body = serde_json::Value),
        (status = 400, description = "`invalid`: no push; its form, its size or its chain is wrong"),
        (status = 409, description = "`log-gap`, `station-fenced` or `epoch-changed`"),
        (status = 503, description = "`unavailable`: try again"),
    ),
    security(("station" = []))
)]
#[tracing::instrument(skip_all, fields(station = %caller.station))]
pub async fn push(State(hub): State<Hub>, caller: StationCaller, body: Bytes) -> Answer<Response> {
    let begun = Instant::now();
    let bytes = body.len();
    let push = unpacked(body, move |batch| small_enough(&batch, bytes).and_then(|()| checked(batch))).await?;
    let acked = take(&hub, caller, push).await?;
    hub.metrics.push_seconds.observe(begun.elapsed().as_secs_f64());
    packed(acked).await
}

/// Whether a push is as small as one must be, packed. A record that is larger by itself has no smaller way.
fn small_enough(batch: &Batch, bytes: usize) -> Answer<()> {
    if bytes <= MOST_PACKED_BYTES || batch.records.len() == 1 {
        return Ok(());
    }
    let told = format!("a push of several records has at most {MOST_PACKED_BYTES} bytes, packed: send fewer at once");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", told).with(json!({ "most_bytes": MOST_PACKED_BYTES })))
}

/// Whether the form of a push is good: its size, its places, its chain.
fn checked(batch: Batch) -> Answer<Push> {
    let (count, runs) = (batch.records.len(), batch.records.iter().filter(|record| is_run(&record.kind)).count());
    if count == 0 {
        return Err(Problem::invalid("a push has at least one record"));
    }
    if count > MOST_RECORDS || runs > MOST_RUNS {
        let told = format!(
            "a push has at most {MOST_RECORDS} records and {MOST_RUNS} runs, and this one {count} and {runs}: send fewer"
        );
        return Err(Problem::invalid(told));
    }
    if batch.first_seq < 1 || batch.first_seq.checked_add(count as i64).is_none() {
        return Err(Problem::invalid("places of a log are counted from 1"));
    }
    let hashes = batch.hashes().map_err(|why| {
        Problem::invalid(why.to_string()).with(json!({ "reason": "broken-chain", "first_seq": batch.first_seq }))
    })?;
    let pushed =
        Pushed { incarnation: batch.incarnation.into(), first_seq: batch.first_seq, after: batch.after, hashes };
    Ok(Push { epoch: batch.epoch, pushed, records: batch.records })
}

/// How the station's row says that the hub stands to it.
struct Stand {
    incarnation: i32,
    fenced: String,
    epoch: Uuid,
}

async fn stand(tx: &Tx, caller: StationCaller) -> Answer<Stand> {
    let row = tx
        .query_one(
            "SELECT s.incarnation, s.fenced, h.epoch FROM microplates.station s CROSS JOIN public.hub_state h
             WHERE s.org_id = $1 AND s.id = $2",
            &[p(&caller.org), p(&caller.station)],
        )
        .await?;
    Ok(Stand { incarnation: column(&row, 0)?, fenced: column(&row, 1)?, epoch: column(&row, 2)? })
}

async fn take(hub: &Hub, caller: StationCaller, push: Push) -> Answer<Acked> {
    hit("apply-before-lock");
    let tx = caller.lock(hub).await?;
    hit("apply-after-lock");
    // Asked under the lock: before it, another push may have been at work.
    let stand = stand(&tx, caller).await?;
    let (lineage, known) = match compared(&tx, caller, &stand, &push).await {
        Ok(compared) => compared,
        Err(problem) => {
            tx.rollback().await?;
            return Err(problem);
        }
    };
    let heads: Vec<Head> = known.iter().map(|record| record.head).collect();
    let verdict = decide(&push.pushed, stand.incarnation, lineage.writer.head, &heads);
    let problem = match verdict {
        Verdict::Take { known: count } if count < push.records.len() => {
            return append(hub, tx, caller, &lineage, known, push).await;
        }
        Verdict::Differs { seq } => return Err(fence::raise(hub, tx, caller, seq, push.pushed.first_seq).await?),
        Verdict::Take { .. } => None,
        Verdict::Gap { expected_seq } => Some(gap(expected_seq, push.pushed.first_seq)),
        Verdict::OtherWriter => Some(other_writer(stand.incarnation)),
    };
    // Nothing was written, and the connection is as good as new.
    tx.rollback().await?;
    problem.map_or_else(|| Ok(replayed(&lineage, known)), Err)
}

/// The log that the hub has, and those of its records that lie where the push does.
async fn compared(tx: &Tx, caller: StationCaller, stand: &Stand, push: &Push) -> Answer<(Lineage, Vec<KnownRecord>)> {
    if stand.epoch != push.epoch {
        return Err(other_epoch(stand.epoch));
    }
    if push.pushed.incarnation != i64::from(stand.incarnation) {
        return Err(other_writer(stand.incarnation));
    }
    if !stand.fenced.is_empty() {
        return Err(fence::refused(&stand.fenced));
    }
    let lineage = Lineage::load(tx, caller.org, caller.station, stand.incarnation).await?;
    let (first, head) = (push.pushed.first_seq, lineage.writer.head.seq);
    if first > head {
        return Ok((lineage, Vec::new()));
    }
    let last = first.saturating_add(push.pushed.hashes.len() as i64 - 1);
    let known = lineage.records(tx, first, last.min(head)).await?;
    Ok((lineage, known))
}

/// All of it was there: nothing is written.
fn replayed(lineage: &Lineage, known: Vec<KnownRecord>) -> Acked {
    let outcomes = known.into_iter().map(|record| record.outcome).collect();
    Acked { acked_seq: lineage.writer.head.seq, outcomes }
}

async fn append(
    hub: &Hub,
    tx: Tx,
    caller: StationCaller,
    lineage: &Lineage,
    known: Vec<KnownRecord>,
    push: Push,
) -> Answer<Acked> {
    let Push { pushed, mut records, .. } = push;
    let new = records.split_off(known.len());
    let hashes = pushed.hashes.get(known.len()..).unwrap_or_default().to_vec();
    let first_seq = pushed.first_seq.saturating_add(known.len() as i64);
    let told = tokio::task::spawn_blocking(move || Told::read_all(new, first_seq)).await;
    let told = told.map_err(|why| Problem::unforeseen(&anyhow::Error::new(why)))?;
    let source = apply::Source::live(caller.org, caller.station, lineage.writer.incarnation);
    let mut turns = Turns::default();
    for told in &told {
        turns.add(told);
    }
    turns.take(&tx, caller.org).await?;
    let applied = apply::all(&tx, source, &told).await?;
    keep::keep(&tx, source, &told, &hashes, &applied).await?;
    hit("apply-after-log");
    keep::note_change(&tx, source, &told, &applied).await?;
    hit("apply-before-commit");
    tx.commit().await?;
    hit("apply-after-commit");
    count(hub, &applied);
    let acked_seq = first_seq.saturating_add(told.len() as i64 - 1);
    Ok(Acked { acked_seq, outcomes: known.into_iter().map(|record| record.outcome).chain(applied).collect() })
}

fn count(hub: &Hub, outcomes: &[Outcome]) {
    hub.metrics.pushes.inc();
    for outcome in outcomes {
        let name = match outcome {
            Outcome::Applied => "applied",
            Outcome::Known => "known",
            Outcome::Quarantined { .. } => "quarantined",
        };
        hub.metrics.records.with_label_values(&[name]).inc();
    }
}

fn gap(expected_seq: i64, first_seq: i64) -> Problem {
    let told =
        format!("the push begins at {first_seq} and the hub has the log up to {}: go back there", expected_seq - 1);
    Problem::conflict(code::GAP, told).with(json!({ "expected_seq": expected_seq }))
}

fn other_writer(incarnation: i32) -> Problem {
    let told = "another copy of this station's log has taken over: if this is the one that shall go on, take over here";
    Problem::new(StatusCode::CONFLICT, code::FENCED, told)
        .with(json!({ "reason": "incarnation", "incarnation": incarnation }))
}

/// The hub is another than the station thinks.
pub(super) fn other_epoch(epoch: Uuid) -> Problem {
    let told = "the hub was restored from a backup since: make contact again, then go on";
    Problem::conflict(code::EPOCH, told).with(json!({ "epoch": epoch }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wellread_wire::chain::{Sha256, genesis};

    fn batch(kinds: &[&str]) -> Batch {
        let records: Vec<Record> = kinds
            .iter()
            .map(|kind| Record {
                kind: (*kind).to_owned(),
                schema_version: 2,
                actor: "station".to_owned(),
                at_ms: 0,
                offset_min: 0,
                payload: serde_json::value::RawValue::from_string("{}".to_owned()).unwrap(),
            })
            .collect();
        let after = genesis(Uuid::nil());
        let mut batch = Batch { epoch: Uuid::nil(), incarnation: 1, first_seq: 1, after, last: after, records };
        for (record, seq) in batch.records.iter().zip(1..) {
            batch.last = record.link(seq).hash(&batch.last);
        }
        batch
    }

    proptest! {
        #[test]
        fn a_push_is_taken_up_to_its_limits_and_not_beyond(runs in 0_usize..53, others in 0_usize..503) {
            let kinds: Vec<&str> =
                std::iter::repeat_n("run", runs).chain(std::iter::repeat_n("config", others)).collect();
            let good = runs <= MOST_RUNS && (1..=MOST_RECORDS).contains(&kinds.len());
            let taken = checked(batch(&kinds));
            prop_assert_eq!(taken.is_ok(), good, "{} runs of {} records", runs, kinds.len());
        }
    }

    #[test]
    fn limits_hold_at_their_exact_edges() {
        assert!(checked(batch(&["run"; MOST_RUNS])).is_ok(), "as many runs as are allowed");
        assert!(checked(batch(&["run-failed"; MOST_RUNS + 1])).is_err(), "failed runs count as runs");
        assert!(checked(batch(&["config"; MOST_RECORDS])).is_ok(), "as many records as are allowed");
        assert!(checked(batch(&["config"; MOST_RECORDS + 1])).is_err(), "one more");
        assert!(checked(batch(&[])).is_err(), "none at all");
        let from = |first_seq| checked(Batch { first_seq, ..batch(&["config"]) });
        assert!(from(0).is_err() && from(i64::MAX).is_err(), "places that no log has");
    }

    #[test]
    fn only_a_record_that_is_large_by_itself_may_be_large() {
        let (one, two) = (batch(&["config"]), batch(&["config", "config"]));
        assert!(small_enough(&two, MOST_PACKED_BYTES).is_ok(), "as many bytes as are allowed");
        assert!(small_enough(&two, MOST_PACKED_BYTES + 1).is_err(), "one more: its station can send fewer records");
        assert!(
            small_enough(&one, MOST_PACKED_BYTES + 1).is_ok(),
            "which a single record cannot, and must not wait for ever"
        );
    }

    #[test]
    fn records_that_do_not_chain_up_are_refused() {
        let mut broken = batch(&["config", "config"]);
        broken.last = Sha256::of(b"another");
        let problem = checked(broken).unwrap_err();
        assert_eq!(problem.more.get("reason"), Some(&json!("broken-chain")), "so that a station can look at its log");
    }
}
