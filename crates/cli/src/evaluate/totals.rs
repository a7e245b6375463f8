//! The scores of all pictures together.

use super::score::{JudgedWell, PlateScore, Score};
use serde::Serialize;
use std::collections::BTreeMap;
use wellread_plate::class::WellClass;

/// Bins of the calibration error.
const BINS: usize = 15;

/// All pictures together. Shares are `None` where there is nothing to share.
#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub plates: usize,
    pub plates_found: usize,
    pub wells: usize,
    pub wells_located: usize,
    pub wells_located_share: Option<f64>,
    pub pictures_without_plate: usize,
    pub refused: usize,
    pub unusable: usize,
    /// Wells whose class is sure, also on plates that were not found.
    pub sure_wells: usize,
    pub sure_wells_located: usize,
    pub classes_right: usize,
    /// Of the sure wells located.
    pub class_accuracy: Option<f64>,
    pub calls_right: usize,
    pub call_accuracy: Option<f64>,
    pub expected_calibration_error: Option<f64>,
    pub end_points: usize,
    pub end_points_right: usize,
    /// True class to class read to number of wells.
    pub confusion: BTreeMap<WellClass, BTreeMap<WellClass, usize>>,
    pub median_total_ms: Option<f64>,
}

impl Totals {
    pub(super) fn of<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Self {
        let mut totals = Self::default();
        let mut judged: Vec<&JudgedWell> = Vec::new();
        let mut times = Vec::new();
        for score in scores {
            match score {
                Score::Plate(plate) => {
                    totals.add_plate(plate);
                    judged.extend(&plate.judged);
                    times.push(plate.total_ms);
                }
                Score::Missed { wells, sure, .. } => {
                    totals.plates += 1;
                    totals.wells += wells;
                    totals.sure_wells += sure;
                }
                Score::Refused { .. } => {
                    totals.pictures_without_plate += 1;
                    totals.refused += 1;
                }
                Score::Invented { .. } => totals.pictures_without_plate += 1,
                Score::Unusable { .. } => totals.unusable += 1,
            }
        }
        times.sort_by(f64::total_cmp);
        totals.median_total_ms = times.get(times.len() / 2).copied();
        totals.wells_located_share = share(totals.wells_located, totals.wells);
        totals.class_accuracy = share(totals.classes_right, totals.sure_wells_located);
        totals.call_accuracy = share(totals.calls_right, totals.sure_wells_located);
        totals.expected_calibration_error = calibration_error(&judged);
        for well in judged {
            *totals.confusion.entry(well.truth.clone()).or_default().entry(well.read.clone()).or_default() += 1;
        }
        totals
    }

    fn add_plate(&mut self, plate: &PlateScore) {
        self.plates += 1;
        self.plates_found += usize::from(plate.found);
        self.wells += plate.wells;
        self.wells_located += plate.located;
        self.sure_wells += plate.sure;
        self.sure_wells_located += plate.judged.len();
        self.classes_right += plate.classes_right;
        self.calls_right += plate.calls_right;
        self.end_points += plate.end_points;
        self.end_points_right += plate.end_points_right;
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Mean distance between confidence and accuracy, over bins of equal width, weighed by their wells.
fn calibration_error(judged: &[&JudgedWell]) -> Option<f64> {
    let mut bins = [(0.0f64, 0.0f64); BINS];
    for well in judged {
        let bin = ((well.confidence * BINS as f64) as usize).min(BINS - 1);
        if let Some((confidence, right)) = bins.get_mut(bin) {
            *confidence += well.confidence;
            *right += if well.right() { 1.0 } else { 0.0 };
        }
    }
    let gaps: f64 = bins.iter().map(|(confidence, right)| (confidence - right).abs()).sum();
    (!judged.is_empty()).then(|| gaps / judged.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::{super::score::tests::scored, *};
    use crate::failure::Failure;

    fn wells(confidence: f64, right: usize, wrong: usize) -> Vec<JudgedWell> {
        let well = |read: WellClass| JudgedWell {
            well: "A1".parse().unwrap(),
            truth: WellClass::MAT,
            read,
            confidence,
            call_right: true,
        };
        [vec![well(WellClass::MAT); right], vec![well(WellClass::RING); wrong]].concat()
    }

    #[test]
    fn confidence_that_matches_accuracy_has_no_error() {
        let honest = [wells(0.8, 8, 2), wells(0.5, 5, 5)].concat();
        let error = calibration_error(&honest.iter().collect::<Vec<_>>()).unwrap();
        assert!(error < 1e-9, "80 % sure and right in 8 of 10: {error}");
        let boastful = wells(1.0, 7, 3);
        let error = calibration_error(&boastful.iter().collect::<Vec<_>>()).unwrap();
        assert!((error - 0.3).abs() < 1e-9, "sure of all, right in 7 of 10: {error}");
        assert_eq!(calibration_error(&[]), None, "no wells, no error");
    }

    #[test]
    fn missed_plates_count_against_location_but_not_against_classes() {
        let classes =
            r#""classes":{"D1":{"class":"teardrop","certainty":"sure"},"D4":{"class":"mat","certainty":"sure"}}"#;
        let scores = [
            Score::Plate(scored(classes, |_| {})),
            Score::Missed { error: Failure::new("no-plate", "no"), wells: 96, sure: 10 },
            Score::Refused { error: Failure::new("no-plate", "no") },
            Score::Invented { format: "96".into() },
        ];
        let totals = Totals::of(&scores);
        assert_eq!((totals.plates, totals.plates_found), (2, 1), "one of two was found");
        assert_eq!(totals.wells_located_share, Some(0.5), "its wells, and none of the other's");
        assert_eq!(totals.class_accuracy, Some(0.5), "D4 is wrong; the missed plate's wells have no class");
        assert_eq!((totals.sure_wells, totals.sure_wells_located), (12, 2), "but they are counted");
        assert_eq!((totals.pictures_without_plate, totals.refused), (2, 1), "one plate was invented");
        let row: Vec<_> = totals.confusion[&WellClass::MAT].iter().map(|(c, n)| (c.as_str(), *n)).collect();
        assert_eq!(row, [("button", 1)], "a mat was taken for a button");
    }
}
