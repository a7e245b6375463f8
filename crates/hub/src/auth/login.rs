//! Signing in, going on, and signing out.

use super::{
    audit,
    body::Said,
    caller::{Caller, get},
    lock,
    org::{self, Org},
    password::Password,
    peer::Peer,
    secret,
    session::{self, Tokens, Which},
};
use crate::{
    Answer, Hub, Problem,
    db::{Tx, p},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The organization's short name.
    pub organization: String,
    /// User name or mail address.
    pub name: String,
    /// The password.
    pub password: Password,
    /// What the program is called in the list of sessions.
    #[serde(default)]
    pub device: Option<String>,
}

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The newest one of the session.
    pub refresh_token: String,
}

impl std::fmt::Debug for Refresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refresh(…)")
    }
}

/// One answer, whether it is the organization, the name, the password, a lock or a closed account: anything else would
/// tell a stranger which of them there are.
fn wrong(hub: &Hub) -> Problem {
    let (after, minutes) = (hub.config.lock_after, hub.config.lock_min);
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "login-failed",
        format!(
            "organization, name or password is wrong, or the account may not sign in. After {after} wrong passwords it is \
             closed for {minutes} minutes or longer: wait, or have an admin unlock it"
        ),
    )
}

fn ended() -> Problem {
    Problem::unauthenticated("this session has ended: sign in again")
}

/// Signs in.
#[utoipa::path(post, path = "/v1/auth/login", tag = "auth", request_body = Login, security(()), responses(
    (status = 200, description = "Signed in", body = Tokens),
    (status = 401, description = "Not, and why is not told apart", body = Object, content_type = "application/problem+json"),
    (status = 503, description = "Too many sign in at this moment", body = Object, content_type = "application/problem+json")
))]
pub async fn login(State(hub): State<Hub>, peer: Peer, Said(said): Said<Login>) -> Answer<Json<Tokens>> {
    let (tx, org) = org::enter(&hub, &said.organization).await?;
    let name = said.name.trim();
    let tried = match &org {
        Some(org) => {
            lock::count(&hub, &tx, org.id, "lower(u.username) = lower($2) OR lower(u.email) = lower($2)", name).await?
        }
        None => None,
    };
    tx.commit().await?;
    // Outside of any transaction: it takes long. Done for nobody too.
    let fits = said.password.fits(tried.as_ref().and_then(|tried| tried.verifier.clone())).await?;
    let Some(org) = org else { return Err(wrong(&hub)) };
    let tx = hub.db.org(org.id).await?;
    if let Some(tried) = tried.as_ref().filter(|_| fits)
        // Again: the account may have been closed, or its password changed, while the password was looked at.
        && session::lock(&tx, org.id, tried.user).await?
        && lock::is_still(&tx, org.id, tried).await?
    {
        let tokens = open(&hub, &tx, &org, tried.user, said.device.as_deref(), &peer).await?;
        tx.commit().await?;
        return Ok(Json(tokens));
    }
    lock::note(&hub, &tx, org.id, name, tried.as_ref(), &peer).await?;
    tx.commit().await?;
    Err(wrong(&hub))
}

async fn open(hub: &Hub, tx: &Tx, org: &Org, user: Uuid, device: Option<&str>, peer: &Peer) -> Answer<Tokens> {
    let family = hub.id()?;
    lock::clear(tx, org.id, user).await?;
    tx.execute(
        "UPDATE auth.users SET last_login_at = $3 WHERE org_id = $1 AND id = $2",
        &[p(&org.id), p(&user), p(&hub.clock.now())],
    )
    .await?;
    let kept = session::next(hub, tx, org, (user, family), device, peer).await?;
    let mut entry = peer.entry("LOGIN", "users", user).with(json!({ "session": family, "device": device }));
    entry.user = Some(user);
    audit::note(hub, tx, org.id, &entry).await?;
    Ok(kept.tokens)
}

