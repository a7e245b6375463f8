//! One picture's score.

use super::truth::{Expected, TruePlate};
use crate::failure::Failure;
use serde::Serialize;
use wellread_phantom::truth::Certainty;
use wellread_plate::{
    assay::Assay,
    class::{Call, WellClass},
    end_point::{EndPoint, Rule, end_point},
    format::{PlateFormat, WellId},
    interpret::{Interpretation, interpret},
    reading::{Orientation, Reading, WellReading},
};

/// A well counts as located within this many pitches of the truth.
pub(super) const NEAR_PITCHES: f64 = 0.25;
/// A plate counts as located with this share of its wells.
pub(super) const LOCATED_SHARE: f64 = 0.95;

/// How one picture was read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(super) enum Score {
    /// There is a plate and it was read.
    Plate(PlateScore),
    /// There is a plate and it was not read.
    Missed {
        error: Failure,
        /// Wells of the plate.
        wells: usize,
        /// Wells whose class is sure.
        sure: usize,
    },
    /// There is no plate, and that was said.
    Refused { error: Failure },
    /// There is no plate, but one was read.
    Invented { format: String },
    /// The picture or its truth could not be used.
    Unusable { error: Failure },
}

/// How a plate was read.
#[derive(Debug, Serialize)]
pub(super) struct PlateScore {
    pub format: String,
    pub true_format: String,
    pub wells: usize,
    /// Wells found at their place under the right id.
    pub located: usize,
    /// Whether that is enough of them, in the right format.
    pub found: bool,
    /// Median distance of the centres from the truth, in pitches.
    pub median_error_pitches: f64,
    pub orientation: Orientation,
    /// Whether the reading had to be turned by half, where nobody can know A1.
    pub half_turn: bool,
    pub rms_residual_px: f64,
    /// Wells whose class is sure and whose place was found.
    #[serde(skip)]
    pub judged: Vec<JudgedWell>,
    /// Wells whose class is sure, but whose place was not found.
    pub sure_not_located: usize,
    pub sure: usize,
    pub classes_right: usize,
    pub calls_right: usize,
    /// Sure wells read wrongly, `A1: mat read as button (0.61)`.
    pub wrong: Vec<String>,
    pub end_points: usize,
    pub end_points_right: usize,
    /// End points out of range, `A: 4, not 5 to 6`.
    pub end_points_wrong: Vec<String>,
    pub total_ms: f64,
}

/// A well whose true class is sure.
#[derive(Clone, Debug)]
pub(super) struct JudgedWell {
    pub well: WellId,
    pub truth: WellClass,
    pub read: WellClass,
    pub confidence: f64,
    /// Whether truth and reading agree on the call `positive`.
    pub call_right: bool,
}

impl JudgedWell {
    pub(super) fn right(&self) -> bool {
        self.truth == self.read
    }
}

/// What the eyes made of a picture.
pub(super) type Seen = Result<(Reading, f64), Failure>;

/// Scores one picture.
pub(super) fn score(expected: &Expected, seen: Seen, assay: &Assay) -> Score {
    match (expected, seen) {
        (Expected::NoPlate, Err(error)) => Score::Refused { error },
        (Expected::NoPlate, Ok((reading, _))) => Score::Invented { format: reading.grid.format.to_string() },
        (Expected::Plate(plate), Err(error)) => {
            Score::Missed { error, wells: plate.format.wells(), sure: sure(plate, assay).count() }
        }
        (Expected::Plate(plate), Ok((reading, total_ms))) => Score::Plate(plate_score(plate, reading, total_ms, assay)),
    }
}

