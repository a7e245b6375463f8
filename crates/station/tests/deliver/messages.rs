//! HL7 and ASTM: what they say, and that others read it back.

use crate::sample::{GENERATED, report, shipped};
use hl7_parser::Message;
use proptest::prelude::*;
use wellread_plate::{
    assay::Role,
    end_point::SeriesFlag,
    mic::{Mic, Relation},
};
use wellread_station::deliver::{render, sample::SampleReport, template::Template};

fn hl7(report: &SampleReport) -> String {
    String::from_utf8(render(report, &shipped("hl7")).expect("it renders").bytes).expect("UTF-8")
}

/// The records of an ASTM file without frames.
fn astm(report: &SampleReport) -> String {
    let template = Template::from_toml("t", "name = \"t\"\nformat = \"astm\"\nframes = false\nreceiver = \"LIMS\"\n");
    String::from_utf8(render(report, &template.unwrap()).expect("it renders").bytes).expect("UTF-8")
}

fn lines(message: &str) -> String {
    message.replace('\r', "\n")
}

#[test]
fn an_hl7_message() {
    let message = hl7(&report());
    assert!(message.ends_with('\r') && !message.contains('\n'), "segments end with a carriage return and nothing else");
    insta::assert_snapshot!(lines(&message));
    let file = render(&report(), &shipped("hl7")).unwrap();
    assert_eq!(file.name, "interface_S-2601_20260131_140509.hl7", "named like the others");
    assert_eq!(file.rows, message.matches('\r').count() as u64, "rows are segments");
}

#[test]
fn a_correction_says_so() {
    let mut report = report();
    report.revision = 2;
    let message = hl7(&report);
    let parsed = Message::parse(&message).unwrap();
    assert_eq!(parsed.query("OBR.25").unwrap().raw_value(), "C", "the receiver must replace what it had");
    assert_eq!(parsed.query("OBX.11").unwrap().raw_value(), "C", "each result as well");
    let first = hl7(&crate::sample::report());
    let first = Message::parse(&first).unwrap();
    let id = |message: &Message<'_>| message.query("MSH.10").unwrap().raw_value().to_owned();
    assert_ne!(id(&first), id(&parsed), "another revision is another message");
    assert_eq!(id(&first).len(), 20, "as long as the standard allows");
}

#[test]
fn an_mic_is_a_structured_number_with_its_unit() {
    let mut report = report();
    report.statistics = None;
    for (series, relation) in
        report.plates[0].series.iter_mut().zip([Relation::Equal, Relation::AtMost, Relation::Above])
    {
        (series.titre, series.first_titre) = (None, None);
        series.mic = Some(Mic { relation, concentration: 0.125, unit: "mg/L".to_owned() });
    }
    report.plates[0].series.truncate(3);
    let mut unused = report.plates[0].series[0].clone();
    (unused.mic, unused.end_point, unused.flags) = (None, None, vec![SeriesFlag::NoValidWells]);
    report.plates[0].series.push(unused);
    let results = |message: String| -> String {
        message
            .split(['\r', '\n'])
            .filter(|line| line.contains("MIC") || line.contains("END-POINT^E"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(results(hl7(&report)));
    insta::assert_snapshot!(results(astm(&report)));
}

#[test]
fn a_plate_without_series_reports_every_well() {
    let mut report = report();
    report.plates[0].series.clear();
    let message = hl7(&report);
    let calls = message.matches("WELL-CALL").count();
    assert_eq!(calls, 96, "each well is its own result, and none is left out");
    assert!(message.contains("|1.A6|negative|"), "named by plate and place, with the call that stands");
}

#[test]
fn a_control_is_never_taken_for_a_sample() {
    let mut report = report();
    report.plates[0].series[7].role = Role::PositiveControl;
    report.plates[0].series[6].role = Role::Unused;
    report.plates[0].validity_failures = vec!["Row H reads 1:4096.".to_owned()];
    for message in [hl7(&report), astm(&report)] {
        assert_eq!(message.matches("^TITRE").count() + message.matches("|TITRE").count(), 6, "samples: {message}");
        assert_eq!(message.matches("CONTROL-TITRE").count(), 1, "the control has a code of its own: {message}");
        assert!(message.contains("Plate 1 is not valid: Row H reads 1:4096."), "who reads it must know: {message}");
    }
    report.plates[0].series.clear();
    report.plates[0].wells[0].role = Role::Blank;
    report.plates[0].wells[1].role = Role::Unused;
    let message = hl7(&report);
    assert_eq!(message.matches("|WELL-CALL").count(), 94, "what is not used has no result");
    assert_eq!(message.matches("CONTROL-WELL-CALL").count(), 1, "and a blank is a control");
}

#[test]
fn an_astm_message() {
    let message = astm(&report());
    assert!(message.ends_with("L|1|N\r"), "the terminator closes the message");
    insta::assert_snapshot!(lines(&message));
}

#[test]
fn astm_comes_in_frames_unless_the_template_says_otherwise() {
    let file = render(&report(), &shipped("astm")).unwrap();
    assert_eq!(file.bytes.first(), Some(&2), "STX begins the first frame");
    assert_eq!(file.rows, astm(&report()).matches('\r').count() as u64, "rows are records, not frames");
    assert!(file.bytes.ends_with(b"\r\n"), "and a line end closes the last");
}

proptest! {
    #[test]
    fn another_reader_of_hl7_gets_back_what_was_meant(
        // The reader itself cannot decode a text that holds both an escape and a letter of several bytes.
        station in prop_oneof!["[ -~\\n]{0,40}", "[ ก-๙]{0,40}"], by in "[ -~\\n]{0,40}", sample in "[A-Z0-9][A-Z0-9 .-]{0,20}",
    ) {
        let mut report = report();
        (report.sample_no, report.station) = (sample, station);
        report.signatures.truncate(1);
        report.signatures[0].by = by;
        (report.audit_head, report.plates[0].wells) = (None, Vec::new());
        let message = hl7(&report);
        let parsed = Message::parse(&message).expect("sound HL7");
        let read = |location: &str| {
            let found = parsed.query(location).map_or("", |result| result.raw_value());
            // The reader's own way of writing a line break is a carriage return.
            parsed.separators.decode(found).to_string().replace('\r', "\n")
        };
        prop_assert_eq!(read("MSH.4"), report.station.clone(), "the station's name comes through");
        prop_assert_eq!(read("PID.3.1"), report.sample_no.clone(), "the sample");
        prop_assert_eq!(read("OBR.2"), report.test_number(), "the test");
        prop_assert_eq!(read("MSH.9"), "ORU^R01^ORU_R01", "the kind");
        let note = read("NTE.3");
        prop_assert!(note.contains(&format!("Signed as performed by {} at ", report.signatures[0].by)), "{:?}", note);
        prop_assert_eq!(parsed.segment_count("OBX"), 1 + 4 + 5 + 8, "total, end points, statistics and a titre a series");
    }
}

#[test]
fn times_carry_their_offset() {
    let mut report = report();
    report.generated.offset_min = -210;
    assert_eq!(report.generated.utc_ms, GENERATED.utc_ms, "the same moment");
    assert!(hl7(&report).contains("|20260131033509-0330|"), "seen from Newfoundland");
}
