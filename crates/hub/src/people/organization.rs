//! Making an organization: its row, its counter, its roles, its first admin, and the assays that come with the program.

use super::{
    feed, rules,
    user::{self, NewUser},
    users,
};
use crate::{
    Answer, Problem,
    auth::{
        audit::{self, Entry},
        password::Password,
    },
    config::Config,
    db::{Db, Tx, p},
    publish::assays,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// An organization to make.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its short name: what people type to sign in, and what codes begin with.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The first admin's name to sign in with.
    pub username: String,
    /// The first admin's mail address.
    pub email: String,
    /// The first admin's password.
    pub password: Password,
    /// Who makes it, for the trail: `command line` or the like.
    pub by: String,
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The organization.
    pub org: Uuid,
    /// Its first admin.
    pub admin: Uuid,
}

/// Makes an organization with all that it needs, or nothing of it.
pub async fn create(db: &Db, config: &Config, now: DateTime<Utc>, new: &NewOrganization) -> Answer<Made> {
    rules::username(&new.username)?;
    rules::email(&new.email)?;
    rules::names(&[&new.name])?;
    check_slug(&new.slug)?;
    if new.name.trim().is_empty() {
        return Err(Problem::invalid("an organization has a name"));
    }
    new.password.check_new(&new.username, config)?;
    let phc = new.password.phc().await?;
    let made = Made { org: audit::id(now)?, admin: audit::id(now)? };
    let tx = db.org(made.org).await?;
    tx.query("SELECT auth.fn_add_organization($1, $2, $3)", &[p(&made.org), p(&new.slug), p(&new.name)])
        .await
        .map_err(|why| taken(why, &new.slug))?;
    let entry = |action, resource, id: String| Entry {
        action,
        resource,
        resource_id: id,
        actor: new.by.clone(),
        ..Entry::default()
    };
    let founded = entry("CREATE", "organizations", made.org.to_string());
    let founded = founded.changed(None, Some(json!({ "slug": new.slug, "name": new.name })));
    audit::append(&tx, made.org, now, &founded).await?;
    first_admin(&tx, now, made, new, &phc).await?;
    let admin = users::one(&tx, made.org, made.admin).await?;
    let appointed = entry("CREATE", "users", made.admin.to_string()).changed(None, Some(user::told(&admin)));
    audit::append(&tx, made.org, now, &appointed).await?;
    assays::add_shipped(&tx, made.org, now).await?;
    // Only now: what appends to the feed comes last.
    let roles = tx.query("SELECT name FROM auth.roles WHERE org_id = $1 ORDER BY name", &[p(&made.org)]).await?;
    for role in &roles {
        feed::tell_role(&tx, made.org, crate::auth::caller::get(role, 0)?).await?;
    }
    feed::tell_user(&tx, made.org, made.admin, config.offline_days).await?;
    tx.commit().await?;
    Ok(made)
}

async fn first_admin(tx: &Tx, now: DateTime<Utc>, made: Made, new: &NewOrganization, phc: &str) -> Answer<()> {
    let person = NewUser {
        username: new.username.clone(),
        password: new.password.clone(),
        email: new.email.clone(),
        first_name: String::new(),
        last_name: String::new(),
        roles: BTreeSet::from(["admin".to_owned()]),
        why: String::new(),
    };
    user::insert(tx, made.org, (made.admin, now), &person, phc).await?;
    user::set_roles(tx, (made.org, made.admin), &person.roles, (None, now)).await
}

fn check_slug(slug: &str) -> Answer<()> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits =
        (1..=63).contains(&slug.len()) && slug.chars().all(inner) && !slug.starts_with('-') && !slug.ends_with('-');
    if fits {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "'{slug}' is no short name: use small letters, digits and hyphens between them, 63 at most, such as central-lab"
    )))
}

fn taken(why: crate::db::DbError, slug: &str) -> Problem {
    if why.is_duplicate() {
        Problem::conflict(
            "organization-exists",
            format!("there is an organization '{slug}': choose another short name"),
        )
    } else {
        why.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_can_be_typed_and_spoken() {
        for fits in ["a", "central-lab", "lab2"] {
            assert!(check_slug(fits).is_ok(), "'{fits}' is one");
        }
        for wrong in ["", "-lab", "lab-", "Lab", "lab.one", "ห้องแล็บ", &"x".repeat(64)] {
            assert!(check_slug(wrong).is_err(), "'{wrong}' is none");
        }
    }
}
