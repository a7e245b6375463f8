//! Comma-separated rows, or separated by whatever the template says.

use crate::deliver::{
    RenderError,
    template::{Encoding, LineEnd, Table},
};

/// Rows of a table on their way to bytes.
pub(super) struct Rows<'a> {
    template: &'a str,
    table: &'a Table,
    text: String,
    count: u64,
}

impl<'a> Rows<'a> {
    /// Begins with the header of these columns, under the names that the template gives them.
    pub(super) fn with_header(template: &'a str, table: &'a Table, columns: &[&'static str]) -> Self {
        let mut rows = Self { template, table, text: String::new(), count: 0 };
        let names: Vec<&str> = columns.iter().map(|column| table.header(column)).collect();
        rows.line(&names);
        rows
    }

    /// Adds a row.
    pub(super) fn push<S: AsRef<str>>(&mut self, fields: &[S]) {
        self.line(fields);
        self.count += 1;
    }

    fn line<S: AsRef<str>>(&mut self, fields: &[S]) {
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                self.text.push(self.table.separator);
            }
            self.field(field.as_ref());
        }
        self.text.push_str(match self.table.line_end {
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
        });
    }

    fn field(&mut self, field: &str) {
        let divides = |character: char| character == self.table.separator || matches!(character, '"' | '\r' | '\n');
        if field.contains(divides) || field.starts_with(' ') || field.ends_with(' ') {
            self.text.push('"');
            self.text.push_str(&field.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(field);
        }
    }

    /// The bytes, and how many rows stand below the header.
    pub(super) fn finish(self) -> Result<(Vec<u8>, u64), RenderError> {
        let bytes = match self.table.encoding {
            Encoding::Utf8 => self.text.into_bytes(),
            Encoding::Utf8Bom => format!("\u{FEFF}{}", self.text).into_bytes(),
            Encoding::Tis620 => tis_620(&self.text).map_err(|character| {
                let row = self.text.split(character).next().map_or(0, |before| before.matches('\n').count()) + 1;
                RenderError::Encoding {
                    template: self.template.to_owned(),
                    place: format!("line {row}"),
                    character: character.escape_debug().to_string(),
                }
            })?,
        };
        Ok((bytes, self.count))
    }
}

/// Thai in one byte a character, as older systems in Thailand read it; gives back the first character that has none.
fn tis_620(text: &str) -> Result<Vec<u8>, char> {
    text.chars()
        .map(|character| match character {
            '\0'..='\x7F' => Ok(character as u8),
            '\u{E01}'..='\u{E3A}' | '\u{E3F}'..='\u{E5B}' => Ok((character as u32 - 0xE01 + 0xA1) as u8),
            other => Err(other),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    /// Reads rows as RFC 4180 says, knowing nothing of the writer.
    fn read_back(text: &str, separator: char) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
        let mut characters = text.chars().peekable();
        let mut quoted = false;
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
                '"' => quoted = !quoted,
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                other if other == separator && !quoted => row.push(std::mem::take(&mut field)),
                other => field.push(other),
            }
        }
        rows
    }

    #[test]
    fn thai_takes_one_byte_a_character() {
        assert_eq!(tis_620("ก๛A"), Ok(vec![0xA1, 0xFB, b'A']), "the first and last of the table, and plain Latin");
        assert_eq!(tis_620("µ"), Err('µ'), "the table has no Greek, and a wrong letter is worse than none");
    }

    proptest! {
        #[test]
        fn any_fields_read_back(
            fields in vec(vec("[a-z,;\" \\r\\nก-๙]{0,8}", 3), 0..4),
            separator in prop_oneof![Just(','), Just(';'), Just('\t')],
        ) {
            let table = Table { separator, ..Table::default() };
            let mut rows = Rows::with_header("t", &table, &["a", "b", "c"]);
            for row in &fields {
                rows.push(row);
            }
            let (bytes, count) = rows.finish().expect("UTF-8 holds everything");
            prop_assert_eq!(count, fields.len() as u64, "the header is no row");
            let text = String::from_utf8(bytes).expect("UTF-8");
            let back = read_back(&text, separator);
            prop_assert_eq!(&back[0], &vec!["a", "b", "c"], "the header comes first");
            prop_assert_eq!(&back[1..], fields.as_slice(), "quotes carry every separator and line break through");
        }
    }
}
