//! What the command line says: answers to standard output, the rest to standard error.

use serde::Serialize;
use std::io::Write as _;

/// Some lines.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    // A reader that has seen enough is no error.
    match writeln!(out, "{}", text.trim_end()) {
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// A value as JSON, or the lines that tell it to people.
pub(crate) fn either(json: bool, value: &impl Serialize, lines: impl FnOnce() -> String) -> anyhow::Result<()> {
    if json { text(&serde_json::to_string_pretty(value)?) } else { text(&lines()) }
}

/// Rows under their heads, each column as wide as it must be.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heads.map(|head| head.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let heads = std::iter::once(line(heads));
    heads.chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str)))).collect::<Vec<_>>().join("\n")
}

/// Why something was not done.
pub(crate) fn problem(why: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "wellread-hub: {why:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let drawn = table(["slug", "name"], &[["a".to_owned(), "Ä".to_owned()], ["longer".to_owned(), String::new()]]);
        assert_eq!(drawn, "slug    name\na       Ä\nlonger", "and nothing trails");
    }
}
