//! Turns at samples: whoever changes some waits for whoever is at one of them, and nobody for each other.

use super::Told;
use crate::db::{DbError, Tx, p};
use std::collections::BTreeSet;
use uuid::Uuid;
use wellread_wire::event::Event;

/// The samples that records change.
#[derive(Debug, Default)]
pub(in crate::station) struct Turns {
    samples: BTreeSet<String>,
    /// Runs that may leave a sample that only the database knows.
    runs: BTreeSet<Uuid>,
}

impl Turns {
    /// Also those of this record.
    pub(in crate::station) fn add(&mut self, told: &Told) {
        let sample = match &told.event {
            Ok(Event::Run(run)) => &run.head.identity.sample_no,
            Ok(Event::RunFailed(run)) => &run.head.identity.sample_no,
            Ok(Event::RunState(state)) => {
                self.runs.insert(state.run_id);
                &state.identity.sample_no
            }
            _ => return,
        };
        // No text of PostgreSQL's has a NUL: such a record is refused, and changes nothing.
        if !sample.is_empty() && !sample.contains('\0') {
            self.samples.insert(sample.clone());
        }
    }

    /// Waits for them, all at once and before any savepoint: what is taken after one goes with it. The station is locked,
    /// so that no run changes its sample meanwhile.
    pub(in crate::station) async fn take(self, tx: &Tx, org: Uuid) -> Result<(), DbError> {
        if self.samples.is_empty() && self.runs.is_empty() {
            return Ok(());
        }
        let samples: Vec<String> = self.samples.into_iter().collect();
        let runs: Vec<Uuid> = self.runs.into_iter().collect();
        tx.query("SELECT microplates.fn_take_turns($1, $2, $3)", &[p(&org), p(&samples), p(&runs)]).await?;
        Ok(())
    }
}
