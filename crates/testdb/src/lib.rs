//! A real PostgreSQL for tests.
//!
//! [`Postgres::shared`] is the cluster of the whole test run where `WELLREAD_TEST_POSTGRES` names one (`./dev test` sets
//! it), else one of this process. [`Postgres::private`] is always one of its own, to be stopped and killed. Each
//! [`Database`] is a copy of a template that was migrated once, by an owner who is no superuser: what row-level security
//! forbids to an owner is then forbidden in tests too.
//!
//! Nothing here is async: it may be called from inside a runtime and from outside.

mod cluster;
mod sql;
mod template;

pub use cluster::{Durability, Postgres};
pub use template::Database;

/// The role that migrates and owns everything in a test database. It is no superuser.
pub const OWNER: &str = "wellread_owner";
/// The role that the hub works as.
pub const APP: &str = "wellread_app";
