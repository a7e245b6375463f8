//! Series results of a called plate, and the reasons for review that wells and series give.

use super::{CalledWell, SeriesResult};
use crate::{
    assay::{Assay, Role, Scale, SeriesLayout, SeriesLine},
    class::Call,
    end_point::{SeriesFlag, end_point},
    format::{PlateFormat, WellId},
    mic::mic,
    summary::{Distribution, TitreSummary, summarise},
};

/// The called wells of a plate, all of them and row by row.
pub(super) struct Plate<'a> {
    pub(super) wells: &'a [CalledWell],
    pub(super) format: PlateFormat,
    pub(super) assay: &'a Assay,
}

impl<'a> Plate<'a> {
    pub(super) fn well(&self, well: WellId) -> Option<&'a CalledWell> {
        self.wells.get(self.format.index_of(well)?)
    }

    pub(super) fn with_role(&self, role: Role) -> impl Iterator<Item = &'a CalledWell> + use<'a> {
        self.wells.iter().filter(move |well| well.role == role)
    }

    /// Whether the controls that vouch for a line hold: those in the line or, when it has none, all of the plate.
    ///
    /// Controls that the layout has but the picture does not show vouch for nothing.
    fn vouched(&self, layout: &SeriesLayout, line: usize, role: Role, wanted: Call) -> bool {
        let in_line = |well: &&CalledWell| layout.along.line_of(well.well) == line;
        let has_own = self.with_role(role).any(|well| in_line(&well));
        let mut vouching = self.with_role(role).filter(|well| !has_own || in_line(well)).peekable();
        vouching.peek().is_some() && vouching.all(|well| well.label == wanted)
    }
}

pub(super) fn series(plate: &Plate<'_>) -> Vec<SeriesResult> {
    let Some(layout) = &plate.assay.series else { return Vec::new() };
    plate.assay.series_lines(plate.format).into_iter().map(|line| score(plate, layout, line)).collect()
}

fn score(plate: &Plate<'_>, layout: &SeriesLayout, line: SeriesLine) -> SeriesResult {
    let calls: Vec<Call> = line.wells.iter().filter_map(|well| plate.well(*well)).map(|well| well.label).collect();
    let found = end_point(&calls, layout.rule);
    let mut result = SeriesResult {
        series: line.id,
        role: line.role,
        end_point: found.step,
        titre: None,
        log2: None,
        mic: None,
        flags: found.flags,
        rule: layout.rule.name(),
    };
    match &layout.scale {
        Scale::Dilution { dilution, .. } => {
            result.titre = found.step.and_then(|step| dilution.titre(step));
            result.log2 = found.step.and_then(|step| dilution.log2(step));
        }
        Scale::Concentration(concentration) => {
            let judged = &plate.assay.validity.judged;
            let holds = |role, wanted| plate.vouched(layout, line.line, role, wanted);
            let before = result.flags.len();
            if judged.contains(&Role::GrowthControl) && !holds(Role::GrowthControl, Call::Positive) {
                result.flags.push(SeriesFlag::GrowthControlFailed);
            }
            if judged.contains(&Role::SterilityControl) && !holds(Role::SterilityControl, Call::Negative) {
                result.flags.push(SeriesFlag::SterilityControlFailed);
            }
            if result.flags.len() > before {
                // Without growth nothing was inhibited, so not even the end point means anything.
                result.end_point = None;
            }
            let steps = u8::try_from(calls.len()).unwrap_or(u8::MAX);
            result.mic = mic(result.end_point, steps, concentration);
        }
    }
    result
}

pub(super) fn distribution(series: &[SeriesResult]) -> Distribution {
    let samples = series.iter().filter(|result| result.role == Role::Sample);
    samples.filter_map(|result| Some((result.end_point?, 1))).collect()
}

pub(super) fn summary(assay: &Assay, distribution: &Distribution) -> Option<TitreSummary> {
    match &assay.series.as_ref()?.scale {
        Scale::Dilution { dilution, below_first, cut_off } => {
            Some(summarise(distribution, dilution, *below_first, *cut_off))
        }
        Scale::Concentration(_) => None,
    }
}

/// One sentence for all wells that need a look: a list of ninety sentences would hide everything else.
pub(super) fn well_reasons(plate: &Plate<'_>) -> Option<String> {
    let flagged = plate.wells.iter().filter(|well| well.role != Role::Unused && !well.flags.is_empty());
    let wells: Vec<String> = flagged.map(|well| well.well.to_string()).collect();
    let verb = if wells.len() == 1 { "needs" } else { "need" };
    (!wells.is_empty()).then(|| format!("{} {verb} a look: uncertain, or not seen clearly.", listed(&wells)))
}

pub(super) fn series_reasons(series: &[SeriesResult]) -> impl Iterator<Item = String> {
    series.iter().flat_map(|result| {
        let flags = result.flags.iter().filter(|flag| flag.needs_review());
        flags.map(|flag| format!("Series {}: {}.", result.series, flag.sentence()))
    })
}

/// A few names in full, of many the first ones and how many more there are.
pub(super) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}
