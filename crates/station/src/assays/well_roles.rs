//! The layout in an assay's text: what wells are there for, changed without touching anything else a person wrote.

use crate::Problem;
use std::collections::{BTreeMap, BTreeSet};
use toml_edit::{Array, DocumentMut, Item, Table};
use wellread_plate::{assay::Role, format::WellId};

/// The names that `[layout.wells]` gives the roles; what it does not name is a sample.
const KEYS: [(Role, &str); 6] = [
    (Role::Blank, "blank"),
    (Role::PositiveControl, "positive_control"),
    (Role::NegativeControl, "negative_control"),
    (Role::GrowthControl, "growth_control"),
    (Role::SterilityControl, "sterility_control"),
    (Role::Unused, "unused"),
];

/// An assay's text with these roles of its wells; a well that is not named is a sample.
pub fn with_roles(text: &str, wells: &BTreeMap<WellId, Role>) -> Result<String, Problem> {
    let mut document: DocumentMut =
        text.parse().map_err(|why| Problem::invalid(format!("the assay cannot be understood: {why}")))?;
    let layout = document.entry("layout").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let layout = layout.as_table_like_mut().ok_or_else(|| Problem::invalid("`layout` is a table in an assay"))?;
    if layout.get("wells").is_none() {
        layout.insert("wells", Item::Table(Table::new()));
    }
    let named = layout.get_mut("wells").and_then(Item::as_table_like_mut);
    let named = named.ok_or_else(|| Problem::invalid("`layout.wells` is a table in an assay"))?;
    for (role, key) in KEYS {
        let ranges = ranges(wells.iter().filter(|(_, is)| **is == role).map(|(well, _)| *well));
        if ranges.is_empty() {
            named.remove(key);
        } else {
            named.insert(key, toml_edit::value(ranges.into_iter().collect::<Array>()));
        }
    }
    if named.is_empty() {
        layout.remove("wells");
    }
    Ok(document.to_string())
}

/// Wells as the shortest list of single wells and rectangles that reading from the top left finds.
fn ranges(wells: impl Iterator<Item = WellId>) -> Vec<String> {
    let mut open: BTreeSet<(usize, usize)> = wells.map(|well| (well.row(), well.col())).collect();
    let mut ranges = Vec::new();
    while let Some((top, left)) = open.first().copied() {
        let right = (left..).take_while(|col| open.contains(&(top, *col))).last().unwrap_or(left);
        let is_full = |row: usize| (left..=right).all(|col| open.contains(&(row, col)));
        let bottom = (top..).take_while(|row| is_full(*row)).last().unwrap_or(top);
        open.retain(|(row, col)| !((top..=bottom).contains(row) && (left..=right).contains(col)));
        let (Some(first), Some(last)) = (WellId::new(top, left), WellId::new(bottom, right)) else { continue };
        ranges.push(if first == last { first.to_string() } else { format!("{first}:{last}") });
    }
    ranges
}

/// The line, from 1, on which the last part of a dotted key stands below its table.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut within = String::new();
    let (mut of_table, mut number) = (None, 0);
    for line in text.lines().map(str::trim) {
        number += 1;
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            within = header.trim().to_owned();
            if within == table || within == key {
                of_table = Some(number);
            }
        } else if within == table && line.split_once('=').is_some_and(|(left, _)| left.trim().trim_matches('"') == name)
        {
            return Some(number);
        }
    }
    of_table
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellread_plate::assay::Assay;

    fn shipped(id: &str) -> String {
        Assay::shipped_texts().find(|(file, _)| file.ends_with(id)).map(|(_, text)| text.to_owned()).unwrap()
    }

    fn roles_of(text: &str) -> BTreeMap<WellId, Role> {
        let assay = Assay::from_toml("assay", text).unwrap();
        assay.format.iter().map(|well| (well, assay.role(well).unwrap())).collect()
    }

    #[test]
    fn the_roles_of_every_shipped_assay_come_back_as_they_were() {
        for (id, text) in Assay::shipped_texts() {
            let roles = roles_of(text);
            let written = with_roles(text, &roles).unwrap();
            assert_eq!(roles_of(&written), roles, "{id}: {written}");
        }
    }

    #[test]
    fn changed_roles_are_written_as_ranges_and_nothing_else_is_touched() {
        let text = shipped("mic.toml");
        let mut roles = roles_of(&text);
        let two_series = (0..2).flat_map(|row| (0..10).map(move |col| WellId::new(row, col).unwrap()));
        for well in two_series.chain(["H11".parse().unwrap()]) {
            roles.insert(well, Role::Unused);
        }
        let written = with_roles(&text, &roles).unwrap();
        assert!(written.contains("unused = [\"A1:B10\", \"H11\"]"), "rectangles and single wells: {written}");
        assert!(written.starts_with(text.lines().next().unwrap()), "comments stay");
        assert_eq!(roles_of(&written), roles, "and it reads back");
        let none = with_roles(&written, &BTreeMap::new()).unwrap();
        assert!(!none.contains("layout.wells"), "all samples need no table: {none}");
    }

    #[test]
    fn the_line_of_a_key_is_found_below_its_table() {
        let text = "id = \"x\"\n\n[layout.series]\nfirst = 1\n[layout.dilution]\nfirst = 3\n";
        assert_eq!(line_of(text, "id"), Some(1), "at the top");
        assert_eq!(line_of(text, "layout.dilution.first"), Some(6), "in its own table");
        assert_eq!(line_of(text, "layout.series.last"), Some(3), "a missing key points at its table");
        assert_eq!(line_of(text, "summary.cut_off"), None, "of what is not there nothing is said");
    }
}
