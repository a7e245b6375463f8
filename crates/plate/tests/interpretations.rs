//! What assays make of whole readings.

mod common;

use common::reading;
use wellread_plate::{
    assay::Assay,
    class::{Call, WellClass},
    end_point::SeriesFlag,
    interpret::{CallFlag, InterpretError, Interpretation, SeriesResult, interpret},
    reading::{Orientation, OrientationBy, Reading, WellFlag},
};

const HI_PLATE: [&str; 8] = [
    "tttttttbbbbb",
    "tttbbbbbbbbb",
    "btttttbbbbbb",
    "tttbtbbbbbbb",
    "bbbbbbbbbbbb",
    "tttttttttttt",
    "ttterrbbbbbb",
    "eeeeeeeeeeee",
];

/// Ten concentrations, the growth control, the sterility control.
const MIC_PLATE: [&str; 8] = [
    "nnnngggggggn",
    "nnnnnnnnnngn",
    "gggggggggggn",
    "nnnnggggggnn",
    "nnnngggggggg",
    "nngngggggggn",
    "nnnngggggggn",
    "nnnngggggggn",
];

fn shipped(id: &str) -> Assay {
    Assay::shipped(id).expect("the assay is shipped")
}

fn under(id: &str, reading: &Reading) -> Interpretation {
    interpret(reading, &shipped(id)).expect("the reading fits the assay")
}

fn series<'a>(plate: &'a Interpretation, id: &str) -> &'a SeriesResult {
    plate.series.iter().find(|series| series.series == id).expect("the plate has that series")
}

fn assay(text: &str) -> Assay {
    Assay::from_toml("test.toml", text).expect("the test's assay is sound")
}

#[test]
fn an_hi_plate_is_read_row_by_row() {
    let plate = under("hi", &reading(&HI_PLATE));
    assert_eq!(series(&plate, "A").titre, Some(128.0), "seven tear-drops: 1:2 up to 1:128");
    assert_eq!(series(&plate, "A").log2, Some(7.0), "the log2 of the titre is the end point");
    assert_eq!(series(&plate, "C").end_point, Some(6), "a prozone of one well is forgiven");
    assert_eq!(series(&plate, "E").titre, None, "no tear-drop: below the first dilution");
    assert_eq!(series(&plate, "H").end_point, None, "an unfilled row has no end point");
    assert_eq!(plate.counts.calls.values().sum::<u64>(), 96, "every well is counted once");
    assert_eq!(plate.distribution.total(), 7, "the unfilled row is no serum");
    assert_eq!(plate.distribution.count(0), 1, "row E");
    assert!(plate.needs_review, "rows C, D and G are odd");
    insta::assert_json_snapshot!("hi_series", plate.series);
    insta::assert_json_snapshot!("hi_counts", (&plate.counts, &plate.distribution));
    insta::assert_json_snapshot!("hi_review_reasons", plate.review_reasons);
}

#[test]
fn a_clean_plate_needs_no_review() {
    let plate = under("hi", &reading(&["ttttbbbbbbbb"; 8]));
    assert_eq!(plate.review_reasons, [""; 0], "nothing is odd");
    assert!(!plate.needs_review, "so nobody must look");
}

#[test]
fn everything_serialises_with_the_keys_programs_know() {
    let small = assay(
        "id='small'\nversion=1\nname='Small'\nformat='2x3'\n[classes]\nteardrop='positive'\nbutton='negative'\n\
         ring='negative'\nmat='negative'\nempty='invalid'\n[layout.series]\nalong='rows'\nfirst=1\nlast=3\n\
         [layout.dilution]\nstart=8\nfold=2\n[end_point]\nrule='strict'\n",
    );
    let mut seen = reading(&["ttb", "bbe"]);
    seen.wells[1].flags.push(WellFlag::Glare);
    let plate = interpret(&seen, &small).expect("the reading fits");
    insta::assert_json_snapshot!("whole_interpretation", plate);
}

