//! What holds for every change of people.

use crate::{
    Answer, Problem,
    auth::permission::USER_ADMIN,
    db::{Tx, p},
};
use lettre::Address;
use uuid::Uuid;

const LONGEST_NAME: usize = 100;

/// Lets changes of an organization's people happen one after the other, so that two admins cannot each take the other's
/// rights away at the same moment.
pub(super) async fn in_turn(tx: &Tx, org: Uuid) -> Answer<()> {
    tx.query("SELECT 1 FROM auth.organizations WHERE org_id = $1 FOR NO KEY UPDATE", &[p(&org)]).await?;
    Ok(())
}

/// Refuses a change after which nobody could say who may do what.
pub(super) async fn somebody_administers(tx: &Tx, org: Uuid) -> Answer<()> {
    let found = tx
        .query_opt(
            "SELECT 1 FROM auth.users u
             JOIN auth.memberships m ON m.org_id = u.org_id AND m.user_id = u.id AND m.ended_at IS NULL
             JOIN auth.user_roles ur ON ur.org_id = u.org_id AND ur.user_id = u.id
             JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
             WHERE u.org_id = $1 AND u.is_active AND u.deleted_at IS NULL AND r.is_active AND r.deleted_at IS NULL
               AND $2 = ANY (r.permissions) LIMIT 1",
            &[p(&org), p(&USER_ADMIN)],
        )
        .await?;
    if found.is_some() {
        return Ok(());
    }
    let told = format!("after this nobody would hold {USER_ADMIN}: give it to somebody else first");
    Err(Problem::conflict("last-admin", told))
}

/// A name to sign in with. One with an `@` could be somebody else's address.
pub(super) fn username(name: &str) -> Answer<()> {
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count())
        && !name.contains('@')
        && name.trim() == name
        && !name.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    Err(Problem::invalid(format!("a user name has 1 to {LONGEST_NAME} characters, no @, and no space around it")))
}

/// A mail address.
pub(super) fn email(address: &str) -> Answer<()> {
    match address.parse::<Address>() {
        Ok(_) if address.chars().count() <= 254 => Ok(()),
        _ => Err(Problem::invalid(format!("'{address}' is no mail address: it looks like name@laboratory.example"))),
    }
}

/// Names of people and things.
pub(super) fn names(names: &[&str]) -> Answer<()> {
    match names.iter().find(|name| name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control)) {
        None => Ok(()),
        Some(name) => {
            Err(Problem::invalid(format!("a name has at most {LONGEST_NAME} characters on one line, not '{name}'")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_nobodys_address() {
        assert!(username("somchai.wong").is_ok() && username("สมชาย").is_ok(), "any script");
        for wrong in ["", "a@b", " a", "a ", "a\nb", &"x".repeat(101)] {
            assert!(username(wrong).is_err(), "'{wrong}' is none");
        }
    }

    #[test]
    fn an_address_can_be_written_to() {
        assert!(email("somchai@lab.example").is_ok(), "an address");
        for wrong in ["", "somchai", "@lab.example", "a b@lab.example", "a@lab.example\nBcc: x@y.example"] {
            assert!(email(wrong).is_err(), "'{wrong}' is none");
        }
    }
}
