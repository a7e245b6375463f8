//! How the parts of the service are: told when it changes, and kept for whoever asks for the station's status.

use super::Told;
use crate::Station;
use std::collections::BTreeMap;
use wellread_store::HealthStatus;

/// The last state of each part.
#[derive(Debug, Default)]
pub(super) struct States(BTreeMap<&'static str, (HealthStatus, String)>);

impl States {
    /// What to tell, if a part is not as it was. A part that was never ill is not told to be well.
    pub(super) fn change(
        &mut self,
        station: &Station,
        part: &'static str,
        status: HealthStatus,
        message: &str,
    ) -> Option<Told> {
        let new = (status, message.to_owned());
        let old = self.0.insert(part, new.clone());
        if old.as_ref() == Some(&new) {
            return None;
        }
        // The state may be that the database cannot be written; then being told must do.
        let _ = station.write(|writing| Ok(writing.note_health(part, status, message)?));
        let is_news = old.is_some() || status != HealthStatus::Healthy;
        is_news.then(|| Told::State { part, status, message: message.to_owned() })
    }
}
