//! What stands where on the page, from the top down.

use super::{
    PAGE,
    canvas::{Area, Canvas, Ink, Weight},
};
use crate::deliver::{
    RenderError,
    sample::{PlateReport, SampleReport, SeriesReport, listed, plain},
};
use krilla::image::Image;
use wellread_plate::{assay::Role, class::Call, end_point::SeriesFlag};

const MARGIN: f32 = 40.0;
const WIDTH: f32 = PAGE.0 - 2.0 * MARGIN;
const TITLE_WIDTH: f32 = 325.0;
const BODY_PT: f32 = 9.0;
const SMALL_PT: f32 = 7.5;

/// Where the sections begin. Their heights are fixed, so that a report always looks the same.
const FACTS_Y: f32 = 86.0;
const PICTURE_Y: f32 = 152.0;
const PICTURE_HEIGHT: f32 = 190.0;
const STATISTICS_Y: f32 = 366.0;
const TITRES_Y: f32 = 406.0;
const TITRE_ROWS: usize = 16;
const ROW_PT: f32 = 12.5;
const REVIEWS_Y: f32 = 642.0;
const REVIEW_LINES: usize = 4;
const SIGNATURES_Y: f32 = 706.0;
const SIGNATURE_LINES: usize = 4;
const ORIGIN_Y: f32 = 776.0;
const ORIGIN_LINES: usize = 3;

pub(super) fn draw(
    canvas: &mut Canvas<'_, '_>,
    report: &SampleReport,
    picture: Option<Image>,
) -> Result<(), RenderError> {
    heading(canvas, report)?;
    facts(canvas, report)?;
    photograph(canvas, picture);
    histogram(canvas, report);
    statistics(canvas, report);
    titres(canvas, report);
    reviews(canvas, report);
    signatures(canvas, report)?;
    origin(canvas, report);
    if canvas.typefaces.lacking().is_some() {
        // Whoever reads the page sees boxes and must not take them for what was entered.
        let told = "A box stands for a character that this page cannot print: the workbook has it.";
        canvas.text(MARGIN, PAGE.1 - 22.0, SMALL_PT, Weight::SemiBold, Ink::Black, told);
    }
    Ok(())
}

fn heading(canvas: &mut Canvas<'_, '_>, report: &SampleReport) -> Result<(), RenderError> {
    let title = format!("Sample {}", report.sample_no);
    // A number cut short could be another sample's: it is set smaller before it is cut.
    let fits = |size: &f32| canvas.typefaces.width(&title, Weight::SemiBold, *size) <= TITLE_WIDTH;
    let size = [20.0, 16.0, 12.0, 9.0].into_iter().find(fits).unwrap_or(7.0);
    let title = canvas.typefaces.fit(&title, Weight::SemiBold, size, TITLE_WIDTH);
    canvas.text(MARGIN, 58.0, size, Weight::SemiBold, Ink::Black, &title);
    let right = PAGE.0 - MARGIN;
    let station = canvas.typefaces.fit(&report.station, Weight::SemiBold, BODY_PT, 180.0);
    canvas.text_to(right, 46.0, BODY_PT, Weight::SemiBold, Ink::Black, &station);
    let made = format!("Revision {}, {}", report.revision, report.generated.readable()?);
    canvas.text_to(right, 58.0, SMALL_PT, Weight::Regular, Ink::Grey, &made);
    canvas.rule(MARGIN, 68.0, WIDTH);
    Ok(())
}

fn facts(canvas: &mut Canvas<'_, '_>, report: &SampleReport) -> Result<(), RenderError> {
    let absent = || "–".to_owned();
    let assay = report.assay().map_or_else(absent, |(id, version)| format!("{id}, version {version}"));
    let read = report.last_read().map(super::Moment::readable).transpose()?.unwrap_or_else(absent);
    let plates: Vec<&str> = report.plates.iter().map(|plate| plate.plate_no.as_str()).collect();
    let model = report.plates.last().map_or_else(absent, |plate| plate.model.clone());
    let rows = [
        ("Submission", report.submission_no.clone().unwrap_or_else(absent), "Assay", assay),
        ("Test", report.test_number().to_owned(), "Read by", model),
        ("Plates", if plates.is_empty() { absent() } else { plates.join(", ") }, "Last read", read),
    ];
    let half = WIDTH / 2.0;
    for (line, (left, left_value, right, right_value)) in rows.iter().enumerate() {
        let y = FACTS_Y + 6.0 + line as f32 * 15.0;
        for (x, name, value) in [(MARGIN, left, left_value), (MARGIN + half, right, right_value)] {
            canvas.text(x, y, BODY_PT, Weight::Regular, Ink::Grey, name);
            let value = canvas.typefaces.fit(value, Weight::Regular, BODY_PT, half - 70.0);
            canvas.text(x + 60.0, y, BODY_PT, Weight::Regular, Ink::Black, &value);
        }
    }
    Ok(())
}

