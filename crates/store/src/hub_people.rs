//! Accounts and roles as headquarters send them. They are whole each time, and replace what was there; the station's own
//! accounts are never touched, but for one that is closed and in the way by its name.

use crate::{
    Error, Result, Writing,
    audit::NewAudit,
    ids::UserId,
    origin::{FROM_HUB, Origin},
    seal::Sealed,
};
use rusqlite::{OptionalExtension as _, params};
use serde_json::json;
use std::collections::BTreeSet;

/// An account of headquarters.
#[derive(Clone, Debug)]
pub struct HubUser {
    /// Its id.
    pub id: UserId,
    /// The name to sign in with.
    pub username: String,
    /// The verifier, an argon2id PHC string.
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
    pub roles: BTreeSet<String>,
    /// For how many days it may sign in without word from the hub.
    pub offline_days: u32,
}

/// A role of headquarters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRole {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub permissions: BTreeSet<String>,
    /// Whether it is given to anybody any more.
    pub is_active: bool,
}

/// What the role `admin` keeps, whoever says otherwise: without it nobody could give it back.
const ADMIN_KEEPS: [&str; 2] = ["config:write", "user:admin"];

impl Writing<'_> {
    /// Makes or replaces an account of headquarters. Roles that are not known here are left out and named, for the
    /// account must be closed even where a role is missing.
    pub fn put_hub_user(&self, new: &HubUser) -> Result<Vec<String>> {
        let known = self.user(new.id).ok();
        if known.as_ref().is_some_and(|known| known.origin == Origin::Station) {
            return Err(Error::refused(format!("'{}' has the id of an account of this station", new.username)));
        }
        if new.username.trim() != new.username || new.username.is_empty() {
            return Err(Error::refused("an account of headquarters has no name"));
        }
        self.free_the_name(new)?;
        let email = new.email.as_ref().filter(|_| self.email_is_free(new).unwrap_or(false));
        self.execute(
            "INSERT INTO users (id, email, username, password, first_name, last_name, is_active, created_at, updated_at,
               origin, offline_days, seen_snapshot)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, 'hub', ?9, (SELECT snapshot_no FROM sync_connection))
             ON CONFLICT (id) DO UPDATE SET email = ?2, username = ?3, password = ?4, first_name = ?5, last_name = ?6,
               is_active = ?7, updated_at = ?8, offline_days = ?9, seen_snapshot = excluded.seen_snapshot",
            params![
                new.id,
                email,
                new.username,
                new.password_phc,
                new.first_name,
                new.last_name,
                new.is_active,
                self.utc_ms(),
                new.offline_days
            ],
        )?;
        if known.as_ref().is_some_and(|known| known.password_phc != new.password_phc) {
            // Whoever was locked out for the old password is not for the new one.
            self.execute("UPDATE users SET failed_logins = 0, locked_until_ms = NULL WHERE id = ?1", params![new.id])?;
        }
        let missing = self.assign_known(new)?;
        let entry = NewAudit {
            action: if known.is_some() { "UPDATE" } else { "CREATE" },
            resource: Sealed::User.resource(),
            resource_id: new.id.to_string(),
            old: known.map(serde_json::to_value).transpose()?,
            new: Some(serde_json::to_value(self.user(new.id)?)?),
            why: FROM_HUB.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::User)?;
        Ok(missing)
    }

    /// An account of headquarters that decided something and is not known here: it may not sign in.
    pub fn put_hub_stranger(&self, id: UserId, username: &str) -> Result<()> {
        if self.user(id).is_ok() {
            return Ok(());
        }
        let taken = self.user_by_name(username)?.is_some();
        self.put_hub_user(&HubUser {
            id,
            username: if taken { format!("{username} at headquarters {id}") } else { username.to_owned() },
            // No hash: no password fits it.
            password_phc: String::new(),
            email: None,
            first_name: String::new(),
            last_name: String::new(),
            is_active: false,
            roles: BTreeSet::new(),
            offline_days: 0,
        })
        .map(drop)
    }

    /// Makes or replaces a role.
    pub fn put_hub_role(&self, new: &HubRole) -> Result<()> {
        let mut permissions = new.permissions.clone();
        let is_admin = new.name == "admin";
        if is_admin {
            permissions.extend(ADMIN_KEEPS.map(str::to_owned));
        }
        let text = serde_json::to_string(&permissions)?;
        let old: Option<String> = self
            .connection()
            .prepare_cached("SELECT permissions FROM roles WHERE name = ?1")?
            .query_row(params![new.name], |row| row.get(0))
            .optional()?;
        self.execute(
            "INSERT INTO roles (name, description, permissions, is_active, created_at, updated_at, origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 'hub')
             ON CONFLICT (name) DO UPDATE SET description = ?2, permissions = ?3, is_active = ?4, updated_at = ?5,
               origin = 'hub'",
            params![new.name, new.description, text, new.is_active || is_admin, self.utc_ms()],
        )?;
        let entry = NewAudit {
            action: if old.is_some() { "UPDATE" } else { "CREATE" },
            resource: Sealed::Role.resource(),
            resource_id: new.name.clone(),
            old: old
                .map(|old| Ok::<_, Error>(json!({ "permissions": serde_json::from_str::<Vec<String>>(&old)? })))
                .transpose()?,
            new: Some(json!({ "permissions": permissions, "is_active": new.is_active })),
            why: FROM_HUB.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Role)
    }

    /// Closes the accounts of headquarters that the newest snapshot, whole by now, has not named.
    pub(crate) fn close_unseen_hub_users(&self) -> Result<()> {
        let mut statement = self.connection().prepare_cached(
            "SELECT id FROM users WHERE origin = 'hub' AND is_active = 1
               AND seen_snapshot < (SELECT snapshot_no FROM sync_connection)",
        )?;
        let ids = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<UserId>>>()?;
        for id in ids {
            self.execute("UPDATE users SET is_active = 0, updated_at = ?2 WHERE id = ?1", params![id, self.utc_ms()])?;
            let entry = NewAudit {
                action: "UPDATE",
                resource: Sealed::User.resource(),
                resource_id: id.to_string(),
                new: Some(json!({ "is_active": false })),
                why: "headquarters no longer name it".to_owned(),
                ..NewAudit::default()
            };
            self.audit_sealed(&entry, Sealed::User)?;
        }
        Ok(())
    }

    /// An account of the station that is open keeps its name; a closed one, or one of headquarters that has another name
    /// by now, gives it up.
    fn free_the_name(&self, new: &HubUser) -> Result<()> {
        let Some(other) = self.user_by_name(&new.username)?.filter(|other| other.id != new.id) else { return Ok(()) };
        if other.origin == Origin::Station && other.is_active {
            return Err(Error::refused(format!(
                "headquarters and this station both have an account '{}': close the station's (`wellread users \
                 deactivate`), then that of headquarters takes its place",
                other.username
            )));
        }
        let name = format!("{} (was {})", other.username, other.id);
        self.execute(
            "UPDATE users SET username = ?2, updated_at = ?3 WHERE id = ?1",
            params![other.id, name, self.utc_ms()],
        )?;
        let entry = NewAudit {
            action: "RENAME",
            resource: Sealed::User.resource(),
            resource_id: other.id.to_string(),
            old: Some(json!({ "username": other.username })),
            new: Some(json!({ "username": name })),
            why: "an account of headquarters has this name".to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::User)
    }

    fn email_is_free(&self, new: &HubUser) -> Result<bool> {
        let mut other = self.connection().prepare_cached("SELECT 1 FROM users WHERE email = ?1 AND id <> ?2")?;
        Ok(!other.exists(params![new.email, new.id])?)
    }

    fn assign_known(&self, new: &HubUser) -> Result<Vec<String>> {
        self.execute("DELETE FROM user_roles WHERE user_id = ?1", params![new.id])?;
        let mut missing = Vec::new();
        for role in &new.roles {
            let added = self.execute(
                "INSERT INTO user_roles (user_id, role_id, assigned_at, assigned_by)
                 SELECT ?1, id, ?3, NULL FROM roles WHERE name = ?2",
                params![new.id, role, self.utc_ms()],
            )?;
            if added == 0 {
                missing.push(role.clone());
            }
        }
        Ok(missing)
    }
}
