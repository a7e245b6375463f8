//! Migrations: embedded in the program, applied once, never edited.

use crate::{Error, Result};
use refinery_core::Runner;
use rusqlite::{Connection, OptionalExtension as _};
use std::path::Path;

mod embedded {
    #![allow(missing_docs, unreachable_pub, reason = "written by the macro")]
    refinery::embed_migrations!("../../migrations/sqlite");
}

/// "WLRD" in the file's header: `file` and this program know the file by it.
pub(crate) const APPLICATION_ID: i64 = 0x574c_5244;

fn runner() -> Runner {
    embedded::migrations::runner()
}

/// The newest schema that this program knows.
pub fn newest() -> i64 {
    runner().get_migrations().iter().map(|migration| i64::from(migration.version())).max().unwrap_or(0)
}

/// The schema that a database has; 0 before its first migration.
pub(crate) fn current(connection: &Connection) -> Result<i64> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'refinery_schema_history'";
    if connection.query_row(table, [], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    Ok(connection.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))?)
}

/// Refuses a database that is not ours, or newer than this program.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<()> {
    let ours: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if ours != APPLICATION_ID {
        return Err(Error::NotWellread(path.to_owned()));
    }
    match (current(connection)?, newest()) {
        (found, known) if found > known => Err(Error::Newer { found, known }),
        (0, _) => Err(Error::NotWellread(path.to_owned())),
        _ => Ok(()),
    }
}

/// Applies what is missing, all of it or nothing.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    if current(connection)? == newest() {
        return checked(connection);
    }
    runner().set_grouped(true).run(connection).map_err(|error| Error::Migration(with_causes(&error)))?;
    Ok(())
}

/// Whether every migration applied is, to the letter, one that this program has.
fn checked(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare("SELECT version, name, checksum FROM refinery_schema_history")?;
    let mut rows = statement.query([])?;
    let runner = runner();
    while let Some(row) = rows.next()? {
        let (version, name, checksum): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let mut ours = runner.get_migrations().iter();
        if !ours.any(|m| i64::from(m.version()) == version && m.name() == name && m.checksum().to_string() == checksum)
        {
            return Err(Error::Migration(format!("migration {version} '{name}' is not the one of this release")));
        }
    }
    Ok(())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Everything in the schema, by kind and name, as SQL: what a database of this program must hold.
pub(crate) fn objects(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// [`objects`] as the migrations make them.
pub(crate) fn expected_objects() -> Result<Vec<(String, String)>> {
    let mut scratch = Connection::open_in_memory()?;
    migrate(&mut scratch)?;
    objects(&scratch)
}
