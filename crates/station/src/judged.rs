//! A run under its assay with everything that people decided about it: the one place where calls become results again.

use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use wellread_plate::{
    assay::Assay,
    class::{Call, WellClass},
    format::{PlateFormat, WellId},
    interpret::{CallFlag, CalledWell, Interpretation, conclude},
};
use wellread_store::{Decision, Reading, ReviewEvent, Run, RunId};

use crate::Problem;

/// A call in place of the assay's, and the class if that was said too.
pub(crate) type Calls = BTreeMap<WellId, (Option<WellClass>, Call)>;

/// A completed run, and what is needed to judge it again.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) run: Run,
    pub(crate) assay: Assay,
    /// Every well as it was seen and called at first.
    pub(crate) wells: Vec<CalledWell>,
    pub(crate) events: Vec<ReviewEvent>,
    format: PlateFormat,
}

impl Judged {
    pub(crate) fn load(reading: &Reading<'_>, id: RunId) -> anyhow::Result<Self> {
        let run = reading.run(id)?;
        let Some(grid) = &run.grid else {
            return Err(
                Problem::refused(format!("run {id} has no results: only a completed run can be reviewed")).into()
            );
        };
        let format = grid.format;
        let stored = reading.assay(&run.assay.id, run.assay.version)?;
        let stored = stored.with_context(|| format!("assay '{}' of run {id} is not known here", run.assay.id))?;
        let assay = Assay::from_toml(&stored.id, &stored.toml)?;
        Ok(Self { wells: reading.wells(id)?, events: reading.events(id)?, format, assay, run })
    }

    /// What the plate says with these calls.
    pub(crate) fn with(&self, calls: &Calls) -> Interpretation {
        // Reasons that lie outside the wells (a part of a plate, an unknown corner) stay as the run has them.
        let first = conclude(self.wells.clone(), self.format, &self.assay, Vec::new());
        let outside = self.run.review_reasons.iter().filter(|reason| !first.review_reasons.contains(reason));
        let wells = self.wells.iter().map(|seen| corrected(seen, calls.get(&seen.well)));
        conclude(wells.collect(), self.format, &self.assay, outside.cloned().collect())
    }

    /// The calls that hold.
    pub(crate) fn calls(&self) -> Calls {
        holding(self.decisions())
    }

    /// The calls that would hold after one more decision.
    pub(crate) fn calls_after(&self, next: &Decision) -> Calls {
        holding(self.decisions().chain([(i64::MAX, next)]))
    }

    /// Whether a decision changes calls: an override does, and whatever undoes one.
    pub(crate) fn changes_calls(&self, decision: &Decision) -> bool {
        match decision {
            Decision::Override { .. } => true,
            Decision::Undo { event } => {
                let undone = self.events.iter().find(|known| known.seq == *event);
                undone.is_some_and(|known| self.changes_calls(&known.decision))
            }
            _ => false,
        }
    }

    fn decisions(&self) -> impl DoubleEndedIterator<Item = (i64, &Decision)> {
        self.events.iter().map(|event| (event.seq, &event.decision))
    }
}

/// A person has looked at a corrected well, so that the program's doubt about it is settled.
fn corrected(seen: &CalledWell, call: Option<&(Option<WellClass>, Call)>) -> CalledWell {
    let mut well = seen.clone();
    if let Some((class, label)) = call {
        well.class = class.clone().unwrap_or(well.class);
        well.label = *label;
        well.flags.retain(|flag| *flag != CallFlag::LowConfidence);
    }
    well
}

/// The calls that hold after these decisions, oldest first. An undo that is itself undone undoes nothing.
fn holding<'d>(decisions: impl DoubleEndedIterator<Item = (i64, &'d Decision)>) -> Calls {
    let mut undone = BTreeSet::new();
    let mut kept = Vec::new();
    for (seq, decision) in decisions.rev() {
        if undone.contains(&seq) {
            continue;
        }
        match decision {
            Decision::Undo { event } => {
                undone.insert(*event);
            }
            Decision::Override { well, class, label } => kept.push((*well, (class.clone(), *label))),
            _ => {}
        }
    }
    kept.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call(well: &str, label: Call) -> Decision {
        Decision::Override { well: well.parse().unwrap(), class: None, label }
    }

    fn label(decisions: &[Decision], well: &str) -> Option<Call> {
        let numbered = decisions.iter().enumerate().map(|(at, decision)| (at as i64 + 1, decision));
        holding(numbered.collect::<Vec<_>>().into_iter()).get(&well.parse().unwrap()).map(|(_, label)| *label)
    }

    #[test]
    fn undoing_brings_back_what_held_before() {
        let undo = |event| Decision::Undo { event };
        let events = [call("A1", Call::Negative), call("A1", Call::Invalid), undo(2), undo(3)];
        assert_eq!(label(&events[..2], "A1"), Some(Call::Invalid), "the later correction holds");
        assert_eq!(label(&events[..3], "A1"), Some(Call::Negative), "undone, the earlier one holds again");
        assert_eq!(label(&events, "A1"), Some(Call::Invalid), "and an undone undo undoes nothing");
        assert_eq!(label(&[call("A1", Call::Negative), undo(1)], "A1"), None, "with none left the assay's call holds");
    }

    proptest! {
        #[test]
        fn a_decision_and_its_undo_leave_no_trace(labels in prop::collection::vec(0_usize..3, 0..12), last in 0_usize..3) {
            let calls = [Call::Positive, Call::Negative, Call::Invalid];
            let mut events: Vec<Decision> = labels.iter().map(|n| call("C7", calls[*n])).collect();
            let before = label(&events, "C7");
            events.push(call("C7", calls[last]));
            events.push(Decision::Undo { event: events.len() as i64 });
            prop_assert_eq!(label(&events, "C7"), before);
        }
    }
}
