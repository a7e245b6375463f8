//! Accounts, by name.

use crate::{
    Answer, Hub, Problem,
    auth::{caller::Caller, permission::USER_ADMIN},
    db::{DbError, Tx},
    read::{
        ask::{Asked, written},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, begins, get},
    },
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which accounts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct UsersAsked {
    /// Whose user name, first or last name begins so.
    pub text: Option<String>,
    /// That have this role.
    pub role: Option<String>,
    /// That may sign in, or may not.
    pub active: Option<bool>,
    /// Whether those that were closed for good are listed too.
    pub deleted: bool,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserItem {
    /// Its id.
    pub id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// Mail address.
    pub email: String,
    /// Whether the address was proven to be the person's.
    pub email_verified: bool,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Names of its roles.
    pub roles: Vec<String>,
    /// When somebody last signed in with it.
    #[schema(format = DateTime)]
    pub last_login_at: Option<String>,
    /// Wrong passwords since.
    pub failed_logins: i32,
    /// Until when it is locked.
    #[schema(format = DateTime)]
    pub locked_until: Option<String>,
    /// Since when the password holds.
    #[schema(format = DateTime)]
    pub password_changed_at: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// When it was closed for good.
    #[schema(format = DateTime)]
    pub deleted_at: Option<String>,
    /// The name as lists are ordered.
    #[serde(skip)]
    sorted: String,
}

fn select(org: Uuid) -> Sql {
    Sql::new(
        "SELECT u.id, u.username, u.email, u.email_verified, u.first_name, u.last_name, u.is_active, u.last_login_at,
           u.failed_logins, u.locked_until, u.password_changed_at, u.created_at, u.updated_at, u.deleted_at,
           lower(u.username) AS sorted,
           ARRAY(SELECT r.name FROM auth.user_roles ur JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
             WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.deleted_at IS NULL ORDER BY 1) AS roles
         FROM auth.users u WHERE ",
    )
    .with("u.org_id = ?", org)
}

fn item(row: &Row) -> Result<UserItem, DbError> {
    let at = |column| Ok::<_, DbError>(written(get::<DateTime<Utc>>(row, column)?));
    let perhaps = |column| Ok::<_, DbError>(get::<Option<DateTime<Utc>>>(row, column)?.map(written));
    Ok(UserItem {
        id: get(row, "id")?,
        username: get(row, "username")?,
        email: get(row, "email")?,
        email_verified: get(row, "email_verified")?,
        first_name: get(row, "first_name")?,
        last_name: get(row, "last_name")?,
        is_active: get(row, "is_active")?,
        roles: get(row, "roles")?,
        last_login_at: perhaps("last_login_at")?,
        failed_logins: get(row, "failed_logins")?,
        locked_until: perhaps("locked_until")?,
        password_changed_at: at("password_changed_at")?,
        created_at: at("created_at")?,
        updated_at: at("updated_at")?,
        deleted_at: perhaps("deleted_at")?,
        sorted: get(row, "sorted")?,
    })
}

/// An account as it is now.
pub(super) async fn one(tx: &Tx, org: Uuid, id: Uuid) -> Answer<UserItem> {
    let rows = select(org).with(" AND u.id = ?", id).query(tx).await?;
    Ok(item(rows.first().ok_or_else(|| Problem::not_found("user", id))?)?)
}

impl List for UsersAsked {
    type Item = UserItem;
    type Key = (String, Uuid);

    fn name(&self) -> &'static str {
        "users"
    }

    fn permission(&self) -> &'static str {
        USER_ADMIN
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<(String, Uuid)>, rows: u32) -> Answer<Sql> {
        let mut sql = select(org).with_some(" AND u.is_active = ?", self.active).with_some(
            " AND EXISTS (SELECT 1 FROM auth.user_roles ur JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.deleted_at IS NULL AND r.name = ?)",
            self.role.clone(),
        );
        if !self.deleted {
            sql = sql.then(" AND u.deleted_at IS NULL");
        }
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            sql = begins(sql, &["u.username", "u.first_name", "u.last_name"], text);
        }
        if let Some((name, id)) = after {
            sql = sql.with(" AND (lower(u.username), u.id) > (?", name).with(", ?)", id);
        }
        Ok(sql.then(" ORDER BY lower(u.username), u.id").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<UserItem, DbError> {
        item(row)
    }

    fn key(&self, item: &UserItem) -> (String, Uuid) {
        (item.sorted.clone(), item.id)
    }
}

impl SheetRow for UserItem {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "username",
        "email",
        "email_verified",
        "first_name",
        "last_name",
        "is_active",
        "roles",
        "last_login_at",
        "failed_logins",
        "locked_until",
        "password_changed_at",
        "created_at",
        "updated_at",
        "deleted_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::number(self.id),
            (&self.username).into(),
            (&self.email).into(),
            self.email_verified.into(),
            (&self.first_name).into(),
            (&self.last_name).into(),
            self.is_active.into(),
            self.roles.join(" ").as_str().into(),
            (&self.last_login_at).into(),
            Cell::number(self.failed_logins),
            (&self.locked_until).into(),
            (&self.password_changed_at).into(),
            (&self.created_at).into(),
            (&self.updated_at).into(),
            (&self.deleted_at).into(),
        ]
    }
}

/// Lists accounts.
#[utoipa::path(get, path = "/v1/users", tag = "people", params(UsersAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<UserItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_users(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<UsersAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}
