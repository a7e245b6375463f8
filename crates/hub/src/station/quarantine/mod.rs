//! `sync_quarantine`: records that the hub could not make rows of. The log has moved on; somebody looks at each, and
//! tries it again (a newer hub may know it) or drops it. What became of it the station learns at its next contact.

mod list;
pub mod paths;

pub use list::{QuarantineAsked, QuarantineItem, list};

use super::{
    apply::{self, Told},
    changes,
    who::column,
};
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit::{self, Entry},
        caller::Caller,
    },
    db::{DbError, Tx, p},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;
use wellread_wire::batch::{Outcome, Record};

/// The most records that one request tries again.
const MOST_AT_ONCE: i64 = 500;

/// Which record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Whose log.
    pub station: Uuid,
    /// Which writer's.
    pub incarnation: i32,
    /// Where in it.
    pub seq: i64,
}

/// Who looks after it.
#[derive(Clone, Debug)]
pub struct By {
    /// The account, where it is one.
    pub user: Option<Uuid>,
    /// In words, for the record: an account's id, or `command line`.
    pub name: String,
}

impl By {
    fn caller(caller: &Caller) -> Self {
        Self { user: Some(caller.user), name: caller.user.to_string() }
    }
}

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

/// Tries a record again, by the rules of today. Where it is a run, what waited for it is tried, too.
pub async fn retry(hub: &Hub, tx: &Tx, org: Uuid, place: Place, by: &By) -> Answer<Retried> {
    let mut retried = Retried::default();
    let current = lock_station(tx, org, place.station).await?;
    let outcome = try_again(hub, tx, org, place, current, by).await?;
    retried.add(place.seq, &outcome);
    if retried.applied > 0 {
        for waiting in open(tx, org, Some(place.station), Some(apply::RUN_MISSING)).await? {
            let outcome = try_again(hub, tx, org, waiting, current, by).await?;
            if !matches!(outcome, Outcome::Quarantined { .. }) {
                retried.add(waiting.seq, &outcome);
            }
        }
    }
    changes::note(tx, org, Some(place.station), &["quarantine", "run", "run-state"], &[]).await?;
    Ok(retried)
}

/// Tries everything again that is open, of a station or with a code.
pub async fn retry_all(
    hub: &Hub,
    tx: &Tx,
    org: Uuid,
    station: Option<Uuid>,
    code: Option<&str>,
    by: &By,
) -> Answer<Retried> {
    let mut retried = Retried::default();
    let mut places = open(tx, org, station, code).await?;
    // In one order, so that two who do this at once wait for each other and not both for ever.
    places.sort_by_key(|place| (place.station, place.incarnation, place.seq));
    let mut stations: Vec<(Uuid, i32)> = Vec::new();
    for place in places {
        let locked = stations.iter().find(|(station, _)| *station == place.station);
        let current = if let Some((_, current)) = locked {
            *current
        } else {
            let current = lock_station(tx, org, place.station).await?;
            stations.push((place.station, current));
            current
        };
        let outcome = try_again(hub, tx, org, place, current, by).await?;
        retried.add(place.seq, &outcome);
    }
    for (station, _) in stations {
        changes::note(tx, org, Some(station), &["quarantine", "run", "run-state"], &[]).await?;
    }
    Ok(retried)
}

/// Drops a record: nobody needs its rows. It stays in the list, with the reason.
pub async fn drop_record(hub: &Hub, tx: &Tx, org: Uuid, place: Place, by: &By, why: &str) -> Answer<()> {
    let why = why.trim();
    if why.is_empty() {
        return Err(Problem::invalid("say why it is not needed: nothing else will tell of it"));
    }
    lock_station(tx, org, place.station).await?;
    kept(tx, org, place).await?;
    settle(hub, tx, org, place, by, ("dropped", "dropped"), why).await?;
    let entry = entry("DROP", place, by, json!({ "why": why }));
    audit::note(hub, tx, org, &entry).await?;
    changes::note(tx, org, Some(place.station), &["quarantine"], &[]).await?;
    Ok(())
}

fn entry(action: &'static str, place: Place, by: &By, details: serde_json::Value) -> Entry {
    Entry {
        user: by.user,
        station: Some(place.station),
        action,
        resource: "sync_quarantine",
        resource_id: format!("{}/{}/{}", place.station, place.incarnation, place.seq),
        details,
        ..Entry::default()
    }
}

/// Nobody else works on the station meanwhile. Returns the writer that the hub takes records from.
async fn lock_station(tx: &Tx, org: Uuid, station: Uuid) -> Answer<i32> {
    let sql = "SELECT incarnation FROM microplates.station WHERE org_id = $1 AND id = $2 FOR UPDATE";
    let row = tx.query_opt(sql, &[p(&org), p(&station)]).await?;
    Ok(column(&row.ok_or_else(|| Problem::not_found("station", station))?, 0)?)
}

