//! What a message says about a sample, before it is spelled as HL7 or ASTM.

use crate::deliver::{
    RenderError, hex,
    sample::{Moment, PlateReport, SampleReport, SeriesReport, listed, plain},
};
use sha2::{Digest, Sha256};
use wellread_plate::{assay::Role, end_point::SeriesFlag, interpret::CallFlag, mic::Relation};

/// One result.
pub(super) struct Observation {
    /// Our own code.
    pub(super) code: String,
    /// What the code means.
    pub(super) meaning: String,
    /// Of what: an end point, a series or a well of a plate; empty for the whole sample.
    pub(super) part: String,
    /// The result.
    pub(super) value: Value,
    /// Its unit as UCUM writes it; empty where there is none.
    pub(super) unit: String,
    /// What is odd, by name; empty when nothing is.
    pub(super) flags: String,
    /// When it was seen; none for what all plates say together.
    pub(super) seen: Option<Moment>,
}

/// A result's value.
pub(super) enum Value {
    /// A number.
    Number(String),
    /// A reciprocal titre: nothing, `<` or `>=` in front.
    Titre(&'static str, String),
    /// A concentration: nothing, `<=` or `>` in front.
    Concentration(&'static str, String),
    /// A word.
    Text(String),
}

/// Everything there is to say, in order: totals, statistics, then plate by plate.
pub(super) fn observations(report: &SampleReport) -> Vec<Observation> {
    let mut all = Vec::new();
    let number = |code: &str, meaning: &str, part: String, value: String, unit: &str| Observation {
        code: code.to_owned(),
        meaning: meaning.to_owned(),
        part,
        value: Value::Number(value),
        unit: unit.to_owned(),
        flags: String::new(),
        seen: None,
    };
    let total = report.distribution.total().to_string();
    all.push(number("SERIES-TOTAL", "Series counted", String::new(), total, "{series}"));
    for (step, series) in report.distribution.iter() {
        let meaning = "Series that end at this step";
        all.push(number("END-POINT-COUNT", meaning, step.to_string(), series.to_string(), "{series}"));
    }
    if let Some(summary) = &report.statistics {
        let share = summary.share_at_or_above.map(|share| 100.0 * share);
        for (code, meaning, value, unit) in [
            ("GMT", "Geometric mean titre", summary.statistics.geometric_mean_titre, "{titer}"),
            ("MEAN-LOG2", "Mean of log2 titres", summary.statistics.mean_log2, "1"),
            ("SD-LOG2", "Standard deviation of log2 titres", summary.statistics.sd_log2, "1"),
            ("CV-LOG2", "Coefficient of variation of log2 titres", summary.statistics.cv_percent, "%"),
            ("SHARE-CUT-OFF", "Share of series at or above the cut-off", share, "%"),
        ] {
            all.extend(value.map(|value| number(code, meaning, String::new(), plain(value), unit)));
        }
    }
    for plate in &report.plates {
        all.extend(plate.series.iter().filter_map(|series| series_result(plate, series)));
        if plate.series.is_empty() {
            all.extend(well_calls(plate));
        }
    }
    all
}

/// A series' titre or MIC; a series in which no well can be used is said to be so.
fn series_result(plate: &PlateReport, series: &SeriesReport) -> Option<Observation> {
    let first = series.first_titre.filter(|_| series.end_point == Some(0));
    let (code, meaning, value) = match (&series.mic, series.titre, first) {
        (Some(mic), ..) => {
            let sign = match mic.relation {
                Relation::Equal => "",
                Relation::AtMost => "<=",
                Relation::Above => ">",
            };
            ("MIC", "Minimum inhibitory concentration", Value::Concentration(sign, plain(mic.concentration)))
        }
        (None, Some(titre), _) => {
            let sign = if series.flags.contains(&SeriesFlag::OpenEnded) { ">=" } else { "" };
            ("TITRE", "Titre", Value::Titre(sign, plain(titre)))
        }
        (None, None, Some(first)) => ("TITRE", "Titre", Value::Titre("<", plain(first))),
        (None, None, None) => {
            let step = series.end_point.map_or_else(|| "none".to_owned(), |step| step.to_string());
            ("END-POINT", "End point", Value::Text(step))
        }
    };
    // An empty row is no result, and would only read as a failed one.
    let empty = series.end_point.is_none() && series.flags == [SeriesFlag::NoValidWells];
    let (own_code, own_meaning) = of_role(code, meaning, series.role)?;
    (!empty).then(|| Observation {
        code: own_code,
        meaning: own_meaning,
        part: format!("{}.{}", plate.plate_no, series.series),
        value,
        unit: match (&series.mic, code) {
            (Some(mic), _) => mic.unit.clone(),
            (None, "TITRE") => "{titer}".to_owned(),
            (None, _) => String::new(),
        },
        flags: listed(series.flags.iter().copied().map(SeriesFlag::as_str)),
        seen: Some(plate.read_at),
    })
}

/// Code and meaning by what the wells are there for: a control's result must never be taken for a sample's. What is
/// not used has no result.
fn of_role(code: &str, meaning: &str, role: Role) -> Option<(String, String)> {
    match role {
        Role::Sample => Some((code.to_owned(), meaning.to_owned())),
        Role::Unused => None,
        control => Some((format!("CONTROL-{code}"), format!("{meaning} of the {control}"))),
    }
}

/// Calls of the wells, where each is its own result.
fn well_calls(plate: &PlateReport) -> impl Iterator<Item = Observation> {
    let used = plate.wells.iter().filter_map(|well| Some((well, of_role("WELL-CALL", "Call", well.role)?)));
    used.map(|(well, (code, meaning))| Observation {
        code,
        meaning,
        part: format!("{}.{}", plate.plate_no, well.well),
        value: Value::Text(well.final_label.to_string()),
        unit: String::new(),
        flags: listed(well.flags.iter().copied().map(CallFlag::as_str)),
        seen: Some(plate.read_at),
    })
}

/// What people did to the results, a line each: reviews, signatures, and where the audit trail stood.
pub(super) fn notes(report: &SampleReport) -> Result<Vec<String>, RenderError> {
    let mut notes = Vec::new();
    for plate in &report.plates {
        for failure in &plate.validity_failures {
            notes.push(format!("Plate {} is not valid: {failure}", plate.plate_no));
        }
        for well in &plate.wells {
            let Some(review) = &well.review else { continue };
            notes.push(format!(
                "Plate {} well {}: seen as {}, {} after review by {} ({})",
                plate.plate_no, well.well, well.ai_label, well.final_label, review.by, review.reason
            ));
        }
    }
    for signature in &report.signatures {
        let at = signature.at.readable()?;
        notes.push(format!("Signed as {} by {} at {at}", signature.meaning.as_str(), signature.by));
    }
    if let Some(head) = &report.audit_head {
        notes.push(format!("Audit trail stood at entry {} with hash {}", head.seq, head.hash));
    }
    Ok(notes)
}

/// The id of a message: 20 characters that follow from sample, revision and time, so that a message sent again is
/// known to be the same.
pub(super) fn control_id(report: &SampleReport) -> String {
    let mut hash = Sha256::new();
    for part in [&report.station, &report.sample_no] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(report.revision.to_be_bytes());
    hash.update(report.generated.utc_ms.to_be_bytes());
    hex::upper(&hash.finalize()).chars().take(20).collect()
}
