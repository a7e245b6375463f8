//! A page to print, sign and file: picture, titres, histogram, signatures and where the audit trail stood.
//!
//! One page, whatever the sample: what finds no room is counted on the page and stands in the detailed table.

mod canvas;
mod section;

use crate::deliver::{
    RenderError,
    observation::control_id,
    sample::{Moment, PictureEncoding, SampleReport},
};
use canvas::{Canvas, Typefaces};
use chrono::{Datelike, Timelike};
use krilla::{
    Document,
    error::KrillaError,
    image::Image,
    metadata::{DateTime, Metadata},
    page::PageSettings,
};

/// A4, in points.
const PAGE: (f32, f32) = (595.28, 841.89);

/// Draws the report.
pub(super) fn write(report: &SampleReport, notes: &mut Vec<String>) -> Result<(Vec<u8>, u64), RenderError> {
    let broken = |problem: &str| RenderError::Writer { format: "pdf", problem: problem.to_owned() };
    let typefaces = Typefaces::load().ok_or_else(|| broken("the embedded typeface is damaged"))?;
    let picture = picture(report)?;
    let mut document = Document::new();
    document.set_metadata(metadata(report)?);
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(|| broken("the page has no size"))?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    section::draw(&mut Canvas { surface: &mut surface, typefaces: &typefaces }, report, picture)?;
    surface.finish();
    page.finish();
    notes.extend(typefaces.lacking().map(|characters| {
        format!(
            "the report's typeface has no sign for {characters}, and prints a box instead: the workbook (xlsx) has them"
        )
    }));
    // Pictures are decoded only here.
    let bytes = document.finish().map_err(|error| match error {
        KrillaError::Image(_, _, problem) => RenderError::Picture { problem },
        other => broken(&format!("{other:?}")),
    })?;
    Ok((bytes, 1))
}

fn picture(report: &SampleReport) -> Result<Option<Image>, RenderError> {
    let Some(picture) = &report.picture else { return Ok(None) };
    let data = picture.bytes.clone().into();
    let image = match picture.encoding {
        PictureEncoding::Png => Image::from_png(data, true),
        PictureEncoding::Jpeg => Image::from_jpeg(data, true),
    };
    image.map(Some).map_err(|problem| RenderError::Picture { problem })
}

/// Everything here comes from the report, so that a page made again is the same to the last byte.
fn metadata(report: &SampleReport) -> Result<Metadata, RenderError> {
    Ok(Metadata::new()
        .title(format!("Sample {}, revision {}", report.sample_no, report.revision))
        .creator("Wellread".to_owned())
        .language("en".to_owned())
        .document_id(control_id(report))
        .creation_date(date(report.generated)?))
}

fn date(moment: Moment) -> Result<DateTime, RenderError> {
    let local = moment.local()?;
    let [month, day, hour, minute, second] =
        [local.month(), local.day(), local.hour(), local.minute(), local.second()].map(|part| part as u8);
    Ok(DateTime::new(local.year() as u16)
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour((moment.offset_min / 60) as i8)
        .utc_offset_minute((moment.offset_min % 60).unsigned_abs() as u8))
}
