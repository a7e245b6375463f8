//! One-time codes for enrolling stations: `ORGANIZATION-XXXX-XXXX-XXXX`. Only their hash is kept.

pub mod list;
mod typed;

pub(super) use typed::Typed;

use super::who::column;
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit::{self, Entry},
        body::Said,
        caller::Caller,
        permission::STATION_ADMIN,
    },
    db::{DbError, Param, Tx, p},
    read::ask::{self, Named},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use utoipa::ToSchema;
use uuid::Uuid;
use wellread_wire::problem::code;

/// For how long a code is good where nothing is said, in hours.
const GOOD_HOURS: u32 = 7 * 24;
/// For how long it may be.
const MOST_HOURS: u32 = 90 * 24;

/// What a code that does not let in is answered.
pub(super) fn refused(told: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code::ENROL_CODE, told)
}

/// A code that there is.
pub(super) struct Found {
    id: Uuid,
    pub(super) created_by: Option<Uuid>,
    /// The station that it is for alone.
    pub(super) station: Option<Uuid>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    pub(super) used_by: Option<Uuid>,
    pub(super) used_key: Option<Vec<u8>>,
}

/// Finds a code, and lets nobody else use it meanwhile.
pub(super) async fn lock(tx: &Tx, org: Uuid, code: &Typed) -> Result<Option<Found>, DbError> {
    let row = tx
        .query_opt(
            "SELECT id, created_by, expires_at, revoked_at, used_by, used_key, station_id FROM microplates.enrol_code
             WHERE org_id = $1 AND code_hash = $2 FOR UPDATE",
            &[p(&org), p(&code.hash(org))],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Found {
        id: column(&row, 0)?,
        created_by: column(&row, 1)?,
        expires_at: column(&row, 2)?,
        revoked_at: column(&row, 3)?,
        used_by: column(&row, 4)?,
        used_key: column(&row, 5)?,
        station: column(&row, 6)?,
    }))
}

impl Found {
    /// Whether it lets this station in.
    pub(super) fn check(&self, station: Uuid, now: DateTime<Utc>) -> Answer<()> {
        match self {
            Self { used_by: Some(_), .. } => {
                Err(refused("this code was used already: have another made at headquarters"))
            }
            Self { revoked_at: Some(_), .. } => {
                Err(refused("this code was withdrawn: have another made at headquarters"))
            }
            Self { expires_at, .. } if *expires_at <= now => {
                Err(refused("this code has expired: have another made at headquarters"))
            }
            Self { station: Some(only), .. } if *only != station => {
                Err(refused("this code was made for another station: have one made for this one at headquarters"))
            }
            _ => Ok(()),
        }
    }

    /// It lets nobody else in.
    pub(super) async fn spend(
        &self,
        tx: &Tx,
        org: Uuid,
        station: Uuid,
        key: &Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let key: Param<'_> = (key, Type::BYTEA);
        tx.execute(
            "UPDATE microplates.enrol_code SET used_at = $3, used_by = $4, used_key = $5 WHERE org_id = $1 AND id = $2",
            &[p(&org), p(&self.id), p(&now), p(&station), key],
        )
        .await?;
        Ok(())
    }
}

/// A code that was made. It can be read here and nowhere else.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NewCode {
    /// What a list calls it.
    pub id: Uuid,
    /// The code.
    pub code: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// What a code is to be.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CodeWanted {
    /// What it is meant for, in words.
    pub note: String,
    /// A station that is known already and is to have another key: on a new machine, say. The code is for it alone.
    pub station: Option<Uuid>,
    /// For how many hours it is good, 1 to 2160; a week where nothing is said.
    pub good_hours: Option<u32>,
}

