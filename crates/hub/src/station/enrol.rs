//! `POST /v1/enrol`: a station becomes known, with a code that somebody at headquarters made for it.

use super::{
    changes, enrol_code,
    token::public_key,
    who::{column, revoked},
};
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit::{self, Entry},
        body::Said,
        peer::Peer,
    },
    db::{Param, Tx, p},
};
use axum::{Json, extract::State};
use serde_json::json;
use tokio_postgres::types::Type;
use uuid::Uuid;
use wellread_wire::{
    chain::genesis,
    enrol::{Enrol, Enrolled},
};

/// The longest name of a station.
const LONGEST_NAME: usize = 200;

/// Enrols a station. The same station, key and code again get the same answer: the first may have been lost.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "stations", operation_id = "enrol",
    request_body(content = serde_json::Value, description = "The code, the station and its public key (`wire::enrol::Enrol`)"),
    responses(
        (status = 200, description = "It is known (`wire::enrol::Enrolled`)", body = serde_json::Value),
        (status = 403, description = "`enrol-code`: the code is unknown, used or expired; or `station-revoked`"),
        (status = 409, description = "`station-known`: it has another key, and the code was not made for it"),
    )
)]
pub async fn enrol(State(hub): State<Hub>, peer: Peer, Said(told): Said<Enrol>) -> Answer<Json<Enrolled>> {
    let told = checked(told)?;
    let code = enrol_code::Typed::parse(&told.code).ok_or_else(no_code)?;
    let org = organization(&hub, &code.slug).await?.ok_or_else(no_code)?;
    let tx = hub.db.org(org.id).await?;
    let found = enrol_code::lock(&tx, org.id, &code).await?.ok_or_else(no_code)?;
    let key = public_key(&told.public_key).map(|key| key.to_bytes().to_vec()).unwrap_or_default();
    if found.used_by == Some(told.station_id) && found.used_key.as_deref() == Some(key.as_slice()) {
        still_there(&tx, &org, told.station_id, &key).await?;
    } else {
        found.check(told.station_id, hub.clock.now())?;
        take_in(&hub, &tx, &org, &told, &key, &found, &peer).await?;
        found.spend(&tx, org.id, told.station_id, &key, hub.clock.now()).await?;
        changes::note(&tx, org.id, Some(told.station_id), &["station"], &[]).await?;
    }
    let epoch = column(&tx.query_one("SELECT epoch FROM public.hub_state", &[]).await?, 0)?;
    tx.commit().await?;
    Ok(Json(Enrolled {
        org_id: org.id,
        org_name: org.name,
        station_id: told.station_id,
        epoch,
        hub_name: hub.config.hub_name.clone(),
    }))
}

fn no_code() -> Problem {
    enrol_code::refused("this code is unknown: check each character, or have another made at headquarters")
}

fn checked(told: Enrol) -> Answer<Enrol> {
    let name = told.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains('\0') || told.app_version.contains('\0')
    {
        return Err(Problem::invalid(format!("a station has a name of 1 to {LONGEST_NAME} characters")));
    }
    if told.station_id.is_nil() {
        return Err(Problem::invalid("the station has no id"));
    }
    if public_key(&told.public_key).is_none() {
        return Err(Problem::invalid("the public key is no Ed25519 key: 32 bytes in base64url without padding"));
    }
    Ok(Enrol { name, ..told })
}

struct Organization {
    id: Uuid,
    slug: String,
    name: String,
}

async fn organization(hub: &Hub, slug: &str) -> Answer<Option<Organization>> {
    let tx = hub.db.by_slug(slug).await?;
    let row = tx
        .query_opt(
            "SELECT org_id, name, slug FROM auth.organizations
             WHERE slug = $1 AND status = 'active' AND deleted_at IS NULL",
            &[p(&slug)],
        )
        .await?;
    tx.commit().await?;
    Ok(match row {
        Some(row) => Some(Organization { id: column(&row, 0)?, name: column(&row, 1)?, slug: column(&row, 2)? }),
        None => None,
    })
}

