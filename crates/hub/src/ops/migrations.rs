//! Whether the database is as new as this program.

use crate::db::{Db, DbError};

/// An error where it is older.
pub async fn current(db: &Db) -> Result<(), DbError> {
    db.nobody().await?.commit().await
}
