//! The database's schema: migrations embedded in the program, months made ahead, and the end of retention.

mod months;
mod versions;

pub use months::{drop_before, ensure_months};
pub use versions::{Migrated, SchemaError, check, migrate, newest};
