//! Who works at the station: accounts, passwords, sign-in, and what each person may do.
//!
//! Every use case that is a person's takes a [`Session`]; what its role allows is looked up again in the very
//! transaction that does the work, so a right taken away holds at once.

mod permission;

pub use permission::Permission;

use crate::{
    Station,
    problem::{Code, Problem},
    settings,
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::collections::BTreeSet;
use wellread_store::{Actor, Direction, NewAudit, NewUser, Origin, Reading, Role, User, UserId, Writing};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// The longest lock-out.
const LONGEST_LOCK_MS: i64 = DAY_MS;
/// A password longer than this is no password but an attack on the memory.
const LONGEST_PASSWORD_BYTES: usize = 1_024;

/// A person who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    user: UserId,
    name: String,
}

impl Session {
    /// The account.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn actor(&self) -> Actor {
        Actor::User { id: self.user, name: self.name.clone() }
    }
}

/// An account to make.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    /// The name to sign in with.
    pub username: String,
    /// Its first password.
    pub password: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Names of roles.
    pub roles: Vec<String>,
}

impl Station {
    /// Signs a person in.
    pub fn login(&self, username: &str, password: &str) -> anyhow::Result<Session> {
        let user = self.recognised(username, password)?;
        self.refuse_expired(&user)?;
        let session = Session { user: user.id, name: user.username };
        self.write_by(session.actor(), |writing| Ok(writing.note_login(session.user)?))?;
        Ok(session)
    }

    /// Checks a person's password again, as signing demands; wrong ones count as they do at sign-in.
    pub(crate) fn confirm_password(&self, session: &Session, password: &str) -> anyhow::Result<()> {
        let rules = self.settings()?.people;
        let user = self.read(|reading| Ok(reading.user(session.user)?))?;
        self.check_password(&user, password, &rules)?;
        self.refuse_expired(&user)
    }

    /// The account with this name and this password.
    fn recognised(&self, username: &str, password: &str) -> anyhow::Result<User> {
        let Some(user) = self.read(|reading| Ok(reading.user_by_name(username)?))? else {
            // As much work as for a known name, so that the time taken does not tell which names there are.
            let _ = phc(password);
            self.write(|writing| Ok(note_unknown(writing, username)?))?;
            return Err(wrong_password().into());
        };
        self.check_password(&user, password, &self.settings()?.people)?;
        Ok(user)
    }

    fn check_password(&self, user: &User, password: &str, rules: &settings::People) -> anyhow::Result<()> {
        let now_ms = self.clock().now().utc_ms;
        if let Some(until_ms) = locked_until(user, now_ms, rules) {
            return Err(locked(until_ms - now_ms).into());
        }
        if user.is_active && fits(password, &user.password_phc) {
            return Ok(());
        }
        let actor = Actor::User { id: user.id, name: user.username.clone() };
        let user = self.write_by(actor, |writing| {
            Ok(writing.note_failed_login(user.id, |failures| lock_until(failures, now_ms, rules))?)
        })?;
        match user.locked_until_ms.filter(|until_ms| *until_ms > now_ms) {
            Some(until_ms) => Err(locked(until_ms - now_ms).into()),
            None => Err(wrong_password().into()),
        }
    }

