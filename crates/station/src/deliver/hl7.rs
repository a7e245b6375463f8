//! HL7 v2.5.1: an unsolicited observation message, ORU^R01.
//!
//! Codes are our own (`99WLR` unless the template says otherwise): no LOINC code says "end point of a row". The
//! message is about a sample and no patient: PID carries the sample's number as an identifier of unspecified type.

mod escape;

use escape::escape;

use crate::deliver::{
    RenderError,
    observation::{Observation, Value, control_id, notes, observations},
    sample::{Moment, SampleReport},
    template::Hl7,
};

/// Builds the segments of a message, each ended by a carriage return.
pub(super) fn write(report: &SampleReport, hl7: &Hl7) -> Result<(Vec<u8>, u64), RenderError> {
    let mut segments = vec![header(report, hl7)?, patient(report), request(report, hl7)?];
    let notes = notes(report)?;
    if !notes.is_empty() {
        segments.push(segment("NTE", &["1", "L", &escape(&notes.join("\n"))]));
    }
    let status = status(report);
    for (index, observation) in observations(report).iter().enumerate() {
        segments.push(result(index + 1, observation, hl7, status)?);
        if !observation.flags.is_empty() {
            segments.push(segment("NTE", &["1", "L", &escape(&observation.flags)]));
        }
    }
    let rows = segments.len() as u64;
    let text: String = segments.into_iter().flat_map(|segment| [segment, "\r".to_owned()]).collect();
    Ok((text.into_bytes(), rows))
}

fn header(report: &SampleReport, hl7: &Hl7) -> Result<String, RenderError> {
    let fields = [
        "^~\\&",
        "WELLREAD",
        &escape(&report.station),
        &escape(&hl7.receiving_application),
        &escape(&hl7.receiving_facility),
        &stamp(report.generated)?,
        "",
        "ORU^R01^ORU_R01",
        &control_id(report),
        &hl7.processing_id,
        "2.5.1",
        "",
        "",
        "",
        "",
        "",
        "UNICODE UTF-8",
    ];
    Ok(segment("MSH", &fields))
}

/// Identifier and name are required by the standard; the name's type `U` says that there is none.
fn patient(report: &SampleReport) -> String {
    let identifier = format!("{}^^^WELLREAD^U", escape(&report.sample_no));
    segment("PID", &["1", "", &identifier, "", "^^^^^^U"])
}

fn request(report: &SampleReport, hl7: &Hl7) -> Result<String, RenderError> {
    let service = match report.assay() {
        Some((id, version)) => {
            format!("{}^{} version {version}^{}", escape(id), escape(id), hl7.code_system)
        }
        None => format!("PLATE^Plate^{}", hl7.code_system),
    };
    let mut fields = vec![String::new(); 25];
    let placed = [
        (1, "1".to_owned()),
        (2, escape(report.test_number()).into_owned()),
        (3, format!("{}^WELLREAD", escape(&report.sample_no))),
        (4, service),
        (7, report.last_read().map(stamp).transpose()?.unwrap_or_default()),
        (22, stamp(report.generated)?),
        (25, status(report).to_owned()),
    ];
    for (position, value) in placed {
        if let Some(field) = fields.get_mut(position - 1) {
            *field = value;
        }
    }
    Ok(segment("OBR", &fields))
}

fn result(number: usize, observation: &Observation, hl7: &Hl7, status: &str) -> Result<String, RenderError> {
    let (kind, value) = match &observation.value {
        Value::Number(number) => ("NM", number.clone()),
        Value::Titre(sign, titre) => ("SN", format!("{sign}^1^:^{titre}")),
        Value::Concentration(sign, concentration) => ("SN", format!("{sign}^{concentration}")),
        Value::Text(text) => ("ST", escape(text).into_owned()),
    };
    let unit = match observation.unit.as_str() {
        "" => String::new(),
        unit => format!("{}^^UCUM", escape(unit)),
    };
    let fields = [
        &number.to_string(),
        kind,
        &format!("{}^{}^{}", observation.code, observation.meaning, hl7.code_system),
        &escape(&observation.part),
        &value,
        &unit,
        "",
        "",
        "",
        "",
        status,
        "",
        "",
        &observation.seen.map(stamp).transpose()?.unwrap_or_default(),
    ];
    Ok(segment("OBX", &fields))
}

/// Final, or a correction of what was final.
const fn status(report: &SampleReport) -> &'static str {
    if report.revision > 1 { "C" } else { "F" }
}

fn segment<S: AsRef<str>>(name: &str, fields: &[S]) -> String {
    let joined = fields.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("|");
    // Empty fields at the end are left out, as the standard asks of senders.
    format!("{name}|{}", joined.trim_end_matches('|'))
}

fn stamp(moment: Moment) -> Result<String, RenderError> {
    Ok(moment.local()?.format("%Y%m%d%H%M%S%z").to_string())
}