fn plate_score(plate: &TruePlate, reading: Reading, total_ms: f64, assay: &Assay) -> PlateScore {
    let upright = located(plate, &reading);
    // Where nothing shows A1, the opposite corner is as good.
    let turned = (!plate.truth.a1_orientation_known).then(|| half_turned(&reading));
    let turned = turned.map(|reading| (located(plate, &reading), reading));
    let (half_turn, found, reading) = match turned {
        Some((found, turned)) if found.len() > upright.len() => (true, found, turned),
        _ => (false, upright, reading),
    };
    let judged: Vec<JudgedWell> =
        sure(plate, assay).filter_map(|(well, truth)| judged_well(&reading, &found, well, truth, assay)).collect();
    let sure = sure(plate, assay).count();
    let made = interpret(&reading, assay).ok();
    let (end_points, end_points_wrong) = end_points(plate, made.as_ref(), assay);
    let format = reading.grid.format;
    PlateScore {
        format: format.to_string(),
        true_format: plate.format.to_string(),
        wells: plate.format.wells(),
        located: found.len(),
        found: format == plate.format && found.len() as f64 >= LOCATED_SHARE * plate.format.wells() as f64,
        median_error_pitches: median_error(plate, &reading),
        orientation: reading.grid.orientation,
        half_turn,
        rms_residual_px: reading.grid.rms_residual_px,
        sure_not_located: sure - judged.len(),
        sure,
        classes_right: judged.iter().filter(|well| well.right()).count(),
        calls_right: judged.iter().filter(|well| well.call_right).count(),
        wrong: judged.iter().filter(|well| !well.right()).map(wrong_well).collect(),
        judged,
        end_points,
        end_points_right: end_points - end_points_wrong.len(),
        end_points_wrong,
        total_ms,
    }
}

fn wrong_well(well: &JudgedWell) -> String {
    format!("{}: {} read as {} ({:.2})", well.well, well.truth, well.read, well.confidence)
}

/// The wells found at their place, under the right id.
fn located(plate: &TruePlate, reading: &Reading) -> Vec<WellId> {
    let near = |seen: &&WellReading| {
        plate.format.contains(seen.well)
            && plate.distance_pitches(seen.well, seen.center_px).is_some_and(|far| far <= NEAR_PITCHES)
    };
    reading.wells.iter().filter(near).map(|seen| seen.well).collect()
}

fn median_error(plate: &TruePlate, reading: &Reading) -> f64 {
    let far = |seen: &WellReading| plate.distance_pitches(seen.well, seen.center_px);
    let mut errors: Vec<f64> = reading.wells.iter().filter_map(far).collect();
    errors.sort_by(f64::total_cmp);
    errors.get(errors.len() / 2).copied().unwrap_or(f64::INFINITY)
}

/// The same reading with H12 taken for A1.
fn half_turned(reading: &Reading) -> Reading {
    let format: PlateFormat = reading.grid.format;
    let wells = format.iter().zip(reading.wells.iter().rev());
    let wells = wells.map(|(well, seen)| WellReading { well, ..seen.clone() }).collect();
    Reading { grid: reading.grid.clone(), wells }
}

/// The wells whose class is sure and known to the assay.
fn sure<'a>(plate: &'a TruePlate, assay: &'a Assay) -> impl Iterator<Item = (WellId, &'a WellClass)> {
    let classes = plate.truth.classes.iter().filter(|(_, truth)| truth.certainty == Certainty::Sure);
    classes.map(|(well, truth)| (*well, &truth.class)).filter(|(_, class)| assay.call(class).is_some())
}

fn judged_well(
    reading: &Reading,
    found: &[WellId],
    well: WellId,
    truth: &WellClass,
    assay: &Assay,
) -> Option<JudgedWell> {
    let index = found.contains(&well).then(|| reading.grid.format.index_of(well)).flatten()?;
    let probabilities = &reading.wells.get(index)?.probabilities;
    let (read, confidence) = probabilities.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let positive = |class| assay.call(class) == Some(Call::Positive);
    Some(JudgedWell {
        well,
        truth: truth.clone(),
        read: read.clone(),
        confidence: *confidence,
        call_right: positive(truth) == positive(read),
    })
}

