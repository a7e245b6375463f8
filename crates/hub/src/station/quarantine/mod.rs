//! `sync_quarantine`: records that the hub could not make rows of. The log has moved on; somebody looks at each, and
//! tries it again (a newer hub may know it) or drops it. What became of it the station learns at its next contact.

mod again;
mod list;
pub mod paths;

pub use again::{Retried, Which, retry, retry_all};
pub use list::{QuarantineAsked, QuarantineItem, list};

use super::{changes, who::column};
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit::{self, Entry},
        caller::Caller,
        permission::SYNC_ADMIN,
    },
    db::{Tx, p},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use utoipa::ToSchema;
use uuid::Uuid;
use wellread_wire::batch::Record;

/// The most records that are tried again at once.
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
    caller: Option<Caller>,
    /// In words, for the record: an account's id, or `command line`.
    name: String,
}

impl By {
    fn caller(caller: &Caller) -> Self {
        Self { caller: Some(caller.clone()), name: caller.user.to_string() }
    }

    /// Somebody without an account.
    pub fn name(name: &str) -> Self {
        Self { caller: None, name: name.to_owned() }
    }

    /// A transaction of the organization, in which an account still may.
    async fn begin(&self, hub: &Hub, org: Uuid) -> Answer<Tx> {
        match &self.caller {
            Some(caller) => caller.begin(hub, SYNC_ADMIN).await,
            None => Ok(hub.db.org(org).await?),
        }
    }
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
        user: by.caller.as_ref().map(|caller| caller.user),
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
    let sql = "SELECT incarnation FROM microplates.station WHERE org_id = $1 AND id = $2 FOR NO KEY UPDATE";
    let row = tx.query_opt(sql, &[p(&org), p(&station)]).await?;
    Ok(column(&row.ok_or_else(|| Problem::not_found("station", station))?, 0)?)
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
