//! Tries records again, by the rules of today: a transaction for each station, which is locked before anything is read.

use super::{By, MOST_AT_ONCE, Place, entry, kept, lock_station, settle};
use crate::{
    Answer, Hub,
    auth::audit,
    db::{DbError, Tx, p},
    station::{
        apply::{self, Told, Turns},
        changes,
        who::column,
    },
};
use serde::Serialize;
use serde_json::json;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;
use wellread_wire::batch::Outcome;

/// What became of records tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retried {
    /// So many have their rows now.
    pub applied: u64,
    /// So many are still refused.
    pub refused: u64,
    /// Why, for the first of them.
    pub reasons: Vec<String>,
}

impl Retried {
    fn add(&mut self, seq: i64, outcome: &Outcome) {
        match outcome {
            Outcome::Applied | Outcome::Known => self.applied += 1,
            Outcome::Quarantined { code, reason } => {
                self.refused += 1;
                if self.reasons.len() < 20 {
                    self.reasons.push(format!("record {seq}: {reason} ({code})"));
                }
            }
        }
    }
}

/// Tries a record again. Where it is a run, what waited for it is tried, too.
pub async fn retry(hub: &Hub, tx: &Tx, org: Uuid, place: Place, by: &By) -> Answer<Retried> {
    let mut retried = Retried::default();
    let current = lock_station(tx, org, place.station).await?;
    let mut waiting = open(tx, org, place.station, Some(apply::RUN_MISSING), MOST_AT_ONCE).await?;
    waiting.retain(|other| *other != place);
    take_turns(tx, org, std::iter::once(place).chain(waiting.iter().copied())).await?;
    let outcome = try_again(hub, tx, org, place, current, by).await?;
    retried.add(place.seq, &outcome);
    if retried.applied > 0 {
        for waiting in waiting {
            let outcome = try_again(hub, tx, org, waiting, current, by).await?;
            if !matches!(outcome, Outcome::Quarantined { .. }) {
                retried.add(waiting.seq, &outcome);
            }
        }
    }
    changes::note(tx, org, Some(place.station), &["quarantine", "run", "run-state"], &[]).await?;
    Ok(retried)
}

/// Which records to try again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Of one station.
    pub station: Option<Uuid>,
    /// With this code.
    pub code: Option<&'a str>,
}

/// Tries again what is open, at most [`MOST_AT_ONCE`] records, those first that were not tried for the longest time.
/// Each station has a transaction of its own, so that none waits for another's records; where one cannot be done, those
/// before it are.
pub async fn retry_all(hub: &Hub, org: Uuid, which: Which<'_>, by: &By) -> Answer<Retried> {
    let mut retried = Retried::default();
    let tx = by.begin(hub, org).await?;
    let stations = stations(&tx, org, which).await?;
    tx.commit().await?;
    let mut left = MOST_AT_ONCE;
    for station in stations {
        if left == 0 {
            break;
        }
        let tx = by.begin(hub, org).await?;
        let current = lock_station(&tx, org, station).await?;
        let places = open(&tx, org, station, which.code, left).await?;
        if places.is_empty() {
            // Somebody else was faster.
            tx.rollback().await?;
            continue;
        }
        left -= places.len() as i64;
        take_turns(&tx, org, places.iter().copied()).await?;
        for place in places {
            retried.add(place.seq, &try_again(hub, &tx, org, place, current, by).await?);
        }
        changes::note(&tx, org, Some(station), &["quarantine", "run", "run-state"], &[]).await?;
        tx.commit().await?;
    }
    Ok(retried)
}

/// The stations that have such records.
async fn stations(tx: &Tx, org: Uuid, which: Which<'_>) -> Answer<Vec<Uuid>> {
    let rows = tx
        .query(
            "SELECT station_id FROM microplates.sync_quarantine
             WHERE org_id = $1 AND state = 'open' AND ($2 IS NULL OR station_id = $2) AND ($3 IS NULL OR code = $3)
             GROUP BY station_id ORDER BY min(coalesce(last_try_at, '-infinity')), station_id",
            &[p(&org), p(&which.station), p(&which.code)],
        )
        .await?;
    Ok(rows.iter().map(|row| column(row, 0)).collect::<Result<_, DbError>>()?)
}

/// Records of a station that wait, in the order of its log.
async fn open(tx: &Tx, org: Uuid, station: Uuid, code: Option<&str>, most: i64) -> Answer<Vec<Place>> {
    let rows = tx
        .query(
            "SELECT station_id, incarnation, seq FROM (
               SELECT station_id, incarnation, seq FROM microplates.sync_quarantine
               WHERE org_id = $1 AND state = 'open' AND station_id = $2 AND ($3 IS NULL OR code = $3)
               ORDER BY last_try_at NULLS FIRST, incarnation, seq LIMIT $4) longest
             ORDER BY incarnation, seq",
            &[p(&org), p(&station), p(&code), p(&most)],
        )
        .await?;
    let place = |row: &Row| {
        Ok::<_, DbError>(Place { station: column(row, 0)?, incarnation: column(row, 1)?, seq: column(row, 2)? })
    };
    Ok(rows.iter().map(place).collect::<Result<_, _>>()?)
}

/// Waits for the turn at all samples that these change. They are read one at a time: a record may be large.
async fn take_turns(tx: &Tx, org: Uuid, places: impl Iterator<Item = Place>) -> Answer<()> {
    let mut turns = Turns::default();
    for place in places {
        turns.add(&Told::read(kept(tx, org, place).await?, place.seq));
    }
    Ok(turns.take(tx, org).await?)
}

async fn try_again(hub: &Hub, tx: &Tx, org: Uuid, place: Place, current: i32, by: &By) -> Answer<Outcome> {
    let told = Told::read(kept(tx, org, place).await?, place.seq);
    let source = apply::Source::late(org, place.station, place.incarnation, place.seq, current);
    let outcomes = apply::all(tx, source, std::slice::from_ref(&told)).await?;
    let outcome = outcomes.into_iter().next().unwrap_or(Outcome::Known);
    let name = match &outcome {
        Outcome::Applied => {
            settle(hub, tx, org, place, by, ("applied", "applied"), "").await?;
            "applied"
        }
        Outcome::Known => {
            settle(hub, tx, org, place, by, ("applied", "known"), "").await?;
            "known"
        }
        Outcome::Quarantined { code, reason } => {
            refused_again(hub, tx, org, place, code, reason).await?;
            "refused"
        }
    };
    audit::note(hub, tx, org, &entry("RETRY", place, by, json!({ "outcome": name }))).await?;
    Ok(outcome)
}

async fn refused_again(hub: &Hub, tx: &Tx, org: Uuid, place: Place, code: &str, reason: &str) -> Answer<()> {
    tx.execute(
        "UPDATE microplates.sync_quarantine SET tries = tries + 1, last_try_at = $5, code = $6, reason = $7
         WHERE org_id = $1 AND station_id = $2 AND incarnation = $3 AND seq = $4",
        &[
            p(&org),
            p(&place.station),
            p(&place.incarnation),
            p(&place.seq),
            p(&hub.clock.now()),
            p(&code),
            p(&reason.replace('\0', "\u{fffd}")),
        ],
    )
    .await?;
    Ok(())
}
