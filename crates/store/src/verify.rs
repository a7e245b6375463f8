//! Whether the database is what the program wrote: pages, schema, chains, seals, and everything derived.

use crate::{
    Database, Reading, Result,
    audit::{self, Link},
    derived,
    digest::Sha256,
    ids::RunId,
    outbox, schema,
    seal::{self, Sealed},
    signature,
    words::words,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use std::sync::{Arc, atomic::AtomicBool};

words! {
    /// What was checked.
    pub enum Check("check") {
        /// SQLite's own check of pages and indexes.
        Integrity = "integrity",
        /// Rows that refer to rows that are not there.
        ForeignKeys = "foreign-keys",
        /// Tables, triggers and views.
        Schema = "schema",
        /// The audit trail's chain.
        AuditChain = "audit-chain",
        /// The outbox's chain.
        OutboxChain = "outbox-chain",
        /// Rows against their seals in the audit trail.
        Seals = "seals",
        /// What runs hold against the hash made when they were completed.
        RunContent = "run-content",
        /// What signatures cover.
        Signatures = "signatures",
        /// Runs' states against runs, events and signatures.
        RunState = "run-state",
        /// Samples' summaries against their runs.
        SampleSummary = "sample-summary",
        /// What lists are found and counted by against runs and samples.
        SearchIndex = "search-index",
    }
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// Where: a table and the row's id.
    pub place: String,
    /// What is wrong, in words.
    pub what: String,
}

/// What a verification found, the first thing first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Verification {
    /// What is wrong; nothing in a sound database.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
    /// Runs looked at.
    pub runs: u64,
    /// Entries of the audit trail looked at.
    pub audit_entries: u64,
    /// Records of the outbox looked at.
    pub outbox_records: u64,
    /// The last entry of the audit trail, to compare with a printed report or the hub.
    pub audit_head: Option<audit::Head>,
}

/// A thousand findings tell no more than a damaged database; memory stays bounded.
const MOST_FINDINGS: usize = 1000;

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    pub(crate) fn found(&mut self, check: Check, place: impl Into<String>, what: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { check, place: place.into(), what: what.into() });
        } else {
            self.more += 1;
        }
    }

    /// Notes what kept a check from ending; the others still run.
    fn run(&mut self, check: Check, work: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(error) = work(self) {
            self.found(check, "database", error.to_string());
        }
    }
}

impl Database {
    /// Checks everything that the database can know about itself. Blobs are files, so the caller checks them.
    pub fn verify(&self) -> Result<Verification> {
        self.verify_until(&Arc::default())
    }

    /// The same, ended with [`Error::Cancelled`] soon after `stop` is set.
    pub fn verify_until(&self, stop: &Arc<AtomicBool>) -> Result<Verification> {
        // What was cut short would look like damage.
        self.read_until(stop, verify)
    }
}

pub(crate) fn verify(reading: &Reading<'_>) -> Verification {
    let connection = reading.connection();
    let mut all = Verification::default();
    all.run(Check::Integrity, |all| integrity(connection, all));
    all.run(Check::ForeignKeys, |all| foreign_keys(connection, all));
    all.run(Check::Schema, |all| same_schema(connection, all));
    all.run(Check::AuditChain, |all| audit_chain(reading, all));
    all.run(Check::OutboxChain, |all| outbox_chain(reading, all));
    all.run(Check::Seals, |all| seals(connection, all));
    all.run(Check::RunContent, |all| runs(reading, all));
    all.run(Check::Signatures, |all| signatures(connection, all));
    all.run(Check::SampleSummary, |all| derived::check_summaries(reading, all));
    all.run(Check::SearchIndex, |all| derived::check_lists(reading, all));
    all.audit_head = reading.audit_head().unwrap_or_default();
    all
}

fn integrity(connection: &Connection, all: &mut Verification) -> Result<()> {
    // A connection that has searched before keeps the index's outline, and only a new search has it look whether that
    // still holds. The check itself does not, and would miss pages that were merged away since.
    for index in ["run_search", "sample_search"] {
        let search = format!("SELECT rowid FROM {index} WHERE {index} MATCH 'a' LIMIT 1");
        connection.query_row(&search, [], |_| Ok(())).optional()?;
    }
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            all.found(Check::Integrity, "database", line);
        }
    }
    Ok(())
}

fn foreign_keys(connection: &Connection, all: &mut Verification) -> Result<()> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (table, rowid, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let place = format!("{table} row {}", rowid.map_or_else(|| "?".to_owned(), |id| id.to_string()));
        all.found(Check::ForeignKeys, place, format!("refers to a row of {parent} that is not there"));
    }
    Ok(())
}

fn same_schema(connection: &Connection, all: &mut Verification) -> Result<()> {
    let (found, expected) = (schema::objects(connection)?, schema::expected_objects()?);
    for (name, _) in expected.iter().filter(|object| !found.contains(object)) {
        all.found(Check::Schema, name, "is missing or was changed: restore the last backup");
    }
    for (name, _) in found.iter().filter(|(name, _)| !expected.iter().any(|(known, _)| known == name)) {
        all.found(Check::Schema, name, "is not of this program");
    }
    Ok(())
}

