//! What is kept of a push besides its rows: its places, what became of each, and what could not be applied.

use crate::{
    Answer,
    db::{DbError, Tx, p},
    station::{
        apply::{Source, Told},
        changes,
    },
};
use chrono::{DateTime, Datelike as _, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;
use wellread_wire::{batch::Outcome, chain::Sha256};

/// Keeps places, outcomes and quarantine, and moves the log's head.
pub(super) async fn keep(
    tx: &Tx,
    source: Source,
    told: &[Told],
    hashes: &[Sha256],
    outcomes: &[Outcome],
) -> Answer<()> {
    places(tx, source, told, hashes, outcomes).await?;
    let rejected = quarantine(tx, source, told, outcomes).await?;
    if let (Some(last), Some(hash)) = (told.last(), hashes.last()) {
        tx.execute(
            "WITH head AS (UPDATE microplates.station_incarnation SET head_seq = $4, head_hash = $5
               WHERE org_id = $1 AND station_id = $2 AND incarnation = $3)
             UPDATE microplates.station SET last_push_at = now(), rejected = rejected + $6, updated_at = now(),
               pending = greatest(pending - $7, 0), oldest_age_ms = CASE WHEN pending > $7 THEN oldest_age_ms END
             WHERE org_id = $1 AND id = $2",
            &[
                p(&source.org),
                p(&source.station),
                p(&source.incarnation),
                p(&last.seq),
                p(&hash.to_string()),
                p(&rejected),
                // What it said at its last contact, less what it has brought since.
                p(&i64::try_from(told.len()).unwrap_or(i64::MAX)),
            ],
        )
        .await?;
    }
    Ok(())
}

async fn places(
    tx: &Tx,
    source: Source,
    told: &[Told],
    hashes: &[Sha256],
    outcomes: &[Outcome],
) -> Result<(), DbError> {
    let seqs: Vec<i64> = told.iter().map(|told| told.seq).collect();
    let hashes: Vec<String> = hashes.iter().map(Sha256::to_string).collect();
    let kinds: Vec<String> = told.iter().map(|told| clean(&told.record.kind)).collect();
    let versions: Vec<i64> = told.iter().map(|told| told.record.schema_version).collect();
    let actors: Vec<String> = told.iter().map(|told| clean(&told.record.actor)).collect();
    let made_at: Vec<Option<DateTime<Utc>>> = told.iter().map(|told| moment(told.record.at_ms)).collect();
    let offsets: Vec<i32> = told.iter().map(|told| told.record.offset_min).collect();
    let (names, codes): (Vec<&str>, Vec<&str>) = outcomes.iter().map(written).unzip();
    tx.execute(
        "INSERT INTO microplates.station_log
           (org_id, station_id, incarnation, seq, hash, kind, schema_version, actor, made_at, offset_min, outcome, outcome_code)
         SELECT $1, $2, $3, t.* FROM unnest($4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[],
           $9::timestamptz[], $10::integer[], $11::text[], $12::text[]) AS t",
        &[
            p(&source.org),
            p(&source.station),
            p(&source.incarnation),
            p(&seqs),
            p(&hashes),
            p(&kinds),
            p(&versions),
            p(&actors),
            p(&made_at),
            p(&offsets),
            p(&names),
            p(&codes),
        ],
    )
    .await?;
    Ok(())
}

/// Keeps what could not be applied, to the letter. Returns how much that is.
async fn quarantine(tx: &Tx, source: Source, told: &[Told], outcomes: &[Outcome]) -> Result<i64, DbError> {
    let mut count = 0;
    for (told, outcome) in told.iter().zip(outcomes) {
        let Outcome::Quarantined { code, reason } = outcome else { continue };
        tracing::warn!(station = %source.station, seq = told.seq, kind = told.record.kind, code, "quarantined: {reason}");
        count += 1;
        tx.execute(
            "INSERT INTO microplates.sync_quarantine
               (org_id, station_id, incarnation, seq, kind, schema_version, payload, actor, at_ms, offset_min, code, reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                p(&source.org),
                p(&source.station),
                p(&source.incarnation),
                p(&told.seq),
                p(&clean(&told.record.kind)),
                p(&told.record.schema_version),
                p(&told.record.payload.get()),
                p(&clean(&told.record.actor)),
                p(&told.record.at_ms),
                p(&told.record.offset_min),
                p(code),
                p(&clean(reason)),
            ],
        )
        .await?;
    }
    Ok(count)
}

/// Tells those who watch what came in.
pub(super) async fn note_change(tx: &Tx, source: Source, told: &[Told], outcomes: &[Outcome]) -> Result<(), DbError> {
    let (mut kinds, mut runs) = (BTreeSet::new(), BTreeSet::<Uuid>::new());
    for (told, outcome) in told.iter().zip(outcomes) {
        match outcome {
            Outcome::Applied => {
                kinds.extend(told.change_kind());
                runs.extend(told.run_id());
            }
            Outcome::Known => {}
            Outcome::Quarantined { .. } => {
                kinds.insert("quarantine");
            }
        }
    }
    if kinds.is_empty() {
        return Ok(());
    }
    let (kinds, runs): (Vec<_>, Vec<_>) = (kinds.into_iter().collect(), runs.into_iter().collect());
    changes::note(tx, source.org, Some(source.station), &kinds, &runs).await?;
    Ok(())
}

const fn written(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Applied => ("applied", ""),
        Outcome::Known => ("known", ""),
        Outcome::Quarantined { code, .. } => ("quarantined", code.as_str()),
    }
}

/// Without what PostgreSQL takes in no text.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A moment that PostgreSQL has, too: a clock may show anything.
fn moment(at_ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(at_ms).filter(|at| (-4_000..200_000).contains(&at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_shows_nonsense_does_not_stop_a_log() {
        assert_eq!(moment(i64::MAX), None, "beyond all calendars");
        assert_eq!(moment(i64::MIN), None, "before them");
        assert!(moment(0).is_some() && moment(-86_400_000).is_some(), "1970 and before are dates");
        assert_eq!(clean("a\0b"), "a\u{fffd}b", "PostgreSQL takes no NUL in a text");
    }
}
