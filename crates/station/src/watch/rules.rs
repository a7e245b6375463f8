//! What the service works under: its settings, and what follows from them. Made anew when a person changes them.

use crate::{Settings, Station, eyes::Eyes, intake::admit::Admitting, pipeline::Pipeline};
use wellread_store::AssayKey;

/// Settings that were found to work.
pub(super) struct Rules<'s> {
    pub(super) settings: Settings,
    pub(super) admitting: Admitting,
    pub(super) pipeline: Pipeline<'s>,
}

impl<'s> Rules<'s> {
    pub(super) fn of(station: &'s Station, eyes: &'s Eyes, settings: Settings) -> anyhow::Result<Self> {
        Ok(Self {
            admitting: Admitting::of(station, &settings, *eyes.limits())?,
            pipeline: Pipeline::new(station, eyes, &settings)?,
            settings,
        })
    }

    /// Whether the intake would go on in another way under these, or under a newer version of its assay. What concerns delivery and people is asked for
    /// whenever it is needed.
    pub(super) fn differ_from(&self, settings: &Settings, newest: Option<&AssayKey>) -> bool {
        self.settings.assay != settings.assay
            || self.settings.intake != settings.intake
            || newest.is_some_and(|newest| *newest != self.admitting.assay)
    }

    /// What changed from these to others, for people.
    pub(super) fn changed(&self, settings: &Settings) -> String {
        let old = self.settings.pairs();
        let changed = settings.pairs().into_iter().filter(|pair| !old.contains(pair));
        let changed: Vec<String> = changed.map(|(name, value)| format!("{name} = {value}")).collect();
        if changed.is_empty() {
            format!("the newest version of assay '{}'", settings.assay)
        } else {
            changed.join(", ")
        }
    }
}
