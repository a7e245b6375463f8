//! A station's log as the hub has it: which writer's records it is made of, one after the other.
//!
//! Every take-over begins a writer (incarnation) at a place that the hub and that copy of the log have both. What
//! earlier writers told after it is kept and belongs to the log no longer.

use super::who::column;
use crate::db::{DbError, Tx, p};
use tokio_postgres::Row;
use uuid::Uuid;
use wellread_wire::{
    batch::Outcome,
    chain::{Sha256, genesis},
    contact::Head,
};

/// A writer of a station's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) incarnation: i32,
    /// The last place that is not its own.
    pub(super) base: Head,
    /// The last place that the hub has.
    pub(super) head: Head,
}

/// Places of the log that one writer wrote: those after `after`, up to `up_to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    incarnation: i32,
    after: i64,
    up_to: i64,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    org: Uuid,
    station: Uuid,
    /// The writer that the hub takes records from.
    pub(super) writer: Writer,
    segments: Vec<Segment>,
}

/// A record that the hub has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownRecord {
    pub(super) head: Head,
    pub(super) outcome: Outcome,
}

impl Lineage {
    /// The log up to a writer, which must be one of it.
    pub(super) async fn load(tx: &Tx, org: Uuid, station: Uuid, incarnation: i32) -> Result<Self, DbError> {
        let rows = tx
            .query(
                "SELECT incarnation, base_seq, base_hash, head_seq, head_hash FROM microplates.station_incarnation
                 WHERE org_id = $1 AND station_id = $2 AND incarnation <= $3 ORDER BY incarnation DESC",
                &[p(&org), p(&station), p(&incarnation)],
            )
            .await?;
        let writers = rows.iter().map(writer).collect::<Result<Vec<_>, _>>()?;
        let first = writers.first().filter(|writer| writer.incarnation == incarnation).copied();
        let writer = first.ok_or_else(|| DbError::Passing(format!("station {station} has no writer {incarnation}")))?;
        Ok(Self { org, station, writer, segments: segments(&writers) })
    }

    /// Records of the log from one place to another, as far as there are any.
    pub(super) async fn records(&self, tx: &Tx, first: i64, last: i64) -> Result<Vec<KnownRecord>, DbError> {
        self.select(tx, "l.seq BETWEEN $6 AND $7", &[p(&first), p(&last)]).await
    }

    /// The newest of these places that the log has with the same hash. The beginning is a place of every log.
    pub(super) async fn last_common(&self, tx: &Tx, heads: &[Head]) -> Result<Option<Head>, DbError> {
        let seqs: Vec<i64> = heads.iter().map(|head| head.seq).collect();
        let mut known: Vec<Head> =
            self.select(tx, "l.seq = ANY ($6)", &[p(&seqs)]).await?.into_iter().map(|record| record.head).collect();
        known.push(Head { seq: 0, hash: genesis(self.station) });
        Ok(heads.iter().filter(|head| known.contains(head)).max_by_key(|head| head.seq).copied())
    }

    async fn select(&self, tx: &Tx, which: &str, params: &[crate::db::Param<'_>]) -> Result<Vec<KnownRecord>, DbError> {
        let incarnations: Vec<i32> = self.segments.iter().map(|segment| segment.incarnation).collect();
        let after: Vec<i64> = self.segments.iter().map(|segment| segment.after).collect();
        let up_to: Vec<i64> = self.segments.iter().map(|segment| segment.up_to).collect();
        let sql = format!(
            "SELECT l.seq, l.hash, l.outcome, l.outcome_code, coalesce(q.reason, '')
             FROM unnest($3::integer[], $4::bigint[], $5::bigint[]) AS part (incarnation, after, up_to)
             JOIN microplates.station_log l ON l.org_id = $1 AND l.station_id = $2
               AND l.incarnation = part.incarnation AND l.seq > part.after AND l.seq <= part.up_to
             LEFT JOIN microplates.sync_quarantine q ON q.org_id = $1 AND q.station_id = $2
               AND q.incarnation = l.incarnation AND q.seq = l.seq
             WHERE {which} ORDER BY l.seq"
        );
        let mut all = vec![p(&self.org), p(&self.station), p(&incarnations), p(&after), p(&up_to)];
        all.extend(params.iter().cloned());
        tx.query(&sql, &all).await?.iter().map(known_record).collect()
    }
}

/// The newest writer's own places, before them those of the writer before it, and so on.
fn segments(newest_first: &[Writer]) -> Vec<Segment> {
    let mut up_to = i64::MAX;
    let mut segments = Vec::with_capacity(newest_first.len());
    for writer in newest_first {
        let (after, last) = (writer.base.seq, writer.head.seq.min(up_to));
        if last > after {
            segments.push(Segment { incarnation: writer.incarnation, after, up_to: last });
        }
        up_to = up_to.min(after);
    }
    segments
}

fn writer(row: &Row) -> Result<Writer, DbError> {
    Ok(Writer {
        incarnation: column(row, 0)?,
        base: Head { seq: column(row, 1)?, hash: sha256(column(row, 2)?)? },
        head: Head { seq: column(row, 3)?, hash: sha256(column(row, 4)?)? },
    })
}

fn known_record(row: &Row) -> Result<KnownRecord, DbError> {
    let (code, reason): (String, String) = (column(row, 3)?, column(row, 4)?);
    let outcome = match column(row, 2)? {
        "quarantined" => Outcome::Quarantined { code, reason },
        "applied" => Outcome::Applied,
        // What was dropped needs nobody's attention any more.
        _ => Outcome::Known,
    };
    Ok(KnownRecord { head: Head { seq: column(row, 0)?, hash: sha256(column(row, 1)?)? }, outcome })
}

/// A hash as it is kept.
pub(super) fn sha256(text: &str) -> Result<Sha256, DbError> {
    text.parse().map_err(|why| DbError::Passing(format!("a kept hash cannot be read: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn writer(incarnation: i32, base: i64, head: i64) -> Writer {
        let head_at = |seq: i64| Head { seq, hash: Sha256::of(&seq.to_be_bytes()) };
        Writer { incarnation, base: head_at(base), head: head_at(head) }
    }

    proptest! {
        #[test]
        fn every_place_of_a_log_has_the_writer_that_last_wrote_it(
            steps in prop::collection::vec((0_i64..30, 0_i64..30), 1..8),
        ) {
            // The log played through: each writer goes back to some place of the log so far, and appends.
            let mut log: Vec<i32> = Vec::new();
            let mut writers = Vec::new();
            for ((back_to, appended), incarnation) in steps.into_iter().zip(1..) {
                let base = if incarnation == 1 { 0 } else { back_to.min(log.len() as i64) };
                log.truncate(base as usize);
                log.extend(std::iter::repeat_n(incarnation, appended as usize));
                writers.insert(0, writer(incarnation, base, base + appended));
            }
            let found = segments(&writers);
            for (place, expected) in (1_i64..).zip(&log) {
                let of: Vec<i32> =
                    found.iter().filter(|s| s.after < place && place <= s.up_to).map(|s| s.incarnation).collect();
                prop_assert_eq!(&of, &vec![*expected], "place {} has one writer", place);
            }
            let last = found.iter().map(|s| s.up_to).max().unwrap_or(0);
            prop_assert_eq!(last, log.len() as i64, "nothing after the end");
        }
    }
}