async fn open(tx: &Tx, org: Uuid, station: Option<Uuid>, code: Option<&str>) -> Answer<Vec<Place>> {
    let rows = tx
        .query(
            "SELECT station_id, incarnation, seq FROM microplates.sync_quarantine
             WHERE org_id = $1 AND state = 'open' AND ($2 IS NULL OR station_id = $2) AND ($3 IS NULL OR code = $3)
             ORDER BY station_id, incarnation, seq LIMIT $4",
            &[p(&org), p(&station), p(&code), p(&MOST_AT_ONCE)],
        )
        .await?;
    let place = |row: &Row| {
        Ok::<_, DbError>(Place { station: column(row, 0)?, incarnation: column(row, 1)?, seq: column(row, 2)? })
    };
    Ok(rows.iter().map(place).collect::<Result<_, _>>()?)
}

/// A record as it was kept, if it still waits.
async fn kept(tx: &Tx, org: Uuid, place: Place) -> Answer<Record> {
    let row = tx
        .query_opt(
            "SELECT state, kind, schema_version, actor, at_ms, offset_min, payload FROM microplates.sync_quarantine
             WHERE org_id = $1 AND station_id = $2 AND incarnation = $3 AND seq = $4 FOR UPDATE",
            &[p(&org), p(&place.station), p(&place.incarnation), p(&place.seq)],
        )
        .await?;
    let row = row.ok_or_else(|| Problem::not_found("record in quarantine", place.seq))?;
    let state: String = column(&row, 0)?;
    if state != "open" {
        return Err(Problem::conflict("record-settled", format!("record {} is {state} already", place.seq)));
    }
    let payload = RawValue::from_string(column(&row, 6)?);
    Ok(Record {
        kind: column(&row, 1)?,
        schema_version: column(&row, 2)?,
        actor: column(&row, 3)?,
        at_ms: column(&row, 4)?,
        offset_min: column(&row, 5)?,
        payload: payload.map_err(|why| Problem::unforeseen(&anyhow::Error::new(why)))?,
    })
}

async fn try_again(hub: &Hub, tx: &Tx, org: Uuid, place: Place, current: i32, by: &By) -> Answer<Outcome> {
    let told = Told::read(kept(tx, org, place).await?, place.seq);
    let source = apply::Source::late(org, place.station, place.incarnation, place.seq, current);
    let outcomes = apply::all(tx, source, std::slice::from_ref(&told)).await?;
    let outcome = outcomes.into_iter().next().unwrap_or(Outcome::Known);
    match &outcome {
        Outcome::Applied => settle(hub, tx, org, place, by, ("applied", "applied"), "").await?,
        Outcome::Known => settle(hub, tx, org, place, by, ("applied", "known"), "").await?,
        Outcome::Quarantined { code, reason } => {
            tx.execute(
                "UPDATE microplates.sync_quarantine SET tries = tries + 1, last_try_at = $5, code = $6, reason = $7
                 WHERE org_id = $1 AND station_id = $2 AND incarnation = $3 AND seq = $4",
                &[
                    p(&org),
                    p(&place.station),
                    p(&place.incarnation),
                    p(&place.seq),
                    p(&hub.clock.now()),
                    p(code),
                    p(&reason.replace('\0', "\u{fffd}")),
                ],
            )
            .await?;
        }
    }
    let name = match &outcome {
        Outcome::Applied => "applied",
        Outcome::Known => "known",
        Outcome::Quarantined { .. } => "refused",
    };
    audit::note(hub, tx, org, &entry("RETRY", place, by, json!({ "outcome": name }))).await?;
    Ok(outcome)
}

/// It waits no longer.
async fn settle(
    hub: &Hub,
    tx: &Tx,
    org: Uuid,
    place: Place,
    by: &By,
    (state, outcome): (&str, &str),
    why: &str,
) -> Answer<()> {
    let now = hub.clock.now();
    tx.execute(
        "WITH settled AS (
           UPDATE microplates.sync_quarantine SET state = $5, tries = tries + CASE WHEN $5 = 'applied' THEN 1 ELSE 0 END,
             last_try_at = CASE WHEN $5 = 'applied' THEN $6 ELSE last_try_at END, resolved_at = $6, resolved_by = $7,
             why = $8
           WHERE org_id = $1 AND station_id = $2 AND incarnation = $3 AND seq = $4),
         logged AS (
           UPDATE microplates.station_log SET outcome = $9, outcome_code = ''
           WHERE org_id = $1 AND station_id = $2 AND incarnation = $3 AND seq = $4)
         UPDATE microplates.station SET rejected = greatest(rejected - 1, 0), updated_at = now()
         WHERE org_id = $1 AND id = $2",
        &[
            p(&org),
            p(&place.station),
            p(&place.incarnation),
            p(&place.seq),
            p(&state),
            p(&now),
            p(&by.name),
            p(&why.replace('\0', "")),
            p(&outcome),
        ],
    )
    .await?;
    Ok(())
}
