//! Assay files: what they may say, and what each mistake is told.

use wellread_plate::{
    assay::{Assay, AssayError, Role, Scale},
    class::Call,
    end_point::Rule,
    format::{PlateFormat, WellId},
    titre::BelowFirst,
};

/// A small sound file with everything in it; mistakes are made by replacing a part.
const SOUND: &str = r#"
id = "demo"
version = 3
name = "Demonstration"
format = "4x6"
review_threshold = 0.7

[classes]
teardrop = "positive"
button = "negative"
empty = "invalid"

[layout.wells]
positive_control = ["D1:D5"]
blank = ["A6", "B6:C6"]
unused = ["D6"]

[layout.series]
along = "rows"
first = 1
last = 5

[layout.dilution]
start = 10
fold = 2

[end_point]
rule = "run"
max_leading_gap = 0
max_skip = 2

[summary]
below_first = "exclude"
cut_off = 40

[validity]
positive_controls = true
positive_control_end_point = [2, 4]
max_invalid_wells = 3

[review]
approve_own_work = true
"#;

fn read(text: &str) -> Result<Assay, AssayError> {
    Assay::from_toml("demo.toml", text)
}

fn well(id: &str) -> WellId {
    id.parse().expect("the test names a well")
}

#[test]
fn a_sound_file_is_read_completely() {
    let assay = read(SOUND).expect("the file is sound");
    assert_eq!((assay.id.as_str(), assay.version), ("demo", 3), "id and version as written");
    assert_eq!(PlateFormat::new(4, 6), Ok(assay.format), "rows x columns");
    assert_eq!(assay.role(well("D3")), Some(Role::PositiveControl), "within the range D1:D5");
    assert_eq!(assay.role(well("C6")), Some(Role::Blank), "within the range B6:C6");
    assert_eq!(assay.role(well("A1")), Some(Role::Sample), "a well that is not named holds a sample");
    assert_eq!(assay.role(well("E1")), None, "there is no fifth row");
    let series = assay.series.as_ref().expect("the file lays out series");
    assert_eq!(series.rule, Rule::Run { max_leading_gap: 0, max_skip: 2 }, "the limits as written, also 0");
    assert!(
        matches!(&series.scale, Scale::Dilution { below_first: BelowFirst::Exclude, cut_off: Some(40.0), dilution }
            if dilution.titre(3) == Some(40.0)),
        "1:10, 1:20, 1:40, and the summary's settings"
    );
    assert_eq!(assay.validity.positive_control_end_point, (2, 4), "the range as written");
    assert_eq!(assay.validity.max_invalid_wells, Some(3), "the limit as written");
    assert!(assay.approve_own_work, "who may approve, as written");
    assert!(
        assay.validity.judged.contains(&Role::Blank),
        "controls that the layout has are judged unless switched off"
    );
}

#[test]
fn what_a_file_leaves_out_has_the_documented_default() {
    let text = "id='x'\nversion=1\nname='X'\nformat=96\n[classes]\na='positive'\nb='negative'\n[layout.series]\n\
                along='rows'\nfirst=1\nlast=12\n[layout.dilution]\nstart=8\nfold=2\n[end_point]\nrule='run'\n";
    let assay = read(text).expect("nothing required is missing");
    assert!((assay.review_threshold - 0.8).abs() < f64::EPSILON, "0.8 unless written");
    let series = assay.series.as_ref().expect("the file lays out series");
    assert_eq!(series.rule, Rule::Run { max_leading_gap: 1, max_skip: 1 }, "one leading well and one gap");
    assert!(
        matches!(series.scale, Scale::Dilution { below_first: BelowFirst::Half, cut_off: None, .. }),
        "half of the starting dilution, no cut-off"
    );
    assert_eq!(assay.validity.max_invalid_wells, None, "no limit");
    assert!(!assay.approve_own_work, "nobody approves own work unless the assay says so");
}

#[test]
fn series_run_backwards_and_along_columns() {
    let along_columns = SOUND
        .replace("\"rows\"\nfirst = 1\nlast = 5", "\"columns\"\nfirst = \"C\"\nlast = \"a\"")
        .replace("[2, 4]", "[2, 3]");
    let assay = read(&along_columns).expect("letters name rows, in either case and order");
    let lines = assay.series_lines(assay.format);
    let first = lines.first().expect("the first column is a series");
    assert_eq!(first.id, "1", "series along columns are named by column number");
    assert_eq!(first.wells, ["C1", "B1", "A1"].map(well), "from C up to A");
    let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"], "column 6 holds blanks, which form no series");
}

