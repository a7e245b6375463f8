//! `users`, `roles` and `user_roles`: who may sign in here, and what they may do. Hashes of passwords come in made.

use crate::{Error, Reading, Result, Writing, audit::NewAudit, ids::UserId, origin::Origin, seal::Sealed};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

/// An account to make.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with; case does not matter.
    pub username: String,
    /// An argon2id PHC string.
    pub password_phc: String,
    /// Mail address, if there is one.
    pub email: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Names of roles.
    pub roles: Vec<String>,
    /// When a verifier cached from the hub ends.
    pub verifier_expires_ms: Option<i64>,
}

/// An account.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with.
    pub username: String,
    /// An argon2id PHC string; never shown.
    #[serde(skip)]
    pub password_phc: String,
    /// Mail address.
    pub email: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Names of its roles.
    pub roles: Vec<String>,
    /// When it last signed in.
    pub last_login_ms: Option<i64>,
    /// When a verifier cached from the hub ends.
    pub verifier_expires_ms: Option<i64>,
    /// Wrong passwords since it last signed in.
    pub failed_logins: u32,
    /// Until when it is locked out.
    pub locked_until_ms: Option<i64>,
    /// Whose account it is: what headquarters sent, they alone change.
    pub origin: Origin,
    /// For how many days an account of headquarters may sign in without word from the hub.
    pub offline_days: Option<u32>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password's hash does not belong in a log.
        write!(f, "User({} {}, {:?})", self.id, self.username, self.roles)
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do, such as `run:review`.
    pub permissions: BTreeSet<String>,
    /// Whose role it is: what headquarters sent, they alone change.
    pub origin: Origin,
}

const USER: &str = "SELECT id, username, password, email, first_name, last_name, is_active, last_login_at,
    verifier_expires_ms, failed_logins, locked_until_ms,
    (SELECT json_group_array(name) FROM (SELECT r.name FROM user_roles ur JOIN roles r ON r.id = ur.role_id
       WHERE ur.user_id = users.id ORDER BY r.id)), origin, offline_days FROM users";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let roles: String = row.get(11)?;
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        password_phc: row.get(2)?,
        email: row.get(3)?,
        first_name: row.get(4)?,
        last_name: row.get(5)?,
        is_active: row.get(6)?,
        roles: serde_json::from_str(&roles).unwrap_or_default(),
        last_login_ms: row.get(7)?,
        verifier_expires_ms: row.get(8)?,
        failed_logins: row.get(9)?,
        locked_until_ms: row.get(10)?,
        origin: row.get(12)?,
        offline_days: row.get(13)?,
    })
}

