//! Sessions: a family of refresh tokens, of which one is good at a time, and the access tokens that come of it.
//!
//! Whoever changes the tokens of an account locks its row first: a session that is ended at this moment cannot be
//! carried on by a refresh that began a moment before.

use super::{
    caller::get,
    keys::{Claims, TokenKind},
    org::Org,
    peer::Peer,
    secret::Secret,
};
use crate::{
    Answer, Hub,
    config::Config,
    db::{DbError, Tx, p},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody who has signed in works with.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Tokens {
    /// To be sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// For how long the access token is good.
    pub expires_in_s: u64,
    /// Brings the next pair, once. Used twice it ends the session.
    pub refresh_token: String,
    /// For how long the refresh token is good.
    pub refresh_expires_in_s: u64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// A token that was just kept.
pub(super) struct Kept {
    pub(super) id: Uuid,
    pub(super) tokens: Tokens,
}

/// Keeps the next refresh token of a family, and makes the access token beside it.
pub(super) async fn next(
    hub: &Hub,
    tx: &Tx,
    org: &Org,
    (user, family): (Uuid, Uuid),
    device: Option<&str>,
    peer: &Peer,
) -> Answer<Kept> {
    let now = hub.clock.now();
    let expires = expires(&hub.config, family, now);
    let (id, secret) = (hub.id()?, Secret::new(&org.slug)?);
    let device: Option<String> = device.map(|name| name.chars().take(200).collect());
    tx.execute(
        "INSERT INTO auth.refresh_tokens
           (org_id, id, user_id, token, family, device_info, ip_address, user_agent, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            p(&org.id),
            p(&id),
            p(&user),
            p(&secret.hash()),
            p(&family),
            p(&device),
            p(&peer.ip),
            p(&peer.agent),
            p(&now),
            p(&expires),
        ],
    )
    .await?;
    hub.keys.freshen(now).await?;
    let expires_in_s = hub.config.access_token_s;
    let claims = Claims {
        kind: TokenKind::Person,
        sub: user,
        org: org.id,
        session: family,
        iat: now.timestamp(),
        exp: now.timestamp().saturating_add_unsigned(expires_in_s),
    };
    let tokens = Tokens {
        access_token: hub.keys.sign(&claims)?,
        token_type: "Bearer".to_owned(),
        expires_in_s,
        refresh_token: secret.into_text(),
        refresh_expires_in_s: u64::try_from((expires - now).num_seconds()).unwrap_or(0),
    };
    Ok(Kept { id, tokens })
}

/// Until when the next refresh token of a family is good: for as long as somebody may stay away, and never beyond the end
/// of the whole family. When that began is in its id.
fn expires(config: &Config, family: Uuid, now: DateTime<Utc>) -> DateTime<Utc> {
    let began = family.get_timestamp().and_then(|at| DateTime::from_timestamp(i64::try_from(at.to_unix().0).ok()?, 0));
    let days = |days: u32| TimeDelta::days(i64::from(days));
    let end = began.unwrap_or(DateTime::UNIX_EPOCH) + days(config.session_days);
    (now + days(config.refresh_days)).min(end)
}

/// Whether the end of a whole family has come: the days that it may last may be fewer than when its tokens were made.
pub(super) fn is_over(config: &Config, family: Uuid, now: DateTime<Utc>) -> bool {
    expires(config, family, now) <= now
}

/// Locks an account; its sessions change in no other transaction until this one is over. Whether it may have any.
pub(crate) async fn lock(tx: &Tx, org: Uuid, user: Uuid) -> Answer<bool> {
    let row = tx
        .query_opt(
            "SELECT u.is_active AND u.deleted_at IS NULL AND EXISTS (SELECT 1 FROM auth.memberships m
               WHERE m.org_id = u.org_id AND m.user_id = u.id AND m.ended_at IS NULL)
             FROM auth.users u WHERE u.org_id = $1 AND u.id = $2 FOR NO KEY UPDATE OF u",
            &[p(&org), p(&user)],
        )
        .await?;
    Ok(row.map(|row| get(&row, 0)).transpose()?.unwrap_or(false))
}

/// Ends sessions of an account that is locked: the one of this family, or all but one.
pub(crate) async fn end(
    hub: &Hub,
    tx: &Tx,
    (org, user): (Uuid, Uuid),
    which: Which,
    by: Option<Uuid>,
) -> Result<u64, DbError> {
    let (only, but) = match which {
        Which::One(family) => (Some(family), None),
        Which::AllBut(family) => (None, Some(family)),
        Which::All => (None, None),
    };
    tx.execute(
        "UPDATE auth.refresh_tokens SET revoked_at = $3, revoked_by = $6
         WHERE org_id = $1 AND user_id = $2 AND revoked_at IS NULL
           AND ($4::uuid IS NULL OR family = $4) AND family IS DISTINCT FROM $5",
        &[p(&org), p(&user), p(&hub.clock.now()), p(&only), p(&but), p(&by)],
    )
    .await
}

/// Which sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    One(Uuid),
    AllBut(Uuid),
    All,
}
