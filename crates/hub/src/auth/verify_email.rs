//! Proving that a mail address is the person's: a letter with a link that is good for a day and once.

use super::{
    audit,
    body::Said,
    caller::{Caller, get},
    letters::{self, Language, To},
    org,
    peer::Peer,
    post,
    secret::{self, Secret},
};
use crate::{Answer, Hub, Problem, db::p, mail::Letter};
use axum::{extract::State, http::StatusCode};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// For how long a link is good, in hours.
const GOOD_FOR_H: i64 = 24;
/// The most letters to an account within an hour.
const MOST_LETTERS: i64 = 3;

/// How the letter shall be written.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The language of the letter.
    #[serde(default)]
    pub language: Language,
}

/// A token to confirm with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// What the link in the letter holds.
    pub token: String,
}

impl std::fmt::Debug for Confirm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Confirm(…)")
    }
}

/// Sends a letter to the account's address, for proving that it is the person's.
#[utoipa::path(post, path = "/v1/auth/send-verification", tag = "auth", request_body = Send,
    security(("person" = [])), responses(
    (status = 202, description = "A letter is on its way"),
    (status = 409, description = "It is proven already, too many letters were sent, or the hub sends none", body = Object,
        content_type = "application/problem+json")
))]
pub async fn send_verification(State(hub): State<Hub>, caller: Caller, Said(said): Said<Send>) -> Answer<StatusCode> {
    let letter = write(&hub, &caller, said.language).await?;
    post::later(&hub, async { Ok(Some(letter)) })?;
    Ok(StatusCode::ACCEPTED)
}

async fn write(hub: &Hub, caller: &Caller, language: Language) -> Answer<Letter> {
    let tx = caller.begin_own(hub).await?;
    if !hub.mail.is_on() {
        return Err(Problem::conflict("mail-off", "this hub sends no letters: its operator sets an SMTP server"));
    }
    let now = hub.clock.now();
    let row = tx
        .query_one(
            "SELECT u.username, u.email, u.email_verified, o.slug, o.name
             FROM auth.users u JOIN auth.organizations o ON o.org_id = u.org_id
             WHERE u.org_id = $1 AND u.id = $2 FOR NO KEY UPDATE OF u",
            &[p(&caller.org), p(&caller.user)],
        )
        .await?;
    let (username, email): (String, String) = (get(&row, 0)?, get(&row, 1)?);
    if get(&row, 2)? {
        return Err(Problem::conflict("email-verified", format!("the address {email} is confirmed already")));
    }
    let sql = "SELECT count(*) FROM auth.email_verification_tokens
         WHERE org_id = $1 AND user_id = $2 AND created_at > $3";
    let since = now - TimeDelta::hours(1);
    let sent: i64 = get(&tx.query_one(sql, &[p(&caller.org), p(&caller.user), p(&since)]).await?, 0)?;
    if sent >= MOST_LETTERS {
        return Err(Problem::conflict(
            "letters-sent",
            "several letters were sent within the hour: look for them first",
        ));
    }
    let (slug, organization): (String, String) = (get(&row, 3)?, get(&row, 4)?);
    let secret = Secret::new(&slug)?;
    tx.execute(
        "INSERT INTO auth.email_verification_tokens (org_id, id, user_id, token, email, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            p(&caller.org),
            p(&hub.id()?),
            p(&caller.user),
            p(&secret.hash()),
            p(&email),
            p(&(now + TimeDelta::hours(GOOD_FOR_H))),
            p(&now),
        ],
    )
    .await?;
    tx.commit().await?;
    let to = To { email: &email, username: &username, organization: &organization, language };
    Ok(letters::verification(to, &super::pages::link(hub, "/confirm-email", language, &secret.into_text())))
}

/// Confirms an address with the token of a letter.
#[utoipa::path(post, path = "/v1/auth/verify-email", tag = "auth", request_body = Confirm, security(()), responses(
    (status = 204, description = "Confirmed"),
    (status = 400, description = "The token is used, too old or unknown", body = Object,
        content_type = "application/problem+json")
))]
pub async fn verify_email(State(hub): State<Hub>, peer: Peer, Said(said): Said<Confirm>) -> Answer<StatusCode> {
    confirm(&hub, &peer, &said.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link that leads nowhere.
fn unknown() -> Problem {
    let told =
        "this link was used already, is too old, or belongs to an address that has changed since: ask for another";
    Problem::new(StatusCode::BAD_REQUEST, "link-invalid", told)
}

pub(super) async fn confirm(hub: &Hub, peer: &Peer, token: &str) -> Answer<()> {
    let brought = secret::read(token).ok_or_else(unknown)?;
    let (tx, org) = org::enter(hub, &brought.slug).await?;
    let org = org.ok_or_else(unknown)?;
    let now = hub.clock.now();
    let used = tx
        .query_opt(
            "UPDATE auth.email_verification_tokens SET used_at = $3
             WHERE org_id = $1 AND token = $2 AND used_at IS NULL AND expires_at > $3 RETURNING user_id, email",
            &[p(&org.id), p(&brought.hash), p(&now)],
        )
        .await?
        .ok_or_else(unknown)?;
    let (user, email): (Uuid, String) = (get(&used, 0)?, get(&used, 1)?);
    let proven = tx
        .execute(
            "UPDATE auth.users SET email_verified = true, updated_at = $4
             WHERE org_id = $1 AND id = $2 AND lower(email) = lower($3) AND deleted_at IS NULL",
            &[p(&org.id), p(&user), p(&email), p(&now)],
        )
        .await?;
    if proven == 0 {
        return Err(unknown());
    }
    let mut entry = peer.entry("EMAIL_VERIFIED", "users", user).with(json!({ "email": email }));
    entry.user = Some(user);
    audit::note(hub, &tx, org.id, &entry).await?;
    Ok(tx.commit().await?)
}
