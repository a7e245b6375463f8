//! Roles, by name, and what they may do.

use super::{feed, rules, user::Why};
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit,
        body::Said,
        caller::Caller,
        permission::{self, USER_ADMIN},
    },
    db::{DbError, Tx, p},
    read::{
        ask::{Asked, Named},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which roles.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct RolesAsked {
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A role.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoleItem {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub permissions: Vec<String>,
    /// Whether it allows anything just now.
    pub is_active: bool,
    /// Accounts that have it and are open.
    pub users: i64,
}

/// A role to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What it may do, such as `run:read`.
    pub permissions: BTreeSet<String>,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

/// What is to be different about a role; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangedRole {
    /// What it is for.
    pub description: Option<String>,
    /// What it may do.
    pub permissions: Option<BTreeSet<String>>,
    /// Whether it allows anything.
    pub is_active: Option<bool>,
    /// Why, for the trail.
    pub why: String,
}

const SELECT: &str = "SELECT r.name, r.description, r.permissions, r.is_active,
       (SELECT count(*) FROM auth.user_roles ur JOIN auth.users u ON u.org_id = ur.org_id AND u.id = ur.user_id
        WHERE ur.org_id = r.org_id AND ur.role_id = r.id AND u.deleted_at IS NULL) AS users
     FROM auth.roles r WHERE r.deleted_at IS NULL AND ";

fn item(row: &Row) -> Result<RoleItem, DbError> {
    Ok(RoleItem {
        name: get(row, "name")?,
        description: get(row, "description")?,
        permissions: get(row, "permissions")?,
        is_active: get(row, "is_active")?,
        users: get(row, "users")?,
    })
}

async fn one(tx: &Tx, org: Uuid, name: &str) -> Answer<RoleItem> {
    let rows = Sql::new(SELECT).with("r.org_id = ?", org).with(" AND r.name = ?", name.to_owned()).query(tx).await?;
    Ok(item(rows.first().ok_or_else(|| Problem::not_found("role", name))?)?)
}

impl List for RolesAsked {
    type Item = RoleItem;
    type Key = String;

    fn name(&self) -> &'static str {
        "roles"
    }

    fn permission(&self) -> &'static str {
        USER_ADMIN
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<String>, rows: u32) -> Answer<Sql> {
        let sql = Sql::new(SELECT).with("r.org_id = ?", org).with_some(" AND r.name > ?", after);
        Ok(sql.then(" ORDER BY r.name").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<RoleItem, DbError> {
        item(row)
    }

    fn key(&self, item: &RoleItem) -> String {
        item.name.clone()
    }
}

impl SheetRow for RoleItem {
    const COLUMNS: &'static [&'static str] = &["name", "description", "permissions", "is_active", "users"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            (&self.name).into(),
            (&self.description).into(),
            self.permissions.join(" ").as_str().into(),
            self.is_active.into(),
            Cell::number(self.users),
        ]
    }
}

/// Lists roles.
#[utoipa::path(get, path = "/v1/roles", tag = "people", params(RolesAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<RoleItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_roles(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<RolesAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Makes a role.
#[utoipa::path(post, path = "/v1/roles", tag = "people", request_body = NewRole, security(("person" = [])), responses(
    (status = 201, description = "Made; stations learn it at their next contact", body = RoleItem)))]
pub async fn create_role(
    State(hub): State<Hub>,
    caller: Caller,
    Said(new): Said<NewRole>,
) -> Answer<(StatusCode, Json<RoleItem>)> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let org = caller.org;
    permission::check(&new.permissions)?;
    rules::names(&[&new.name, &new.description])?;
    if new.name.is_empty() || new.name.trim() != new.name {
        return Err(Problem::invalid("a role has a name, without a space around it"));
    }
    rules::in_turn(&tx, org).await?;
    let permissions: Vec<String> = new.permissions.iter().cloned().collect();
    let now = hub.clock.now();
    // One that was taken away may come back.
    let made = tx
        .execute(
            "INSERT INTO auth.roles (org_id, name, description, permissions, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (org_id, name) DO UPDATE SET description = EXCLUDED.description,
               permissions = EXCLUDED.permissions, is_active = true, deleted_at = NULL, updated_at = EXCLUDED.updated_at
             WHERE roles.deleted_at IS NOT NULL",
            &[p(&org), p(&new.name), p(&new.description), p(&permissions), p(&now)],
        )
        .await?;
    if made == 0 {
        return Err(Problem::conflict("role-exists", format!("there is a role '{}': change that one", new.name)));
    }
    let role = one(&tx, org, &new.name).await?;
    let entry = caller.entry("CREATE", "roles", &new.name).changed(None, Some(told(&role))).because(&new.why);
    audit::note(&hub, &tx, org, &entry).await?;
    feed::tell_role(&tx, org, &new.name).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(role)))
}

