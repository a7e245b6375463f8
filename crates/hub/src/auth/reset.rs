//! A forgotten password: a letter with a link that is good for an hour and once.

use super::{
    audit,
    body::Said,
    caller::get,
    letters::{self, Language, To},
    lock, org,
    password::Password,
    peer::Peer,
    post,
    secret::{self, Secret},
    session::{self, Which},
};
use crate::{Answer, Hub, Problem, db::p, mail::Letter, people::feed};
use axum::{extract::State, http::StatusCode};
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// For how long a link is good, in minutes.
const GOOD_FOR_MIN: i64 = 60;
/// The most letters to an account within that time: nobody's letter box is filled by strangers.
const MOST_LETTERS: i64 = 3;

/// Who forgot the password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forgot {
    /// The organization's short name.
    pub organization: String,
    /// User name or mail address.
    pub name: String,
    /// The language of the letter.
    #[serde(default)]
    pub language: Language,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// What the link in the letter holds.
    pub token: String,
    /// The password there shall be.
    pub password: Password,
}

impl std::fmt::Debug for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reset(…)")
    }
}

/// Sends a letter with a link for choosing a new password, where there is such an account. The answer is the same.
#[utoipa::path(post, path = "/v1/auth/forgot", tag = "auth", request_body = Forgot, security(()), responses(
    (status = 202, description = "If there is such an account, a letter is on its way")
))]
pub async fn forgot(State(hub): State<Hub>, peer: Peer, Said(said): Said<Forgot>) -> Answer<StatusCode> {
    post::later(&hub, write(hub.clone(), peer, said))?;
    Ok(StatusCode::ACCEPTED)
}

async fn write(hub: Hub, peer: Peer, said: Forgot) -> Answer<Option<Letter>> {
    let (tx, org) = org::enter(&hub, &said.organization).await?;
    let Some(org) = org else { return Ok(None) };
    let sql = "SELECT u.id, u.username, u.email FROM auth.users u WHERE u.org_id = $1 AND u.is_active
         AND u.deleted_at IS NULL AND (lower(u.username) = lower($2) OR lower(u.email) = lower($2))
         FOR NO KEY UPDATE OF u";
    let Some(row) = tx.query_opt(sql, &[p(&org.id), p(&said.name.trim())]).await? else { return Ok(None) };
    let user: Uuid = get(&row, 0)?;
    // Counted once the account is locked: requests at the same time count each other's letters.
    let since = hub.clock.now() - TimeDelta::minutes(GOOD_FOR_MIN);
    let sql = "SELECT count(*) FROM auth.password_reset_tokens WHERE org_id = $1 AND user_id = $2 AND created_at > $3";
    let sent: i64 = get(&tx.query_one(sql, &[p(&org.id), p(&user), p(&since)]).await?, 0)?;
    if sent >= MOST_LETTERS {
        return Ok(None);
    }
    let (secret, now) = (Secret::new(&org.slug)?, hub.clock.now());
    tx.execute(
        "INSERT INTO auth.password_reset_tokens
           (org_id, id, user_id, token, expires_at, ip_address, user_agent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            p(&org.id),
            p(&hub.id()?),
            p(&user),
            p(&secret.hash()),
            p(&(now + TimeDelta::minutes(GOOD_FOR_MIN))),
            p(&peer.ip),
            p(&peer.agent),
            p(&now),
        ],
    )
    .await?;
    audit::note(&hub, &tx, org.id, &peer.entry("PASSWORD_FORGOTTEN", "users", user)).await?;
    tx.commit().await?;
    let (username, email): (String, String) = (get(&row, 1)?, get(&row, 2)?);
    let to = To { email: &email, username: &username, organization: &org.name, language: said.language };
    let link = super::pages::link(&hub, "/reset-password", said.language, &secret.into_text());
    Ok(Some(letters::reset(to, &link)))
}

/// Sets a new password with the token of a letter. All sessions of the account end, and so does a lock.
#[utoipa::path(post, path = "/v1/auth/reset", tag = "auth", request_body = Reset, security(()), responses(
    (status = 204, description = "Set: sign in with it"),
    (status = 400, description = "The token is used, too old or unknown, or the password is none", body = Object,
        content_type = "application/problem+json")
))]
pub async fn reset(State(hub): State<Hub>, peer: Peer, Said(said): Said<Reset>) -> Answer<StatusCode> {
    set(&hub, &peer, &said.token, &said.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link that leads nowhere.
fn unknown() -> Problem {
    let told = "this link was used already, is too old, or is not whole: ask for another";
    Problem::new(StatusCode::BAD_REQUEST, "link-invalid", told)
}

pub(super) async fn set(hub: &Hub, peer: &Peer, token: &str, password: &Password) -> Answer<()> {
    let brought = secret::read(token).ok_or_else(unknown)?;
    let (tx, org) = org::enter(hub, &brought.slug).await?;
    let org = org.ok_or_else(unknown)?;
    let now = hub.clock.now();
    let sql = "SELECT t.id, t.user_id, u.username FROM auth.password_reset_tokens t
         JOIN auth.users u ON u.org_id = t.org_id AND u.id = t.user_id
         WHERE t.org_id = $1 AND t.token = $2 AND t.used_at IS NULL AND t.expires_at > $3";
    let found = tx.query_opt(sql, &[p(&org.id), p(&brought.hash), p(&now)]).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let (id, user): (Uuid, Uuid) = (get(&found, 0)?, get(&found, 1)?);
    password.check_new(get(&found, 2)?, &hub.config)?;
    let phc = password.phc().await?;
    let tx = hub.db.org(org.id).await?;
    let used = session::lock(&tx, org.id, user).await?
        && tx
            .execute(
                "UPDATE auth.password_reset_tokens SET used_at = $3
                 WHERE org_id = $1 AND id = $2 AND used_at IS NULL AND expires_at > $3",
                &[p(&org.id), p(&id), p(&now)],
            )
            .await?
            == 1;
    if !used {
        return Err(unknown());
    }
    // The other links that were sent, too: they would undo this.
    tx.execute(
        "UPDATE auth.password_reset_tokens SET used_at = $3 WHERE org_id = $1 AND user_id = $2 AND used_at IS NULL",
        &[p(&org.id), p(&user), p(&now)],
    )
    .await?;
    tx.execute(
        "UPDATE auth.users SET password = $3, password_changed_at = $4, updated_at = $4 WHERE org_id = $1 AND id = $2",
        &[p(&org.id), p(&user), p(&phc), p(&now)],
    )
    .await?;
    lock::clear(&tx, org.id, user).await?;
    session::end(hub, &tx, (org.id, user), Which::All, Some(user)).await?;
    let mut entry = peer.entry("PASSWORD_RESET", "users", user);
    entry.user = Some(user);
    audit::note(hub, &tx, org.id, &entry).await?;
    feed::tell_user(&tx, org.id, user, hub.config.offline_days).await?;
    Ok(tx.commit().await?)
}