/// The highest number a table ever gave: rows cut off at the end leave it behind.
fn last_given(connection: &Connection, table: &str) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?;
    Ok(statement.query_row(params![table], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn audit_chain(reading: &Reading<'_>, all: &mut Verification) -> Result<()> {
    let mut previous = audit::genesis(reading.station()?.id);
    let mut last = 0;
    let mut statement = reading.connection().prepare(Link::SELECT)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let link = Link::from_row(row)?;
        all.audit_entries += 1;
        let place = format!("audit_logs {}", link.seq);
        if link.seq != last + 1 {
            all.found(Check::AuditChain, &place, format!("follows entry {last}: entries between are missing"));
        } else if link.prev_hash != previous.to_string() {
            all.found(Check::AuditChain, &place, "does not continue from the entry before it");
        }
        let computed = link.computed();
        if link.hash != computed.to_string() || link.id != crate::ids::minted(link.created_at, &computed) {
            all.found(Check::AuditChain, &place, format!("was changed ({} {})", link.resource, link.resource_id));
        }
        last = link.seq;
        // Going on from the hash as stored, one changed entry is one finding.
        previous = link.hash.parse().unwrap_or(computed);
    }
    let given = last_given(reading.connection(), "audit_logs")?;
    if given != last {
        all.found(Check::AuditChain, format!("audit_logs {given}"), format!("is missing: the trail ends at {last}"));
    }
    Ok(())
}

fn outbox_chain(reading: &Reading<'_>, all: &mut Verification) -> Result<()> {
    // What was pruned has left the hash that the rest builds on; that hash has its seal.
    let (mut last, mut previous) = match reading.outbox_mark()? {
        Some(mark) => (mark.seq, mark.hash),
        None => (0, outbox::genesis(reading.station()?.id)),
    };
    let before: i64 =
        reading
            .connection()
            .query_row("SELECT count(*) FROM outbox WHERE seq <= ?1", params![last], |row| row.get(0))?;
    if before > 0 {
        all.found(Check::OutboxChain, "outbox", format!("{before} records up to {last} are there, though pruned"));
    }
    loop {
        let records = reading.outbox_after(last, 500)?;
        if records.is_empty() {
            break;
        }
        for record in records {
            all.outbox_records += 1;
            let place = format!("outbox {}", record.seq);
            if record.seq != last + 1 {
                all.found(Check::OutboxChain, &place, format!("follows record {last}: records between are missing"));
            } else if record.computed(&previous) != record.hash {
                all.found(Check::OutboxChain, &place, "it or the record before it was changed");
            }
            (last, previous) = (record.seq, record.hash);
        }
    }
    let given = last_given(reading.connection(), "outbox")?;
    if given != last {
        all.found(Check::OutboxChain, format!("outbox {given}"), format!("is missing: the log ends at {last}"));
    }
    Ok(())
}

/// Every sealed row has an entry, every last entry its row, and both agree.
fn seals(connection: &Connection, all: &mut Verification) -> Result<()> {
    let mut last = connection.prepare(
        "SELECT seal FROM audit_logs WHERE resource = ?1 AND resource_id = ?2 AND seal IS NOT NULL
         ORDER BY seq DESC LIMIT 1",
    )?;
    for sealed in Sealed::ALL {
        let resource = sealed.resource();
        let mut rows = connection.prepare(sealed.ids())?;
        let mut ids = rows.query([])?;
        while let Some(row) = ids.next()? {
            let id: String = row.get(0)?;
            let written: Option<Sha256> = last.query_row(params![resource, id], |row| row.get(0)).optional()?;
            let place = format!("{resource} {id}");
            match written {
                None => all.found(
                    Check::Seals,
                    place,
                    "was not written by this program: the audit trail knows nothing of it",
                ),
                Some(written) if sealed.of(connection, &id)? != Some(written) => {
                    all.found(Check::Seals, place, "is not as the audit trail says it was left");
                }
                Some(_) => {}
            }
        }
        let mut entries = connection
            .prepare("SELECT DISTINCT resource_id FROM audit_logs WHERE resource = ?1 AND seal IS NOT NULL")?;
        let mut named = entries.query(params![resource])?;
        while let Some(row) = named.next()? {
            let id: String = row.get(0)?;
            if sealed.of(connection, &id)?.is_none() {
                all.found(Check::Seals, format!("{resource} {id}"), "is gone, but the audit trail knows of it");
            }
        }
    }
    Ok(())
}

fn runs(reading: &Reading<'_>, all: &mut Verification) -> Result<()> {
    let connection = reading.connection();
    let mut statement = connection.prepare("SELECT seq, id FROM prediction_run ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let (seq, id): (i64, RunId) = (row.get(0)?, row.get(1)?);
        all.runs += 1;
        let place = format!("prediction_run {id}");
        if seq != last + 1 {
            all.found(Check::RunContent, &place, format!("follows run number {last}: runs between are missing"));
        }
        last = seq;
        let run = match reading.run(id) {
            Ok(run) => run,
            Err(error) => {
                all.found(Check::RunContent, &place, error.to_string());
                continue;
            }
        };
        if let Some(sealed) = run.content_sha256
            && seal::run_content(connection, &id.to_string())? != sealed
        {
            all.found(Check::RunContent, &place, "what it holds was changed after it was completed");
        }
        match reading.state_follows(&run) {
            Ok(true) => {}
            Ok(false) => {
                all.found(Check::RunState, format!("run_state {id}"), "does not follow from the run and its events");
            }
            Err(error) => all.found(Check::RunState, format!("run_state {id}"), error.to_string()),
        }
    }
    let states: u64 = connection.query_row("SELECT count(*) FROM run_state", [], |row| row.get(0))?;
    if states != all.runs {
        all.found(Check::RunState, "run_state", format!("there are {states} states for {} runs", all.runs));
    }
    Ok(())
}

fn signatures(connection: &Connection, all: &mut Verification) -> Result<()> {
    let mut statement =
        connection.prepare("SELECT id, run_id, covers_seq, content_hash FROM signature ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, run, covers_seq, signed): (String, String, i64, Sha256) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        if signature::signed_content(connection, &run, covers_seq)? != signed {
            all.found(Check::Signatures, format!("signature {id}"), "what it covers is not what was signed");
        }
    }
    Ok(())
}
