//! Whether the database is as new as this program.

use crate::{
    db::Db,
    schema::{self, SchemaError},
};

/// An error where this program cannot work with the database. A newer one it can: a release leaves what the one before
/// it needs, so that nodes are updated one by one; then it returns what to do about it.
pub async fn current(db: &Db) -> Result<Option<String>, SchemaError> {
    match schema::check(db).await {
        Ok(()) => Ok(None),
        Err(newer @ SchemaError::Newer { .. }) => Ok(Some(newer.to_string())),
        Err(other) => Err(other),
    }
}
