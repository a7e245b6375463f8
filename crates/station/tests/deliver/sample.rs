//! A sample with a bit of everything, made by hand.

use wellread_plate::{
    assay::Role,
    class::{Call, WellClass},
    end_point::SeriesFlag,
    format::PlateFormat,
    interpret::CallFlag,
    summary::{Distribution, summarise},
    titre::{BelowFirst, Dilution},
};
use wellread_station::deliver::{
    sample::{AuditHead, Meaning, Moment, PlateReport, SampleReport, SeriesReport, Signature, WellReport, WellReview},
    template::Template,
};

/// 2026-01-31 14:05:09 at UTC+7.
pub(crate) const GENERATED: Moment = Moment { utc_ms: 1_769_843_109_250, offset_min: 420 };

/// End points of the rows A to H.
const END_POINTS: [u8; 8] = [5, 5, 6, 6, 6, 0, 5, 12];

/// A sample of one plate of eight sera: one below the first dilution, one beyond the last, one well corrected.
pub(crate) fn report() -> SampleReport {
    let dilution = Dilution { start: 2.0, fold: 2.0 };
    let distribution: Distribution = END_POINTS.into_iter().map(|step| (step, 1)).collect();
    SampleReport {
        sample_no: "S-2601".to_owned(),
        submission_no: Some("SUB-77".to_owned()),
        test_no: None,
        station: "Bench & plate | ห้องปฏิบัติการ 1".to_owned(),
        plates: vec![plate("1", &dilution)],
        statistics: Some(summarise(&distribution, &dilution, BelowFirst::Half, Some(40.0))),
        distribution,
        signatures: vec![
            Signature {
                by: "สมชาย ใจดี".to_owned(),
                meaning: Meaning::Performed,
                at: Moment { utc_ms: GENERATED.utc_ms - 600_000, offset_min: 420 },
            },
            Signature { by: "Anong K.".to_owned(), meaning: Meaning::Approved, at: GENERATED },
        ],
        audit_head: Some(AuditHead { seq: 4_217, hash: "7f".repeat(32) }),
        picture: None,
        generated: GENERATED,
        revision: 1,
    }
}

/// A plate with the end points above; A6 was seen as a ring and corrected.
pub(crate) fn plate(plate_no: &str, dilution: &Dilution) -> PlateReport {
    let wells = PlateFormat::WELLS_96.iter().map(|well| {
        let positive = well.col() < usize::from(END_POINTS[well.row()]);
        let class = if positive { WellClass::TEARDROP } else { WellClass::BUTTON };
        let label = if positive { Call::Positive } else { Call::Negative };
        let corrected = well.to_string() == "A6";
        WellReport {
            well,
            role: Role::Sample,
            ai_class: if corrected { WellClass::TEARDROP } else { class.clone() },
            ai_label: if corrected { Call::Positive } else { label },
            confidence: if corrected { 0.5125 } else { 0.987_654_3 },
            final_class: class,
            final_label: label,
            flags: if corrected { vec![CallFlag::Glare, CallFlag::LowConfidence] } else { Vec::new() },
            review: corrected.then(|| WellReview {
                by: "Anong K.".to_owned(),
                reason: "glare: a \"button\", not a tail".to_owned(),
            }),
        }
    });
    let series =
        PlateFormat::WELLS_96.iter().filter(|well| well.col() == 0).zip(END_POINTS).map(|(well, step)| SeriesReport {
            series: wellread_plate::format::row_letters(well.row()),
            role: Role::Sample,
            end_point: Some(step),
            titre: dilution.titre(step),
            first_titre: Some(dilution.start),
            mic: None,
            flags: if step == 12 { vec![SeriesFlag::OpenEnded] } else { Vec::new() },
        });
    PlateReport {
        plate_no: plate_no.to_owned(),
        run_id: "019be8a0-7c1e-7000-8000-00000000002a".to_owned(),
        image_sha256: "ab".repeat(32),
        assay_id: "hi".to_owned(),
        assay_version: 3,
        model: "well-classifier 0.1.0".to_owned(),
        read_at: Moment { utc_ms: GENERATED.utc_ms - 3_600_000, offset_min: 420 },
        wells: wells.collect(),
        series: series.collect(),
        validity_failures: Vec::new(),
    }
}

/// A shipped template.
pub(crate) fn shipped(name: &str) -> Template {
    Template::shipped(name).expect("it ships")
}
