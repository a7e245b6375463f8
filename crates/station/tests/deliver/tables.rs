//! Tables of text: those for a LIMS, and those for people.

use crate::sample::{plate, report, shipped};
use proptest::{collection::vec, prelude::*};
use wellread_plate::{summary::Distribution, titre::Dilution};
use wellread_station::deliver::{
    IdentifierError, NameError, RenderError, render,
    sample::{Moment, SampleReport},
    template::Template,
};

fn text(report: &SampleReport, template: &Template) -> String {
    String::from_utf8(render(report, template).expect("it renders").bytes).expect("UTF-8")
}

fn template(toml: &str) -> Template {
    Template::from_toml("test.toml", toml).expect("a sound template")
}

#[test]
fn labware_lists_the_total_and_every_end_point() {
    let file = render(&report(), &shipped("labware")).unwrap();
    assert_eq!(file.name, "interface_S-2601_20260131_140509.csv", "the time is the one on the laboratory's wall");
    assert_eq!(file.rows, 14, "the total and 0 to 12");
    insta::assert_snapshot!(String::from_utf8(file.bytes.clone()).unwrap());
    assert!(file.bytes.starts_with(b"SAMPLE_NUMBER,TEST_NUMBER,REPORTED_NAME,ENTRY\n"), "no byte order mark, LF alone");
    assert!(!file.bytes.contains(&b'\r'), "LF alone to the end");
}

#[test]
fn the_test_number_is_the_one_given_else_the_submission_else_the_sample() {
    let mut report = report();
    let second_line = |report: &SampleReport| text(report, &shipped("labware")).lines().nth(1).unwrap().to_owned();
    report.test_no = Some("T-9".to_owned());
    assert_eq!(second_line(&report), "S-2601,T-9,No.,8", "the one given comes first");
    report.test_no = Some(String::new());
    assert_eq!(second_line(&report), "S-2601,SUB-77,No.,8", "an empty one is none");
    report.submission_no = None;
    assert_eq!(second_line(&report), "S-2601,S-2601,No.,8", "the sample's is always there");
}

#[test]
fn labware_refuses_an_end_point_it_has_no_row_for() {
    let mut report = report();
    report.distribution.add(13, 1);
    let error = render(&report, &shipped("labware")).unwrap_err();
    assert!(matches!(error, RenderError::StepBeyondLast { step: 13, last: 12, .. }), "{error}");
    let longer = template("name = \"fine\"\nformat = \"labware\"\nlast_step = 24\n");
    assert_eq!(render(&report, &longer).unwrap().rows, 26, "the total and 0 to 24, once the template says so");
}

#[test]
fn detailed_has_a_row_for_every_well() {
    let mut report = report();
    report.plates.push(plate("2", &Dilution { start: 2.0, fold: 2.0 }));
    let file = render(&report, &shipped("detailed")).unwrap();
    assert_eq!(file.rows, 192, "two plates of 96, nothing left out");
    assert_eq!(file.name, "detailed_S-2601_20260131_140509.csv", "it may lie beside the LIMS's file");
    let text = String::from_utf8(file.bytes).unwrap();
    insta::assert_snapshot!(text.lines().take(14).collect::<Vec<_>>().join("\n"));
}

#[test]
fn summary_has_the_statistics_of_titres() {
    insta::assert_snapshot!(text(&report(), &shipped("summary")));
    let mut empty = report();
    (empty.plates, empty.distribution, empty.statistics) = (Vec::new(), Distribution::default(), None);
    let line = text(&empty, &shipped("summary"));
    assert!(line.ends_with(",0,0,,,,,,,,,,\n"), "what is not defined is empty and not 0: {line}");
}

#[test]
fn a_template_spells_the_table_its_own_way() {
    let own = template(
        "name = \"own\"\nformat = \"labware\"\nseparator = \";\"\nencoding = \"tis-620\"\nline_end = \"crlf\"\n\
         file_name = \"{test}-{sample}-r{revision}.txt\"\n[columns]\nENTRY = \"ผล\"\n",
    );
    let file = render(&report(), &own).unwrap();
    assert_eq!(file.name, "SUB-77-S-2601-r1.txt", "the pattern names the file");
    let header = b"SAMPLE_NUMBER;TEST_NUMBER;REPORTED_NAME;\xBC\xC5\r\nS-2601;SUB-77;No.;8\r\n";
    assert!(file.bytes.starts_with(header), "{:?}", String::from_utf8_lossy(&file.bytes));
    let mut report = report();
    report.sample_no = "µ7".to_owned();
    let error = render(&report, &own).unwrap_err();
    assert!(matches!(&error, RenderError::Encoding { character, .. } if character == "µ"), "{error}");
    let bom = template("name = \"own\"\nformat = \"summary\"\nencoding = \"utf-8-bom\"\n");
    assert!(
        render(&report, &bom).unwrap().bytes.starts_with(b"\xEF\xBB\xBFsample_no,"),
        "for programs that ask for it"
    );
}

