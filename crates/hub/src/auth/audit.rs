//! `auth.audit_logs`: who did what to what, and from where.

use crate::{
    Hub,
    db::{DbError, Tx, p},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// An entry to append.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The person; `None` for a station or the hub itself.
    pub user: Option<Uuid>,
    /// The station, where one acted.
    pub station: Option<Uuid>,
    /// A verb in capitals: `LOGIN`, `CREATE`, `UPDATE`, …
    pub action: &'static str,
    /// The table or thing.
    pub resource: &'static str,
    /// Which one.
    pub resource_id: String,
    /// More, an object.
    pub details: Value,
    /// What it was.
    pub old: Option<Value>,
    /// What it became.
    pub new: Option<Value>,
    /// Why, in words.
    pub why: String,
    /// Who acted, where it was no person of the organization: `hub`, `command line`, …
    pub actor: String,
    /// From where.
    pub ip_address: Option<String>,
    /// With what program.
    pub user_agent: Option<String>,
    /// The request's id, to find it in the hub's log.
    pub request_id: Option<String>,
}

impl Entry {
    /// With what it was and what it became.
    #[must_use]
    pub fn changed(mut self, old: Option<Value>, new: Option<Value>) -> Self {
        (self.old, self.new) = (old, new);
        self
    }

    /// With the reason.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        why.clone_into(&mut self.why);
        self
    }

    /// With more, an object.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// Appends an entry, in the transaction that does what it tells of.
pub async fn note(hub: &Hub, tx: &Tx, org: Uuid, entry: &Entry) -> Result<(), DbError> {
    append(tx, org, hub.clock.now(), entry).await
}

/// The same without a hub.
pub async fn append(tx: &Tx, org: Uuid, now: DateTime<Utc>, entry: &Entry) -> Result<(), DbError> {
    let id = id(now).map_err(|why| DbError::Passing(why.to_string()))?;
    let details = if entry.details.is_null() { json!({}) } else { entry.details.clone() };
    tx.execute(
        "INSERT INTO auth.audit_logs (org_id, id, user_id, station_id, action, resource, resource_id, details,
           old, new, why, actor, ip_address, user_agent, request_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        &[
            p(&org),
            p(&id),
            p(&entry.user),
            p(&entry.station),
            p(&entry.action),
            p(&entry.resource),
            p(&entry.resource_id),
            p(&details),
            p(&entry.old),
            p(&entry.new),
            p(&entry.why),
            p(&entry.actor),
            p(&entry.ip_address),
            p(&entry.user_agent),
            p(&entry.request_id),
            p(&now),
        ],
    )
    .await?;
    Ok(())
}

/// A new `UUIDv7` of this moment.
pub(crate) fn id(now: DateTime<Utc>) -> anyhow::Result<Uuid> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}