/// Changes what a role may do. It holds at once at headquarters, and at stations at their next contact.
#[utoipa::path(patch, path = "/v1/roles/{name}", tag = "people", request_body = ChangedRole,
    params(("name" = String, Path, description = "The role")), security(("person" = [])), responses(
    (status = 200, description = "As it is now", body = RoleItem),
    (status = 409, description = "Nobody could administer accounts any more", body = Object,
        content_type = "application/problem+json")))]
pub async fn change_role(
    State(hub): State<Hub>,
    caller: Caller,
    Named(name): Named<String>,
    Said(wanted): Said<ChangedRole>,
) -> Answer<Json<RoleItem>> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let org = caller.org;
    rules::in_turn(&tx, org).await?;
    let old = one(&tx, org, &name).await?;
    let permissions = wanted.permissions.clone().unwrap_or_else(|| old.permissions.iter().cloned().collect());
    let is_active = wanted.is_active.unwrap_or(old.is_active);
    let description = wanted.description.as_deref().unwrap_or(&old.description);
    permission::check(&permissions)?;
    rules::names(&[description])?;
    if name == "admin" && (!is_active || !permissions.contains(USER_ADMIN)) {
        let told = format!("the role 'admin' keeps {USER_ADMIN}, or nobody could give it back");
        return Err(Problem::conflict("last-admin", told));
    }
    let permissions: Vec<String> = permissions.into_iter().collect();
    tx.execute(
        "UPDATE auth.roles SET description = $3, permissions = $4, is_active = $5, updated_at = $6
         WHERE org_id = $1 AND name = $2",
        &[p(&org), p(&name), p(&description), p(&permissions), p(&is_active), p(&hub.clock.now())],
    )
    .await?;
    rules::somebody_administers(&tx, org).await?;
    let new = one(&tx, org, &name).await?;
    if told(&old) != told(&new) {
        let entry = caller.entry("UPDATE", "roles", &name).changed(Some(told(&old)), Some(told(&new)));
        audit::note(&hub, &tx, org, &entry.because(&wanted.why)).await?;
        feed::tell_role(&tx, org, &name).await?;
    }
    tx.commit().await?;
    Ok(Json(new))
}

/// Takes a role away that nobody has any more.
#[utoipa::path(delete, path = "/v1/roles/{name}", tag = "people", request_body = Why,
    params(("name" = String, Path, description = "The role")), security(("person" = [])), responses(
    (status = 204, description = "Taken away"),
    (status = 409, description = "Somebody has it", body = Object, content_type = "application/problem+json")))]
pub async fn delete_role(
    State(hub): State<Hub>,
    caller: Caller,
    Named(name): Named<String>,
    Said(said): Said<Why>,
) -> Answer<StatusCode> {
    let tx = caller.begin(&hub, USER_ADMIN).await?;
    let org = caller.org;
    rules::in_turn(&tx, org).await?;
    let old = one(&tx, org, &name).await?;
    if name == "admin" || old.users > 0 {
        let told =
            format!("{} accounts have the role '{name}': give them another first ('admin' itself stays)", old.users);
        return Err(Problem::conflict("role-in-use", told));
    }
    tx.execute(
        "UPDATE auth.roles SET is_active = false, deleted_at = $3, updated_at = $3 WHERE org_id = $1 AND name = $2",
        &[p(&org), p(&name), p(&hub.clock.now())],
    )
    .await?;
    let entry = caller.entry("DELETE", "roles", &name).changed(Some(told(&old)), None).because(&said.why);
    audit::note(&hub, &tx, org, &entry).await?;
    feed::tell_role(&tx, org, &name).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A role as the trail tells of it.
fn told(role: &RoleItem) -> Value {
    json!({ "description": role.description, "permissions": role.permissions, "is_active": role.is_active })
}
