//! Migrations: applied by the owner, never edited, and compared before the hub serves.

use crate::db::{Db, DbError, Server};
use anyhow::{Context as _, ensure};
use refinery::Runner;
use std::collections::BTreeMap;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

mod embedded {
    #![allow(missing_docs, unreachable_pub, reason = "written by the macro")]
    refinery::embed_migrations!("../../migrations/postgres");
}

/// Two nodes may be told to migrate at once; any number that nobody else takes.
const LOCK: i64 = 0x7765_6c6c_6d69_6772;

/// What a migration has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations that were applied now.
    pub applied: Vec<String>,
    /// The newest one.
    pub version: i64,
}

/// Why a database is not the one that this program needs.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It has no migrations, or fewer.
    #[error("the database has schema {found} and this hub needs {needed}: run `wellread-hub migrate`")]
    Older {
        /// Its newest migration; 0 for none.
        found: i64,
        /// This program's.
        needed: i64,
    },
    /// A later release was here.
    #[error("the database has schema {found} and this hub knows {known}: update the hub")]
    Newer {
        /// Its newest migration.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// It has a migration of another text.
    #[error("migration {0} of the database is not the one of this release: is this the right database?")]
    Differs(i64),
    /// The hub works as somebody whom row-level security does not hold.
    #[error("the hub must not work as '{0}', whom row-level security does not hold: give it the URL of wellread_app")]
    Role(String),
    /// It could not be asked.
    #[error(transparent)]
    Database(#[from] DbError),
}

fn runner() -> Runner {
    embedded::migrations::runner()
}

/// The newest schema that this program knows.
pub fn newest() -> i64 {
    runner().get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
}

/// A connection as the owner, to PostgreSQL itself and not to a pooler.
pub(super) async fn owner(server: &Server) -> anyhow::Result<(Client, JoinHandle<()>)> {
    let (client, connection) = server.connect().await?;
    let connection = tokio::spawn(async move {
        if let Err(why) = connection.await {
            tracing::warn!("the connection to the database ended: {why}");
        }
    });
    Ok((client, connection))
}

/// Applies what is missing, all of it or nothing.
pub async fn migrate(as_owner: &Server) -> anyhow::Result<Migrated> {
    let (mut client, connection) = owner(as_owner).await?;
    client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    let row =
        client.query_one("SELECT current_setting('server_version_num')::int4, getdatabaseencoding()", &[]).await?;
    let (version, encoding): (i32, &str) = (row.try_get(0)?, row.try_get(1)?);
    ensure!(version >= 170_000, "the hub needs PostgreSQL 17 or newer, and this is {}", version / 10_000);
    ensure!(encoding == "UTF8", "the database has the encoding {encoding}: make it with ENCODING 'UTF8'");
    let report = runner().set_grouped(true).run_async(&mut client).await.context("the migration was taken back")?;
    let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
    drop(client);
    connection.await?;
    Ok(Migrated { applied, version: newest() })
}

/// Whether the database is the one that this program needs, and the hub works as somebody who sees one organization only.
pub async fn check(db: &Db) -> Result<(), SchemaError> {
    let tx = db.nobody().await?;
    let row = tx
        .query_one("SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user", &[])
        .await?;
    if row.get(1) {
        return Err(SchemaError::Role(row.get(0)));
    }
    let needed = newest();
    let there = tx.query_one("SELECT to_regclass('public.refinery_schema_history') IS NOT NULL", &[]).await?;
    if !there.get::<_, bool>(0) {
        return Err(SchemaError::Older { found: 0, needed });
    }
    let rows = tx.query("SELECT version::int8, checksum::text FROM public.refinery_schema_history", &[]).await?;
    tx.commit().await?;
    let applied: BTreeMap<i64, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let found = applied.keys().next_back().copied().unwrap_or(0);
    if found > needed {
        return Err(SchemaError::Newer { found, known: needed });
    }
    for migration in runner().get_migrations() {
        let version = i64::from(migration.version());
        match applied.get(&version) {
            None => return Err(SchemaError::Older { found, needed }),
            Some(checksum) if *checksum != migration.checksum().to_string() => {
                return Err(SchemaError::Differs(version));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
