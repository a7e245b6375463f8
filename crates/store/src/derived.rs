//! What follows from other rows, checked against them and mended from them: runs' states and their tally, samples'
//! summaries, and the index of words. Nothing here touches what they follow from.

use crate::{
    Reading, Result, Writing,
    audit::NewAudit,
    ids::RunId,
    run::Run,
    verify::{Check, Verification},
};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;

/// Names of mended rows that the audit trail keeps; more would tell no more.
const MOST_NAMED: usize = 100;

/// What was derived anew because it did not follow from what it is derived from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// Runs' states.
    pub run_states: u64,
    /// Samples' summaries.
    pub sample_summaries: u64,
    /// Counts of runs that stand alike.
    pub tallies: u64,
    /// Runs and samples that could not be found by their words, or by what they are not.
    pub search_entries: u64,
    /// The first of them, by table and id.
    #[serde(skip)]
    named: Vec<String>,
}

impl Repaired {
    /// Whether everything was as it should be.
    pub const fn is_nothing(&self) -> bool {
        self.run_states == 0 && self.sample_summaries == 0 && self.tallies == 0 && self.search_entries == 0
    }

    fn name(&mut self, what: String) {
        if self.named.len() < MOST_NAMED {
            self.named.push(what);
        }
    }
}

impl Writing<'_> {
    /// Derives anew what does not follow from runs, events and signatures, and enters in the audit trail what it was.
    pub fn repair_derived(&self) -> Result<Repaired> {
        let mut repaired = Repaired::default();
        self.repair_states(&mut repaired)?;
        self.repair_tally(&mut repaired)?;
        self.repair_summaries(&mut repaired)?;
        self.repair_search(&mut repaired)?;
        let mut details = serde_json::to_value(&repaired)?;
        if let Some(details) = details.as_object_mut() {
            details.insert("first".to_owned(), json!(repaired.named));
        }
        let entry = NewAudit {
            action: "REPAIR",
            resource: "derived",
            resource_id: "1".to_owned(),
            details: Some(details),
            ..NewAudit::default()
        };
        self.audit(&entry)?;
        Ok(repaired)
    }

    /// The newest run first: whether a run is superseded follows from the states of later ones.
    fn repair_states(&self, repaired: &mut Repaired) -> Result<()> {
        let connection = self.connection();
        let stray =
            connection.execute("DELETE FROM run_state WHERE seq NOT IN (SELECT seq FROM prediction_run)", [])?;
        repaired.run_states += stray as u64;
        let mut statement = connection.prepare("SELECT id FROM prediction_run ORDER BY seq DESC")?;
        let ids: Vec<RunId> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for id in ids {
            let run = self.run(id)?;
            if self.state_follows(&run).unwrap_or(false) {
                continue;
            }
            let computed = self.computed_state(&run)?;
            self.execute("DELETE FROM run_state WHERE seq = ?1 OR run_id = ?2", params![run.seq, id])?;
            self.put_state(&run, &computed)?;
            if run.status.is_over() {
                self.tell_state(id, &computed)?;
            }
            repaired.run_states += 1;
            repaired.name(format!("run_state {id}"));
        }
        Ok(())
    }

    fn repair_tally(&self, repaired: &mut Repaired) -> Result<()> {
        repaired.tallies = wrong_tallies(self.connection())?;
        // Mending states has counted some of them, so they are counted again in any case.
        self.execute("DELETE FROM run_tally", [])?;
        self.execute(
            "INSERT INTO run_tally (status, disposition, needs_review, runs)
             SELECT status, disposition, needs_review, count(*) FROM run_state GROUP BY status, disposition, needs_review",
            [],
        )?;
        Ok(())
    }

    fn repair_summaries(&self, repaired: &mut Repaired) -> Result<()> {
        for sample in self.summarised()? {
            if self.summary_follows(&sample).unwrap_or(false) {
                continue;
            }
            self.summarise(&BTreeSet::from([sample.clone()]))?;
            repaired.sample_summaries += 1;
            repaired.name(format!("sample_summary {sample}"));
        }
        Ok(())
    }

    fn repair_search(&self, repaired: &mut Repaired) -> Result<()> {
        let mut wrong = 0;
        self.each_unfindable(|place, _| {
            wrong += 1;
            repaired.name(place);
        })?;
        repaired.search_entries = wrong;
        if wrong == 0 {
            return Ok(());
        }
        self.execute("INSERT INTO run_search (run_search) VALUES ('delete-all')", [])?;
        self.execute(
            "INSERT INTO run_search (rowid, sample_no, submission_no, plate_no, file_name, facets)
             SELECT seq, sample_no, submission_no, plate_no, file_name, facets FROM run_words",
            [],
        )?;
        self.execute("INSERT INTO sample_search (sample_search) VALUES ('delete-all')", [])?;
        self.execute(
            "INSERT INTO sample_search (rowid, sample_no, submission_no)
             SELECT m.last_run_seq, m.sample_no, coalesce((SELECT group_concat(DISTINCT s.submission_no)
               FROM run_state s WHERE s.sample_no = m.sample_no), '') FROM sample_summary m",
            [],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// Whether a run's state is what follows from the run, its events and signatures.
    pub(crate) fn state_follows(&self, run: &Run) -> Result<bool> {
        let mut columns = self.connection().prepare_cached(
            "SELECT 1 FROM run_state WHERE seq = ?1 AND run_id = ?2 AND assay_id = ?3 AND predict_at = ?4",
        )?;
        let placed = columns.query_row(params![run.seq, run.id, run.assay.id, run.predict_at.utc_ms], |_| Ok(()));
        let computed = self.computed_state(run)?;
        Ok(self.find_state(run.id)? == Some(computed) && placed.optional()?.is_some())
    }

    /// Whether a sample's summary is what follows from the states of its runs.
    pub(crate) fn summary_follows(&self, sample_no: &str) -> Result<bool> {
        Ok(self.sample(sample_no)? == self.computed_summary(sample_no)?)
    }

    /// Every sample that has a summary or should have one.
    pub(crate) fn summarised(&self) -> Result<Vec<String>> {
        let mut statement = self.connection().prepare(
            "SELECT sample_no FROM sample_summary
             UNION SELECT sample_no FROM run_state WHERE sample_no <> '' AND status = 'completed'",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Names each run and sample that the index of words does not find by all of its words, and what else it holds.
    fn each_unfindable(&self, mut named: impl FnMut(String, &'static str)) -> Result<()> {
        let connection = self.connection();
        let mut found = connection
            .prepare("SELECT count(*) FROM run_search WHERE run_search MATCH ?2 AND rowid BETWEEN ?1 AND ?1")?;
        let mut statement =
            connection.prepare("SELECT seq, sample_no, submission_no, plate_no, file_name, facets FROM run_words")?;
        let mut rows = statement.query([])?;
        let mut runs = 0;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let mut words = format!("facets : ^\"{}\"", row.get::<_, String>(5)?);
            for (column, at) in [("sample_no", 1), ("submission_no", 2), ("plate_no", 3), ("file_name", 4)] {
                words.push_str(
                    &all_of(column, &row.get::<_, String>(at)?).map_or_else(String::new, |w| format!(" AND {w}")),
                );
            }
            runs += 1;
            if found.query_row(params![seq, words], |row| row.get::<_, i64>(0))? != 1 {
                named(format!("run_search {seq}"), "does not find the run by what it is called and how it stands");
            }
        }
        let mut found = connection
            .prepare("SELECT count(*) FROM sample_search WHERE sample_search MATCH ?2 AND rowid BETWEEN ?1 AND ?1")?;
        let mut statement = connection.prepare("SELECT last_run_seq, sample_no FROM sample_summary")?;
        let mut rows = statement.query([])?;
        let mut samples = 0;
        while let Some(row) = rows.next()? {
            let (seq, sample): (i64, String) = (row.get(0)?, row.get(1)?);
            samples += 1;
            let Some(words) = all_of("sample_no", &sample) else { continue };
            if found.query_row(params![seq, words], |row| row.get::<_, i64>(0))? != 1 {
                named(format!("sample_search {sample}"), "does not find the sample by its number");
            }
        }
        for (table, expected) in [("run_search", runs), ("sample_search", samples)] {
            let held: i64 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
            if held != expected {
                named(table.to_owned(), "holds more or fewer entries than there are");
            }
        }
        Ok(())
    }
}

/// A query for the whole of a column; `None` for a text that may hold no word at all.
fn all_of(column: &str, text: &str) -> Option<String> {
    let has_word = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    has_word.then(|| format!("{column} : ^\"{}\"", text.replace('"', "\"\"").replace('\0', " ")))
}

/// How many kinds of runs are counted otherwise than they are.
fn wrong_tallies(connection: &Connection) -> Result<u64> {
    let wrong = connection.query_row(
        "WITH counted AS (
           SELECT status, disposition, needs_review, count(*) AS runs FROM run_state
           GROUP BY status, disposition, needs_review),
         kept AS (SELECT status, disposition, needs_review, runs FROM run_tally WHERE runs <> 0)
         SELECT count(*) FROM (
           SELECT status, disposition, needs_review FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)
           UNION SELECT status, disposition, needs_review FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted))",
        [],
        |row| row.get(0),
    )?;
    Ok(wrong)
}

/// Checks every sample's summary.
pub(crate) fn check_summaries(reading: &Reading<'_>, all: &mut Verification) -> Result<()> {
    for sample in reading.summarised()? {
        let place = format!("sample_summary {sample}");
        match reading.summary_follows(&sample) {
            Ok(true) => {}
            Ok(false) => all.found(Check::SampleSummary, place, "does not follow from the sample's runs"),
            Err(error) => all.found(Check::SampleSummary, place, error.to_string()),
        }
    }
    Ok(())
}

/// Checks what lists are found and counted by.
pub(crate) fn check_lists(reading: &Reading<'_>, all: &mut Verification) -> Result<()> {
    let wrong = wrong_tallies(reading.connection())?;
    if wrong > 0 {
        all.found(Check::SearchIndex, "run_tally", format!("{wrong} counts do not follow from the runs' states"));
    }
    reading.each_unfindable(|place, what| all.found(Check::SearchIndex, place, what))
}
