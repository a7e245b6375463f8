//! Making, changing and closing an account. Every change is in the trail and in the feed, in its own transaction.

use super::{
    feed, rules,
    users::{self, UserItem},
};
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit,
        body::Said,
        caller::Caller,
        lock,
        password::Password,
        permission::USER_ADMIN,
        session::{self, Which},
    },
    db::{Tx, p},
    read::ask::Named,
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// An account to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The name to sign in with. It is never changed and never given again, because trails name people by it.
    pub username: String,
    /// Its first password.
    pub password: Password,
    /// Mail address, for a forgotten password.
    pub email: String,
    /// First name.
    #[serde(default)]
    pub first_name: String,
    /// Last name.
    #[serde(default)]
    pub last_name: String,
    /// Names of its roles, one at least.
    pub roles: BTreeSet<String>,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

/// What is to be different about an account; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangedUser {
    /// Mail address; a new one is to be proven anew.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Whether it may sign in. When it may not, its sessions end at once, and at stations at their next contact.
    pub is_active: Option<bool>,
    /// Names of its roles, one at least.
    pub roles: Option<BTreeSet<String>>,
    /// Why, for the trail.
    pub why: String,
}

/// A password that an admin sets.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenPassword {
    /// The password.
    pub password: Password,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

/// Why something is done.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Why {
    /// In words, for the trail.
    pub why: String,
}

/// Shows an account.
#[utoipa::path(get, path = "/v1/users/{id}", tag = "people", params(("id" = Uuid, Path, description = "The account")),
    security(("person" = [])), responses((status = 200, description = "The account", body = UserItem)))]
pub async fn show_user(State(hub): State<Hub>, caller: Caller, Named(id): Named<Uuid>) -> Answer<Json<UserItem>> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let found = users::one(&tx, caller.org, id).await?;
    tx.commit().await?;
    Ok(Json(found))
}

/// Makes an account.
#[utoipa::path(post, path = "/v1/users", tag = "people", request_body = NewUser, security(("person" = [])), responses(
    (status = 201, description = "Made; stations learn it at their next contact", body = UserItem)))]
pub async fn create_user(
    State(hub): State<Hub>,
    caller: Caller,
    Said(new): Said<NewUser>,
) -> Answer<(StatusCode, Json<UserItem>)> {
    caller.still_may(&hub, USER_ADMIN).await?;
    rules::username(&new.username)?;
    rules::email(&new.email)?;
    rules::names(&[&new.first_name, &new.last_name])?;
    new.password.check_new(&new.username, &hub.config)?;
    let phc = new.password.phc().await?;
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    rules::in_turn(&tx, caller.org).await?;
    let id = hub.id()?;
    insert(&tx, caller.org, (id, hub.clock.now()), &new, &phc).await?;
    set_roles(&tx, (caller.org, id), &new.roles, (Some(caller.user), hub.clock.now())).await?;
    let made = users::one(&tx, caller.org, id).await?;
    let entry = caller.entry("CREATE", "users", id).changed(None, Some(told(&made))).because(&new.why);
    audit::note(&hub, &tx, caller.org, &entry).await?;
    feed::tell_user(&tx, caller.org, id, hub.config.offline_days).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Puts an account in; it has no role yet.
pub(super) async fn insert(
    tx: &Tx,
    org: Uuid,
    (id, now): (Uuid, DateTime<Utc>),
    new: &NewUser,
    phc: &str,
) -> Answer<()> {
    // Names of closed accounts too: a trail that names somebody must not come to mean somebody else.
    let named = "SELECT 1 FROM auth.users WHERE org_id = $1 AND lower(username) = lower($2)";
    if tx.query_opt(named, &[p(&org), p(&new.username)]).await?.is_some() {
        let told = format!("there is or was an account '{}': choose another name", new.username);
        return Err(Problem::conflict("user-exists", told));
    }
    let inserted = tx
        .execute(
            "INSERT INTO auth.users (org_id, id, username, email, password, first_name, last_name, password_changed_at,
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)",
            &[
                p(&org),
                p(&id),
                p(&new.username),
                p(&new.email),
                p(&phc),
                p(&new.first_name),
                p(&new.last_name),
                p(&now),
            ],
        )
        .await;
    inserted.map_err(|why| taken(why, &new.email))?;
    tx.execute(
        "INSERT INTO auth.memberships (org_id, user_id, created_at) VALUES ($1, $2, $3)",
        &[p(&org), p(&id), p(&now)],
    )
    .await?;
    Ok(())
}

fn taken(why: crate::db::DbError, email: &str) -> Problem {
    if why.is_duplicate() {
        Problem::conflict(
            "email-taken",
            format!("another account has the address {email}: an address belongs to one person"),
        )
    } else {
        why.into()
    }
}

