//! The first start on a folder that holds pictures already: which of them are to be imported is a person's choice.

use super::{admit, scan};
use crate::{Problem, Settings, Station};
use serde_json::json;
use std::str::FromStr;
use wellread_store::FileId;

/// Where the choice is kept; once made it is not asked for again.
const KEY: &str = "intake.first_start";
/// Files marked in one transaction.
const AT_ONCE: usize = 500;

/// What is done with the pictures that lay there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// All are imported.
    Import,
    /// All are marked as seen, and none imported.
    MarkAsSeen,
    /// Those written since a time are imported, in milliseconds since 1970; the others are marked as seen.
    Since(i64),
}

impl FromStr for Existing {
    type Err = Problem;

    /// `import`, `seen`, or the first day whose pictures are imported.
    fn from_str(text: &str) -> Result<Self, Problem> {
        match text {
            "import" => return Ok(Self::Import),
            "seen" => return Ok(Self::MarkAsSeen),
            _ => {}
        }
        crate::clock::start_of_day(text).map(Self::Since).ok_or_else(|| {
            Problem::invalid(format!("'{text}' is no choice: use import, seen, or a day such as 2026-11-21"))
        })
    }
}

/// How many files wait for the choice; `None` when it was made, or there is nothing to choose.
pub fn to_choose(station: &Station, settings: &Settings) -> anyhow::Result<Option<usize>> {
    if station.read(|reading| Ok(reading.config(KEY)?))?.is_some() {
        return Ok(None);
    }
    let Some(inbox) = &settings.intake.inbox else { return Ok(None) };
    // A folder that is not there yet has nothing in it; what comes later is fresh.
    let found = scan::scan(inbox, settings.intake.sub_folders).unwrap_or_default();
    Ok((!found.is_empty()).then_some(found.len()))
}

/// Carries the choice out. Repeating it after a crash does no harm.
pub fn choose(station: &Station, settings: &Settings, existing: Existing) -> anyhow::Result<usize> {
    let mut marked = 0;
    if let (Some(inbox), true) = (&settings.intake.inbox, existing != Existing::Import) {
        let mut found = scan::scan(inbox, settings.intake.sub_folders)?;
        if let Existing::Since(from_ms) = existing {
            found.retain(|file| file.stamp.mtime_ns / 1_000_000 < from_ms);
        }
        for some in found.chunks(AT_ONCE) {
            marked += mark(station, some)?;
        }
    }
    let (choice, since) = match existing {
        Existing::Import => ("import", None),
        Existing::MarkAsSeen => ("mark-as-seen", None),
        Existing::Since(from_ms) => ("since", Some(from_ms)),
    };
    station.write(|writing| {
        Ok(writing.set_config(KEY, &json!({ "choice": choice, "since_ms": since, "marked": marked }), "first start")?)
    })?;
    Ok(marked)
}

fn mark(station: &Station, some: &[scan::Found]) -> anyhow::Result<usize> {
    station.write(|writing| {
        let mut marked = 0;
        for found in some {
            if admit::is_decided(writing, found)? {
                continue;
            }
            let id: FileId = station.clock().id()?;
            let file = writing.see_file(&admit::seen(found, id))?;
            writing.ignore_file(file.id, "before-station", "it lay in the folder before the station watched it")?;
            marked += 1;
        }
        Ok(marked)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_word_or_a_day() {
        assert_eq!("import".parse::<Existing>().unwrap(), Existing::Import, "all of them");
        assert_eq!("seen".parse::<Existing>().unwrap(), Existing::MarkAsSeen, "none of them");
        assert!(matches!("2026-11-21".parse::<Existing>(), Ok(Existing::Since(_))), "those from that day on");
        assert!("yesterday".parse::<Existing>().is_err(), "anything else is refused before the station starts");
    }
}
