//! One row for the sample: the statistics of its titres.

use crate::deliver::{
    RenderError,
    columns::SUMMARY,
    csv::Rows,
    identifier::for_people,
    sample::{SampleReport, plain},
    template::Table,
};
use wellread_plate::titre::BelowFirst;

pub(super) fn write(report: &SampleReport, template: &str, table: &Table) -> Result<(Vec<u8>, u64), RenderError> {
    let mut rows = Rows::with_header(template, table, SUMMARY);
    rows.push(&fields(report)?);
    rows.finish()
}

/// The fields of the sample, in the order of [`SUMMARY`]; a statistic that is not defined is empty, never 0.
pub(super) fn fields(report: &SampleReport) -> Result<[String; SUMMARY.len()], RenderError> {
    let text = |text: &str| for_people(text).into_owned();
    let number = |number: Option<f64>| number.map(plain).unwrap_or_default();
    let summary = report.statistics.as_ref();
    let statistics = summary.map(|summary| summary.statistics);
    let end_points: Vec<String> = report.distribution.iter().map(|(step, series)| format!("{step}={series}")).collect();
    Ok([
        text(&report.sample_no),
        text(report.submission_no.as_deref().unwrap_or_default()),
        text(report.test_number()),
        text(&report.station),
        report.revision.to_string(),
        report.generated.readable()?,
        report.plates.len().to_string(),
        report.distribution.total().to_string(),
        end_points.join(" "),
        summary.map(|summary| summary.below_first.to_string()).unwrap_or_default(),
        summary.map_or("", |summary| below_first_as(summary.below_first_as)).to_owned(),
        statistics.map(|statistics| statistics.count.to_string()).unwrap_or_default(),
        number(statistics.and_then(|statistics| statistics.mean_log2)),
        number(statistics.and_then(|statistics| statistics.sd_log2)),
        number(statistics.and_then(|statistics| statistics.cv_percent)),
        number(statistics.and_then(|statistics| statistics.geometric_mean_titre)),
        number(summary.and_then(|summary| summary.cut_off)),
        number(summary.and_then(|summary| summary.share_at_or_above)),
    ])
}

const fn below_first_as(below: BelowFirst) -> &'static str {
    match below {
        BelowFirst::Half => "half",
        BelowFirst::Exclude => "exclude",
    }
}
