//! Lists of runs: filters and full-text search, in keyset pages by the station's order or by sample numbers.

use crate::{
    Error, Listed, Page, Reading, Result, Sha256, Writing,
    digest::hex,
    ids::RunId,
    run::{Identity, RunStatus},
    stamp::Now,
    state::{Disposition, Signed},
};
use rusqlite::{OptionalExtension as _, Row, params, types::Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In what order runs are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum RunOrder {
    /// The last one recorded first.
    #[default]
    Newest,
    /// The first one recorded first.
    Oldest,
    /// By sample and plate number.
    Sample,
}

/// Which runs to list, and in what order; `None` everywhere lists all.
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
    /// In what order.
    pub order: RunOrder,
}

/// How many runs stand alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How far they are.
    pub status: RunStatus,
    /// What is to be done with them.
    pub disposition: Disposition,
    /// Whether the program wanted a person to look.
    pub needs_review: bool,
    /// How many.
    pub runs: u64,
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

/// A character of private use, with which every facet begins and which no other word in the index holds.
const FACET: char = '\u{e000}';

/// What was typed as a query: every word's beginning must occur. Quoted, so that nothing in it is an operator.
pub(crate) fn prefix_query(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == FACET).filter(|word| !word.is_empty()).take(8);
    let quoted = words.map(|word| format!("\"{}\"*", word.chars().take(64).collect::<String>().replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(" ")
}

/// The places in the station's order, both included, that a page can hold.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: i64,
    last: i64,
}

/// Statement and values that find the places of a page.
#[derive(Default)]
struct Question {
    sql: String,
    values: Vec<Value>,
}

impl Question {
    /// Appends a condition or another part whose one `?` stands for the value.
    fn with(&mut self, part: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("?{}", self.values.len());
        self.sql.push_str(&part.replace('?', &place));
    }
}