#[test]
fn an_uncertain_or_badly_seen_well_needs_review() {
    let mut seen = reading(&["ttttbbbbbbbb"; 8]);
    seen.wells[3].probabilities = vec![(WellClass::TEARDROP, 0.79), (WellClass::BUTTON, 0.21)];
    seen.wells[4].flags = vec![WellFlag::SeveralBoxes, WellFlag::CutOff];
    let plate = under("hi", &seen);
    assert_eq!(plate.wells[3].flags, [CallFlag::LowConfidence], "0.79 lies below the threshold of 0.8");
    assert_eq!(plate.wells[3].label, Call::Positive, "it is called all the same");
    assert_eq!(plate.wells[4].flags, [CallFlag::CutOff, CallFlag::SeveralBoxes], "what the eye noted stays");
    assert_eq!(plate.review_reasons, ["A4, A5 need a look: uncertain, or not seen clearly."], "both are named");
    seen.wells[3].probabilities = vec![(WellClass::TEARDROP, 0.8), (WellClass::BUTTON, 0.2)];
    assert_eq!(under("hi", &seen).wells[3].flags, [], "at the threshold is not below it");
}

#[test]
fn equal_probabilities_go_to_the_models_first_class() {
    let mut seen = reading(&["ttttbbbbbbbb"; 8]);
    seen.wells[0].probabilities = vec![(WellClass::BUTTON, 0.5), (WellClass::TEARDROP, 0.5)];
    let plate = under("hi", &seen);
    assert_eq!(plate.wells[0].class, WellClass::BUTTON, "the same reading is always called alike");
    assert_eq!(plate.wells[0].flags, [CallFlag::LowConfidence], "and somebody looks");
}

#[test]
fn a_plate_that_may_be_upside_down_needs_review() {
    let mut seen = reading(&["ttttbbbbbbbb"; 8]);
    seen.grid.orientation = Orientation { known: false, by: OrientationBy::Assumed };
    let plate = under("hi", &seen);
    assert!(plate.needs_review, "half a turn would swap every titre");
}

#[test]
fn ha_reads_a_mat_as_agglutination() {
    let plate = under("ha", &reading(&["mmmmmbbbrrtt"; 8]));
    let first = series(&plate, "A");
    assert_eq!(first.titre, Some(32.0), "five mats; buttons, rings and runs are settled cells");
    assert_eq!(first.flags, [], "and nothing is odd about it");
}

#[test]
fn a_mic_counts_only_when_its_controls_hold() {
    let plate = under("mic", &reading(&MIC_PLATE));
    let mic = |id| series(&plate, id).mic.as_ref().map(ToString::to_string);
    assert_eq!(mic("A").as_deref(), Some("8 mg/L"), "64, 32, 16, 8 are clear");
    assert_eq!(mic("B").as_deref(), Some("<=0.125 mg/L"), "all ten are clear, and the control grew");
    assert_eq!(mic("C").as_deref(), Some(">64 mg/L"), "all ten grew");
    assert_eq!(mic("D"), None, "the growth control is clear: nobody knows whether anything was inhibited");
    assert_eq!(series(&plate, "D").flags, [SeriesFlag::GrowthControlFailed], "and it says so");
    assert_eq!(series(&plate, "D").end_point, None, "so it enters no distribution");
    assert_eq!(series(&plate, "E").flags, [SeriesFlag::SterilityControlFailed], "the medium was contaminated");
    assert_eq!(mic("F").as_deref(), Some("32 mg/L"), "the skipped well does not lower the MIC");
    assert_eq!(series(&plate, "F").flags, [SeriesFlag::SkippedWell], "but it is flagged");
    assert_eq!(series(&plate, "A").titre, None, "an MIC is no titre");
    assert_eq!(plate.summary, None, "nor are there titre statistics");
    insta::assert_json_snapshot!("mic_validity", plate.validity_failures);
    insta::assert_json_snapshot!("mic_series", plate.series.first());
}

#[test]
fn a_qualitative_plate_has_no_series() {
    let plate = under("qualitative", &reading(&["cccccckkkkkk"; 8]));
    assert!(plate.series.is_empty() && plate.distribution.total() == 0, "each well is its own result");
    assert_eq!(plate.counts.calls[&Call::Positive], 48, "half the plate is coloured");
    assert!(!plate.needs_review, "and nothing is odd");
}

const CONTROLLED: &str = "id='controlled'\nversion=1\nname='Controlled'\nformat='4x4'\n[classes]\nteardrop='positive'\n\
    button='negative'\nring='negative'\nmat='negative'\nempty='invalid'\n[layout.wells]\nblank=['A4']\n\
    negative_control=['B4', 'D1:D3']\npositive_control=['C4', 'C1:C3']\nunused=['D4']\n[layout.series]\nalong='rows'\n\
    first=1\nlast=3\n[layout.dilution]\nstart=2\nfold=2\n[end_point]\nrule='run'\n[validity]\n\
    positive_control_end_point=[2, 3]\nmax_invalid_wells=0\n";

