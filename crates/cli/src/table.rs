//! What people get of each picture: the plate as it lies, its end points, and what needs a look.

use crate::failure::Failure;
use std::{fmt::Write, path::Path};
use wellread_plate::{
    assay::{Along, Assay},
    end_point::RuleName,
    format::row_letters,
    interpret::{CallFlag, CalledWell, Interpretation, SeriesResult},
    reading::{Grid, OrientationBy},
};
use wellread_station::annotate::{Legend, call_name};

/// Plates of more columns than this are summed up by row instead of drawn: a terminal is 80 to 120 wide.
const WIDEST_COLS: usize = 24;

/// One picture's failure.
pub(crate) fn failure(path: &Path, failure: &Failure) -> String {
    format!("{}: {failure}\n", path.display())
}

/// One picture's result.
pub(crate) fn plate(path: &Path, grid: &Grid, assay: &Assay, made: &Interpretation, total_ms: f64) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_plate(&mut text, path, grid, assay, made, total_ms);
    text
}

fn write_plate(
    out: &mut String,
    path: &Path,
    grid: &Grid,
    assay: &Assay,
    made: &Interpretation,
    total_ms: f64,
) -> std::fmt::Result {
    let corner = match (grid.orientation.known, grid.orientation.by) {
        (false, _) | (_, OrientationBy::Assumed) => "A1 taken to be upright",
        (_, OrientationBy::Letters) => "A1 by its letters",
        (_, OrientationBy::Notches) => "A1 by the cut corners",
        (_, OrientationBy::Calibration) => "A1 by calibration",
    };
    writeln!(out, "{}", path.display())?;
    writeln!(
        out,
        "  plate of {} x {} wells, {corner}, fit {:.1} px; assay {} version {}; {total_ms:.0} ms",
        grid.format.rows(),
        grid.format.cols(),
        grid.rms_residual_px,
        assay.id,
        assay.version
    )?;
    let legend = Legend::of(assay);
    if grid.format.cols() <= WIDEST_COLS {
        write_wells(out, grid, assay, made, &legend)?;
    } else {
        write_series(out, made)?;
    }
    write_sums(out, made, &legend)?;
    for reason in &made.review_reasons {
        writeln!(out, "  ! {reason}")?;
    }
    Ok(())
}

fn write_wells(
    out: &mut String,
    grid: &Grid,
    assay: &Assay,
    made: &Interpretation,
    legend: &Legend,
) -> std::fmt::Result {
    let along = assay.series.as_ref().map(|layout| layout.along);
    write!(out, "\n     ")?;
    for col in 1..=grid.format.cols() {
        write!(out, "{col:>3}")?;
    }
    writeln!(out)?;
    for (row, wells) in made.wells.chunks(grid.format.cols()).enumerate() {
        write!(out, "  {:>2} ", row_letters(row))?;
        for well in wells {
            write!(out, " {}{}", legend.letter(&well.class), mark(well))?;
        }
        let result = made.series.iter().find(|s| along == Some(Along::Rows) && s.series == row_letters(row));
        writeln!(out, "{}", result.map_or_else(String::new, |s| format!("   {}", series_text(s))))?;
    }
    writeln!(out)?;
    if along == Some(Along::Columns) {
        write_series(out, made)?;
    }
    Ok(())
}

fn write_series(out: &mut String, made: &Interpretation) -> std::fmt::Result {
    for series in &made.series {
        writeln!(out, "  {:>2}  {}", series.series, series_text(series))?;
    }
    Ok(())
}

fn write_sums(out: &mut String, made: &Interpretation, legend: &Legend) -> std::fmt::Result {
    let classes: Vec<String> = made
        .counts
        .classes
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(class, count)| format!("{} {class} {count}", legend.letter(class)))
        .collect();
    let calls: Vec<String> =
        made.counts.calls.iter().map(|(call, count)| format!("{} {count}", call_name(*call))).collect();
    writeln!(out, "  {}   ({})", classes.join(", "), calls.join(", "))?;
    if made.distribution.total() > 0 {
        let bars: Vec<String> = made.distribution.iter().map(|(step, n)| format!("{step}: {n}")).collect();
        writeln!(out, "  end points {}", bars.join(", "))?;
    }
    if let Some(summary) = &made.summary {
        let statistics = &summary.statistics;
        let shown = |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
        writeln!(
            out,
            "  geometric mean titre {}, log2 mean {}, SD {}, CV {} %",
            shown(statistics.geometric_mean_titre, 1),
            shown(statistics.mean_log2, 2),
            shown(statistics.sd_log2, 2),
            shown(statistics.cv_percent, 1)
        )?;
    }
    Ok(())
}

/// `?` beside a well that needs a look, `!` beside one that was seen badly.
fn mark(well: &CalledWell) -> char {
    if well.flags.contains(&CallFlag::LowConfidence) {
        '?'
    } else if well.flags.is_empty() {
        ' '
    } else {
        '!'
    }
}

/// A series' result in a few words: `5  1:32  log2 5`, `MIC 0.5 mg/L`.
pub(crate) fn series_text(series: &SeriesResult) -> String {
    let end_point = series.end_point.map_or("-".to_owned(), |step| step.to_string());
    let meaning = match (&series.mic, series.titre, series.end_point) {
        (Some(mic), _, _) => format!("MIC {mic}"),
        (None, Some(titre), _) => format!("1:{titre}"),
        // A MIC without a value has a flag that says why; a titre of end point 0 lies below the first dilution.
        (None, None, Some(0)) if series.rule != RuleName::Mic => "below first".to_owned(),
        (None, None, _) => "no result".to_owned(),
    };
    let log2 = series.log2.map_or(String::new(), |log2| format!("  log2 {log2:.4}"));
    let log2 = if log2.contains('.') { log2.trim_end_matches('0').trim_end_matches('.') } else { &log2 };
    let flags: Vec<String> = series.flags.iter().map(kebab).collect();
    let flags = if flags.is_empty() { String::new() } else { format!("  [{}]", flags.join(", ")) };
    format!("{end_point:>2}  {meaning}{log2}{flags}")
}

/// The name a flag has in JSON, so that people and programs speak of the same thing.
fn kebab(flag: &impl serde::Serialize) -> String {
    match serde_json::to_value(flag) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "flag".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{hi, staircase};
    use wellread_plate::interpret::interpret;

    #[test]
    fn a_plate_is_drawn_as_it_lies() {
        let mut reading = staircase();
        let at = reading.grid.format.index_of("C6".parse().unwrap()).unwrap();
        reading.wells[at].probabilities =
            reading.wells[at].probabilities.iter().map(|(c, _)| (c.clone(), 0.5)).collect();
        let made = interpret(&reading, &hi()).unwrap();
        insta::assert_snapshot!(plate(Path::new("p.jpg"), &reading.grid, &hi(), &made, 48.4));
    }
}