fn photograph(canvas: &mut Canvas<'_, '_>, picture: Option<Image>) {
    let within = Area { x: MARGIN, y: PICTURE_Y, width: 270.0, height: PICTURE_HEIGHT };
    if let Some(image) = picture {
        canvas.picture(image, within);
        return;
    }
    canvas.text(MARGIN, PICTURE_Y + 12.0, BODY_PT, Weight::Regular, Ink::Grey, "No picture is kept for it.");
}

fn histogram(canvas: &mut Canvas<'_, '_>, report: &SampleReport) {
    let area = Area { x: MARGIN + 290.0, y: PICTURE_Y, width: WIDTH - 290.0, height: PICTURE_HEIGHT };
    canvas.text(area.x, area.y + 9.0, BODY_PT, Weight::SemiBold, Ink::Black, "Series by end point");
    let last = report.distribution.iter().map(|(step, _)| step).max().unwrap_or(0).max(12);
    let most = report.distribution.iter().map(|(_, series)| series).max().unwrap_or(0).max(1);
    let (floor, roof) = (area.y + area.height - 22.0, area.y + 32.0);
    let step_width = area.width / (f32::from(last) + 1.0);
    // Labels of fine plates would run into each other: then every second or fourth is written.
    let every = if step_width >= 11.0 {
        1
    } else if step_width >= 6.0 {
        2
    } else {
        4
    };
    for step in 0..=last {
        let count = report.distribution.count(step);
        let middle = area.x + (f32::from(step) + 0.5) * step_width;
        let height = (floor - roof) * (count as f64 / most as f64) as f32;
        if count > 0 {
            let bar = Area { x: middle - step_width * 0.36, y: floor - height, width: step_width * 0.72, height };
            canvas.fill(bar, Ink::Bar);
            canvas.text_around(middle, floor - height - 3.0, SMALL_PT, Ink::Black, &count.to_string());
        }
        if step % every == 0 {
            canvas.text_around(middle, floor + 10.0, SMALL_PT, Ink::Grey, &step.to_string());
        }
    }
    canvas.rule(area.x, floor, area.width);
    let axis = "end point (0: none positive)";
    canvas.text_around(area.x + area.width / 2.0, floor + 20.0, SMALL_PT, Ink::Grey, axis);
}

fn statistics(canvas: &mut Canvas<'_, '_>, report: &SampleReport) {
    let summary = report.statistics.as_ref();
    let statistics = summary.map(|summary| summary.statistics);
    let number = |number: Option<f64>, unit: &str| {
        number.map_or_else(|| "–".to_owned(), |number| format!("{}{unit}", plain((number * 100.0).round() / 100.0)))
    };
    let below =
        summary.map_or_else(|| "–".to_owned(), |summary| format!("{} of {}", summary.below_first, summary.series));
    let cut_off = summary.and_then(|summary| summary.cut_off);
    let share_name =
        cut_off.map_or_else(|| "Share at cut-off".to_owned(), |titre| format!("Share at 1:{} or above", plain(titre)));
    let share = summary.and_then(|summary| summary.share_at_or_above).map(|share| share * 100.0);
    let cells = [
        ("Series", report.distribution.total().to_string()),
        ("Geometric mean titre", number(statistics.and_then(|statistics| statistics.geometric_mean_titre), "")),
        ("Mean log2", number(statistics.and_then(|statistics| statistics.mean_log2), "")),
        ("SD log2", number(statistics.and_then(|statistics| statistics.sd_log2), "")),
        ("CV", number(statistics.and_then(|statistics| statistics.cv_percent), " %")),
        ("Below first", below),
        (share_name.as_str(), number(share, " %")),
    ];
    let widths = [44.0, 104.0, 66.0, 60.0, 60.0, 76.0, 105.0];
    let mut x = MARGIN;
    for ((name, value), width) in cells.iter().zip(widths) {
        canvas.text(x, STATISTICS_Y, SMALL_PT, Weight::Regular, Ink::Grey, name);
        canvas.text(x, STATISTICS_Y + 13.0, 11.0, Weight::SemiBold, Ink::Black, value);
        x += width;
    }
}

