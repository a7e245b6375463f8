//! `sample_summary`: what a sample's plates say together. Always derived; nobody writes it.
//!
//! The latest accepted run of each plate number counts, so that a plate scanned again replaces itself.

use crate::{
    Error, Listed, Page, Reading, Result, TitreScale, Writing, ids::RunId, search::prefix_query, state::Disposition,
};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wellread_plate::summary::Distribution;

/// What a sample's plates say together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SampleSummary {
    /// The sample.
    pub sample_no: String,
    /// End points of the runs that count.
    pub distribution: Distribution,
    /// Statistics of their titres; null where there are none, or scales differ.
    pub statistics: Value,
    /// Completed runs.
    pub total_runs: u64,
    /// Runs that count.
    pub counted_runs: u64,
    /// When the last one was read, in milliseconds since 1970.
    pub last_run_at_ms: Option<i64>,
    /// The last one.
    pub last_run: Option<RunId>,
    /// Its place in the station's order.
    pub last_run_seq: i64,
}

/// A completed run of a sample, as far as the summary is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) seq: i64,
    pub(crate) plate_no: String,
    pub(crate) disposition: Disposition,
}

/// The runs that count: the latest accepted one of each plate number. `members` come in the station's order.
pub(crate) fn counted(members: &[Member]) -> BTreeSet<i64> {
    let accepted = members.iter().filter(|member| member.disposition == Disposition::Accepted);
    let latest: BTreeMap<&str, i64> = accepted.map(|member| (member.plate_no.as_str(), member.seq)).collect();
    latest.into_values().collect()
}

impl Writing<'_> {
    /// Brings the summaries of these samples up to date.
    pub(crate) fn summarise(&self, samples: &BTreeSet<String>) -> Result<()> {
        // All old entries go first: two samples may have swapped their last runs.
        let samples: Vec<&String> = samples.iter().filter(|sample| !sample.is_empty()).collect();
        for sample in &samples {
            self.execute(
                "DELETE FROM sample_search WHERE rowid = (SELECT last_run_seq FROM sample_summary WHERE sample_no = ?1)",
                params![sample],
            )?;
        }
        for sample in samples {
            match self.computed_summary(sample)? {
                Some(summary) => self.put_summary(&summary)?,
                None => {
                    self.execute("DELETE FROM sample_summary WHERE sample_no = ?1", params![sample])?;
                }
            }
        }
        Ok(())
    }

    fn put_summary(&self, summary: &SampleSummary) -> Result<()> {
        self.execute(
            "INSERT INTO sample_summary (sample_no, summary, total_runs, last_run_at, last_run_id, created_at,
               updated_at, last_run_seq, counted_runs) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)
             ON CONFLICT (sample_no) DO UPDATE SET summary = ?2, total_runs = ?3, last_run_at = ?4, last_run_id = ?5,
               updated_at = ?6, last_run_seq = ?7, counted_runs = ?8",
            params![
                summary.sample_no,
                summary.json().to_string(),
                summary.total_runs,
                summary.last_run_at_ms,
                summary.last_run,
                self.utc_ms(),
                summary.last_run_seq,
                summary.counted_runs
            ],
        )?;
        self.execute(
            "INSERT OR REPLACE INTO sample_search (rowid, sample_no, submission_no)
             SELECT ?2, ?1, coalesce(group_concat(DISTINCT submission_no), '') FROM run_state WHERE sample_no = ?1",
            params![summary.sample_no, summary.last_run_seq],
        )?;
        Ok(())
    }
}

impl SampleSummary {
    fn json(&self) -> Value {
        json!({ "distribution": self.distribution, "statistics": self.statistics })
    }
}

const SUMMARY: &str = "SELECT s.sample_no, s.summary, s.total_runs, s.counted_runs, s.last_run_at, s.last_run_id,
    s.last_run_seq FROM sample_summary s";

fn summary(row: &Row<'_>) -> Result<SampleSummary> {
    let mut stored: Value = serde_json::from_str(&row.get::<_, String>(1)?)?;
    let mut take = |key: &str| stored.get_mut(key).map(Value::take).unwrap_or_default();
    Ok(SampleSummary {
        sample_no: row.get(0)?,
        distribution: serde_json::from_value(take("distribution"))?,
        statistics: take("statistics"),
        total_runs: row.get(2)?,
        counted_runs: row.get(3)?,
        last_run_at_ms: row.get(4)?,
        last_run: row.get(5)?,
        last_run_seq: row.get(6)?,
    })
}

