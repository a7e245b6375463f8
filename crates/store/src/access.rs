//! What a piece of work is given: the database at one moment, to read, or also to change.

use crate::{Error, Result, stamp::Stamp};
use rusqlite::Connection;
use std::ops::Deref;

/// One moment of the database. Each table's questions are methods of this type, written in the table's module.
#[derive(Debug)]
pub struct Reading<'t> {
    connection: &'t Connection,
}

/// An open transaction of one actor. Whatever can be read can be read here too, with what was just written.
#[derive(Debug)]
pub struct Writing<'t> {
    reading: Reading<'t>,
    stamp: &'t Stamp,
}

impl<'t> Reading<'t> {
    pub(crate) const fn new(connection: &'t Connection) -> Self {
        Self { connection }
    }

    pub(crate) const fn connection(&self) -> &'t Connection {
        self.connection
    }
}

impl<'t> Writing<'t> {
    pub(crate) const fn new(connection: &'t Connection, stamp: &'t Stamp) -> Self {
        Self { reading: Reading::new(connection), stamp }
    }

    /// Under whose name, and when, this is written.
    pub const fn stamp(&self) -> &Stamp {
        self.stamp
    }

    pub(crate) const fn utc_ms(&self) -> i64 {
        self.stamp.at.utc_ms
    }

    /// Does all of `work` under another stamp, or none of it, and goes on either way: one of several pieces of work in
    /// one transaction.
    pub fn attempt<T, E: From<Error>>(
        &self,
        stamp: &Stamp,
        work: impl FnOnce(&Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.connection();
        connection.execute_batch("SAVEPOINT attempt").map_err(Error::from)?;
        let done = work(&Writing::new(connection, stamp));
        let end = if done.is_ok() { "RELEASE attempt" } else { "ROLLBACK TO attempt; RELEASE attempt" };
        connection.execute_batch(end).map_err(Error::from)?;
        done
    }

    /// Runs one statement; the statement stays prepared for the next time.
    pub(crate) fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        Ok(self.connection().prepare_cached(sql)?.execute(values)?)
    }
}

impl<'t> Deref for Writing<'t> {
    type Target = Reading<'t>;

    fn deref(&self) -> &Reading<'t> {
        &self.reading
    }
}