/// Makes a code, also for the command line: `by` is the account that asked for it, where it was one.
pub async fn create(hub: &Hub, tx: &Tx, org: Uuid, by: Option<Uuid>, wanted: &CodeWanted) -> Answer<NewCode> {
    let hours = wanted.good_hours.unwrap_or(GOOD_HOURS);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(Problem::invalid(format!("a code is good for 1 to {MOST_HOURS} hours, not {hours}")));
    }
    if let Some(station) = wanted.station {
        let sql = "SELECT FROM microplates.station WHERE org_id = $1 AND id = $2";
        tx.query_opt(sql, &[p(&org), p(&station)]).await?.ok_or_else(|| Problem::not_found("station", station))?;
    }
    let slug: String =
        column(&tx.query_one("SELECT slug FROM auth.organizations WHERE org_id = $1", &[p(&org)]).await?, 0)?;
    let (id, typed) = (hub.id()?, Typed { slug, secret: typed::secret()? });
    let (now, hash) = (hub.clock.now(), typed.hash(org));
    let expires_at = now + TimeDelta::hours(hours.into());
    tx.execute(
        "INSERT INTO microplates.enrol_code (org_id, id, code_hash, note, created_by, created_at, expires_at, station_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[p(&org), p(&id), p(&hash), p(&wanted.note), p(&by), p(&now), p(&expires_at), p(&wanted.station)],
    )
    .await?;
    let entry = Entry {
        user: by,
        action: "CREATE",
        resource: "enrol_code",
        resource_id: id.to_string(),
        details: serde_json::json!({
            "note": wanted.note, "station": wanted.station, "expires_at": ask::written(expires_at),
        }),
        ..Entry::default()
    };
    audit::note(hub, tx, org, &entry).await?;
    let groups: Vec<&str> = [0..4, 4..8, 8..12].into_iter().filter_map(|group| typed.secret.get(group)).collect();
    let code = format!("{}-{}", typed.slug.to_ascii_uppercase(), groups.join("-"));
    Ok(NewCode { id, code, expires_at: ask::written(expires_at) })
}

/// Makes a code for a station to enrol with.
#[utoipa::path(post, path = "/v1/enrol-codes", tag = "stations", request_body = CodeWanted, security(("person" = [])),
    responses((status = 201, description = "Made; the code is told this once", body = NewCode),
        (status = 404, description = "No such station of this organization")))]
pub async fn create_code(
    State(hub): State<Hub>,
    caller: Caller,
    Said(wanted): Said<CodeWanted>,
) -> Answer<(StatusCode, Json<NewCode>)> {
    let tx = caller.begin(&hub, STATION_ADMIN).await?;
    let made = create(&hub, &tx, caller.org, Some(caller.user), &wanted).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Withdraws a code that nobody has used.
#[utoipa::path(delete, path = "/v1/enrol-codes/{id}", tag = "stations", security(("person" = [])),
    params(("id" = Uuid, Path, description = "The code's id")),
    responses((status = 204, description = "It lets nobody in any more"),
        (status = 409, description = "`code-used`: it was used; take the station off the list instead")))]
pub async fn revoke_code(State(hub): State<Hub>, caller: Caller, Named(id): Named<Uuid>) -> Answer<StatusCode> {
    let tx = caller.begin(&hub, STATION_ADMIN).await?;
    let row = tx
        .query_opt(
            "SELECT used_at FROM microplates.enrol_code WHERE org_id = $1 AND id = $2 FOR UPDATE",
            &[p(&caller.org), p(&id)],
        )
        .await?
        .ok_or_else(|| Problem::not_found("enrol code", id))?;
    if column::<Option<DateTime<Utc>>>(&row, 0)?.is_some() {
        return Err(Problem::conflict("code-used", "the code was used already: take the station off the list instead"));
    }
    let revoked = tx
        .execute(
            "UPDATE microplates.enrol_code SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL",
            &[p(&caller.org), p(&id), p(&hub.clock.now())],
        )
        .await?;
    if revoked > 0 {
        audit::note(&hub, &tx, caller.org, &caller.entry("REVOKE", "enrol_code", id)).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