/// Exchanges a refresh token for the next pair.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "auth", request_body = Refresh, security(()), responses(
    (status = 200, description = "The next pair", body = Tokens),
    (status = 401, description = "The session has ended, or has been ended because this token came twice", body = Object,
        content_type = "application/problem+json")
))]
pub async fn refresh(State(hub): State<Hub>, peer: Peer, Said(said): Said<Refresh>) -> Answer<Json<Tokens>> {
    let brought = secret::read(&said.refresh_token).ok_or_else(ended)?;
    let (tx, org) = org::enter(&hub, &brought.slug).await?;
    let org = org.ok_or_else(ended)?;
    let found = find(&tx, org.id, &brought.hash).await?.ok_or_else(ended)?;
    let may = session::lock(&tx, org.id, found.user).await?;
    // Again, now that nobody else can change it.
    let token = find(&tx, org.id, &brought.hash).await?.ok_or_else(ended)?;
    if token.is_revoked || !may || token.expires_at <= hub.clock.now() {
        return Err(ended());
    }
    if token.is_used {
        reused(&hub, &tx, org.id, &token, &peer).await?;
        tx.commit().await?;
        return Err(ended());
    }
    if session::is_over(&hub.config, token.family, hub.clock.now()) {
        return Err(ended());
    }
    let whose = (token.user, token.family);
    let kept = session::next(&hub, &tx, &org, whose, token.device.as_deref(), &peer).await?;
    tx.execute(
        "UPDATE auth.refresh_tokens SET used_at = $3, replaced_by = $4 WHERE org_id = $1 AND id = $2",
        &[p(&org.id), p(&token.id), p(&hub.clock.now()), p(&kept.id)],
    )
    .await?;
    tx.commit().await?;
    Ok(Json(kept.tokens))
}

struct Token {
    id: Uuid,
    user: Uuid,
    family: Uuid,
    device: Option<String>,
    expires_at: DateTime<Utc>,
    is_used: bool,
    is_revoked: bool,
}

async fn find(tx: &Tx, org: Uuid, hash: &str) -> Answer<Option<Token>> {
    let row = tx
        .query_opt(
            "SELECT id, user_id, family, device_info, expires_at, used_at IS NOT NULL, revoked_at IS NOT NULL
             FROM auth.refresh_tokens WHERE org_id = $1 AND token = $2",
            &[p(&org), p(&hash)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Token {
        id: get(&row, 0)?,
        user: get(&row, 1)?,
        family: get(&row, 2)?,
        device: get(&row, 3)?,
        expires_at: get(&row, 4)?,
        is_used: get(&row, 5)?,
        is_revoked: get(&row, 6)?,
    }))
}

/// A token came twice: one of the two who have it stole it, and nobody knows which.
async fn reused(hub: &Hub, tx: &Tx, org: Uuid, token: &Token, peer: &Peer) -> Answer<()> {
    tx.execute("UPDATE auth.refresh_tokens SET reused = true WHERE org_id = $1 AND id = $2", &[p(&org), p(&token.id)])
        .await?;
    session::end(hub, tx, (org, token.user), Which::One(token.family), None).await?;
    let mut entry = peer.entry("TOKEN_REUSED", "users", token.user).with(json!({ "session": token.family }));
    entry.user = Some(token.user);
    tracing::warn!(user = %token.user, session = %token.family, "a refresh token came twice: its session is ended");
    Ok(audit::note(hub, tx, org, &entry).await?)
}

/// Signs out: the session ends, its access tokens too.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "auth", security(("person" = [])), responses(
    (status = 204, description = "Signed out"),
    (status = 401, description = "Nobody was signed in", body = Object, content_type = "application/problem+json")
))]
pub async fn logout(State(hub): State<Hub>, caller: Caller) -> Answer<StatusCode> {
    let tx = caller.begin_own(&hub).await?;
    session::lock(&tx, caller.org, caller.user).await?;
    let whose = (caller.org, caller.user);
    session::end(&hub, &tx, whose, Which::One(caller.session), Some(caller.user)).await?;
    let entry = caller.entry("LOGOUT", "users", caller.user).with(json!({ "session": caller.session }));
    audit::note(&hub, &tx, caller.org, &entry).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