impl RunFilter {
    /// The full-text query that finds exactly the runs with these words and facets, dates aside; `None` for all runs.
    /// The facets are written as the view `run_words` writes them.
    fn matching(&self) -> Option<String> {
        let words = self.text.as_deref().map(prefix_query).filter(|words| !words.is_empty());
        let mut parts: Vec<String> = words.map(|words| format!("({words})")).into_iter().collect();
        let mut facet = |kind: &str, value: &str| parts.push(format!("\"{FACET}{kind}{value}\""));
        if let Some(sample_no) = &self.sample_no {
            facet("sm", &hex(sample_no.as_bytes()));
        }
        if let Some(disposition) = self.disposition {
            facet("dp", &disposition.as_str().replace('-', ""));
        }
        if let Some(status) = self.status {
            facet("st", status.as_str());
        }
        if let Some(needs_review) = self.needs_review {
            facet("nr", if needs_review { "1" } else { "0" });
        }
        if let Some(assay) = &self.assay {
            facet("as", &hex(assay.as_bytes()));
        }
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    const fn has_dates(&self) -> bool {
        self.from_ms.is_some() || self.to_ms.is_some()
    }

    fn add_dates(&self, question: &mut Question) {
        if let Some(from_ms) = self.from_ms {
            question.with(" AND +s.predict_at >= ?", from_ms);
        }
        if let Some(to_ms) = self.to_ms {
            question.with(" AND +s.predict_at < ?", to_ms);
        }
    }

    /// Finds a page in the station's order: in the index of words where anything but dates is asked for, because it
    /// skips what one of the facets does not have; else by the places alone.
    fn by_place(&self, page: Page, span: Span) -> Question {
        let mut question = Question::default();
        let place = if let Some(matching) = self.matching() {
            let state = if self.has_dates() { "CROSS JOIN run_state s ON s.seq = run_search.rowid " } else { "" };
            question.sql = format!("SELECT run_search.rowid AS found FROM run_search {state}");
            question.with("WHERE run_search MATCH ?", matching);
            "run_search.rowid"
        } else {
            question.sql.push_str("SELECT s.seq AS found FROM run_state s WHERE TRUE");
            "s.seq"
        };
        let (mut span, mut direction) = (span, "DESC");
        match (self.order, page.after) {
            (RunOrder::Oldest, after) => {
                direction = "ASC";
                span.first = span.first.max(after.map_or(i64::MIN, |after| after.saturating_add(1)));
            }
            (_, Some(after)) => span.last = span.last.min(after.saturating_sub(1)),
            (_, None) => {}
        }
        question.with(&format!(" AND {place} >= ?"), span.first);
        question.with(&format!(" AND {place} <= ?"), span.last);
        self.add_dates(&mut question);
        question.with(&format!(" ORDER BY {place} {direction} LIMIT ?"), page.rows());
        question
    }

    /// Finds a page in the order of sample numbers, after the place of the run that ended the page before.
    fn by_sample(&self, page: Page, span: Span, after: &(String, String, i64)) -> Question {
        let sql = "SELECT s.seq AS found FROM run_state s INDEXED BY idx_run_state_sample WHERE TRUE".to_owned();
        let mut question = Question { sql, values: Vec::new() };
        let (sample_no, plate_no, seq) = after;
        question.with(" AND (s.sample_no, s.plate_no, s.seq) > (?,", sample_no.clone());
        question.with(" ?,", plate_no.clone());
        question.with(" ?)", *seq);
        if let Some(sample_no) = &self.sample_no {
            question.with(" AND s.sample_no = ?", sample_no.clone());
        }
        question.with(" AND +s.seq >= ?", span.first);
        question.with(" AND +s.seq <= ?", span.last);
        if let Some(matching) = self.matching() {
            question.with(" AND +s.seq IN (SELECT rowid FROM run_search WHERE run_search MATCH ?)", matching);
        }
        self.add_dates(&mut question);
        question.with(" ORDER BY s.sample_no, s.plate_no, s.seq LIMIT ?", page.rows());
        question
    }
}

impl RunOrder {
    /// The order of a page's rows, once they are found.
    const fn of_page(self) -> &'static str {
        match self {
            Self::Newest => "s.seq DESC",
            Self::Oldest => "s.seq",
            Self::Sample => "s.sample_no, s.plate_no, s.seq",
        }
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
    /// Makes a run findable by what it is called and how it stands, as `run_state` says.
    pub(crate) fn index_run(&self, seq: i64) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO run_search (rowid, sample_no, submission_no, plate_no, file_name, facets)
             SELECT seq, sample_no, submission_no, plate_no, file_name, facets FROM run_words WHERE seq = ?1",
            params![seq],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// Runs, in the order that the filter asks for.
    pub fn runs(&self, filter: &RunFilter, page: Page) -> Result<Listed<RunLine>> {
        let Some(span) = self.span(filter)? else {
            return Ok(Listed::new(Vec::new(), page, |line: &RunLine| line.seq));
        };
        let Question { sql, values } = match filter.order {
            RunOrder::Newest | RunOrder::Oldest => filter.by_place(page, span),
            RunOrder::Sample => filter.by_sample(page, span, &self.sample_place(page)?),
        };
        // The page is found in narrow tables alone; the wide ones are asked only for its rows.
        let mut statement = self.connection().prepare_cached(&format!(
            "SELECT s.seq, s.run_id, s.status, s.disposition, s.sample_no, s.submission_no, s.plate_no, s.assay_id,
               s.needs_review, s.conflict, s.signed, s.last_event_seq, s.distribution, r.predict_at, r.offset_min,
               r.image_sha256, r.error_msg, coalesce(
                 (SELECT file_name FROM image_file WHERE run_id = s.run_id AND file_type = 'raw'),
                 (SELECT path_text FROM intake_file WHERE id = r.intake_id))
             FROM ({sql}) CROSS JOIN run_state s ON s.seq = found
             CROSS JOIN prediction_run r ON r.seq = found ORDER BY {}",
            filter.order.of_page()
        ))?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), line)?;
        Ok(Listed::new(rows.collect::<rusqlite::Result<_>>()?, page, |line: &RunLine| line.seq))
    }

    /// Where in the station's order the filter's dates lie; `None` where no run is of that time. A clock that was
    /// wrong makes it longer, never too short.
    fn span(&self, filter: &RunFilter) -> Result<Option<Span>> {
        if !filter.has_dates() {
            return Ok(Some(Span { first: i64::MIN, last: i64::MAX }));
        }
        let mut statement = self
            .connection()
            .prepare_cached("SELECT min(seq), max(seq) FROM run_state WHERE predict_at >= ?1 AND predict_at < ?2")?;
        let dates = params![filter.from_ms.unwrap_or(i64::MIN), filter.to_ms.unwrap_or(i64::MAX)];
        let (first, last): (Option<i64>, Option<i64>) =
            statement.query_row(dates, |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first.zip(last).map(|(first, last)| Span { first, last }))
    }

    /// After which run a page begins that comes by sample numbers.
    fn sample_place(&self, page: Page) -> Result<(String, String, i64)> {
        let Some(after) = page.after else { return Ok((String::new(), String::new(), i64::MIN)) };
        let mut statement =
            self.connection().prepare_cached("SELECT sample_no, plate_no, seq FROM run_state WHERE seq = ?1")?;
        let place = statement.query_row(params![after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        place.optional()?.ok_or_else(|| Error::not_found("run", &after))
    }

    /// How many runs are in each disposition.
    pub fn run_counts(&self) -> Result<Vec<(Disposition, u64)>> {
        let mut counts: BTreeMap<&str, (Disposition, u64)> = BTreeMap::new();
        for tally in self.run_tallies()? {
            counts.entry(tally.disposition.as_str()).or_insert((tally.disposition, 0)).1 += tally.runs;
        }
        Ok(counts.into_values().collect())
    }

    /// How many runs there are of each kind that tabs tell apart. As cheap as a look at a dozen rows.
    pub fn run_tallies(&self) -> Result<Vec<Tally>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT status, disposition, needs_review, runs FROM run_tally WHERE runs > 0
             ORDER BY status, disposition, needs_review",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Tally { status: row.get(0)?, disposition: row.get(1)?, needs_review: row.get(2)?, runs: row.get(3)? })
        })?;
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