/// How many end points have a truth, and those that are wrong.
///
/// Right is what lies in the truth's range, or what the assay's rule makes of the true classes: the range counts the
/// unbroken run, which a rule that bridges a skipped well rightly exceeds, and it has no word for an empty row, which
/// has no end point at all.
///
/// A plate that is not the assay's has no end points under it: then there is nothing to score.
fn end_points(plate: &TruePlate, made: Option<&Interpretation>, assay: &Assay) -> (usize, Vec<String>) {
    let Some(made) = made else { return (0, Vec::new()) };
    let highest = assay.series.as_ref().is_some_and(|series| series.rule == Rule::Highest);
    let mut wrong = Vec::new();
    for (id, truth) in &plate.truth.series {
        let [low, high] = if highest { truth.highest_range } else { truth.run_last_col_range };
        let read = made.series.iter().find(|s| s.series == *id).and_then(|s| s.end_point);
        let in_range = read.is_some_and(|step| (low..=high).contains(&usize::from(step)));
        if !in_range && by_rule(plate, id, assay) != Some(EndPoint { step: read, flags: Vec::new() }) {
            let read = read.map_or_else(|| "none".to_owned(), |step| step.to_string());
            let range = if low == high { low.to_string() } else { format!("{low} to {high}") };
            wrong.push(format!("{id}: {read}, not {range}"));
        }
    }
    (plate.truth.series.len(), wrong)
}