impl Writing<'_> {
    /// Makes an account.
    pub fn create_user(&self, new: &NewUser) -> Result<()> {
        let name = new.username.trim();
        if name.is_empty() || name != new.username || name.chars().any(char::is_control) {
            return Err(Error::refused("a user name has at least one character, and no blanks around it"));
        }
        if self.user_by_name(name)?.is_some() {
            return Err(Error::refused(format!("there is a user '{name}' already: choose another name")));
        }
        self.execute(
            "INSERT INTO users (id, email, username, password, first_name, last_name, created_at, updated_at,
               verifier_expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
            params![
                new.id,
                new.email,
                name,
                new.password_phc,
                new.first_name,
                new.last_name,
                self.utc_ms(),
                new.verifier_expires_ms
            ],
        )?;
        self.assign(new.id, &new.roles)?;
        self.user_changed(new.id, "CREATE", None, "")
    }

    /// Changes a password.
    pub fn set_password(&self, id: UserId, phc: &str, expires_ms: Option<i64>, why: &str) -> Result<()> {
        let old = self.own_user(id)?;
        self.execute(
            "UPDATE users SET password = ?2, verifier_expires_ms = ?3, failed_logins = 0, locked_until_ms = NULL,
               updated_at = ?4 WHERE id = ?1",
            params![id, phc, expires_ms, self.utc_ms()],
        )?;
        self.user_changed(id, "PASSWORD", Some(&old), why)
    }

    /// Changes the roles of an account. The last active admin stays one.
    pub fn set_roles(&self, id: UserId, roles: &[String], why: &str) -> Result<()> {
        let old = self.own_user(id)?;
        self.execute("DELETE FROM user_roles WHERE user_id = ?1", params![id])?;
        self.assign(id, roles)?;
        self.keep_an_admin(&old)?;
        self.user_changed(id, "UPDATE", Some(&old), why)
    }

    /// Lets an account sign in, or not. The last active admin stays.
    pub fn set_active(&self, id: UserId, active: bool, why: &str) -> Result<()> {
        let old = self.own_user(id)?;
        self.execute(
            "UPDATE users SET is_active = ?2, updated_at = ?3 WHERE id = ?1",
            params![id, active, self.utc_ms()],
        )?;
        self.keep_an_admin(&old)?;
        self.user_changed(id, "UPDATE", Some(&old), why)
    }

    /// Ends a lock-out before its time.
    pub fn unlock_user(&self, id: UserId, why: &str) -> Result<()> {
        let old = self.user(id)?;
        self.execute("UPDATE users SET failed_logins = 0, locked_until_ms = NULL WHERE id = ?1", params![id])?;
        let entry = NewAudit {
            action: "UNLOCK",
            resource: Sealed::User.resource(),
            resource_id: id.to_string(),
            old: Some(json!({ "failed_logins": old.failed_logins, "locked_until_ms": old.locked_until_ms })),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::User)
    }

    /// Notes that an account signed in.
    pub fn note_login(&self, id: UserId) -> Result<()> {
        self.execute(
            "UPDATE users SET failed_logins = 0, locked_until_ms = NULL, last_login_at = ?2 WHERE id = ?1",
            params![id, self.utc_ms()],
        )?;
        self.login_entry(id, "LOGIN")
    }

    /// Notes a wrong password. `locked_until` says from the number of failures in a row until when to lock the account.
    pub fn note_failed_login(&self, id: UserId, locked_until: impl FnOnce(u32) -> Option<i64>) -> Result<User> {
        let failures = self.user(id)?.failed_logins.saturating_add(1);
        self.execute(
            "UPDATE users SET failed_logins = ?2, locked_until_ms = ?3 WHERE id = ?1",
            params![id, failures, locked_until(failures)],
        )?;
        self.login_entry(id, "LOGIN_FAILED")?;
        self.user(id)
    }

    /// Changes what a role may do.
    pub fn set_permissions(&self, role: &str, permissions: &BTreeSet<String>, why: &str) -> Result<()> {
        let old = self.roles()?.into_iter().find(|known| known.name == role);
        let old = old.ok_or_else(|| Error::not_found("role", &role))?;
        if old.origin == Origin::Hub {
            return Err(Error::refused(format!("what '{role}' may do is said at headquarters: have them change it")));
        }
        self.execute(
            "UPDATE roles SET permissions = ?2, updated_at = ?3 WHERE name = ?1",
            params![role, serde_json::to_string(permissions)?, self.utc_ms()],
        )?;
        let entry = NewAudit {
            action: "UPDATE",
            resource: Sealed::Role.resource(),
            resource_id: role.to_owned(),
            old: Some(json!({ "permissions": old.permissions })),
            new: Some(json!({ "permissions": permissions })),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Role)
    }

    /// An account that may be changed here.
    fn own_user(&self, id: UserId) -> Result<User> {
        let user = self.user(id)?;
        if user.origin == Origin::Hub {
            let told = format!("'{}' is an account of headquarters: have them change it there", user.username);
            return Err(Error::refused(told));
        }
        Ok(user)
    }

    fn login_entry(&self, id: UserId, action: &'static str) -> Result<()> {
        let resource_id = id.to_string();
        self.audit(&NewAudit { action, resource: "login", resource_id, ..NewAudit::default() })
    }

    fn assign(&self, id: UserId, roles: &[String]) -> Result<()> {
        for role in roles.iter().collect::<BTreeSet<_>>() {
            let added = self.execute(
                "INSERT INTO user_roles (user_id, role_id, assigned_at, assigned_by)
                 SELECT ?1, id, ?3, ?4 FROM roles WHERE name = ?2 AND is_active = 1",
                params![id, role, self.utc_ms(), self.stamp().by.user()],
            )?;
            if added == 0 {
                return Err(Error::not_found("role", &role));
            }
        }
        Ok(())
    }

    /// One of the station's own: an account of headquarters ends with the word from there.
    fn keep_an_admin(&self, changed: &User) -> Result<()> {
        if !changed.roles.iter().any(|role| role == "admin") {
            return Ok(());
        }
        let admins: i64 = self.connection().query_row(
            "SELECT count(*) FROM users u JOIN user_roles ur ON ur.user_id = u.id JOIN roles r ON r.id = ur.role_id
             WHERE u.is_active = 1 AND u.origin = 'station' AND r.name = 'admin'",
            [],
            |row| row.get(0),
        )?;
        if admins > 0 {
            Ok(())
        } else {
            Err(Error::refused("the station needs an admin of its own: make another one first"))
        }
    }

    fn user_changed(&self, id: UserId, action: &'static str, old: Option<&User>, why: &str) -> Result<()> {
        let user = self.user(id)?;
        let entry = NewAudit {
            action,
            resource: Sealed::User.resource(),
            resource_id: id.to_string(),
            old: old.map(serde_json::to_value).transpose()?,
            new: Some(serde_json::to_value(&user)?),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::User)?;
        self.tell_hub("user", &json!({ "action": action, "user": user }))
    }
}

