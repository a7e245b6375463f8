//! What nobody asks for and must be done: months ahead, new keys, and the end of what has expired.
//!
//! Every node does it; a step that another node is at is left to that one. The lock is that of a transaction, so that a
//! pooler in between may be there, and a node that dies leaves none behind.

mod expired;
mod feed;
mod parts;

use crate::{
    Hub,
    db::{DbError, Tx, p},
    epoch, schema,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{fmt, future::Future, time::Duration};
use uuid::Uuid;

/// How often it is done.
const EVERY: Duration = Duration::from_mins(15);
/// After a start others are busy first.
const FIRST: Duration = Duration::from_secs(5);
/// Months that are ready before they begin.
const MONTHS_AHEAD: u32 = 3;
/// How long `health_checks` is kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// What was done in one round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Months that were made.
    pub months: u64,
    /// Tokens of people that had expired.
    pub tokens: u64,
    /// Entries of feeds before the newest that are kept.
    pub feed: u64,
    /// Changes that no live view goes on from any more.
    pub changes: u64,
    /// Parts of blobs that nobody went on with.
    pub parts: u64,
    /// Old health checks.
    pub health_checks: u64,
    /// Steps that failed; they are tried again in the next round.
    pub failed: Vec<&'static str>,
}

/// Does it again and again, for as long as the hub runs.
pub async fn run(hub: Hub) {
    tokio::time::sleep(FIRST).await;
    loop {
        let done = round(&hub).await;
        if done == Done::default() {
            tracing::debug!("housekeeping: nothing to do");
        } else {
            tracing::info!(?done, "housekeeping");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Does all of it once. A step that fails does not keep the others from being done.
pub async fn round(hub: &Hub) -> Done {
    let now = hub.clock.now();
    let mut done = Done::default();
    let mut failed = Vec::new();
    let mut step = Steps { hub, failed: &mut failed };
    done.months = step.count("months", months(hub, now)).await;
    step.count("keys", async { hub.keys.upkeep(now).await.map(|()| 0).map_err(|problem| problem.detail) }).await;
    step.count("epoch", async { epoch::tick(&hub.db, &hub.objects).await.map(|_| 0) }).await;
    done.health_checks = step.count("health-checks", health_checks(hub, now)).await;
    let orgs = match organizations(hub).await {
        Ok(orgs) => orgs,
        Err(why) => {
            step.fails("organizations", &why);
            Vec::new()
        }
    };
    for org in orgs {
        done.tokens += step.count("tokens", expired::remove(hub, org, now)).await;
        done.feed += step.count("feed", feed::trim(hub, org)).await;
        done.changes += step.count("changes", feed::trim_changes(hub, org)).await;
    }
    done.parts = step.count("parts", parts::remove(hub, now)).await;
    done.failed = failed;
    done.failed.dedup();
    if done.failed.is_empty() {
        hub.metrics.housekeeping_at_seconds.set(now.timestamp() as f64);
    }
    tell(hub, &done, now).await;
    done
}

/// Counts what steps did, and keeps the names of those that failed.
struct Steps<'a> {
    hub: &'a Hub,
    failed: &'a mut Vec<&'static str>,
}

impl Steps<'_> {
    async fn count<E: fmt::Display>(&mut self, name: &'static str, step: impl Future<Output = Result<u64, E>>) -> u64 {
        match step.await {
            Ok(count) => {
                self.hub.metrics.housekeeping.with_label_values(&[name]).inc_by(count);
                count
            }
            Err(why) => {
                self.fails(name, &why);
                0
            }
        }
    }

    fn fails(&mut self, name: &'static str, why: &impl fmt::Display) {
        tracing::error!(step = name, "housekeeping: {why}");
        self.failed.push(name);
    }
}

/// A transaction in which no other node does this; `None` where one does.
async fn alone(tx: Tx, what: &str) -> Result<Option<Tx>, DbError> {
    let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended('wellread housekeeping ' || $1, 0))";
    let free: bool = tx.query_one(sql, &[p(&what)]).await?.try_get(0)?;
    if free {
        return Ok(Some(tx));
    }
    tx.rollback().await?;
    Ok(None)
}

/// The organizations there are. Their ids are all that can be known of several at once.
pub async fn organizations(hub: &Hub) -> Result<Vec<Uuid>, DbError> {
    let tx = hub.db.nobody().await?;
    let rows = tx.query("SELECT auth.fn_organization_ids()", &[]).await?;
    tx.commit().await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn months(hub: &Hub, now: DateTime<Utc>) -> Result<u64, DbError> {
    let made = schema::ensure_months(&hub.db, now, MONTHS_AHEAD).await?;
    Ok(u64::try_from(made).unwrap_or(0))
}

async fn health_checks(hub: &Hub, now: DateTime<Utc>) -> Result<u64, DbError> {
    let Some(tx) = alone(hub.db.nobody().await?, "health checks").await? else { return Ok(0) };
    let gone = tx.execute("DELETE FROM public.health_checks WHERE timestamp < $1", &[p(&(now - KEPT))]).await?;
    tx.commit().await?;
    Ok(gone)
}

/// For whoever looks at `health_checks` alone.
async fn tell(hub: &Hub, done: &Done, now: DateTime<Utc>) {
    let (status, message) = if done.failed.is_empty() {
        ("healthy", String::new())
    } else {
        ("degraded", format!("failed, see the log: {}", done.failed.join(", ")))
    };
    let told = async {
        let tx = hub.db.nobody().await?;
        let sql = "INSERT INTO public.health_checks (node, service, status, message, timestamp)
                   VALUES ($1, 'housekeeping', $2, $3, $4)";
        tx.execute(sql, &[p(&hub.config.node), p(&status), p(&message), p(&now)]).await?;
        tx.commit().await
    };
    if let Err(why) = told.await {
        tracing::warn!("health_checks cannot be written: {why}");
    }
}
