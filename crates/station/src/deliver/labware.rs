//! The interface file of a LIMS: how many series of the sample end at each step.

use crate::deliver::{RenderError, columns::LABWARE, csv::Rows, sample::SampleReport, template::Labware};

/// A row for the total, then one for every end point from 0 on, also where no series has it.
pub(super) fn write(report: &SampleReport, template: &str, labware: &Labware) -> Result<(Vec<u8>, u64), RenderError> {
    if let Some((step, _)) = report.distribution.iter().find(|(step, _)| *step > labware.last_step) {
        return Err(RenderError::StepBeyondLast { template: template.to_owned(), step, last: labware.last_step });
    }
    let mut rows = Rows::with_header(template, &labware.table, LABWARE);
    let mut push = |name: &str, entry: u64| {
        rows.push(&[&report.sample_no, report.test_number(), name, &entry.to_string()]);
    };
    push("No.", report.distribution.total());
    for step in 0..=labware.last_step {
        push(&step.to_string(), report.distribution.count(step));
    }
    rows.finish()
}