/// The roles come with the schema; their seals make a later edit show.
pub(crate) fn seal_shipped_roles(writing: &Writing<'_>) -> Result<()> {
    for role in writing.roles()? {
        let entry = NewAudit {
            action: "CREATE",
            resource: Sealed::Role.resource(),
            resource_id: role.name.clone(),
            new: Some(json!({ "permissions": role.permissions })),
            ..NewAudit::default()
        };
        writing.audit_sealed(&entry, Sealed::Role)?;
    }
    Ok(())
}

impl Reading<'_> {
    /// An account.
    pub fn user(&self, id: UserId) -> Result<User> {
        let mut statement = self.connection().prepare_cached(&format!("{USER} WHERE id = ?1"))?;
        statement.query_row(params![id], user).optional()?.ok_or_else(|| Error::not_found("user", &id))
    }

    /// The account with a name, in any case.
    pub fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        let mut statement = self.connection().prepare_cached(&format!("{USER} WHERE username = ?1"))?;
        Ok(statement.query_row(params![name], user).optional()?)
    }

    /// Every account, by name.
    pub fn users(&self) -> Result<Vec<User>> {
        let mut statement = self.connection().prepare_cached(&format!("{USER} ORDER BY username"))?;
        let rows = statement.query_map([], user)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Every role.
    pub fn roles(&self) -> Result<Vec<Role>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT name, description, permissions, origin FROM roles WHERE is_active = 1 ORDER BY id",
        )?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, Origin>(3)?)))?;
        rows.map(|row| {
            let (name, description, permissions, origin) = row?;
            Ok(Role { name, description, permissions: serde_json::from_str(&permissions)?, origin })
        })
        .collect()
    }

    /// What an account may do: what any of its roles may; nothing when it is not active.
    pub fn permissions(&self, id: UserId) -> Result<BTreeSet<String>> {
        let user = self.user(id)?;
        let held = self.roles()?.into_iter().filter(|role| user.is_active && user.roles.contains(&role.name));
        Ok(held.flat_map(|role| role.permissions).collect())
    }
}
