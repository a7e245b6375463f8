//! Lists of runs: filters and full-text search, in keyset pages by the station's order.

use crate::{
    Listed, Page, Reading, Result, Sha256, Writing,
    ids::RunId,
    run::{Identity, Run, RunStatus},
    stamp::Now,
    state::{Disposition, Signed},
};
use rusqlite::{Row, params, types::Value};
use serde::{Deserialize, Serialize};

/// Which runs to list; `None` everywhere lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
pub struct RunFilter {
    /// Beginnings of words in sample, submission and plate number and file name.
    pub text: Option<String>,
    /// How far.
    pub status: Option<RunStatus>,
    /// What is to be done.
    pub disposition: Option<Disposition>,
    /// Of this sample.
    pub sample_no: Option<String>,
    /// Whether the program wanted a person to look.
    pub needs_review: Option<bool>,
    /// Under this assay.
    pub assay: Option<String>,
    /// Read at or after, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Read before, in milliseconds since 1970.
    pub to_ms: Option<i64>,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RunLine {
    /// Its place in the station's order.
    pub seq: i64,
    /// Its id.
    pub run_id: RunId,
    /// How far it is.
    pub status: RunStatus,
    /// What is to be done with it.
    pub disposition: Disposition,
    /// Whose plate it is.
    #[serde(flatten)]
    pub identity: Identity,
    /// Its assay.
    pub assay_id: String,
    /// When the picture was read.
    pub predict_at: Now,
    /// Whether the program wanted a person to look.
    pub needs_review: bool,
    /// Whether people disagree.
    pub conflict: bool,
    /// The furthest signature that holds.
    pub signed: Signed,
    /// Its newest event; 0 for none.
    pub last_event_seq: i64,
    /// End points, as JSON.
    pub distribution: String,
    /// The picture.
    pub image_sha256: Sha256,
    /// The picture's name in the inbox.
    pub file_name: Option<String>,
    /// Why it failed.
    pub error_msg: Option<String>,
}

/// What was typed as a query: every word's beginning must occur. Quoted, so that nothing in it is an operator.
pub(crate) fn prefix_query(text: &str) -> String {
    let words = text.split_whitespace().take(8);
    let quoted = words.map(|word| format!("\"{}\"*", word.chars().take(64).collect::<String>().replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// The WHERE clause of a filter. Only the condition that narrows most may choose an index: without statistics SQLite
/// would take `status = 'completed'` for as good as `sample_no = 'S-1'`, so the others are hidden behind a `+`.
struct Clause {
    sql: String,
    values: Vec<Value>,
    driven: bool,
}

impl Clause {
    fn and(&mut self, column: &str, operator: &str, value: impl Into<Value>, narrows: bool) {
        self.values.push(value.into());
        let hide = if narrows && !self.driven { "" } else { "+" };
        self.driven |= narrows;
        let place = self.values.len();
        self.sql.extend([" AND ", hide, "s.", column, " ", operator, " ?", &place.to_string()]);
    }
}

impl RunFilter {
    fn clause(&self, page: Page) -> Clause {
        let text = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let mut clause = Clause { sql: String::new(), values: vec![page.before().into()], driven: text.is_some() };
        match text {
            Some(text) => {
                clause.values.push(prefix_query(text).into());
                clause.sql.push_str(
                    " FROM run_search CROSS JOIN run_state s ON s.seq = run_search.rowid
                      WHERE run_search MATCH ?2 AND run_search.rowid < ?1",
                );
            }
            None => clause.sql.push_str(" FROM run_state s WHERE s.seq < ?1"),
        }
        if let Some(sample_no) = &self.sample_no {
            clause.and("sample_no", "=", sample_no.clone(), true);
        }
        if let Some(disposition) = self.disposition {
            clause.and("disposition", "=", disposition.as_str().to_owned(), disposition != Disposition::Accepted);
        }
        if let Some(status) = self.status {
            clause.and("status", "=", status.as_str().to_owned(), status != RunStatus::Completed);
        }
        if let Some(needs_review) = self.needs_review {
            clause.and("needs_review", "=", i64::from(needs_review), false);
        }
        if let Some(assay) = &self.assay {
            clause.and("assay_id", "=", assay.clone(), false);
        }
        if let Some(from_ms) = self.from_ms {
            clause.and("predict_at", ">=", from_ms, false);
        }
        if let Some(to_ms) = self.to_ms {
            clause.and("predict_at", "<", to_ms, false);
        }
        let order = if text.is_some() { "run_search.rowid" } else { "s.seq" };
        clause.values.push(page.rows().into());
        let place = clause.values.len();
        clause.sql.extend([" ORDER BY ", order, " DESC LIMIT ?", &place.to_string()]);
        clause
    }
}

fn line(row: &Row<'_>) -> rusqlite::Result<RunLine> {
    Ok(RunLine {
        seq: row.get(0)?,
        run_id: row.get(1)?,
        status: row.get(2)?,
        disposition: row.get(3)?,
        identity: Identity { sample_no: row.get(4)?, submission_no: row.get(5)?, plate_no: row.get(6)? },
        assay_id: row.get(7)?,
        needs_review: row.get(8)?,
        conflict: row.get(9)?,
        signed: row.get(10)?,
        last_event_seq: row.get(11)?,
        distribution: row.get(12)?,
        predict_at: Now { utc_ms: row.get(13)?, offset_min: row.get(14)? },
        image_sha256: row.get(15)?,
        error_msg: row.get(16)?,
        file_name: row.get(17)?,
    })
}

impl Writing<'_> {
    /// Makes a run findable by what it is called.
    pub(crate) fn index_run(&self, run: &Run, identity: &Identity) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO run_search (rowid, sample_no, submission_no, plate_no, file_name)
             VALUES (?1, ?2, ?3, ?4, coalesce(
               (SELECT file_name FROM image_file WHERE run_id = ?5 AND file_type = 'raw'),
               (SELECT path_text FROM intake_file WHERE id = ?6), ''))",
            params![run.seq, identity.sample_no, identity.submission_no, identity.plate_no, run.id, run.intake],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// Runs, newest first.
    pub fn runs(&self, filter: &RunFilter, page: Page) -> Result<Listed<RunLine>> {
        let Clause { sql, values, .. } = filter.clause(page);
        // The page is found in the narrow table alone; the wide ones are asked only for its rows.
        let mut statement = self.connection().prepare_cached(&format!(
            "SELECT s.seq, s.run_id, s.status, s.disposition, s.sample_no, s.submission_no, s.plate_no, s.assay_id,
               s.needs_review, s.conflict, s.signed, s.last_event_seq, s.distribution, r.predict_at, r.offset_min,
               r.image_sha256, r.error_msg, coalesce(
                 (SELECT file_name FROM image_file WHERE run_id = s.run_id AND file_type = 'raw'),
                 (SELECT path_text FROM intake_file WHERE id = r.intake_id))
             FROM (SELECT s.seq AS found{sql}) CROSS JOIN run_state s ON s.seq = found
             CROSS JOIN prediction_run r ON r.seq = found ORDER BY found DESC"
        ))?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), line)?;
        Ok(Listed::new(rows.collect::<rusqlite::Result<_>>()?, page, |line: &RunLine| line.seq))
    }

    /// How many runs are in each disposition.
    pub fn run_counts(&self) -> Result<Vec<(Disposition, u64)>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT disposition, count(*) FROM run_state GROUP BY disposition ORDER BY disposition")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::prefix_query;

    #[test]
    fn what_people_type_is_never_an_operator() {
        assert_eq!(prefix_query("S-1 NOT x"), r#""S-1"* "NOT"* "x"*"#, "words are words");
        assert_eq!(prefix_query(r#"a"b*"#), r#""a""b*"*"#, "quotes are doubled, and stars are inside them");
        assert_eq!(prefix_query("  "), "", "nothing is nothing");
    }
}
