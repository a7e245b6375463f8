//! ASTM E1394 as CLSI LIS2-A2 has it: records H, P, O, R, C and L, and by default the frames of LIS01-A2 around them.
//!
//! Frames come without ENQ and EOT: those belong to the conversation on the line, not to what is said.

mod frame;

use crate::deliver::{
    RenderError, hex,
    observation::{Observation, Value, control_id, notes, observations},
    sample::{Moment, SampleReport},
    template::Astm,
};

/// Builds the message; its rows are its records.
pub(super) fn write(report: &SampleReport, astm: &Astm) -> Result<(Vec<u8>, u64), RenderError> {
    let records = records(report, astm)?;
    let bytes = if astm.frames {
        frame::frames(&records)
    } else {
        records.iter().flat_map(|record| [record.as_str(), "\r"]).collect::<String>().into_bytes()
    };
    Ok((bytes, records.len() as u64))
}

/// The records, without their carriage returns.
fn records(report: &SampleReport, astm: &Astm) -> Result<Vec<String>, RenderError> {
    let mut records = vec![header(report, astm)?, "P|1".to_owned(), order(report)?];
    records.extend(notes(report)?.iter().enumerate().map(|(index, note)| comment(index + 1, note)));
    for (index, observation) in observations(report).iter().enumerate() {
        records.push(result(index + 1, observation, report)?);
        if !observation.flags.is_empty() {
            records.push(comment(1, &observation.flags));
        }
    }
    records.push("L|1|N".to_owned());
    Ok(records)
}

fn header(report: &SampleReport, astm: &Astm) -> Result<String, RenderError> {
    let sender = format!("Wellread^{}", escape(&report.station));
    let generated = stamp(report.generated)?;
    let id = control_id(report);
    let receiver = escape(&astm.receiver);
    let fields = ["\\^&", &id, "", &sender, "", "", "", "", &receiver, "", &astm.processing_id, "LIS2-A2", &generated];
    Ok(record("H", &fields))
}

fn order(report: &SampleReport) -> Result<String, RenderError> {
    let test = report.assay().map_or_else(|| "PLATE".to_owned(), |(id, version)| format!("{}^{version}", escape(id)));
    let mut fields = vec![String::new(); 25];
    let placed = [
        (2, "1".to_owned()),
        (3, escape(&report.sample_no)),
        (4, escape(report.test_number())),
        (5, format!("^^^{test}")),
        (6, "R".to_owned()),
        (23, stamp(report.generated)?),
        (26, status(report).to_owned()),
    ];
    // Positions count the record's letter as the first field.
    for (position, value) in placed {
        if let Some(field) = fields.get_mut(position - 2) {
            *field = value;
        }
    }
    Ok(record("O", &fields))
}

fn result(number: usize, observation: &Observation, report: &SampleReport) -> Result<String, RenderError> {
    let value = match &observation.value {
        Value::Number(number) => number.clone(),
        Value::Titre(sign, titre) => format!("{sign}1:{titre}"),
        Value::Concentration(sign, concentration) => format!("{sign}{concentration}"),
        Value::Text(text) => escape(text),
    };
    let test = match observation.part.as_str() {
        "" => format!("^^^{}", observation.code),
        part => format!("^^^{}^{}", observation.code, escape(part)),
    };
    let seen = observation.seen.map(stamp).transpose()?.unwrap_or_default();
    let fields = [
        &number.to_string(),
        &test,
        &value,
        &escape(&observation.unit),
        "",
        "",
        "",
        status(report),
        "",
        "",
        "",
        &seen,
        &escape(&report.station),
    ];
    Ok(record("R", &fields))
}

/// A comment by the instrument on the record before.
fn comment(number: usize, text: &str) -> String {
    record("C", &[&number.to_string(), "I", &escape(text), "G"])
}

/// Final, or a correction of what was final.
const fn status(report: &SampleReport) -> &'static str {
    if report.revision > 1 { "C" } else { "F" }
}

fn record<S: AsRef<str>>(letter: &str, fields: &[S]) -> String {
    let joined = fields.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("|");
    format!("{letter}|{}", joined.trim_end_matches('|'))
}

fn stamp(moment: Moment) -> Result<String, RenderError> {
    // LIS2-A2 knows no offset: the time is the one on the laboratory's wall.
    Ok(moment.local()?.format("%Y%m%d%H%M%S").to_string())
}

/// Text in which no character divides the message any more. Control characters, which would end a record or a frame,
/// become `&Xhh&`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' => escaped.push_str("&F&"),
            '^' => escaped.push_str("&S&"),
            '\\' => escaped.push_str("&R&"),
            '&' => escaped.push_str("&E&"),
            other if other.is_control() => escaped.extend(["&X", &hex::of_char(other), "&"]),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unescape(text: &str) -> String {
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            let (code, after) = after.split_once('&').expect("every escape is closed");
            plain.extend_from_slice(before.as_bytes());
            match code {
                "F" => plain.push(b'|'),
                "S" => plain.push(b'^'),
                "R" => plain.push(b'\\'),
                "E" => plain.push(b'&'),
                hex => plain.extend(hex.as_bytes()[1..].chunks(2).map(|pair| {
                    let digits = std::str::from_utf8(pair).expect("ASCII");
                    u8::from_str_radix(digits, 16).expect("hexadecimal")
                })),
            }
            rest = after;
        }
        plain.extend_from_slice(rest.as_bytes());
        String::from_utf8(plain).expect("UTF-8")
    }

    proptest! {
        #[test]
        fn any_text_reads_back_and_divides_nothing(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert_eq!(unescape(&escaped), text, "nothing is lost");
            let divides = |c: char| c.is_control() || matches!(c, '|' | '^' | '\\');
            prop_assert!(!escaped.contains(divides), "and nothing ends a field, a record or a frame");
        }
    }
}
