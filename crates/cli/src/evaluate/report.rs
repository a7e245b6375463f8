//! The scores for people.

use super::{
    score::{PlateScore, Score},
    totals::Totals,
};
use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};
use wellread_plate::{class::WellClass, reading::OrientationBy};

/// The most wrong wells named of one picture; all are in the JSON.
const MOST_NAMED: usize = 12;

/// One line a picture, more where something is wrong.
pub(super) fn picture(name: &str, score: &Score) -> String {
    let mut text = format!("{name:<28} ");
    // Writing to a string cannot fail.
    let _ = match score {
        Score::Plate(plate) => write_plate(&mut text, plate),
        Score::Missed { error, .. } => writeln!(text, "MISSED   {error}"),
        Score::Refused { error } => writeln!(text, "ok       no plate there, and none read ({})", error.code),
        Score::Invented { format } => writeln!(text, "WRONG    no plate there, but one of {format} wells was read"),
        Score::Unusable { error } => writeln!(text, "UNUSABLE {error}"),
    };
    text
}

fn write_plate(out: &mut String, plate: &PlateScore) -> fmt::Result {
    let verdict = if plate.found { "ok      " } else { "WRONG   " };
    write!(
        out,
        "{verdict} {:>4} of {:<4} wells located, off by {:.2} pitches",
        plate.located, plate.wells, plate.median_error_pitches
    )?;
    if plate.format != plate.true_format {
        write!(out, "; read as {}, is {}", plate.format, plate.true_format)?;
    }
    write!(out, "; A1 {}", orientation(plate))?;
    if plate.sure > 0 {
        write!(
            out,
            "; {} of {} sure wells: class {}, call {}",
            plate.judged.len(),
            plate.sure,
            plate.classes_right,
            plate.calls_right
        )?;
    }
    if plate.end_points > 0 {
        write!(out, "; end points {} of {}", plate.end_points_right, plate.end_points)?;
    }
    writeln!(out, "; {:.0} ms", plate.total_ms)?;
    if !plate.wrong.is_empty() {
        let named = plate.wrong.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        let more = plate.wrong.len().saturating_sub(MOST_NAMED);
        writeln!(out, "      {named}{}", if more > 0 { format!(" and {more} more") } else { String::new() })?;
    }
    if !plate.end_points_wrong.is_empty() {
        writeln!(out, "      end points {}", plate.end_points_wrong.join("; "))?;
    }
    Ok(())
}

fn orientation(plate: &PlateScore) -> &'static str {
    match plate.orientation.by {
        _ if plate.half_turn => "half-turned, forgiven",
        OrientationBy::Letters => "by letters",
        OrientationBy::Notches => "by notches",
        OrientationBy::Calibration => "by calibration",
        OrientationBy::Assumed => "assumed",
    }
}

/// All pictures together.
pub(super) fn totals(totals: &Totals) -> String {
    let mut text = String::new();
    let _ = write_totals(&mut text, totals);
    text
}

fn write_totals(out: &mut String, t: &Totals) -> fmt::Result {
    let percent = |share: Option<f64>| share.map_or("-".to_owned(), |s| format!("{:.2} %", s * 100.0));
    writeln!(out)?;
    writeln!(out, "plates located        {} of {}", t.plates_found, t.plates)?;
    writeln!(out, "wells located         {} of {} ({})", t.wells_located, t.wells, percent(t.wells_located_share))?;
    if t.pictures_without_plate > 0 {
        writeln!(out, "no plate, said so     {} of {}", t.refused, t.pictures_without_plate)?;
    }
    if t.sure_wells > 0 {
        writeln!(out, "sure wells located    {} of {}", t.sure_wells_located, t.sure_wells)?;
        writeln!(out, "  class right         {} ({})", t.classes_right, percent(t.class_accuracy))?;
        writeln!(out, "  positive or not     {} ({})", t.calls_right, percent(t.call_accuracy))?;
        let error = t.expected_calibration_error.map_or("-".to_owned(), |e| format!("{e:.4}"));
        writeln!(out, "  calibration error   {error} (expected, 15 bins)")?;
    }
    if t.end_points > 0 {
        writeln!(out, "end points right      {} of {}", t.end_points_right, t.end_points)?;
    }
    if t.unusable > 0 {
        writeln!(out, "not usable            {}", t.unusable)?;
    }
    if let Some(ms) = t.median_total_ms {
        writeln!(out, "median time           {ms:.0} ms")?;
    }
    write_confusion(out, t)
}

fn write_confusion(out: &mut String, totals: &Totals) -> fmt::Result {
    if totals.confusion.is_empty() {
        return Ok(());
    }
    let read: BTreeSet<&WellClass> = totals.confusion.values().flat_map(|row| row.keys()).collect();
    write!(out, "\n{:<12}", "true \\ read")?;
    for class in &read {
        write!(out, "{:>11}", class.as_str())?;
    }
    writeln!(out)?;
    for (truth, row) in &totals.confusion {
        write!(out, "{:<12}", truth.as_str())?;
        for class in &read {
            write!(out, "{:>11}", row.get(*class).copied().unwrap_or(0))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::score::tests::scored, *};
    use crate::failure::Failure;

    #[test]
    fn the_report_names_what_is_wrong() {
        let classes = r#""classes":{"D1":{"class":"teardrop","certainty":"sure"},"D4":{"class":"mat","certainty":"sure"}},
            "series":{"D":{"flowing_run_last_col":3,"highest_flowing_col":3,"run_last_col_range":[4,5],"highest_range":[3,3]}}"#;
        let scores = [
            ("a.jpg", Score::Plate(scored(classes, |_| {}))),
            ("b.jpg", Score::Missed { error: Failure::new("no-plate", "none found"), wells: 96, sure: 0 }),
            ("c.jpg", Score::Refused { error: Failure::new("no-plate", "none found") }),
            ("d.jpg", Score::Invented { format: "24".into() }),
            ("e.jpg", Score::Unusable { error: Failure::new("not-found", "there is no such file") }),
        ];
        let mut text: String = scores.iter().map(|(name, score)| picture(name, score)).collect();
        text += &super::totals(&Totals::of(scores.iter().map(|(_, score)| score)));
        insta::assert_snapshot!(text);
    }
}
