//! Names of interface files: a pattern, and what may stand in a name on any disk.

use crate::deliver::{RenderError, hex, identifier::is_invisible, sample::SampleReport};

/// The longest name in bytes: the shortest limit of the usual disks, less what the drop puts around a name.
const LONGEST_BYTES: usize = 200;

/// How files are named, such as `interface_{sample}_{date}_{time}.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Sample,
    Submission,
    Test,
    Date,
    Time,
    Revision,
}

/// Why a file cannot be named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Longer than disks allow.
    #[error(
        "the file name would have {bytes} bytes, but {LONGEST_BYTES} are the most: shorten the number or the pattern"
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// A name that Windows keeps for a device.
    #[error("'{name}' is a name that Windows keeps for a device: put a word in front in the template's `file_name`")]
    Reserved {
        /// The name.
        name: String,
    },
}

impl FileName {
    /// What a pattern must be, for errors.
    pub(super) const WANTED: &str = "a file name with {sample}, and with {date} and {time} or with {revision}, such as \
        \"interface_{sample}_{date}_{time}.csv\"; {submission} and {test} may stand in it; no folder, none of \
        < > : \" / \\ | ? * %, and not ending in .ok, .ack, .err, .part or .tmp";

    /// Reads a pattern; `None` for one that cannot name files.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((text, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}')?;
            parts.push(Part::Text(text.to_owned()));
            parts.push(Part::Place(Place::named(place)?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        let has = |place: Place| parts.contains(&Part::Place(place));
        // Two revisions must never share a name, and so must two samples of one second.
        let tells_apart = has(Place::Sample) && (has(Place::Revision) || has(Place::Date) && has(Place::Time));
        let texts = parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
        let sound =
            texts.into_iter().all(|text| !text.chars().any(|character| is_forbidden(character) || character == '}'));
        let end = pattern.to_lowercase();
        let kept = [".ok", ".ack", ".err", ".part", ".tmp", ".", " "].iter().any(|suffix| end.ends_with(suffix));
        (tells_apart && sound && !kept && !pattern.starts_with(['.', ' ', '~'])).then_some(Self { parts })
    }

    /// The name of a report's file.
    pub(super) fn for_report(&self, report: &SampleReport) -> Result<String, RenderError> {
        let local = report.generated.local()?;
        let name: String = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Place(Place::Sample) => encoded(&report.sample_no),
                Part::Place(Place::Submission) => encoded(report.submission_no.as_deref().unwrap_or_default()),
                Part::Place(Place::Test) => encoded(report.test_number()),
                Part::Place(Place::Date) => local.format("%Y%m%d").to_string(),
                Part::Place(Place::Time) => local.format("%H%M%S").to_string(),
                Part::Place(Place::Revision) => report.revision.to_string(),
            })
            .collect();
        if name.len() > LONGEST_BYTES {
            return Err(NameError::TooLong { bytes: name.len() }.into());
        }
        if is_device(&name) {
            return Err(NameError::Reserved { name }.into());
        }
        Ok(name)
    }
}

impl Place {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sample" => Self::Sample,
            "submission" => Self::Submission,
            "test" => Self::Test,
            "date" => Self::Date,
            "time" => Self::Time,
            "revision" => Self::Revision,
            _ => return None,
        })
    }
}

/// A number as a part of a name: what disks forbid is written as `%` and two hexadecimal digits a byte, so that two
/// numbers never share a name (`24/1` and `24_1` are different samples).
fn encoded(number: &str) -> String {
    let last = number.chars().count().saturating_sub(1);
    let mut name = String::new();
    for (index, character) in number.chars().enumerate() {
        let at_the_rim = (index == 0 || index == last) && matches!(character, '.' | ' ' | '~');
        if is_forbidden(character) || at_the_rim {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                name.extend(["%", &hex::upper(&[byte])]);
            }
        } else {
            name.push(character);
        }
    }
    name
}

fn is_forbidden(character: char) -> bool {
    is_invisible(character) || matches!(character, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*' | '%')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |kind: &str| {
        let number = stem.strip_prefix(kind);
        number.is_some_and(|number| number.len() == 1 && number.bytes().all(|digit| digit.is_ascii_digit()))
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_with_slashes_stay_apart() {
        assert_eq!(encoded("24/1234"), "24%2F1234", "a slash would be a folder");
        assert_eq!(encoded("24%2F1234"), "24%252F1234", "and what looks like its code is another sample");
        assert_eq!(encoded(".."), "%2E%2E", "no name leads upwards");
        assert_eq!(encoded("a\u{202E}vsc.exe"), "a%E2%80%AEvsc.exe", "nor reads backwards");
        assert_eq!(encoded("ตย 7"), "ตย 7", "letters of any script are letters");
    }

    #[test]
    fn patterns_that_cannot_tell_files_apart_are_refused() {
        assert!(FileName::parse("interface_{sample}_{date}_{time}.csv").is_some(), "the shipped pattern");
        assert!(FileName::parse("{sample}-r{revision}.csv").is_some(), "the revision tells files apart as well");
        for (pattern, reason) in [
            ("result.csv", "all samples would share it"),
            ("{sample}.csv", "all revisions would share it"),
            ("{sample}_{date}.csv", "two revisions of a day would share it"),
            ("out/{sample}_{revision}.csv", "a folder is not a name"),
            ("{sample}_{revision}.ok", "the drop keeps this ending for its markers"),
            ("{sample}_{revision}.", "Windows drops the point"),
            (".{sample}_{revision}.csv", "hidden files are the drop's own"),
            ("{sample}_{revision}_{who}.csv", "there is no such place"),
            ("{sample_{revision}.csv", "the bracket is not closed"),
            ("{sample}}_{revision}.csv", "or closed twice"),
        ] {
            assert_eq!(FileName::parse(pattern), None, "{pattern}: {reason}");
        }
    }

    #[test]
    fn devices_of_windows_are_no_names() {
        for name in ["con.csv", "COM1", "lpt9.x.csv", "NUL .csv"] {
            assert!(is_device(name), "{name} opens a device");
        }
        for name in ["interface_con.csv", "COM10.csv", "console.csv", ""] {
            assert!(!is_device(name), "{name} is a file");
        }
    }

    proptest! {
        #[test]
        fn two_numbers_never_share_a_name(one in any::<String>(), other in any::<String>()) {
            prop_assert_eq!(encoded(&one) == encoded(&other), one == other, "the code can be read back");
            prop_assert!(!encoded(&one).contains(['/', '\\', ':']), "and never leads into a folder");
        }
    }
}
