//! The end of people's tokens.

use super::alone;
use crate::{
    Hub,
    db::{DbError, p},
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A refresh token that ended is kept a while: one that is brought again shows that it was stolen.
const KEPT: TimeDelta = TimeDelta::days(30);
const KEPT_ONCE: TimeDelta = TimeDelta::days(7);
/// At once: a transaction stays short.
const AT_ONCE: i64 = 5_000;

/// Removes what ended long ago. Returns how many.
pub(super) async fn remove(hub: &Hub, org: Uuid, now: DateTime<Utc>) -> Result<u64, DbError> {
    let Some(tx) = alone(hub.db.org(org).await?, &format!("tokens {org}")).await? else { return Ok(0) };
    // A family goes whole: its tokens name each other.
    let mut gone = tx
        .execute(
            "DELETE FROM auth.refresh_tokens WHERE org_id = $1 AND family IN (
               SELECT family FROM auth.refresh_tokens WHERE org_id = $1
               GROUP BY family HAVING max(expires_at) < $2 LIMIT $3)",
            &[p(&org), p(&(now - KEPT)), p(&AT_ONCE)],
        )
        .await?;
    for table in ["password_reset_tokens", "email_verification_tokens"] {
        let sql = format!("DELETE FROM auth.{table} WHERE org_id = $1 AND expires_at < $2");
        gone += tx.execute(&sql, &[p(&org), p(&(now - KEPT_ONCE))]).await?;
    }
    tx.commit().await?;
    Ok(gone)
}