#[test]
fn controls_are_judged_singly_and_as_series() {
    let good = interpret(&reading(&["ttbb", "tbbb", "ttbt", "bbbe"]), &assay(CONTROLLED)).expect("fits");
    assert_eq!(good.validity_failures, [""; 0], "every control reads as it must; the unused well is not judged");
    assert_eq!(good.distribution.total(), 2, "control rows are no samples");
    assert_eq!(good.counts.calls[&Call::Invalid], 0, "the unused well is not counted");
    let bad = interpret(&reading(&["ttbt", "tbbt", "tbbb", "tbbe"]), &assay(CONTROLLED)).expect("fits");
    insta::assert_json_snapshot!("validity_failures", bad.validity_failures);
    assert!(bad.needs_review, "an invalid plate needs a person");
}

#[test]
fn rules_that_are_switched_off_judge_nothing() {
    let off = format!("{CONTROLLED}positive_controls=false\nnegative_controls=false\nblanks=false\n");
    let plate = interpret(&reading(&["ttbt", "tbbt", "tbbb", "tbbe"]), &assay(&off)).expect("fits");
    assert_eq!(plate.validity_failures, [""; 0], "each failing control is switched off");
}

#[test]
fn invalid_wells_are_limited_but_unfilled_rows_are_not_counted() {
    let unfilled = interpret(&reading(&["ttbb", "eeeb", "ttbt", "bbbe"]), &assay(CONTROLLED)).expect("fits");
    assert_eq!(unfilled.validity_failures, [""; 0], "row B was not filled, which is no fault of the plate");
    let one = interpret(&reading(&["tteb", "tbbb", "ttbt", "bbbe"]), &assay(CONTROLLED)).expect("fits");
    assert_eq!(one.validity_failures, ["At most 0 wells may be invalid, but 1 are."], "A3 counts");
}

#[test]
fn a_part_of_the_plate_is_read_and_said() {
    let strip = under("hi", &reading(&["ttttbbbbbbbb"; 4]));
    assert_eq!(strip.series.len(), 4, "four rows, four sera");
    insta::assert_json_snapshot!("part_reasons", strip.review_reasons);
    let without_controls = interpret(&reading(&["ttbb"; 2]), &assay(CONTROLLED)).expect("two of four rows");
    insta::assert_json_snapshot!("part_without_controls", without_controls.validity_failures);
}

#[test]
fn any_other_plate_is_refused() {
    for (id, rows) in
        [("hi", &["tttb"; 8][..]), ("hi", &["ttttbbbbbbbb"; 9][..]), ("qualitative", &["cccccckkkkkk"; 4][..])]
    {
        let error = interpret(&reading(rows), &shipped(id)).expect_err("the plate is not the assay's");
        assert!(matches!(error, InterpretError::Format { .. }), "{id}: titres need all dilutions, controls all wells");
    }
    let error = interpret(&reading(&["tttb"; 8]), &shipped("hi")).expect_err("four columns are no HI plate");
    insta::assert_snapshot!("error_format", error);
}

#[test]
fn damaged_readings_are_refused() {
    let refused = |spoil: fn(&mut Reading)| {
        let mut seen = reading(&["ttttbbbbbbbb"; 8]);
        spoil(&mut seen);
        interpret(&seen, &shipped("hi")).expect_err("the reading is damaged").to_string()
    };
    insta::assert_snapshot!(
        "error_unknown_class",
        refused(|seen| {
            seen.wells[7].probabilities.push((WellClass::GROWTH, 0.0));
        })
    );
    insta::assert_snapshot!("error_no_probabilities", refused(|seen| seen.wells[7].probabilities.clear()));
    insta::assert_snapshot!("error_missing_well", refused(|seen| drop(seen.wells.remove(7))));
    let nan = refused(|seen| seen.wells[7].probabilities[0].1 = f64::NAN);
    assert!(nan.starts_with("well A8"), "not a number is no probability: {nan}");
    let swapped = refused(|seen| seen.wells.swap(0, 1));
    assert!(swapped.contains("in order"), "wells under each other's place are not believed: {swapped}");
}