#[test]
fn numbers_that_could_do_harm_are_refused_for_machines_and_quoted_for_people() {
    type Is = fn(&IdentifierError) -> bool;
    let cases: [(&str, Is); 8] = [
        ("=1+1", |error| matches!(error, IdentifierError::Formula { .. })),
        ("+66", |error| matches!(error, IdentifierError::Formula { .. })),
        ("-1", |error| matches!(error, IdentifierError::Formula { .. })),
        ("@x", |error| matches!(error, IdentifierError::Formula { .. })),
        ("\tx", |error| matches!(error, IdentifierError::Formula { .. })),
        ("a\u{0}b", |error| matches!(error, IdentifierError::Invisible { .. })),
        ("a\"b", |error| matches!(error, IdentifierError::Delimiter { .. })),
        (" ", |error| matches!(error, IdentifierError::Empty { .. })),
    ];
    for (number, is) in cases {
        let mut report = report();
        report.sample_no = number.to_owned();
        match render(&report, &shipped("labware")) {
            Err(RenderError::Identifier(error)) => assert!(is(&error), "{number:?}: {error}"),
            other => panic!("{number:?} went to a machine: {other:?}"),
        }
        for name in ["detailed", "summary", "xlsx", "pdf"] {
            assert!(render(&report, &shipped(name)).is_ok(), "{number:?}: people still get their {name} file");
        }
    }
    let mut report = report();
    report.sample_no = "=1+1".to_owned();
    assert!(text(&report, &shipped("summary")).contains("\n'=1+1,"), "the apostrophe makes it text");
    for (format, number) in [("labware", "a,b"), ("hl7", "a^b"), ("hl7", "a~b"), ("astm", "a|b"), ("astm", "a\\b")] {
        report.sample_no = number.to_owned();
        let error = render(&report, &shipped(format)).unwrap_err();
        assert!(
            matches!(error, RenderError::Identifier(IdentifierError::Delimiter { .. })),
            "{format} {number}: {error}"
        );
    }
    report.sample_no = "a~b".to_owned();
    assert!(render(&report, &shipped("labware")).is_ok(), "what divides nothing in a format is harmless there");
    report.plates[0].plate_no = "=2".to_owned();
    assert!(render(&report, &shipped("labware")).is_err(), "plate numbers are typed in as well");
}

#[test]
fn a_name_too_long_for_a_disk_is_refused() {
    let mut report = report();
    report.sample_no = "x".repeat(200);
    let error = render(&report, &shipped("labware")).unwrap_err();
    assert!(matches!(error, RenderError::Name(NameError::TooLong { .. })), "{error}");
}

#[test]
fn a_clock_gone_mad_is_an_error() {
    for utc_ms in [i64::MIN, -1, i64::MAX] {
        let mut report = report();
        report.generated = Moment { utc_ms, offset_min: 0 };
        for name in Template::shipped_names() {
            let error = render(&report, &shipped(name)).unwrap_err();
            assert!(matches!(error, RenderError::Time { .. }), "{name} at {utc_ms}: {error}");
        }
    }
}

proptest! {
    #[test]
    fn entries_add_up_to_the_total(counts in vec(0_u64..1_000, 13)) {
        let mut report = report();
        report.distribution = (0..).zip(counts).collect();
        let text = text(&report, &shipped("labware"));
        let entries: Vec<u64> =
            text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
        prop_assert_eq!(entries[0], entries[1..].iter().sum::<u64>(), "`No.` is the sum of what follows");
    }

    #[test]
    fn a_file_is_the_same_every_time(sample in "[A-Z0-9/ -]{0,20}[A-Z0-9]", revision in 1_u32..100) {
        let mut report = report();
        (report.sample_no, report.revision) = (sample.trim_start_matches([' ', '-']).to_owned(), revision);
        for name in ["labware", "detailed", "summary", "hl7", "astm"] {
            let once = render(&report, &shipped(name));
            prop_assert_eq!(&once, &render(&report, &shipped(name)), "{}: nothing but the report goes in", name);
            prop_assert!(once.is_ok(), "{}: such numbers are ordinary", name);
        }
    }
}

proptest! {
    // Every case draws a page as well.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_report_renders_or_is_refused_by_name(
        sample in any::<String>(), by in any::<String>(), plate_no in any::<String>(), station in any::<String>(),
    ) {
        let mut report = report();
        report.signatures[0].by = by;
        (report.sample_no, report.station) = (sample, station);
        report.plates[0].plate_no = plate_no;
        for name in ["labware", "detailed", "summary", "hl7", "astm", "pdf"] {
            if let Err(error) = render(&report, &shipped(name)) {
                prop_assert!(matches!(error, RenderError::Identifier(_) | RenderError::Name(_)), "{}: {}", name, error);
            }
        }
    }
}
