//! `org_change`: that something of an organization changed, for those who watch (server-sent events).

use crate::db::{DbError, Tx};
use uuid::Uuid;

/// Notes a change: the last statements before the commit, as with [`crate::station::feed::append`]. `kind` is the
/// table or thing (`run`, `sample`, `station`, `interface-file`, `quarantine`), `key` which one.
pub async fn note(_tx: &Tx, _org: Uuid, _station: Option<Uuid>, _kind: &str, _key: &str) -> Result<i64, DbError> {
    Ok(0)
}
