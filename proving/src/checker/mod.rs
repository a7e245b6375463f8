//! Compares every row of the hub with every row of the stations, past both programs: plain SQL on both sides.
//!
//! What a station has and the hub has not is lost; what the hub has once more, or of nobody, is doubled; what both have
//! and differs is wrong.

mod rows;
mod tables;

use crate::station::StationInHand;
use rows::{Row, differs};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};
use tables::{TABLES, Table};
use uuid::Uuid;
use wellread_testdb::Database;

/// Runs compared at once, so that the memory holds them.
const TOGETHER: usize = 250;
/// Examples kept for people.
const MOST_EXAMPLES: usize = 12;

/// What came of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Rows compared.
    pub rows: u64,
    /// Rows of stations that the hub has not.
    pub lost: u64,
    /// Rows that the hub has twice, or that no station has.
    pub doubled: u64,
    /// Rows that differ.
    pub wrong: u64,
    /// Some of them, in words.
    pub examples: Vec<String>,
}

impl Found {
    /// Whether nothing was found.
    pub const fn is_sound(&self) -> bool {
        self.lost + self.doubled + self.wrong == 0
    }

    /// Adds what another comparison has found.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.wrong += other.wrong;
        self.examples.extend(other.examples);
        self.examples.truncate(MOST_EXAMPLES);
    }

    fn note(&mut self, example: String) {
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(example);
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, {} lost, {} doubled, {} wrong", self.rows, self.lost, self.doubled, self.wrong)?;
        self.examples.iter().try_for_each(|example| write!(f, "\n    {example}"))
    }
}

/// Compares.
#[derive(Debug, Default)]
pub struct Checker {
    databases: Vec<(Uuid, PathBuf)>,
    skipped: BTreeSet<&'static str>,
    objects: Option<PathBuf>,
}

impl Checker {
    /// One that compares these stations with the hub, and the hub's contents with their hashes in this folder.
    pub fn of(stations: &[&StationInHand], objects: Option<&Path>) -> Self {
        let databases = stations.iter().map(|station| (station.id(), station.database())).collect();
        Self { databases, objects: objects.map(Path::to_owned), ..Self::default() }
    }

    /// This table is not compared.
    #[must_use]
    pub fn without(mut self, table: &'static str) -> Self {
        self.skipped.insert(table);
        self
    }

    /// Compares everything.
    pub fn compare(&self, database: &Database) -> anyhow::Result<Found> {
        let mut found = Found::default();
        let ids: Vec<Uuid> = self.databases.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>().into_iter().collect();
        let files = self.databases.iter().map(|(_, path)| rows::open(path)).collect::<anyhow::Result<Vec<_>>>()?;
        let mut hub = rows::HubRows::connect(&database.superuser_url(), ids)?;
        for table in TABLES.iter().filter(|table| !self.skipped.contains(table.name)) {
            for (low, high) in ranges(table, &files, &mut hub)? {
                let mut told = BTreeMap::new();
                for file in &files {
                    merge(&mut told, rows::of_station(file, table.station, low, high)?);
                }
                let had = hub.of(table.hub, table.is_chunked.then_some((low, high)))?;
                Self::compare_rows(table, &told, had, &mut found);
            }
        }
        if let Some(objects) = self.objects.as_deref().filter(|_| !self.skipped.contains("blob")) {
            compare_contents(objects, &hub.contents()?, &mut found);
        }
        Ok(found)
    }

    fn compare_rows(table: &Table, told: &BTreeMap<String, Vec<Row>>, had: Vec<Row>, found: &mut Found) {
        let mut at_hub: BTreeMap<String, Row> = BTreeMap::new();
        for row in had {
            found.rows += 1;
            if !told.contains_key(&row.key) {
                found.doubled += 1;
                found.note(format!("{} {}: no station has it", table.name, row.key));
            } else if let Some(other) = at_hub.insert(row.key.clone(), row) {
                found.doubled += 1;
                found.note(format!("{} {}: the hub has it twice", table.name, other.key));
            }
        }
        for (key, candidates) in told {
            let Some(row) = at_hub.get(key) else {
                found.lost += 1;
                found.note(format!("{} {key}: the hub has not got it", table.name));
                continue;
            };
            let differences: Vec<_> = candidates.iter().map(|told| differs(told, row, table.tolerance)).collect();
            if let Some(Some(difference)) = differences.iter().find(|_| differences.iter().all(Option::is_some)) {
                found.wrong += 1;
                found.note(format!("{} {key}: {difference}", table.name));
            }
        }
    }
}

/// Rows by key. Two disks of one station may both have a row, and each may be the one that told of it last.
fn merge(told: &mut BTreeMap<String, Vec<Row>>, rows: Vec<Row>) {
    for row in rows {
        told.entry(row.key.clone()).or_default().push(row);
    }
}

/// The parts in which a table is compared: by runs, where it may be too large for one.
fn ranges(table: &Table, files: &[rusqlite::Connection], hub: &mut rows::HubRows) -> anyhow::Result<Vec<(Uuid, Uuid)>> {
    let whole = || vec![(Uuid::nil(), Uuid::max())];
    if !table.is_chunked {
        return Ok(whole());
    }
    let mut runs: BTreeSet<Uuid> = hub.run_ids()?.into_iter().collect();
    for file in files {
        runs.extend(rows::run_ids(file)?);
    }
    let firsts: Vec<Uuid> = runs.into_iter().step_by(TOGETHER).collect();
    // The first part takes what comes before it, the last what comes after.
    let lows = std::iter::once(Uuid::nil()).chain(firsts.iter().skip(1).copied());
    let highs = firsts.iter().skip(1).copied().chain(std::iter::once(Uuid::max()));
    let parts: Vec<_> = lows.zip(highs).collect();
    Ok(if firsts.is_empty() { whole() } else { parts })
}

/// Whether the bytes in the object store are those that their rows name.
fn compare_contents(objects: &Path, contents: &[(String, String)], found: &mut Found) {
    for (sha256, key) in contents {
        found.rows += 1;
        match std::fs::read(objects.join(key)) {
            Err(why) => {
                found.lost += 1;
                found.note(format!("content {sha256}: {why}"));
            }
            Ok(bytes) if wellread_wire::chain::Sha256::of(&bytes).to_string() != *sha256 => {
                found.wrong += 1;
                found.note(format!("content {sha256}: {} bytes with another hash", bytes.len()));
            }
            Ok(_) => {}
        }
    }
}