#[test]
fn the_shipped_assays_ask_for_exactly_their_families_classes() {
    let classes = |id| {
        let assay = Assay::shipped(id).expect("shipped");
        assay.classes.iter().map(|(class, call)| format!("{class}:{call:?}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        classes("hi"),
        "button:Negative empty:Invalid mat:Negative ring:Negative teardrop:Positive",
        "tilted: free cells run, so inhibition is positive"
    );
    assert_eq!(
        classes("ha"),
        "button:Negative empty:Invalid mat:Positive ring:Negative teardrop:Negative",
        "untilted: agglutinated cells lie as a mat"
    );
    assert_eq!(classes("mic"), "growth:Positive no-growth:Negative", "growth is what is looked for");
    assert_eq!(classes("qualitative"), "clear:Negative coloured:Positive", "colour is what is looked for");
    let ids: Vec<_> = Assay::shipped_ids().collect();
    assert_eq!(ids, ["hi", "ha", "mic", "qualitative"], "the default assay comes first");
}

#[test]
fn the_default_hi_plate_is_eight_sera_by_twelve_dilutions() {
    let hi = Assay::shipped("hi").expect("shipped");
    let lines = hi.series_lines(hi.format);
    assert_eq!(lines.len(), 8, "one serum per row");
    assert!(lines.iter().all(|line| line.wells.len() == 12), "twelve dilutions each, no control wells");
    assert_eq!(lines.last().map(|line| line.id.as_str()), Some("H"), "rows are named by letter");
    let mic = Assay::shipped("mic").expect("shipped");
    assert!(mic.series_lines(mic.format).iter().all(|line| line.wells.len() == 10), "columns 11 and 12 are controls");
    let call = hi.call(&wellread_plate::class::WellClass::GROWTH);
    assert_eq!(call, None::<Call>, "an HI plate knows no growth");
}

/// Each mistake: its name, the sound text, and what stands there instead.
const MISTAKES: [(&str, &str, &str); 37] = [
    ("syntax", "version = 3", "version = = 3"),
    ("key_twice", "version = 3", "version = 3\nversion = 4"),
    ("missing_key", "id = \"demo\"\n", ""),
    ("unknown_key", "version = 3", "version = 3\nthreshold = 0.5"),
    ("unknown_nested_key", "fold = 2", "fold = 2\nfactor = 2"),
    ("unknown_role", "unused =", "empties ="),
    ("id_with_capitals", "\"demo\"", "\"Demo Assay\""),
    ("version_zero", "version = 3", "version = 0"),
    ("name_empty", "\"Demonstration\"", "\" \""),
    ("format_unknown", "\"4x6\"", "95"),
    ("format_too_large", "\"4x6\"", "\"40x60\""),
    ("threshold_in_percent", "review_threshold = 0.7", "review_threshold = 70"),
    ("threshold_nan", "review_threshold = 0.7", "review_threshold = nan"),
    ("class_call_unknown", "button = \"negative\"", "button = \"neg\""),
    ("class_name_bad", "button =", "\"Button!\" ="),
    ("class_name_with_line_break", "button =", "\"but\\nton\" ="),
    ("classes_one_sided", "button = \"negative\"", "button = \"positive\""),
    (
        "classes_not_a_table",
        "[classes]\nteardrop = \"positive\"\nbutton = \"negative\"\nempty = \"invalid\"",
        "classes = 4",
    ),
    ("well_off_the_plate", "\"D6\"", "\"H12\""),
    ("well_nonsense", "\"D6\"", "6"),
    ("well_of_two_roles", "\"D6\"", "\"C6\""),
    ("series_direction", "\"rows\"", "\"diagonal\""),
    ("series_past_the_edge", "last = 5", "last = 12"),
    ("series_of_one_well", "last = 5", "last = 1"),
    ("series_over_two_roles", "last = 5", "last = 6"),
    ("dilution_start_zero", "start = 10", "start = 0"),
    ("dilution_fold_one", "fold = 2", "fold = 1"),
    ("dilution_missing", "[layout.dilution]\nstart = 10\nfold = 2\n", ""),
    (
        "dilution_and_concentration",
        "[end_point]",
        "[layout.concentration]\nstart = 1\nfold = 2\nunit = \"g\"\n[end_point]",
    ),
    ("rule_unknown", "rule = \"run\"", "rule = \"last\""),
    ("rule_mic_for_dilutions", "rule = \"run\"", "rule = \"mic\""),
    ("limits_of_another_rule", "rule = \"run\"", "rule = \"strict\""),
    ("gap_negative", "max_leading_gap = 0", "max_leading_gap = -1"),
    ("series_missing", "[layout.series]\nalong = \"rows\"\nfirst = 1\nlast = 5\n", ""),
    ("below_first_unknown", "\"exclude\"", "\"zero\""),
    ("control_not_laid_out", "positive_controls = true", "growth_controls = true"),
    ("control_range_backwards", "[2, 4]", "[4, 2]"),
];

#[test]
fn every_kind_of_mistake_is_told_with_file_key_and_remedy() {
    for (name, sound, mistaken) in MISTAKES {
        assert_eq!(SOUND.matches(sound).count().min(1), 1, "{name}: the sound text holds what is replaced");
        let error = read(&SOUND.replacen(sound, mistaken, 1)).expect_err(name);
        let message = error.to_string();
        assert!(message.starts_with("demo.toml"), "{name}: the file comes first: {message}");
        assert_eq!(message.lines().count(), 1, "{name}: one line: {message}");
        insta::assert_snapshot!(name, message);
    }
}

#[test]
fn settings_without_series_are_refused_rather_than_ignored() {
    let plain = "id='x'\nversion=1\nname='X'\nformat=96\n[classes]\na='positive'\nb='negative'\n";
    assert!(read(plain).is_ok_and(|assay| assay.series.is_none()), "without series each well is its own result");
    let ruled = read(&format!("{plain}[end_point]\nrule='run'\n")).expect_err("nothing has an end point");
    insta::assert_snapshot!("end_point_without_series", ruled);
    let titred = read(&format!("{plain}[summary]\ncut_off=4\n")).expect_err("nothing has a titre");
    insta::assert_snapshot!("summary_without_series", titred);
}

#[test]
fn the_example_of_the_documentation_is_sound() {
    let page = include_str!("../../../docs/assays.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let assay = read(example.expect("the page shows one file")).expect("people will copy it");
    let roles: Vec<Role> = assay.series_lines(assay.format).iter().map(|line| line.role).collect();
    assert_eq!(roles.iter().filter(|role| **role == Role::Sample).count(), 6, "rows A to F, as the page says");
    assert_eq!(roles.get(6..), Some(&[Role::PositiveControl, Role::NegativeControl][..]), "then G and H");
}
