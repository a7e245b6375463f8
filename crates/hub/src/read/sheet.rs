//! CSV: RFC 4180, UTF-8, a header, and no cell that a spreadsheet would run.

use bytes::Bytes;
use csv::{QuoteStyle, Terminator, WriterBuilder};

/// A row of a sheet.
pub trait SheetRow {
    /// The names of its columns.
    const COLUMNS: &'static [&'static str];

    /// Its cells, one for each column.
    fn cells(&self) -> Vec<Cell>;
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Somebody's words: guarded, because a spreadsheet takes some beginnings for a formula.
    Text(String),
    /// A number of ours. It may begin with a minus sign, which no spreadsheet takes for more than that.
    Number(String),
    /// Nothing.
    Empty,
}

impl Cell {
    /// A number.
    pub fn number(value: impl ToString + Copy) -> Self {
        Self::Number(value.to_string())
    }

    /// Whatever is written by `make`, or nothing.
    pub fn or_empty<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, make)
    }

    fn written(&self) -> String {
        match self {
            Self::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Empty => String::new(),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&Option<String>> for Cell {
    fn from(text: &Option<String>) -> Self {
        text.as_ref().map_or(Self::Empty, Self::from)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Number(value.to_string())
    }
}

/// The line of the columns' names.
pub(super) fn header<R: SheetRow>() -> anyhow::Result<Bytes> {
    lines([R::COLUMNS.iter().map(|name| (*name).to_owned())])
}

/// The lines of some rows.
pub(super) fn rows<R: SheetRow>(rows: &[R]) -> anyhow::Result<Bytes> {
    lines(rows.iter().map(|row| row.cells().into_iter().map(|cell| cell.written())))
}

fn lines<L: IntoIterator<Item = String>>(all: impl IntoIterator<Item = L>) -> anyhow::Result<Bytes> {
    let mut writer =
        WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary).from_writer(Vec::new());
    for line in all {
        writer.write_record(line)?;
    }
    Ok(writer.into_inner().map_err(|why| anyhow::anyhow!("a sheet was not written: {why}"))?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Line(Vec<Cell>);

    impl SheetRow for Line {
        const COLUMNS: &'static [&'static str] = &["one", "two"];

        fn cells(&self) -> Vec<Cell> {
            self.0.clone()
        }
    }

    fn text_of(line: Vec<Cell>) -> String {
        String::from_utf8(rows(&[Line(line)]).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn a_sheet_is_quoted_where_it_must_be() {
        assert_eq!(header::<Line>().unwrap().as_ref(), b"one,two\r\n", "a header first, lines end in CR LF");
        let line = text_of(vec!["a \"b\", c".into(), "ตัวอย่าง".into()]);
        assert_eq!(line, "\"a \"\"b\"\", c\",ตัวอย่าง\r\n", "quotes doubled, commas quoted, UTF-8 as it is");
        assert_eq!(
            text_of(vec!["a\nb".into(), Cell::Empty]),
            "\"a\nb\",\r\n",
            "a line break inside a cell stays there"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for begins in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            let line = text_of(vec![begins.into(), Cell::Empty]);
            assert!(line.trim_start_matches('"').starts_with('\''), "{begins:?} was written as {line:?}");
        }
        assert_eq!(
            text_of(vec![Cell::number(-5), "a=b".into()]),
            "-5,a=b\r\n",
            "numbers and other texts stay as they are"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_it_was(cells in prop::collection::vec("[^=+@\t\r-].*", 2)) {
            let line = Line(cells.iter().map(Cell::from).collect());
            let sheet = [header::<Line>().unwrap(), rows(&[line]).unwrap()].concat();
            let mut reader = csv::Reader::from_reader(sheet.as_slice());
            let read: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
            prop_assert_eq!(read, cells, "whatever the cells hold");
        }
    }
}
