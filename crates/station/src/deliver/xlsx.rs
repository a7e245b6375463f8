//! A workbook for people: the sample, its series, every well, and the signatures.

use crate::deliver::{
    RenderError,
    columns::{DETAILED, SUMMARY},
    detailed,
    identifier::for_people,
    sample::{SampleReport, listed},
    summary,
};
use rust_xlsxwriter::{Chart, ChartType, DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use wellread_plate::end_point::SeriesFlag;

/// Columns of the sheets that are numbers, so that a spreadsheet can reckon with them.
const NUMBERS: [&str; 13] = [
    "assay_version",
    "confidence",
    "revision",
    "plates",
    "series",
    "below_first",
    "titres",
    "mean_log2",
    "sd_log2",
    "cv_percent",
    "geometric_mean_titre",
    "cut_off",
    "share_at_or_above",
];

pub(super) fn write(report: &SampleReport) -> Result<(Vec<u8>, u64), RenderError> {
    let failed = |error: XlsxError| RenderError::Writer { format: "xlsx", problem: error.to_string() };
    let facts = summary::fields(report)?;
    let (wells, signatures) = (wells(report)?, signatures(report)?);
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(report)?);
    let bold = Format::new().set_bold();
    let mut push = |sheet: Result<Worksheet, XlsxError>| {
        sheet.map(|sheet| {
            workbook.push_worksheet(sheet);
        })
    };
    push(sample_sheet(report, &facts, &bold)).map_err(failed)?;
    push(series_sheet(report, &bold)).map_err(failed)?;
    push(wells_sheet(&wells, &bold)).map_err(failed)?;
    push(signatures_sheet(&signatures, &bold)).map_err(failed)?;
    let bytes = workbook.save_to_buffer().map_err(failed)?;
    Ok((bytes, wells.len() as u64))
}

fn wells(report: &SampleReport) -> Result<Vec<[String; DETAILED.len()]>, RenderError> {
    let all = report.plates.iter().flat_map(|plate| plate.wells.iter().map(move |well| (plate, well)));
    all.map(|(plate, well)| detailed::fields(report, plate, well)).collect()
}

/// Signatures, and below them where the audit trail stood.
fn signatures(report: &SampleReport) -> Result<Vec<[String; 3]>, RenderError> {
    let mut rows = Vec::new();
    for signature in &report.signatures {
        let by = for_people(&signature.by).into_owned();
        rows.push([signature.meaning.as_str().to_owned(), by, signature.at.readable()?]);
    }
    if let Some(head) = &report.audit_head {
        rows.push(["audit trail".to_owned(), format!("entry {}", head.seq), for_people(&head.hash).into_owned()]);
    }
    Ok(rows)
}

/// The time of making comes from the report: left to itself, the writer would read the clock.
fn properties(report: &SampleReport) -> Result<DocProperties, RenderError> {
    let failed = |error: XlsxError| RenderError::Writer { format: "xlsx", problem: error.to_string() };
    report.generated.local()?;
    let made = ExcelDateTime::from_timestamp(report.generated.utc_ms / 1_000).map_err(failed)?;
    Ok(DocProperties::new()
        .set_title(format!("Sample {}", for_people(&report.sample_no)))
        .set_author("Wellread")
        .set_creation_datetime(&made))
}

fn sample_sheet(report: &SampleReport, facts: &[String], bold: &Format) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name("Sample")?.set_column_width(0, 24)?.set_column_width(1, 34)?;
    for (row, (name, value)) in (0..).zip(SUMMARY.iter().zip(facts)) {
        sheet.write_string_with_format(row, 0, *name, bold)?;
        write_cell(&mut sheet, row, 1, name, value)?;
    }
    sheet.write_string_with_format(0, 3, "end_point", bold)?.write_string_with_format(0, 4, "series", bold)?;
    let last = report.distribution.iter().map(|(step, _)| step).max().unwrap_or(0).max(12);
    for step in 0..=last {
        let row = u32::from(step) + 1;
        sheet.write_number(row, 3, f64::from(step))?;
        sheet.write_number(row, 4, report.distribution.count(step) as f64)?;
    }
    let mut chart = Chart::new(ChartType::Column);
    let (first, last) = (1, u32::from(last) + 1);
    chart.add_series().set_categories(("Sample", first, 3, last, 3)).set_values(("Sample", first, 4, last, 4));
    chart.title().set_name("Series by end point");
    chart.x_axis().set_name("End point");
    chart.y_axis().set_name("Series");
    chart.legend().set_hidden();
    sheet.insert_chart(0, 6, &chart)?;
    Ok(sheet)
}

fn series_sheet(report: &SampleReport, bold: &Format) -> Result<Worksheet, XlsxError> {
    let mut sheet =
        headed("Series", &["plate_no", "series", "role", "end_point", "result", "titre", "log2", "flags"], bold)?;
    let all = report.plates.iter().flat_map(|plate| plate.series.iter().map(move |series| (plate, series)));
    for (row, (plate, series)) in (1..).zip(all) {
        sheet.write_string(row, 0, for_people(&plate.plate_no))?.write_string(row, 1, for_people(&series.series))?;
        sheet.write_string(row, 2, series.role.to_string())?;
        if let Some(step) = series.end_point {
            sheet.write_number(row, 3, step)?;
        }
        sheet.write_string(row, 4, series.result())?;
        if let Some(titre) = series.titre {
            sheet.write_number(row, 5, titre)?;
        }
        if let Some(log2) = series.log2() {
            sheet.write_number(row, 6, log2)?;
        }
        sheet.write_string(row, 7, listed(series.flags.iter().copied().map(SeriesFlag::as_str)))?;
    }
    Ok(sheet)
}

fn wells_sheet(wells: &[[String; DETAILED.len()]], bold: &Format) -> Result<Worksheet, XlsxError> {
    let mut sheet = headed("Wells", DETAILED, bold)?;
    for (row, fields) in (1..).zip(wells) {
        for (column, (name, value)) in (0..).zip(DETAILED.iter().zip(fields)) {
            write_cell(&mut sheet, row, column, name, value)?;
        }
    }
    Ok(sheet)
}

fn signatures_sheet(signatures: &[[String; 3]], bold: &Format) -> Result<Worksheet, XlsxError> {
    let mut sheet = headed("Signatures", &["meaning", "by", "at"], bold)?;
    sheet.set_column_width(1, 30)?.set_column_width(2, 30)?;
    for (row, fields) in (1..).zip(signatures) {
        for (column, value) in (0..).zip(fields) {
            sheet.write_string(row, column, value)?;
        }
    }
    Ok(sheet)
}

fn headed(name: &str, columns: &[&str], bold: &Format) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (column, title) in (0..).zip(columns) {
        sheet.write_string_with_format(0, column, *title, bold)?.set_column_width(column, 16)?;
    }
    Ok(sheet)
}

/// Writes a number as a number where the column holds numbers; everything else is text and stays text.
fn write_cell(sheet: &mut Worksheet, row: u32, column: u16, name: &str, value: &str) -> Result<(), XlsxError> {
    match value.parse::<f64>().ok().filter(|_| NUMBERS.contains(&name)) {
        Some(number) => sheet.write_number(row, column, number)?,
        None => sheet.write_string(row, column, value)?,
    };
    Ok(())
}
