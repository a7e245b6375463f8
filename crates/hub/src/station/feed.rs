//! The feed of an organization: what headquarters say, in an order that no reader can miss an entry of.

use crate::db::{DbError, Tx};
use uuid::Uuid;
use wellread_wire::downlink::Item;

/// Appends an entry: the last statements before the commit, because every other writer of the organization waits from
/// here on. `station` is whom it concerns, `None` for all; `key` is what it replaces, such as `user:ID`.
pub async fn append(_tx: &Tx, _org: Uuid, _station: Option<Uuid>, _key: &str, _item: &Item) -> Result<i64, DbError> {
    Ok(0)
}
