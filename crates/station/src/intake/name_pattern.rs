//! What a file's name says: sample, submission and plate number, by the station's pattern.
//!
//! A pattern is the name without its ending: fields in braces, optional parts in brackets, all else as it stands.
//! `capture_{sample}[_{submission}[_{plate}]]_{date}_{time}` reads `capture_S17_T4_2_20261121_094500`.

use chrono::NaiveDateTime;
use regex::Regex;

/// The pattern of a new station.
pub const DEFAULT: &str = "capture_{sample}[_{submission}[_{plate}]]_{date}_{time}";
/// Longest number that is taken from a name.
const LONGEST: usize = 64;

/// What a name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameSays {
    /// The sample.
    pub sample: String,
    /// The submission, where the name has one.
    pub submission: Option<String>,
    /// The plate of the sample, from 1.
    pub plate: Option<u16>,
    /// When it was taken, by the camera's clock.
    pub taken: Option<NaiveDateTime>,
}

/// A pattern that can be used.
#[derive(Clone, Debug)]
pub struct NamePattern {
    text: String,
    regex: Regex,
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("file name pattern '{pattern}': {why}; an example that works is {DEFAULT}")]
pub struct PatternError {
    pattern: String,
    why: String,
}

impl NamePattern {
    /// Checks and compiles a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let wrong = |why: &str| PatternError { pattern: text.to_owned(), why: why.to_owned() };
        let (source, seen) = translate(text).map_err(|why| wrong(&why))?;
        if !seen.contains(&"sample") {
            return Err(wrong("it needs {sample}, outside brackets or inside"));
        }
        let regex = Regex::new(&source).map_err(|_| wrong("two fields stand side by side; put a sign between them"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What a file's name says; `None` when it does not fit or says something impossible, such as a 13th month.
    pub fn read(&self, file_name: &str) -> Option<NameSays> {
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        let found = self.regex.captures(stem)?;
        let part = |name: &str| found.name(name).map(|m| m.as_str().trim().to_owned()).filter(|s| !s.is_empty());
        let sample = part("sample").filter(|s| s.chars().count() <= LONGEST)?;
        let plate = match part("plate") {
            Some(digits) => Some(digits.parse::<u16>().ok().filter(|n| *n >= 1)?),
            None => None,
        };
        let taken = match (part("date"), part("time")) {
            (Some(date), time) => {
                let time = time.unwrap_or_else(|| "000000".to_owned());
                Some(NaiveDateTime::parse_from_str(&format!("{date}{time}"), "%Y%m%d%H%M%S").ok()?)
            }
            _ => None,
        };
        Some(NameSays { sample, submission: part("submission"), plate, taken })
    }
}

/// The pattern as a regular expression, and the fields it names.
fn translate(text: &str) -> Result<(String, Vec<&str>), String> {
    let stops = stops(text);
    let (mut source, mut seen, mut depth) = (String::from("^"), Vec::new(), 0_u8);
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (_, tail) = rest.split_at(next.len_utf8());
        rest = tail;
        match next {
            '{' => {
                let (name, tail) = rest.split_once('}').ok_or("a brace { is not closed")?;
                rest = tail;
                if seen.contains(&name) {
                    return Err(format!("{{{name}}} stands twice"));
                }
                source.push_str(&field(name, &stops)?);
                seen.push(name);
            }
            '}' => return Err("a brace } was not opened".to_owned()),
            '[' => {
                depth += 1;
                source.push_str("(?:");
            }
            ']' => {
                depth = depth.checked_sub(1).ok_or("a bracket ] was not opened")?;
                source.push_str(")?");
            }
            other => source.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    if depth > 0 {
        return Err("a bracket [ is not closed".to_owned());
    }
    source.push('$');
    Ok((source, seen))
}

/// What a field may be.
fn field(name: &str, stops: &str) -> Result<String, String> {
    let free = format!("(?P<{name}>[^{stops}\\p{{Cc}}]+)");
    match name {
        "sample" | "submission" => Ok(free),
        "plate" => Ok("(?P<plate>[0-9]{1,4})".to_owned()),
        "date" => Ok("(?P<date>[0-9]{8})".to_owned()),
        "time" => Ok("(?P<time>[0-9]{6})".to_owned()),
        other => Err(format!("{{{other}}} is no field: use {{sample}}, {{submission}}, {{plate}}, {{date}}, {{time}}")),
    }
}

/// The signs that end a free field: those that stand right after a field anywhere in the pattern.
fn stops(text: &str) -> String {
    let mut stops = String::from("/");
    for part in text.split('}').skip(1) {
        let sign = part.chars().find(|c| !"[]".contains(*c));
        if let Some(sign) = sign.filter(|c| *c != '{') {
            stops.push_str(&regex::escape(sign.encode_utf8(&mut [0; 4])));
        }
    }
    stops
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn says(name: &str) -> Option<NameSays> {
        NamePattern::parse(DEFAULT).unwrap().read(name)
    }

    #[test]
    fn the_default_pattern_reads_each_form() {
        let one = says("capture_S17_20261121_094500.jpg").expect("sample alone");
        assert_eq!((one.sample.as_str(), one.submission, one.plate), ("S17", None, None), "nothing else is named");
        let two = says("capture_S17_T4_20261121_094500.png").expect("sample and submission");
        assert_eq!(two.submission.as_deref(), Some("T4"), "the second number is the submission");
        let three = says("capture_S-17.b_T4_12_20261121_094500.tiff").expect("all three");
        assert_eq!((three.sample.as_str(), three.plate), ("S-17.b", Some(12)), "dots and dashes belong to the number");
        assert_eq!(three.taken.unwrap().to_string(), "2026-11-21 09:45:00", "the camera's time");
    }

    #[test]
    fn what_does_not_fit_says_nothing() {
        for name in [
            "photo.jpg",
            "capture__20261121_094500.jpg",
            "capture_S1_20261321_094500.jpg",
            "capture_S1_20261121_996500.jpg",
            "capture_S1_T1_0_20261121_094500.jpg",
            "xcapture_S1_20261121_094500.jpg",
            "capture_S1\n_20261121_094500.jpg",
        ] {
            assert_eq!(says(name), None, "{name:?} must wait for a person");
        }
    }

    #[test]
    fn a_wrong_pattern_says_what_is_wrong() {
        for (pattern, told) in [
            ("{date}_{time}", "needs {sample}"),
            ("{sample}_{smaple}", "{smaple} is no field"),
            ("{sample", "not closed"),
            ("{sample}[_{plate}", "bracket [ is not closed"),
            ("{sample}]", "was not opened"),
            ("{sample}_{sample}", "stands twice"),
        ] {
            let error = NamePattern::parse(pattern).unwrap_err().to_string();
            assert!(error.contains(told), "expected '{told}' in: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "\\PC{0,80}") {
            let _ = says(&name);
        }

        #[test]
        fn what_is_written_by_the_pattern_is_read_back(
            sample in "[A-Za-z0-9ก-ฮ-]{1,20}", submission in "[A-Za-z0-9-]{1,12}", plate in 1_u16..9999,
        ) {
            let read = says(&format!("capture_{sample}_{submission}_{plate}_20260101_000000.jpg")).unwrap();
            prop_assert_eq!(read.sample, sample);
            prop_assert_eq!(read.submission, Some(submission));
            prop_assert_eq!(read.plate, Some(plate));
        }
    }
}