fn titres(canvas: &mut Canvas<'_, '_>, report: &SampleReport) {
    canvas.rule(MARGIN, TITRES_Y - 14.0, WIDTH);
    let all: Vec<(&PlateReport, &SeriesReport)> =
        report.plates.iter().flat_map(|plate| plate.series.iter().map(move |series| (plate, series))).collect();
    if all.is_empty() {
        calls(canvas, report);
        return;
    }
    let half = WIDTH / 2.0;
    let room = 2 * TITRE_ROWS;
    // Few series stand in one column, where their remarks find all the room there is.
    let width = if all.len() > TITRE_ROWS { half - 5.0 } else { WIDTH };
    let columns = all.chunks(TITRE_ROWS).take(2).enumerate();
    for (column, rows) in columns {
        let x = MARGIN + column as f32 * (half + 5.0);
        let places = [0.0, 56.0, 92.0, 124.0, 180.0];
        for (place, name) in places.into_iter().zip(["Plate", "Series", "Step", "Result", "Remarks"]) {
            canvas.text(x + place, TITRES_Y, SMALL_PT, Weight::Regular, Ink::Grey, name);
        }
        for (line, (plate, series)) in rows.iter().enumerate() {
            let y = TITRES_Y + (line as f32 + 1.0) * ROW_PT;
            let step = series.end_point.map_or_else(|| "–".to_owned(), |step| step.to_string());
            let flags = listed(series.flags.iter().copied().map(SeriesFlag::as_str));
            let remark = match series.role {
                Role::Sample => flags,
                control => format!("{control} {flags}"),
            };
            let cells = [plate.plate_no.clone(), series.series.clone(), step, series.result(), remark];
            let ends = places.into_iter().skip(1).chain([width]);
            for ((place, end), cell) in places.into_iter().zip(ends).zip(cells) {
                let cell = canvas.typefaces.fit(&cell, Weight::Regular, BODY_PT, end - place - 4.0);
                canvas.text(x + place, y, BODY_PT, Weight::Regular, Ink::Black, &cell);
            }
        }
    }
    let unseen = all.len().saturating_sub(room);
    if unseen > 0 {
        let y = TITRES_Y + (TITRE_ROWS as f32 + 1.0) * ROW_PT;
        let text = format!("{unseen} more series find no room here: see the detailed table or the workbook.");
        canvas.text(MARGIN, y, BODY_PT, Weight::SemiBold, Ink::Black, &text);
    }
}

/// What stands in place of titres where each well is its own result: how many wells have each call.
fn calls(canvas: &mut Canvas<'_, '_>, report: &SampleReport) {
    for (line, plate) in report.plates.iter().take(TITRE_ROWS).enumerate() {
        let judged = || plate.wells.iter().filter(|well| well.role == Role::Sample);
        let count = |call: Call| judged().filter(|well| well.final_label == call).count();
        let [positive, negative, invalid] = [Call::Positive, Call::Negative, Call::Invalid].map(count);
        let text = format!(
            "Plate {}: of {} sample wells {positive} positive, {negative} negative, {invalid} invalid",
            plate.plate_no,
            judged().count()
        );
        let text = canvas.typefaces.fit(&text, Weight::Regular, BODY_PT, WIDTH);
        canvas.text(MARGIN, TITRES_Y + line as f32 * ROW_PT, BODY_PT, Weight::Regular, Ink::Black, &text);
    }
    let unseen = report.plates.len().saturating_sub(TITRE_ROWS);
    if unseen > 0 {
        let text = format!("{unseen} more plates find no room here: see the detailed table or the workbook.");
        let y = TITRES_Y + TITRE_ROWS as f32 * ROW_PT;
        canvas.text(MARGIN, y, BODY_PT, Weight::SemiBold, Ink::Black, &text);
    }
}

