//! A row for every well of every plate: what the eye saw, and what stands after review.

use crate::deliver::{
    RenderError,
    columns::DETAILED,
    csv::Rows,
    identifier::for_people,
    sample::{PlateReport, SampleReport, WellReport, listed, plain},
    template::Table,
};
use wellread_plate::interpret::CallFlag;

pub(super) fn write(report: &SampleReport, template: &str, table: &Table) -> Result<(Vec<u8>, u64), RenderError> {
    let mut rows = Rows::with_header(template, table, DETAILED);
    for plate in &report.plates {
        for well in &plate.wells {
            rows.push(&fields(report, plate, well)?);
        }
    }
    rows.finish()
}

/// The fields of one well, in the order of [`DETAILED`].
pub(super) fn fields(
    report: &SampleReport,
    plate: &PlateReport,
    well: &WellReport,
) -> Result<[String; DETAILED.len()], RenderError> {
    let text = |text: &str| for_people(text).into_owned();
    let review = well.review.as_ref();
    Ok([
        text(&report.sample_no),
        text(report.submission_no.as_deref().unwrap_or_default()),
        text(&plate.plate_no),
        text(&plate.run_id),
        text(&plate.image_sha256),
        text(&plate.assay_id),
        plate.assay_version.to_string(),
        text(&plate.model),
        plate.read_at.readable()?,
        well.well.to_string(),
        well.role.to_string(),
        well.ai_class.to_string(),
        well.ai_label.to_string(),
        plain(well.confidence),
        well.final_class.to_string(),
        well.final_label.to_string(),
        listed(well.flags.iter().copied().map(CallFlag::as_str)),
        text(review.map_or("", |review| &review.by)),
        text(review.map_or("", |review| &review.reason)),
    ])
}