/// Whether a station that spent this code is still known, and by the key that it had then.
async fn still_there(tx: &Tx, org: &Organization, station: Uuid, key: &[u8]) -> Answer<()> {
    let sql = "SELECT revoked_at IS NOT NULL, public_key FROM microplates.station WHERE org_id = $1 AND id = $2";
    let row = tx.query_one(sql, &[p(&org.id), p(&station)]).await?;
    let (is_revoked, known): (bool, &[u8]) = (column(&row, 0)?, column(&row, 1)?);
    match is_revoked {
        true => Err(revoked()),
        false if known != key => Err(station_known(org, station)),
        false => Ok(()),
    }
}

/// Why a code that is good for any new station gives a known one no other key: whoever has its data, or only its id,
/// would be it from then on.
fn station_known(org: &Organization, station: Uuid) -> Problem {
    let told = format!(
        "headquarters know this station already, by another key. If it is on a new machine, or was restored there, have a \
         code made for it: `wellread-hub enrol-code create {} --station {station}`, or POST /v1/enrol-codes with \
         \"station\". If it goes on elsewhere, this is a copy of its data and must not be enrolled",
        org.slug
    );
    Problem::conflict("station-known", told).with(json!({ "station": station }))
}

/// Makes the station known, or gives it another key where the code was made for that or the station was taken off the
/// list. A token of the key before is void.
async fn take_in(
    hub: &Hub,
    tx: &Tx,
    whose: &Organization,
    told: &Enrol,
    key: &Vec<u8>,
    code: &enrol_code::Found,
    peer: &Peer,
) -> Answer<()> {
    let (org, made_by) = (whose.id, code.created_by);
    let key: Param<'_> = (key, Type::BYTEA);
    let begins = genesis(told.station_id).to_string();
    let row = tx
        .query_opt(
            "WITH before AS (
               SELECT public_key, revoked_at FROM microplates.station WHERE org_id = $1 AND id = $2),
             now AS (
               INSERT INTO microplates.station AS s (org_id, id, name, public_key, app_version, enrolled_at, enrolled_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (org_id, id) DO UPDATE SET name = EXCLUDED.name, public_key = EXCLUDED.public_key,
                 app_version = EXCLUDED.app_version, enrolled_at = EXCLUDED.enrolled_at,
                 enrolled_by = EXCLUDED.enrolled_by, token_version = s.token_version + 1, revoked_at = NULL,
                 revoked_by = NULL, revoked_why = '', updated_at = now()
               WHERE s.public_key = EXCLUDED.public_key OR s.revoked_at IS NOT NULL OR $8
               RETURNING s.id)
             SELECT b.public_key IS NOT NULL, b.public_key IS DISTINCT FROM $4, b.revoked_at IS NOT NULL
             FROM now LEFT JOIN before b ON true",
            &[
                p(&org),
                p(&told.station_id),
                p(&told.name),
                key,
                p(&told.app_version),
                p(&hub.clock.now()),
                p(&made_by),
                p(&(code.station == Some(told.station_id))),
            ],
        )
        .await?
        .ok_or_else(|| station_known(whose, told.station_id))?;
    let (was_known, has_new_key, was_revoked): (bool, bool, bool) =
        (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    tx.execute(
        "INSERT INTO microplates.station_incarnation (org_id, station_id, incarnation, base_hash, head_seq, head_hash,
           why, created_by)
         VALUES ($1, $2, 1, $3, 0, $3, 'enrolled', 'station') ON CONFLICT DO NOTHING",
        &[p(&org), p(&told.station_id), p(&begins)],
    )
    .await?;
    let entry = Entry {
        user: made_by,
        station: Some(told.station_id),
        action: if was_known { "REENROL" } else { "ENROL" },
        resource: "station",
        resource_id: told.station_id.to_string(),
        details: json!({
            "name": told.name, "app_version": told.app_version, "public_key": told.public_key,
            "key_replaced": was_known && has_new_key, "was_revoked": was_revoked,
        }),
        ip_address: peer.ip.clone(),
        user_agent: peer.agent.clone(),
        ..Entry::default()
    };
    audit::note(hub, tx, org, &entry).await?;
    tracing::info!(station = %told.station_id, org = %org, was_known, "enrolled");
    Ok(())
}