/// What the assay's rule makes of a series' true classes, without flags; `None` when they are not all known.
fn by_rule(plate: &TruePlate, id: &str, assay: &Assay) -> Option<EndPoint> {
    let layout = assay.series.as_ref()?;
    let line = assay.series_lines(plate.format).into_iter().find(|line| line.id == id)?;
    let call = |well: &WellId| assay.call(&plate.truth.classes.get(well)?.class);
    let calls = line.wells.iter().map(call).collect::<Option<Vec<Call>>>()?;
    Some(EndPoint { flags: Vec::new(), ..end_point(&calls, layout.rule) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::{
        super::truth::tests::{STAIRCASE, plate},
        *,
    };
    use crate::record::tests::{hi, staircase};

    /// The truth of [`staircase`], with these classes and series.
    fn truth(more: &str) -> Expected {
        Expected::Plate(Box::new(plate(&STAIRCASE.replace("\"assay\"", &format!("{more},\"assay\"")))))
    }

    pub(in crate::evaluate) fn scored(more: &str, change: impl FnOnce(&mut Reading)) -> PlateScore {
        let mut reading = staircase();
        change(&mut reading);
        match score(&truth(more), Ok((reading, 1.0)), &hi()) {
            Score::Plate(score) => score,
            other => panic!("{other:?}"),
        }
    }

    const CLASSES: &str = r#""classes":{"D1":{"class":"teardrop","certainty":"sure"},
        "D4":{"class":"mat","certainty":"sure"},"D5":{"class":"teardrop","certainty":"sure"},
        "D6":{"class":"teardrop","certainty":"unsure"},"D7":{"class":"partial","certainty":"sure"}}"#;

    #[test]
    fn only_sure_wells_of_known_classes_count() {
        let score = scored(CLASSES, |_| {});
        assert_eq!((score.located, score.found), (96, true), "the truth lies on the same grid");
        assert_eq!((score.sure, score.classes_right, score.calls_right), (3, 1, 2), "{:?}", score.wrong);
        assert_eq!(score.wrong, ["D4: mat read as button (0.98)", "D5: teardrop read as button (0.98)"], "by well");
    }

    #[test]
    fn wells_a_quarter_pitch_off_are_located_and_farther_ones_not() {
        let shifted =
            |by: f64| scored(CLASSES, |reading| reading.wells.iter_mut().for_each(|seen| seen.center_px[0] += by));
        assert_eq!(shifted(24.9).located, 96, "within a quarter of 100 pixels");
        let far = shifted(26.0);
        assert_eq!((far.located, far.found, far.sure_not_located), (0, false, 3), "beyond it; their classes are lost");
    }

    #[test]
    fn a_half_turn_is_forgiven_where_a1_cannot_be_known() {
        let turn = |reading: &mut Reading| *reading = half_turned(reading);
        assert_eq!(scored(CLASSES, turn).located, 0, "A1 is known, so the wrong corner is wrong");
        let unknown = STAIRCASE.replace("\"a1_orientation_known\":true", "\"a1_orientation_known\":false");
        let mut reading = staircase();
        turn(&mut reading);
        match score(&Expected::Plate(Box::new(plate(&unknown))), Ok((reading, 1.0)), &hi()) {
            Score::Plate(score) => assert!(score.half_turn && score.found, "either corner is right: {score:?}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn end_points_must_lie_in_their_range() {
        let series = |range: &str| {
            let (d, h) = ("\"flowing_run_last_col\":3,\"highest_flowing_col\":3,\"highest_range\":[3,3]", "[7,7]");
            format!(r#""series":{{"D":{{{d},"run_last_col_range":{range}}},"H":{{{d},"run_last_col_range":{h}}}}}"#)
        };
        let score = scored(&series("[3,4]"), |_| {});
        assert_eq!((score.end_points, score.end_points_right), (2, 2), "row D ends at 3, row H at 7");
        let score = scored(&series("[4,5]"), |_| {});
        assert_eq!(score.end_points_wrong, ["D: 3, not 4 to 5"], "out of range by one");
    }

    #[test]
    fn a_rule_that_bridges_a_gap_is_not_wrong_for_it() {
        let wells: Vec<String> = (1..=12)
            .map(|col| {
                let class = if [1, 2, 4].contains(&col) { "teardrop" } else { "button" };
                format!(r#""D{col}":{{"class":"{class}","certainty":"sure"}}"#)
            })
            .collect();
        let series = r#""series":{"D":{"flowing_run_last_col":2,"highest_flowing_col":4,"run_last_col_range":[2,2],"highest_range":[4,4]}}"#;
        let more = format!("\"classes\":{{{}}},{series}", wells.join(","));
        let show = |positive: &'static [usize]| {
            scored(&more, |reading| {
                for seen in reading.wells.iter_mut().filter(|seen| seen.well.row() == 3) {
                    let p = if positive.contains(&seen.well.col()) { 0.98 } else { 0.02 };
                    seen.probabilities = vec![(WellClass::TEARDROP, p), (WellClass::BUTTON, 1.0 - p)];
                }
            })
        };
        assert_eq!(show(&[0, 1, 3]).end_points_right, 1, "the HI rule bridges D3 and ends at 4, as it must");
        assert_eq!(show(&[0, 1, 3, 4]).end_points_wrong, ["D: 5, not 2"], "but 5 is wrong by rule and by range");
    }

    #[test]
    fn an_empty_row_has_rightly_no_end_point() {
        let wells: Vec<String> =
            (1..=12).map(|col| format!(r#""A{col}":{{"class":"empty","certainty":"sure"}}"#)).collect();
        let series = r#""series":{"A":{"flowing_run_last_col":0,"highest_flowing_col":0,"run_last_col_range":[0,0],"highest_range":[0,0]}}"#;
        let more = format!("\"classes\":{{{}}},{series}", wells.join(","));
        let show = |class: WellClass| {
            scored(&more, |reading| {
                for seen in reading.wells.iter_mut().filter(|seen| seen.well.row() == 0) {
                    seen.probabilities = vec![(class.clone(), 1.0)];
                }
            })
        };
        assert_eq!(show(WellClass::EMPTY).end_points_right, 1, "nothing was in it, and nothing was read from it");
        let tail = show(WellClass::TEARDROP);
        assert_eq!(tail.end_points_wrong, ["A: 12, not 0"], "tear-drops in an empty row are wrong");
    }

    #[test]
    fn pictures_without_a_plate_must_be_refused() {
        let refused = Err(Failure::new("no-plate", "no"));
        assert!(matches!(score(&Expected::NoPlate, refused, &hi()), Score::Refused { .. }), "that is the right answer");
        let seen = Ok((staircase(), 1.0));
        assert!(matches!(score(&Expected::NoPlate, seen, &hi()), Score::Invented { .. }), "a plate out of nothing");
    }
}
