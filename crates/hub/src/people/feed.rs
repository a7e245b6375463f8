//! What stations learn of people: accounts with their verifiers, and roles. The last statements of a change.

use crate::{
    Answer, Problem,
    auth::caller::get,
    db::{Tx, p},
    station::feed,
};
use uuid::Uuid;
use wellread_wire::downlink::{Item, Role, User};

/// Tells of an account as it is now.
pub(crate) async fn tell_user(tx: &Tx, org: Uuid, user: Uuid, offline_days: u32) -> Answer<()> {
    let told = user_as_told(tx, org, user, offline_days).await?;
    feed::append(tx, org, None, &format!("user:{user}"), &Item::User(told)).await?;
    Ok(())
}

/// Tells of a role as it is now.
pub(crate) async fn tell_role(tx: &Tx, org: Uuid, name: &str) -> Answer<()> {
    let row = tx
        .query_opt(
            "SELECT description, permissions, is_active AND deleted_at IS NULL FROM auth.roles
             WHERE org_id = $1 AND name = $2",
            &[p(&org), p(&name)],
        )
        .await?
        .ok_or_else(|| Problem::not_found("role", name))?;
    let permissions: Vec<String> = get(&row, 1)?;
    let role = Role {
        name: name.to_owned(),
        description: get(&row, 0)?,
        permissions: permissions.into_iter().collect(),
        is_active: get(&row, 2)?,
    };
    feed::append(tx, org, None, &format!("role:{name}"), &Item::Role(role)).await?;
    Ok(())
}

/// An account as stations get it.
async fn user_as_told(tx: &Tx, org: Uuid, user: Uuid, offline_days: u32) -> Answer<User> {
    let row = tx
        .query_opt(
            "SELECT u.username, u.password, u.email, u.first_name, u.last_name,
               u.is_active AND u.deleted_at IS NULL AND EXISTS (SELECT 1 FROM auth.memberships m
                 WHERE m.org_id = u.org_id AND m.user_id = u.id AND m.ended_at IS NULL),
               ARRAY(SELECT r.name FROM auth.user_roles ur JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                 WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.deleted_at IS NULL)
             FROM auth.users u WHERE u.org_id = $1 AND u.id = $2",
            &[p(&org), p(&user)],
        )
        .await?
        .ok_or_else(|| Problem::not_found("user", user))?;
    let roles: Vec<String> = get(&row, 6)?;
    Ok(User {
        id: user,
        username: get(&row, 0)?,
        password_phc: get(&row, 1)?,
        email: get(&row, 2)?,
        first_name: get(&row, 3)?,
        last_name: get(&row, 4)?,
        is_active: get(&row, 5)?,
        roles: roles.into_iter().collect(),
        offline_days,
    })
}