/// Changes an account.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "people", params(("id" = Uuid, Path, description = "The account")),
    request_body = ChangedUser, security(("person" = [])), responses(
    (status = 200, description = "As it is now", body = UserItem),
    (status = 409, description = "Nobody could administer accounts any more, or the address is another's", body = Object,
        content_type = "application/problem+json")))]
pub async fn change_user(
    State(hub): State<Hub>,
    caller: Caller,
    Named(id): Named<Uuid>,
    Said(wanted): Said<ChangedUser>,
) -> Answer<Json<UserItem>> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let org = caller.org;
    let old = open(&tx, org, id).await?;
    change(&hub, &tx, org, &old, &wanted).await?;
    if let Some(roles) = &wanted.roles {
        set_roles(&tx, (org, id), roles, (Some(caller.user), hub.clock.now())).await?;
    }
    if wanted.is_active == Some(false) {
        session::end(&hub, &tx, (org, id), Which::All, Some(caller.user)).await?;
    }
    rules::somebody_administers(&tx, org).await?;
    let new = users::one(&tx, org, id).await?;
    let (was, is) = (told(&old), told(&new));
    if was != is {
        let entry = caller.entry("UPDATE", "users", id).changed(Some(was), Some(is)).because(&wanted.why);
        audit::note(&hub, &tx, org, &entry).await?;
        feed::tell_user(&tx, org, id, hub.config.offline_days).await?;
    }
    tx.commit().await?;
    Ok(Json(new))
}

/// An account that is not closed for good, locked until the transaction is over.
async fn open(tx: &Tx, org: Uuid, id: Uuid) -> Answer<UserItem> {
    rules::in_turn(tx, org).await?;
    session::lock(tx, org, id).await?;
    let found = users::one(tx, org, id).await?;
    if found.deleted_at.is_some() {
        return Err(Problem::conflict("user-closed", format!("the account '{}' is closed for good", found.username)));
    }
    Ok(found)
}

async fn change(hub: &Hub, tx: &Tx, org: Uuid, old: &UserItem, wanted: &ChangedUser) -> Answer<()> {
    let email = wanted.email.as_deref().unwrap_or(&old.email);
    let first_name = wanted.first_name.as_deref().unwrap_or(&old.first_name);
    let last_name = wanted.last_name.as_deref().unwrap_or(&old.last_name);
    rules::email(email)?;
    rules::names(&[first_name, last_name])?;
    let is_active = wanted.is_active.unwrap_or(old.is_active);
    let proven = old.email_verified && email.eq_ignore_ascii_case(&old.email);
    let now = hub.clock.now();
    let updated = tx
        .execute(
            "UPDATE auth.users SET email = $3, email_verified = $4, first_name = $5, last_name = $6, is_active = $7,
               updated_at = $8 WHERE org_id = $1 AND id = $2",
            &[p(&org), p(&old.id), p(&email), p(&proven), p(&first_name), p(&last_name), p(&is_active), p(&now)],
        )
        .await;
    updated.map_err(|why| taken(why, email))?;
    if email != old.email {
        // Links that went to the old address must not open the account any more.
        for table in ["password_reset_tokens", "email_verification_tokens"] {
            let sql =
                format!("UPDATE auth.{table} SET used_at = $3 WHERE org_id = $1 AND user_id = $2 AND used_at IS NULL");
            tx.execute(&sql, &[p(&org), p(&old.id), p(&now)]).await?;
        }
    }
    Ok(())
}

pub(super) async fn set_roles(
    tx: &Tx,
    (org, user): (Uuid, Uuid),
    roles: &BTreeSet<String>,
    (by, now): (Option<Uuid>, DateTime<Utc>),
) -> Answer<()> {
    if roles.is_empty() {
        return Err(Problem::invalid("an account has at least one role: to close it, deactivate it"));
    }
    let names: Vec<String> = roles.iter().cloned().collect();
    let known = tx
        .query(
            "SELECT name FROM auth.roles WHERE org_id = $1 AND name = ANY ($2) AND is_active AND deleted_at IS NULL",
            &[p(&org), p(&names)],
        )
        .await?;
    let known = known
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<BTreeSet<String>, _>>()
        .map_err(crate::db::DbError::from)?;
    if let Some(stranger) = roles.difference(&known).next() {
        return Err(Problem::invalid(format!("there is no role '{stranger}' to give: GET /v1/roles lists them")));
    }
    tx.execute(
        "DELETE FROM auth.user_roles ur USING auth.roles r WHERE ur.org_id = $1 AND ur.user_id = $2
           AND r.org_id = ur.org_id AND r.id = ur.role_id AND r.name <> ALL ($3)",
        &[p(&org), p(&user), p(&names)],
    )
    .await?;
    tx.execute(
        "INSERT INTO auth.user_roles (org_id, user_id, role_id, assigned_at, assigned_by)
         SELECT $1, $2, r.id, $4, $5 FROM auth.roles r WHERE r.org_id = $1 AND r.name = ANY ($3)
         ON CONFLICT DO NOTHING",
        &[p(&org), p(&user), p(&names), p(&now), p(&by)],
    )
    .await?;
    Ok(())
}

