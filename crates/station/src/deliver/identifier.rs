//! Numbers and names that people or scanners typed in: refused where a machine would act on them, made harmless where
//! people read them.

use crate::deliver::{sample::SampleReport, template::Format};
use std::borrow::Cow;

/// Why a number may not go into a file for machines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// It is empty, or blank.
    #[error("the {which} number is empty: give the sample its number before making a file for a machine")]
    Empty {
        /// Which number.
        which: &'static str,
    },
    /// A spreadsheet would take it for a formula.
    #[error(
        "the {which} number \"{value}\" begins with '{start}', which a spreadsheet takes for a formula: correct the \
         number in review"
    )]
    Formula {
        /// Which number.
        which: &'static str,
        /// The number, escaped.
        value: String,
        /// How it begins, escaped.
        start: String,
    },
    /// It holds a character by which the file is divided.
    #[error(
        "the {which} number \"{value}\" contains '{character}', which divides fields in {format}: correct it in review"
    )]
    Delimiter {
        /// Which number.
        which: &'static str,
        /// The number, escaped.
        value: String,
        /// The character, escaped.
        character: String,
        /// The format.
        format: &'static str,
    },
    /// It holds a line break or another character that is not seen.
    #[error("the {which} number \"{value}\" contains an invisible character ({character}): correct it in review")]
    Invisible {
        /// Which number.
        which: &'static str,
        /// The number, escaped.
        value: String,
        /// The character, escaped.
        character: String,
    },
}

/// Checks every number of a report that a machine reads by.
pub(super) fn check_all(report: &SampleReport, format: &Format) -> Result<(), IdentifierError> {
    check("sample", &report.sample_no, format)?;
    let optional = [("submission", &report.submission_no), ("test", &report.test_no)];
    for (which, number) in optional {
        if let Some(number) = number.as_deref().filter(|number| !number.is_empty()) {
            check(which, number, format)?;
        }
    }
    report.plates.iter().try_for_each(|plate| check("plate", &plate.plate_no, format))
}

fn check(which: &'static str, value: &str, format: &Format) -> Result<(), IdentifierError> {
    let shown = || value.chars().take(80).flat_map(char::escape_debug).collect::<String>();
    if value.trim().is_empty() {
        return Err(IdentifierError::Empty { which });
    }
    if let Some(start) = formula_start(value) {
        return Err(IdentifierError::Formula { which, value: shown(), start: start.escape_debug().to_string() });
    }
    if let Some(character) = value.chars().find(|character| is_invisible(*character)) {
        let character = character.escape_unicode().to_string();
        return Err(IdentifierError::Invisible { which, value: shown(), character });
    }
    if let Some(character) = value.chars().find(|character| format.divides(*character)) {
        let character = character.escape_debug().to_string();
        return Err(IdentifierError::Delimiter { which, value: shown(), character, format: format.name() });
    }
    Ok(())
}

/// Text as it may stand in a table that people open: what a spreadsheet would take for a formula gets an apostrophe in
/// front, what cannot be seen becomes visible.
pub(super) fn for_people(text: &str) -> Cow<'_, str> {
    let odd = text.chars().any(is_invisible);
    if !odd && formula_start(text).is_none() {
        return Cow::Borrowed(text);
    }
    let visible = text.chars().map(|character| match character {
        '\t' | '\r' | '\n' => ' ',
        other if is_invisible(other) => char::REPLACEMENT_CHARACTER,
        other => other,
    });
    Cow::Owned(std::iter::once('\'').chain(visible).collect())
}

/// The character by which a spreadsheet would take a text for a formula.
///
/// Spaces in front do not hide it from every program, and some East Asian settings take the full-width signs as well.
fn formula_start(text: &str) -> Option<char> {
    let first = text.chars().next().filter(|first| matches!(first, '\t' | '\r' | '\n'));
    let sign = |first: &char| matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    first.or_else(|| text.trim_start().chars().next().filter(sign))
}

/// Control characters, line separators, and those that turn the direction of what follows or have no width.
pub(super) fn is_invisible(character: char) -> bool {
    let unseen = matches!(character,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}');
    unseen || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["S-1", "24/1234", "ตัวอย่าง 7", "", "a=b", "R&D, \"lab\""] {
            assert_eq!(for_people(text), text, "nothing here can be taken for a formula");
        }
    }

    #[test]
    fn formulas_and_unseen_characters_are_marked() {
        assert_eq!(for_people("=1+1"), "'=1+1", "the apostrophe makes it text");
        assert_eq!(for_people(" @SUM(A1)"), "' @SUM(A1)", "spaces in front are no protection");
        assert_eq!(for_people("\t=1"), "' =1", "a tab in front is as bad");
        assert_eq!(for_people("a\nb"), "'a b", "a line break would tear the row for a careless reader");
        assert_eq!(for_people("a\u{202E}b"), "'a\u{FFFD}b", "text that runs backwards must be seen");
    }

    proptest! {
        #[test]
        fn what_people_open_never_begins_a_formula(text in any::<String>()) {
            let shown = for_people(&text);
            prop_assert_eq!(formula_start(&shown), None, "a spreadsheet takes it for text");
            prop_assert!(!shown.chars().any(char::is_control), "nothing in it breaks a line");
        }
    }
}