    /// Does all of `work` in a person's name, or none of it, if the person may.
    pub fn act<T>(
        &self,
        session: &Session,
        permission: Permission,
        work: impl FnOnce(&Writing<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.write_by(session.actor(), |writing| {
            need(writing, session, permission)?;
            work(writing)
        })
    }

    /// Answers a person's question, if the person may ask it.
    pub fn ask<T>(
        &self,
        session: &Session,
        permission: Permission,
        work: impl FnOnce(&Reading<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.read(|reading| {
            need(reading, session, permission)?;
            work(reading)
        })
    }

    /// Refuses who may not look at what the station holds; asked where `people.login_to_read` is set.
    pub fn may_read(&self, session: &Session) -> anyhow::Result<()> {
        self.ask(session, Permission::RunRead, |_| Ok(()))
    }

    /// Makes the first account, an admin; refused once there is any account.
    pub fn first_admin(&self, username: &str, password: &str) -> anyhow::Result<Session> {
        let person = NewPerson {
            username: username.to_owned(),
            password: password.to_owned(),
            roles: vec!["admin".to_owned()],
            ..NewPerson::default()
        };
        let new = self.new_user(&person)?;
        self.write(|writing| {
            if !writing.users()?.is_empty() {
                return Err(Problem::refused("there are accounts already: sign in as an admin to make another").into());
            }
            Ok(writing.create_user(&new)?)
        })?;
        Ok(Session { user: new.id, name: new.username })
    }

    /// Makes an account.
    pub fn create_user(&self, session: &Session, person: &NewPerson) -> anyhow::Result<UserId> {
        let new = self.new_user(person)?;
        self.act(session, Permission::UserAdmin, |writing| Ok(writing.create_user(&new)?))?;
        Ok(new.id)
    }

    fn new_user(&self, person: &NewPerson) -> anyhow::Result<NewUser> {
        let rules = self.settings()?.people;
        check_new_password(&person.username, &person.password, &rules)?;
        if person.roles.is_empty() {
            return Err(
                Problem::invalid("an account has at least one role: admin, supervisor, operator or viewer").into()
            );
        }
        Ok(NewUser {
            id: self.clock().id()?,
            username: person.username.clone(),
            password_phc: phc(&person.password)?,
            email: person.email.clone(),
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            roles: person.roles.clone(),
            verifier_expires_ms: self.expiry(&rules),
        })
    }

    /// Sets anybody's password, as an admin.
    pub fn set_password(&self, session: &Session, username: &str, new: &str) -> anyhow::Result<()> {
        let rules = self.settings()?.people;
        check_new_password(username, new, &rules)?;
        let user = self.find_user(session, username)?;
        let (hash, expires_ms) = (phc(new)?, self.expiry(&rules));
        self.act(session, Permission::UserAdmin, |writing| Ok(writing.set_password(user.id, &hash, expires_ms, "")?))
    }

    /// Sets one's own password, with the old one. One that has expired is set by an admin, or else it would expire for
    /// nobody; but an admin sets the own one too, or the last of them would lock everybody out.
    pub fn set_own_password(&self, username: &str, old: &str, new: &str) -> anyhow::Result<()> {
        let user = self.recognised(username, old)?;
        let rules = self.settings()?.people;
        check_new_password(username, new, &rules)?;
        if new == old {
            return Err(Problem::invalid("that is the password you have: choose another").into());
        }
        let (hash, expires_ms) = (phc(new)?, self.expiry(&rules));
        self.write_by(Actor::User { id: user.id, name: user.username.clone() }, |writing| {
            let is_admin = writing.permissions(user.id)?.contains(Permission::UserAdmin.as_str());
            if self.has_expired(&user) && !is_admin {
                return Err(expired().into());
            }
            Ok(writing.set_password(user.id, &hash, expires_ms, "")?)
        })
    }

    /// Changes the roles of an account.
    pub fn set_roles(&self, session: &Session, username: &str, roles: &[String], why: &str) -> anyhow::Result<()> {
        if roles.is_empty() {
            return Err(Problem::invalid("an account has at least one role: to close it, deactivate it").into());
        }
        let user = self.find_user(session, username)?;
        self.act(session, Permission::UserAdmin, |writing| Ok(writing.set_roles(user.id, roles, why)?))
    }

    /// Lets an account sign in, or not.
    pub fn set_active(&self, session: &Session, username: &str, active: bool, why: &str) -> anyhow::Result<()> {
        let user = self.find_user(session, username)?;
        self.act(session, Permission::UserAdmin, |writing| Ok(writing.set_active(user.id, active, why)?))
    }

    /// Ends a lock-out before its time.
    pub fn unlock_user(&self, session: &Session, username: &str, why: &str) -> anyhow::Result<()> {
        let user = self.find_user(session, username)?;
        self.act(session, Permission::UserAdmin, |writing| Ok(writing.unlock_user(user.id, why)?))
    }

    /// Changes what a role may do.
    pub fn set_permissions(
        &self,
        session: &Session,
        role: &str,
        permissions: &BTreeSet<String>,
        why: &str,
    ) -> anyhow::Result<()> {
        for name in permissions {
            if !Permission::ALL.iter().any(|known| known.as_str() == name) {
                let known = Permission::ALL.map(Permission::as_str).join(", ");
                return Err(Problem::invalid(format!("there is no permission '{name}': use some of {known}")).into());
            }
        }
        let kept = Permission::UserAdmin.as_str();
        if role == "admin" && !permissions.contains(kept) {
            return Err(Problem::refused(format!("the role 'admin' keeps {kept}, or nobody could give it back")).into());
        }
        self.act(session, Permission::UserAdmin, |writing| Ok(writing.set_permissions(role, permissions, why)?))
    }

    /// Every account, for an admin.
    pub fn users(&self, session: &Session) -> anyhow::Result<Vec<User>> {
        self.ask(session, Permission::UserAdmin, |reading| Ok(reading.users()?))
    }

    /// Every role and what it may do.
    pub fn roles(&self) -> anyhow::Result<Vec<Role>> {
        self.read(|reading| Ok(reading.roles()?))
    }

    /// Whether anybody has an account yet.
    pub fn has_users(&self) -> anyhow::Result<bool> {
        self.read(|reading| Ok(!reading.users()?.is_empty()))
    }

    /// For who may change accounts: others are not told which there are.
    fn find_user(&self, session: &Session, username: &str) -> anyhow::Result<User> {
        let found = self.ask(session, Permission::UserAdmin, |reading| Ok(reading.user_by_name(username)?))?;
        Ok(found.ok_or_else(|| Problem::not_found("user", username))?)
    }

    fn refuse_expired(&self, user: &User) -> anyhow::Result<()> {
        if self.has_expired(user) {
            return Err(expired().into());
        }
        // When the word of headquarters last came, said once for all their accounts.
        let Some(days) = user.offline_days.filter(|_| user.origin == Origin::Hub) else { return Ok(()) };
        let (heard, enrolled) = self.read(|reading| {
            Ok((reading.sync_state(Direction::Downlink)?.last_success_ms, reading.sync_connection()?.enrolled_ms))
        })?;
        let heard_ms = heard.or(enrolled).unwrap_or_default();
        if self.clock().now().utc_ms.saturating_sub(heard_ms) > i64::from(days) * DAY_MS {
            return Err(out_of_touch(days).into());
        }
        Ok(())
    }

    fn has_expired(&self, user: &User) -> bool {
        user.verifier_expires_ms.is_some_and(|until_ms| until_ms <= self.clock().now().utc_ms)
    }

    fn expiry(&self, rules: &settings::People) -> Option<i64> {
        let days = i64::from(rules.password_expires_days);
        (days > 0).then(|| self.clock().now().utc_ms + days * DAY_MS)
    }
}

/// Whether an account could be made with this name and password under the default rules.
pub fn check_first(username: &str, password: &str) -> Result<(), Problem> {
    check_new_password(username, password, &settings::People::default())
}

fn need(reading: &Reading<'_>, session: &Session, permission: Permission) -> anyhow::Result<()> {
    if reading.permissions(session.user)?.contains(permission.as_str()) {
        return Ok(());
    }
    let told =
        format!("'{}' may not do that: it needs the permission {permission}, which an admin can give", session.name);
    Err(Problem::new(Code::NotPermitted, told).into())
}

fn note_unknown(writing: &Writing<'_>, username: &str) -> wellread_store::Result<()> {
    let resource_id: String = username.chars().filter(|c| !c.is_control()).take(80).collect();
    writing.audit(&NewAudit { action: "LOGIN_FAILED", resource: "login", resource_id, ..NewAudit::default() })
}

fn lock_until(failures: u32, now_ms: i64, rules: &settings::People) -> Option<i64> {
    let beyond = failures.checked_sub(rules.lock_after)?;
    let first_ms = i64::from(rules.lock_min) * MINUTE_MS;
    let wait_ms = first_ms.saturating_mul(1 << beyond.min(30)).min(LONGEST_LOCK_MS);
    Some(now_ms.saturating_add(wait_ms))
}

/// Until when an account is locked. An end further away than any lock-out made now would be shows that the clock was
/// set back since; nobody waits for a day because of that.
fn locked_until(user: &User, now_ms: i64, rules: &settings::People) -> Option<i64> {
    let until_ms = user.locked_until_ms.filter(|until_ms| *until_ms > now_ms)?;
    let longest_ms = lock_until(user.failed_logins, now_ms, rules)?;
    (until_ms <= longest_ms).then_some(until_ms)
}

fn locked(left_ms: i64) -> Problem {
    let minutes = left_ms.div_euclid(MINUTE_MS) + 1;
    let told = format!("too many wrong passwords: wait {minutes} min, or have an admin unlock the account");
    Problem::new(Code::LockedOut, told)
}

fn out_of_touch(days: u32) -> Problem {
    let told = format!(
        "this is an account of headquarters, and the station has not heard from them for more than {days} days: it signs          in again once they are reached; accounts of the station itself go on"
    );
    Problem::new(Code::LoginExpired, told)
}

fn expired() -> Problem {
    let told = "the password has expired: an admin sets a new one, or the station asks the hub once it is online";
    Problem::new(Code::LoginExpired, told)
}

fn wrong_password() -> Problem {
    Problem::new(Code::LoginFailed, "user name or password is wrong, or the account may not sign in")
}

fn check_new_password(username: &str, password: &str, rules: &settings::People) -> Result<(), Problem> {
    let fewest = rules.password_min_chars as usize;
    if password.chars().count() < fewest || password.len() > LONGEST_PASSWORD_BYTES {
        return Err(Problem::invalid(format!("a password has at least {fewest} characters: choose a longer one")));
    }
    if password.eq_ignore_ascii_case(username) {
        return Err(Problem::invalid("a password is not the user name: choose another"));
    }
    Ok(())
}

fn phc(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|why| anyhow::anyhow!("the password cannot be hashed: {why}"))?.to_string())
}

fn fits(password: &str, hash: &str) -> bool {
    password.len() <= LONGEST_PASSWORD_BYTES
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let hash = phc("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"), "the algorithm is stated: {hash}");
        assert!(fits("correct horse", &hash) && !fits("correct horsE", &hash), "to the letter");
        assert!(!fits("correct horse", "nonsense"), "what is no hash fits nothing");
    }

    proptest! {
        #[test]
        fn lock_outs_grow_and_end(failures in 0_u32..1_000) {
            let rules = settings::People::default();
            let (this, next) = (lock_until(failures, 0, &rules), lock_until(failures + 1, 0, &rules));
            prop_assert_eq!(this.is_some(), failures >= rules.lock_after, "five failures lock, fewer do not");
            prop_assert!(next >= this, "each further failure locks at least as long");
            prop_assert!(this.unwrap_or(0) <= LONGEST_LOCK_MS, "and never for more than a day");
        }
    }
}
