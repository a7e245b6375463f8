//! MICs, on the scale of the plate and off it.

use wellread_plate::{
    mic::{Mic, mic},
    titre::Concentration,
};

fn series() -> Concentration {
    Concentration { start: 64.0, fold: 2.0, unit: "mg/L".to_owned() }
}

fn written(end_point: u8) -> String {
    mic(Some(end_point), 10, &series()).map_or_else(String::new, |mic| mic.to_string())
}

#[test]
fn the_mic_is_the_concentration_of_the_last_well_without_growth() {
    assert_eq!(written(4), "8 mg/L", "64, 32, 16, 8");
    assert_eq!(written(1), "64 mg/L", "only the highest concentration inhibits");
    assert_eq!(written(9), "0.25 mg/L", "eight halvings of 64");
}

#[test]
fn results_off_the_scale_say_so() {
    assert_eq!(written(10), "<=0.125 mg/L", "nothing grew: the MIC may be lower than the plate goes");
    assert_eq!(written(0), ">64 mg/L", "everything grew: the MIC is higher than the plate goes");
}

#[test]
fn there_is_no_mic_without_an_end_point() {
    assert_eq!(mic(None, 10, &series()), None, "no end point, no MIC");
    assert_eq!(mic(Some(11), 10, &series()), None, "there is no eleventh well in a series of ten");
}

#[test]
fn mics_serialise_with_their_relation() {
    let mics: Vec<Mic> = [0, 4, 10].into_iter().filter_map(|step| mic(Some(step), 10, &series())).collect();
    insta::assert_json_snapshot!("mics", mics);
}
