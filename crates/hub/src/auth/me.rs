//! What somebody who is signed in is told about the own account, and the own password.

use super::{
    audit,
    body::Said,
    caller::{Caller, get},
    lock,
    password::Password,
    session::{self, Which},
};
use crate::{Answer, Hub, Problem, db::p, people::feed};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The account of who asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Me {
    /// Its id.
    pub id: Uuid,
    /// User name.
    pub username: String,
    /// Mail address.
    pub email: String,
    /// Whether the address was proven to be the person's.
    pub email_verified: bool,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Names of its roles.
    pub roles: Vec<String>,
    /// What they allow together.
    pub permissions: Vec<String>,
    /// The organization.
    pub organization: Organization,
}

/// An organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its short name.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// Tells who asks.
#[utoipa::path(get, path = "/v1/auth/me", tag = "auth", security(("person" = [])), responses(
    (status = 200, description = "The account", body = Me),
    (status = 401, description = "Nobody is signed in", body = Object, content_type = "application/problem+json")
))]
pub async fn me(State(hub): State<Hub>, caller: Caller) -> Answer<Json<Me>> {
    let tx = caller.begin_own(&hub).await?;
    let row = tx
        .query_one(
            "SELECT u.username, u.email, u.email_verified, u.first_name, u.last_name, o.slug, o.name,
               ARRAY(SELECT r.name FROM auth.user_roles ur JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                 WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.is_active AND r.deleted_at IS NULL ORDER BY 1),
               ARRAY(SELECT DISTINCT unnest(r.permissions) FROM auth.user_roles ur
                 JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                 WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.is_active AND r.deleted_at IS NULL ORDER BY 1)
             FROM auth.users u JOIN auth.organizations o ON o.org_id = u.org_id WHERE u.org_id = $1 AND u.id = $2",
            &[p(&caller.org), p(&caller.user)],
        )
        .await?;
    tx.commit().await?;
    Ok(Json(Me {
        id: caller.user,
        username: get(&row, 0)?,
        email: get(&row, 1)?,
        email_verified: get(&row, 2)?,
        first_name: get(&row, 3)?,
        last_name: get(&row, 4)?,
        roles: get(&row, 7)?,
        permissions: get(&row, 8)?,
        organization: Organization { id: caller.org, slug: get(&row, 5)?, name: get(&row, 6)? },
    }))
}

/// A new password of one's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPassword {
    /// The one there is.
    pub old: Password,
    /// The one there shall be.
    pub new: Password,
}

/// Sets one's own password, with the old one. All other sessions of the account end; stations learn the new one.
#[utoipa::path(post, path = "/v1/auth/password", tag = "auth", request_body = OwnPassword,
    security(("person" = [])), responses(
    (status = 204, description = "Set"),
    (status = 400, description = "The old one is wrong, or the new one is none", body = Object,
        content_type = "application/problem+json")
))]
pub async fn set_own_password(
    State(hub): State<Hub>,
    caller: Caller,
    Said(said): Said<OwnPassword>,
) -> Answer<StatusCode> {
    let tx = caller.begin_own(&hub).await?;
    let who = caller.user.to_string();
    // Wrong ones count as they do when signing in: who finds an open screen does not get to guess.
    let tried = lock::count(&hub, &tx, caller.org, "u.id = $2::text::uuid", &who).await?;
    tx.commit().await?;
    let tried = tried.ok_or_else(|| Problem::unauthenticated("this account has gone: sign in again"))?;
    if !said.old.fits(tried.verifier.clone()).await? {
        let tx = hub.db.org(caller.org).await?;
        lock::note(&hub, &tx, caller.org, &tried.username, Some(&tried), &caller.peer).await?;
        tx.commit().await?;
        let told = "the old password is wrong, or the account is closed for a while after too many wrong ones";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "password-wrong", told));
    }
    said.new.check_new(&tried.username, &hub.config)?;
    if said.new.is(&said.old) {
        return Err(Problem::invalid("that is the password you have: choose another"));
    }
    let phc = said.new.phc().await?;
    let tx = caller.begin_own(&hub).await?;
    session::lock(&tx, caller.org, caller.user).await?;
    lock::clear(&tx, caller.org, caller.user).await?;
    tx.execute(
        "UPDATE auth.users SET password = $3, password_changed_at = $4, updated_at = $4 WHERE org_id = $1 AND id = $2",
        &[p(&caller.org), p(&caller.user), p(&phc), p(&hub.clock.now())],
    )
    .await?;
    let whose = (caller.org, caller.user);
    session::end(&hub, &tx, whose, Which::AllBut(caller.session), Some(caller.user)).await?;
    audit::note(&hub, &tx, caller.org, &caller.entry("PASSWORD_CHANGE", "users", caller.user)).await?;
    feed::tell_user(&tx, caller.org, caller.user, hub.config.offline_days).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
