//! Copies of a database in use, and the way back.

use crate::{
    Database, Error, Key, Reading, Result,
    audit::Head,
    database::{
        Options, beside, check_header, checkpoint, connect, key_error, put_in_place, refuse_existing, remove_all,
    },
    schema,
    verify::{Finding, verify},
};
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, Progress, StepResult},
};
use serde::Serialize;
use std::path::Path;

/// What a copy holds, counted in the copy itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Rows by table.
    pub rows: Vec<(String, u64)>,
    /// The last entry of its audit trail.
    pub audit_head: Option<Head>,
    /// Its size in bytes.
    pub size: u64,
}

/// Pages copied between two looks whether to go on; 8 MiB of them.
const PAGES_A_STEP: std::os::raw::c_int = 2_048;

/// What is counted on both sides.
const COUNTED: [&str; 10] = [
    "prediction_run",
    "well_prediction",
    "image_file",
    "intake_file",
    "well_review",
    "signature",
    "interface_file",
    "users",
    "audit_logs",
    "outbox",
];

impl Database {
    /// Copies the database as it is at one moment, while it is in use. The copy has the same key, is opened, checked
    /// and counted, and only then gets its name, which must be free.
    pub fn backup(&self, to: &Path) -> Result<Copied> {
        self.backup_until(to, &|_, _| true)
    }

    /// The same; `go_on` is told pages done and pages in all, and its false ends it with [`Error::Cancelled`].
    pub fn backup_until(&self, to: &Path, go_on: &GoOn<'_>) -> Result<Copied> {
        refuse_existing(to)?;
        let unfinished = beside(to, ".part");
        remove_all(&unfinished)?;
        let copying = self.read(|reading| copy(reading.connection(), &unfinished, (self.key(), self.options()), go_on));
        let rows = copying.inspect_err(|_| drop(remove_all(&unfinished)))?;
        let copied = opened(&unfinished, self.key(), self.options(), |connection| {
            let problem: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if problem != "ok" {
                return Err(Error::Damaged(format!("the copy: {problem}")));
            }
            counted(connection)
        })?;
        if copied.rows != rows {
            return Err(Error::Damaged("the copy does not hold what was copied".to_owned()));
        }
        put_in_place(&unfinished, to)?;
        let size = std::fs::metadata(to).map_err(|e| Error::io(to, &e))?.len();
        Ok(Copied { size, ..copied })
    }

    /// Makes a database of a backup, at a place that must be free. The backup is verified before; it stays as it is.
    pub fn restore(backup: &Path, key: Option<&Key>, to: &Path) -> Result<Copied> {
        refuse_existing(to)?;
        check_header(backup, key)?;
        let options = Options::default();
        let unfinished = beside(to, ".part");
        remove_all(&unfinished)?;
        let rows = opened(backup, key, options, |connection| {
            schema::check(connection, backup)?;
            copy(connection, &unfinished, (key, options), &|_, _| true)
        })?;
        // The copy is what will be used, so it is what is verified.
        let copied = opened(&unfinished, key, options, |connection| {
            schema::migrate(connection)?;
            let found = verify(&Reading::new(connection));
            match found.findings.into_iter().next() {
                Some(Finding { check, place, what }) => {
                    Err(Error::Damaged(format!("the backup, {check}: {place} {what}")))
                }
                None => counted(connection),
            }
        })?;
        if copied.rows != rows {
            return Err(Error::Damaged("the copy does not hold what was copied".to_owned()));
        }
        put_in_place(&unfinished, to)?;
        let size = std::fs::metadata(to).map_err(|e| Error::io(to, &e))?.len();
        Ok(Copied { size, ..copied })
    }
}

/// Opens a file for `work`, and closes it with its log emptied.
fn opened<T>(
    path: &Path,
    key: Option<&Key>,
    options: Options,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    let mut connection = connect(path, key, options, OpenFlags::empty()).map_err(|e| key_error(e, path, key))?;
    let done = work(&mut connection)?;
    checkpoint(&connection)?;
    Ok(done)
}

/// Told pages done and pages in all; whether to go on.
pub type GoOn<'a> = dyn Fn(u64, u64) -> bool + 'a;

/// Copies all pages within one read transaction: a moment of the source, whatever is written meanwhile.
fn copy(
    from: &Connection,
    to: &Path,
    (key, options): (Option<&Key>, Options),
    go_on: &GoOn<'_>,
) -> Result<Vec<(String, u64)>> {
    let rows = counts(from)?;
    let mut copy = connect(to, key, options, OpenFlags::SQLITE_OPEN_CREATE)?;
    // The whole copy would go through the log first.
    copy.execute_batch("PRAGMA journal_mode = DELETE")?;
    let backup = Backup::new(from, &mut copy)?;
    loop {
        match backup.step(PAGES_A_STEP)? {
            StepResult::Done => return Ok(rows),
            StepResult::More => {
                let Progress { remaining, pagecount } = backup.progress();
                let (left, all) = (u64::try_from(remaining).unwrap_or(0), u64::try_from(pagecount).unwrap_or(0));
                if !go_on(all.saturating_sub(left), all) {
                    return Err(Error::Cancelled);
                }
            }
            _ => return Err(Error::Locked),
        }
    }
}

fn counts(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let count = |table: &&str| {
        let rows = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        Ok(((*table).to_owned(), rows))
    };
    COUNTED.iter().map(count).collect()
}

fn counted(connection: &Connection) -> Result<Copied> {
    Ok(Copied { rows: counts(connection)?, audit_head: Reading::new(connection).audit_head()?, size: 0 })
}
