//! Lock-out: wrong passwords in a row close an account for a while, each further one for twice as long.
//!
//! A try is counted before the password is looked at and taken back when it was right, so that a thousand tries at the
//! same time are no more tries than a thousand in a row.

use super::{caller::get, peer::Peer};
use crate::{
    Answer, Hub,
    auth::audit,
    config::Config,
    db::{Tx, p},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

/// The longest lock-out.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// An account whose password is about to be looked at.
pub(crate) struct Tried {
    pub(crate) user: Uuid,
    pub(crate) username: String,
    /// What to compare with; none where the account may not sign in just now.
    pub(crate) verifier: Option<String>,
    locked: Option<DateTime<Utc>>,
}

/// Counts a try at the account that this condition finds, `$2` being `who`.
pub(crate) async fn count(hub: &Hub, tx: &Tx, org: Uuid, condition: &str, who: &str) -> Answer<Option<Tried>> {
    let sql = format!(
        "SELECT u.id, u.username, u.password, u.failed_logins, u.locked_until,
           u.is_active AND EXISTS (SELECT 1 FROM auth.memberships m
             WHERE m.org_id = u.org_id AND m.user_id = u.id AND m.ended_at IS NULL)
         FROM auth.users u WHERE u.org_id = $1 AND u.deleted_at IS NULL AND ({condition}) FOR NO KEY UPDATE OF u"
    );
    let Some(row) = tx.query_opt(&sql, &[p(&org), p(&who)]).await? else { return Ok(None) };
    let user = get(&row, 0)?;
    let now = hub.clock.now();
    let locked = get::<Option<DateTime<Utc>>>(&row, 4)?.filter(|until| *until > now);
    let may = get::<bool>(&row, 5)? && locked.is_none();
    if locked.is_none() {
        let failures = u32::try_from(get::<i32>(&row, 3)?).unwrap_or(0).saturating_add(1);
        tx.execute(
            "UPDATE auth.users SET failed_logins = $3, locked_until = $4 WHERE org_id = $1 AND id = $2",
            &[
                p(&org),
                p(&user),
                p(&i32::try_from(failures).unwrap_or(i32::MAX)),
                p(&until(failures, now, &hub.config)),
            ],
        )
        .await?;
    }
    Ok(Some(Tried { user, username: get(&row, 1)?, verifier: if may { get(&row, 2)? } else { None }, locked }))
}

/// Whether the password that was looked at, outside of any transaction, is still the account's, whose row is locked.
pub(crate) async fn is_still(tx: &Tx, org: Uuid, tried: &Tried) -> Answer<bool> {
    let sql = "SELECT FROM auth.users WHERE org_id = $1 AND id = $2 AND password = $3";
    Ok(tx.query_opt(sql, &[p(&org), p(&tried.user), p(&tried.verifier)]).await?.is_some())
}

/// The password was right: none of the tries counts.
pub(crate) async fn clear(tx: &Tx, org: Uuid, user: Uuid) -> Answer<()> {
    tx.execute(
        "UPDATE auth.users SET failed_logins = 0, locked_until = NULL
         WHERE org_id = $1 AND id = $2 AND (failed_logins <> 0 OR locked_until IS NOT NULL)",
        &[p(&org), p(&user)],
    )
    .await?;
    Ok(())
}

/// The password was wrong, or not even looked at: that goes into the trail.
pub(crate) async fn note(hub: &Hub, tx: &Tx, org: Uuid, who: &str, tried: Option<&Tried>, peer: &Peer) -> Answer<()> {
    let entry = match tried {
        Some(tried) => {
            let mut entry = peer.entry("LOGIN_FAILED", "users", tried.user);
            entry.user = Some(tried.user);
            entry.with(json!({ "username": tried.username, "locked": tried.locked.is_some() }))
        }
        None => peer.entry("LOGIN_FAILED", "login", printable(who)),
    };
    Ok(audit::note(hub, tx, org, &entry).await?)
}

/// A name that somebody typed, fit for a list.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn until(failures: u32, now: DateTime<Utc>, config: &Config) -> Option<DateTime<Utc>> {
    let beyond = failures.checked_sub(config.lock_after)?;
    let minutes = i64::from(config.lock_min).saturating_mul(1 << beyond.min(30)).min(LONGEST.num_minutes());
    Some(now + TimeDelta::minutes(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ObjectsAt;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lock_outs_grow_and_end(failures in 0_u32..1_000) {
            let (config, now) = (Config::plain("", ObjectsAt::Memory), DateTime::UNIX_EPOCH);
            let (this, next) = (until(failures, now, &config), until(failures + 1, now, &config));
            prop_assert_eq!(this.is_some(), failures >= config.lock_after, "five failures lock, fewer do not");
            prop_assert!(next >= this, "each further failure locks at least as long");
            prop_assert!(this.is_none_or(|until| until <= now + LONGEST), "and never for more than a day");
        }
    }
}