impl Reading<'_> {
    /// A sample.
    pub fn sample(&self, sample_no: &str) -> Result<Option<SampleSummary>> {
        let mut statement = self.connection().prepare_cached(&format!("{SUMMARY} WHERE s.sample_no = ?1"))?;
        let mut rows = statement.query(params![sample_no])?;
        rows.next()?.map(summary).transpose()
    }

    /// Samples, the one with the newest run first. `text` finds by the beginnings of words of sample and submission
    /// numbers.
    pub fn samples(&self, text: Option<&str>, page: Page) -> Result<Listed<SampleSummary>> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let sql = match text {
            None => format!("{SUMMARY} WHERE s.last_run_seq < ?1 AND ?3 IS NULL ORDER BY s.last_run_seq DESC LIMIT ?2"),
            // The index holds them under their newest run, so it finds them in the order of the list.
            Some(_) => format!(
                "{SUMMARY} JOIN (SELECT rowid AS found FROM sample_search WHERE sample_search MATCH ?3 AND rowid < ?1
                   ORDER BY rowid DESC LIMIT ?2) ON s.last_run_seq = found ORDER BY s.last_run_seq DESC"
            ),
        };
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params![page.before(), page.rows(), text.map(prefix_query)])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            samples.push(summary(row)?);
        }
        Ok(Listed::new(samples, page, |sample| sample.last_run_seq))
    }

    /// The runs that count for a sample, oldest first: what its interface file is made from.
    pub fn counted_runs(&self, sample_no: &str) -> Result<Vec<RunId>> {
        let mut statement = self.connection().prepare_cached("SELECT run_id FROM run_state WHERE seq = ?1")?;
        let counted = counted(&self.members(sample_no)?);
        counted.into_iter().map(|seq| Ok(statement.query_row(params![seq], |row| row.get(0))?)).collect()
    }

    fn members(&self, sample_no: &str) -> Result<Vec<Member>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT seq, plate_no, disposition FROM run_state WHERE sample_no = ?1 AND status = 'completed' ORDER BY seq",
        )?;
        let rows = statement.query_map(params![sample_no], |row| {
            Ok(Member { seq: row.get(0)?, plate_no: row.get(1)?, disposition: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// A sample's summary, worked out anew from its runs' states; `None` when it has no completed run.
    pub(crate) fn computed_summary(&self, sample_no: &str) -> Result<Option<SampleSummary>> {
        let members = self.members(sample_no)?;
        let Some(last) = members.last() else { return Ok(None) };
        let mut distribution = Distribution::default();
        let mut scales: Vec<Option<TitreScale>> = Vec::new();
        let counted = counted(&members);
        let mut statement = self.connection().prepare_cached(
            "SELECT s.distribution, r.titre_scale FROM run_state s JOIN prediction_run r ON r.seq = s.seq
             WHERE s.seq = ?1",
        )?;
        for seq in &counted {
            let (end_points, scale): (String, Option<String>) =
                statement.query_row(params![seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
            distribution.merge(&serde_json::from_str(&end_points)?);
            scales.push(scale.map(|text| serde_json::from_str(&text)).transpose()?);
        }
        let mut at = self.connection().prepare_cached("SELECT predict_at, run_id FROM run_state WHERE seq = ?1")?;
        let last_run: Option<(i64, RunId)> =
            at.query_row(params![last.seq], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (last_run_at_ms, last_run) = last_run.ok_or_else(|| Error::not_found("run", &last.seq))?;
        let one_scale = match scales.split_first() {
            Some((Some(first), others)) if others.iter().all(|scale| scale.as_ref() == Some(first)) => Some(*first),
            _ => None,
        };
        Ok(Some(SampleSummary {
            sample_no: sample_no.to_owned(),
            statistics: one_scale.map(|scale| json!(scale.summary(&distribution))).unwrap_or_default(),
            distribution,
            total_runs: members.len() as u64,
            counted_runs: counted.len() as u64,
            last_run_at_ms: Some(last_run_at_ms),
            last_run: Some(last_run),
            last_run_seq: last.seq,
        }))
    }
}