/// Closes an account for good. It stays in the database, because runs and trails name it.
#[utoipa::path(delete, path = "/v1/users/{id}", tag = "people", params(("id" = Uuid, Path, description = "The account")),
    security(("person" = [])), responses(
    (status = 204, description = "Closed"),
    (status = 409, description = "Nobody could administer accounts any more", body = Object,
        content_type = "application/problem+json")))]
pub async fn delete_user(State(hub): State<Hub>, caller: Caller, Named(id): Named<Uuid>) -> Answer<StatusCode> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let org = caller.org;
    let old = open(&tx, org, id).await?;
    let now = hub.clock.now();
    tx.execute(
        "UPDATE auth.users SET is_active = false, deleted_at = $3, updated_at = $3 WHERE org_id = $1 AND id = $2",
        &[p(&org), p(&id), p(&now)],
    )
    .await?;
    tx.execute(
        "UPDATE auth.memberships SET ended_at = $3, ended_by = $4 WHERE org_id = $1 AND user_id = $2 AND ended_at IS NULL",
        &[p(&org), p(&id), p(&now), p(&caller.user)],
    )
    .await?;
    session::end(&hub, &tx, (org, id), Which::All, Some(caller.user)).await?;
    rules::somebody_administers(&tx, org).await?;
    let new = users::one(&tx, org, id).await?;
    let entry = caller.entry("DELETE", "users", id).changed(Some(told(&old)), Some(told(&new)));
    audit::note(&hub, &tx, org, &entry).await?;
    feed::tell_user(&tx, org, id, hub.config.offline_days).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a lock-out before its time.
#[utoipa::path(post, path = "/v1/users/{id}/unlock", tag = "people", request_body = Why,
    params(("id" = Uuid, Path, description = "The account")), security(("person" = [])), responses(
    (status = 200, description = "As it is now", body = UserItem)))]
pub async fn unlock_user(
    State(hub): State<Hub>,
    caller: Caller,
    Named(id): Named<Uuid>,
    Said(said): Said<Why>,
) -> Answer<Json<UserItem>> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let old = open(&tx, caller.org, id).await?;
    lock::clear(&tx, caller.org, id).await?;
    let new = users::one(&tx, caller.org, id).await?;
    let state = |user: &UserItem| json!({ "failed_logins": user.failed_logins, "locked_until": user.locked_until });
    let entry = caller.entry("UNLOCK", "users", id).changed(Some(state(&old)), Some(state(&new))).because(&said.why);
    audit::note(&hub, &tx, caller.org, &entry).await?;
    tx.commit().await?;
    Ok(Json(new))
}

/// Sets anybody's password. All sessions of the account end, and so does a lock.
#[utoipa::path(put, path = "/v1/users/{id}/password", tag = "people", request_body = GivenPassword,
    params(("id" = Uuid, Path, description = "The account")), security(("person" = [])), responses(
    (status = 204, description = "Set; stations learn it at their next contact")))]
pub async fn set_password(
    State(hub): State<Hub>,
    caller: Caller,
    Named(id): Named<Uuid>,
    Said(said): Said<GivenPassword>,
) -> Answer<StatusCode> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let found = open(&tx, caller.org, id).await?;
    tx.commit().await?;
    said.password.check_new(&found.username, &hub.config)?;
    let phc = said.password.phc().await?;
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    open(&tx, caller.org, id).await?;
    tx.execute(
        "UPDATE auth.users SET password = $3, password_changed_at = $4, updated_at = $4 WHERE org_id = $1 AND id = $2",
        &[p(&caller.org), p(&id), p(&phc), p(&hub.clock.now())],
    )
    .await?;
    lock::clear(&tx, caller.org, id).await?;
    session::end(&hub, &tx, (caller.org, id), Which::All, Some(caller.user)).await?;
    audit::note(&hub, &tx, caller.org, &caller.entry("PASSWORD_SET", "users", id).because(&said.why)).await?;
    feed::tell_user(&tx, caller.org, id, hub.config.offline_days).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An account as the trail tells of it.
pub(super) fn told(user: &UserItem) -> Value {
    json!({
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "roles": user.roles,
        "deleted_at": user.deleted_at,
    })
}