fn reviews(canvas: &mut Canvas<'_, '_>, report: &SampleReport) {
    canvas.rule(MARGIN, REVIEWS_Y - 14.0, WIDTH);
    let mut lines = Vec::new();
    let mut reviewed = 0;
    // That a plate is not valid comes first, so that it is never among what finds no room.
    for plate in &report.plates {
        let failures = plate.validity_failures.iter();
        lines.extend(failures.map(|failure| format!("Plate {} is not valid: {failure}", plate.plate_no)));
    }
    for plate in &report.plates {
        for well in &plate.wells {
            let Some(review) = &well.review else { continue };
            let (plate_no, label, call) = (&plate.plate_no, well.ai_label, well.final_label);
            reviewed += 1;
            lines.push(format!(
                "Plate {plate_no}, well {}: seen as {label}, {call} after review by {} ({})",
                well.well, review.by, review.reason
            ));
        }
    }
    let invalid = report.plates.iter().filter(|plate| !plate.validity_failures.is_empty()).count();
    let reviewed =
        if reviewed == 0 { "no well was reviewed".to_owned() } else { format!("wells reviewed: {reviewed}") };
    let title = match invalid {
        _ if report.plates.is_empty() => "No plate counts for this sample".to_owned(),
        0 => format!("All plates are valid; {reviewed}"),
        _ => format!("PLATES NOT VALID: {invalid} of {}; {reviewed}", report.plates.len()),
    };
    canvas.text(MARGIN, REVIEWS_Y, BODY_PT, Weight::SemiBold, Ink::Black, &title);
    let over = lines.len().saturating_sub(REVIEW_LINES);
    if over > 0 {
        lines.truncate(REVIEW_LINES - 1);
        lines.push(format!("and {} more: see the detailed table or the workbook.", over + 1));
    }
    list(canvas, REVIEWS_Y + 11.0, &lines);
}

fn signatures(canvas: &mut Canvas<'_, '_>, report: &SampleReport) -> Result<(), RenderError> {
    canvas.rule(MARGIN, SIGNATURES_Y - 14.0, WIDTH);
    if report.signatures.is_empty() {
        canvas.text(MARGIN, SIGNATURES_Y, BODY_PT, Weight::SemiBold, Ink::Black, "Not signed");
        for (column, meaning) in ["Performed", "Reviewed", "Approved"].into_iter().enumerate() {
            let x = MARGIN + column as f32 * (WIDTH / 3.0);
            canvas.rule(x, SIGNATURES_Y + 34.0, WIDTH / 3.0 - 16.0);
            canvas.text(x, SIGNATURES_Y + 44.0, SMALL_PT, Weight::Regular, Ink::Grey, meaning);
        }
        return Ok(());
    }
    canvas.text(MARGIN, SIGNATURES_Y, BODY_PT, Weight::SemiBold, Ink::Black, "Signatures");
    let mut lines = Vec::new();
    for signature in &report.signatures {
        lines.push(format!("{} by {}, {}", signature.meaning.as_str(), signature.by, signature.at.readable()?));
    }
    let over = lines.len().saturating_sub(SIGNATURE_LINES);
    if over > 0 {
        // The newest count most.
        lines.drain(..=over);
        lines.insert(0, format!("{} earlier signatures: see the workbook.", over + 1));
    }
    list(canvas, SIGNATURES_Y + 12.0, &lines);
    Ok(())
}

fn origin(canvas: &mut Canvas<'_, '_>, report: &SampleReport) {
    canvas.rule(MARGIN, ORIGIN_Y - 11.0, WIDTH);
    let mut lines: Vec<String> = report
        .plates
        .iter()
        .map(|plate| format!("Plate {}: run {}, picture SHA-256 {}", plate.plate_no, plate.run_id, plate.image_sha256))
        .collect();
    let over = lines.len().saturating_sub(ORIGIN_LINES);
    if over > 0 {
        lines.truncate(ORIGIN_LINES - 1);
        lines.push(format!("and {} more plates: see the detailed table or the workbook.", over + 1));
    }
    lines.push(match &report.audit_head {
        Some(head) => format!("Audit trail: entry {}, hash {}", head.seq, head.hash),
        None => "Audit trail: not stated".to_owned(),
    });
    for (line, text) in lines.iter().enumerate() {
        let text = canvas.typefaces.fit(text, Weight::Regular, 6.5, WIDTH);
        canvas.text(MARGIN, ORIGIN_Y + line as f32 * 9.0, 6.5, Weight::Regular, Ink::Grey, &text);
    }
}

fn list(canvas: &mut Canvas<'_, '_>, y: f32, lines: &[String]) {
    for (line, text) in lines.iter().enumerate() {
        let text = canvas.typefaces.fit(text, Weight::Regular, SMALL_PT, WIDTH);
        canvas.text(MARGIN, y + line as f32 * 11.0, SMALL_PT, Weight::Regular, Ink::Black, &text);
    }
}
