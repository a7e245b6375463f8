//! Statements that filters make longer: texts of ours with numbered places, values always beside them.

use crate::db::{DbError, SqlType, Tx};
use std::fmt::Write as _;
use tokio_postgres::{
    Row,
    types::{FromSql, ToSql, Type},
};

/// A statement and its values.
#[derive(Debug, Default)]
pub struct Sql {
    text: String,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Sql {
    /// Begins with a text that has no places.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Adds a text; every `?` of it is the place of `value`.
    pub(crate) fn with<T>(mut self, text: &str, value: T) -> Self
    where
        T: SqlType + ToSql + Sync + Send + 'static,
    {
        self.values.push((Box::new(value), T::ONE));
        let place = format!("${}", self.values.len());
        self.text.push_str(&text.replace('?', &place));
        self
    }

    /// Adds a text, where there is a value for it.
    pub(crate) fn with_some<T>(self, text: &str, value: Option<T>) -> Self
    where
        T: SqlType + ToSql + Sync + Send + 'static,
    {
        match value {
            Some(value) => self.with(text, value),
            None => self,
        }
    }

    /// Adds a text that has no places.
    #[must_use]
    pub(crate) fn then(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds the order's end: how many rows.
    pub(crate) fn limit(mut self, rows: u32) -> Self {
        // A number of ours; as a value the planner would not know it.
        let _ = write!(self.text, " LIMIT {rows}");
        self
    }

    /// The rows.
    pub(crate) async fn query(&self, tx: &Tx) -> Result<Vec<Row>, DbError> {
        tx.query(&self.text, &self.params()).await
    }

    /// How `PostgreSQL` would find the rows, as JSON; for tests.
    pub async fn explain(&self, tx: &Tx) -> Result<serde_json::Value, DbError> {
        let text = format!("EXPLAIN (FORMAT JSON) {}", self.text);
        let row = tx.query_one(&text, &self.params()).await?;
        row.try_get(0).map_err(DbError::from)
    }

    fn params(&self) -> Vec<crate::db::Param<'_>> {
        self.values
            .iter()
            .map(|(value, of)| {
                let value: &(dyn ToSql + Sync) = value.as_ref();
                (value, of.clone())
            })
            .collect()
    }
}

/// A column of a row.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T, DbError> {
    row.try_get(column).map_err(DbError::from)
}

/// Where one of these columns begins with a text: as it was typed, in capitals, or in small letters.
///
/// Written as ranges in the order of bytes, because row-level security lets an index be used only for operators that
/// cannot give a row away: these are such, LIKE and the functions of full-text search are not.
pub(crate) fn begins(mut sql: Sql, columns: &[&str], text: &str) -> Sql {
    let typed = [text.to_owned(), text.to_uppercase(), text.to_lowercase()];
    let different: std::collections::BTreeSet<String> = typed.into();
    let mut join = " AND (";
    for column in columns {
        for begin in &different {
            // The highest code point: whatever begins so stands before it.
            let end = format!("{begin}\u{10FFFF}");
            sql =
                sql.with(&format!("{join}({column} ~>=~ ?"), begin.clone()).with(&format!(" AND {column} ~<~ ?)"), end);
            join = " OR ";
        }
    }
    sql.then(")")
}
