//! How the parts of the service are: told when it changes, and kept for whoever asks for the station's status.

use super::Told;
use crate::Station;
use std::collections::{BTreeMap, BTreeSet};
use wellread_store::HealthStatus;

/// The last state of each part.
#[derive(Debug, Default)]
pub(super) struct States {
    last: BTreeMap<&'static str, (HealthStatus, String)>,
    /// Parts whose last state the database does not have yet.
    unwritten: BTreeSet<&'static str>,
}

impl States {
    /// What to tell, if a part is not as it was. A part that was never ill is not told to be well.
    pub(super) fn change(&mut self, part: &'static str, status: HealthStatus, message: &str) -> Option<Told> {
        let new = (status, message.to_owned());
        let old = self.last.insert(part, new.clone());
        if old.as_ref() == Some(&new) {
            return None;
        }
        self.unwritten.insert(part);
        let is_news = old.is_some() || status != HealthStatus::Healthy || !message.is_empty();
        is_news.then(|| Told::State { part, status, message: message.to_owned() })
    }

    /// Notes in the database what it does not have yet. The state may be that it cannot be written: then later.
    pub(super) fn write_down(&mut self, station: &Station) {
        if self.unwritten.is_empty() {
            return;
        }
        let written = station.write(|writing| {
            for part in &self.unwritten {
                if let Some((status, message)) = self.last.get(part) {
                    writing.note_health(part, *status, message)?;
                }
            }
            Ok(())
        });
        if written.is_ok() {
            self.unwritten.clear();
        }
    }
}
