//! Whether the plate is valid: what its controls must show.

use super::{
    CalledWell, SeriesResult,
    score::{Plate, listed},
};
use crate::{assay::Role, class::Call, format::WellId};
use std::collections::BTreeSet;

/// Why the plate is not valid, a sentence each.
pub(super) fn failures(plate: &Plate<'_>, series: &[SeriesResult]) -> Vec<String> {
    let rules = &plate.assay.validity;
    let in_series: BTreeSet<WellId> =
        plate.assay.series_lines(plate.format).into_iter().flat_map(|line| line.wells).collect();
    let mut failures = Vec::new();
    for role in rules.judged.iter().copied() {
        let Some(wanted) = role.required_call() else { continue };
        if plate.with_role(role).next().is_none() {
            failures.push(format!("No {role} is in the picture, though the assay has one."));
        }
        // A titrated control is judged by its end point: its last wells are rightly the other call.
        let single = plate.with_role(role).filter(|well| !in_series.contains(&well.well));
        let wrong: Vec<String> = single.filter(|well| well.label != wanted).map(name_and_call).collect();
        if !wrong.is_empty() {
            failures.push(format!("Every {role} {}, but not so {}.", demand(role), listed(&wrong)));
        }
    }
    failures.extend(titrated_controls(plate, series));
    failures.extend(too_many_invalid(plate));
    failures
}

fn demand(role: Role) -> &'static str {
    match role {
        Role::GrowthControl => "must grow",
        Role::SterilityControl => "must stay clear",
        Role::PositiveControl => "must be positive",
        _ => "must be negative",
    }
}

fn name_and_call(well: &CalledWell) -> String {
    format!("{} ({})", well.well, well.class)
}

fn titrated_controls(plate: &Plate<'_>, series: &[SeriesResult]) -> Vec<String> {
    let rules = &plate.assay.validity;
    let controls = series.iter().filter(|result| rules.judged.contains(&result.role));
    let ranged = controls.filter_map(|result| match result.role {
        Role::PositiveControl => Some((result, rules.positive_control_end_point)),
        Role::NegativeControl => Some((result, rules.negative_control_end_point)),
        _ => None,
    });
    let outside = ranged
        .filter(|(result, (low, high))| !result.end_point.is_some_and(|end_point| (*low..=*high).contains(&end_point)));
    outside
        .map(|(result, (low, high))| {
            let seen = result.end_point.map_or("none".to_owned(), |end_point| end_point.to_string());
            format!(
                "The end point of the {} in series {} must lie from {low} to {high}, but is {seen}.",
                result.role, result.series
            )
        })
        .collect()
}

fn too_many_invalid(plate: &Plate<'_>) -> Option<String> {
    let most = plate.assay.validity.max_invalid_wells?;
    let invalid = |well: &CalledWell| well.role != Role::Unused && well.label == Call::Invalid;
    let lines = plate.assay.series_lines(plate.format);
    // A row that nobody filled is no fault of the plate.
    let unfilled: BTreeSet<WellId> = lines
        .into_iter()
        .filter(|line| line.wells.iter().filter_map(|well| plate.well(*well)).all(invalid))
        .flat_map(|line| line.wells)
        .collect();
    let count = plate.wells.iter().filter(|well| invalid(well) && !unfilled.contains(&well.well)).count();
    (count > most).then(|| format!("At most {most} wells may be invalid, but {count} are."))
}
