//! One table of a template, read key by key so that every fault can be named with its dotted path.

use super::TemplateError;
use toml::{Table, Value};

pub(super) struct Section<'a> {
    file: &'a str,
    path: String,
    table: Table,
    /// Keys asked for so far: what an unknown key could have meant.
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn root(file: &'a str, text: &str) -> Result<Self, TemplateError> {
        let table = text.parse::<Table>().map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            TemplateError::Syntax {
                file: file.to_owned(),
                line: text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1,
                problem: error.message().lines().collect::<Vec<_>>().join(", "),
            }
        })?;
        Ok(Self { file, path: String::new(), table, known: Vec::new() })
    }

    fn path(&self, key: &str) -> String {
        // A quoted key may hold anything, a line break too; an error stays one short line.
        let key: String = key.chars().take(60).flat_map(char::escape_debug).collect();
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn missing(&self, key: &str, wanted: &str) -> TemplateError {
        TemplateError::Missing { file: self.file.to_owned(), key: self.path(key), wanted: wanted.to_owned() }
    }

    pub(super) fn wrong(&self, key: &str, found: String, wanted: &str) -> TemplateError {
        TemplateError::Wrong { file: self.file.to_owned(), key: self.path(key), found, wanted: wanted.to_owned() }
    }

    /// A required value that `read` accepts.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, TemplateError> {
        self.optional(key, wanted, read)?.ok_or_else(|| self.missing(key, wanted))
    }

    /// A value that `read` accepts, or none.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, TemplateError> {
        self.known.push(key);
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| self.wrong(key, describe(&value), wanted))
    }

    /// A table inside this one, or none.
    pub(super) fn section(&mut self, key: &'static str) -> Result<Option<Self>, TemplateError> {
        let wanted = format!("it as a table, `[{}]`", self.path(key));
        let table = self.optional(key, &wanted, |value| value.as_table().cloned())?;
        Ok(table.map(|table| Self { file: self.file, path: self.path(key), table, known: Vec::new() }))
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self, of: &str) -> Result<(), TemplateError> {
        let Some(key) = self.table.keys().next() else { return Ok(()) };
        let known: Vec<String> = self.known.iter().map(|key| format!("`{key}`")).collect();
        Err(TemplateError::UnknownKey {
            file: self.file.to_owned(),
            key: self.path(key),
            of: of.to_owned(),
            known: known.join(", "),
        })
    }
}

/// A value as an error names it: short, on one line.
fn describe(value: &Value) -> String {
    match value {
        Value::Table(_) => "a table".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => format!("\"{}\"", text.chars().take(60).collect::<String>().escape_debug()),
        other => other.to_string(),
    }
}
