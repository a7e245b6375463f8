//! What the verbs print: lines for people, or one JSON object a line for scripts.

use crate::output;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    pub(super) json: bool,
}

impl Print {
    /// Prints one thing; false when the reader has gone.
    pub(super) fn one(self, thing: &impl Serialize, for_people: impl FnOnce() -> String) -> anyhow::Result<bool> {
        let line = if self.json { serde_json::to_string(thing)? } else { for_people() };
        output::print(&format!("{line}\n"))
    }

    /// Prints the last thing of a command that went well.
    pub(super) fn done(self, thing: &impl Serialize, for_people: impl FnOnce() -> String) -> anyhow::Result<ExitCode> {
        self.one(thing, for_people)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A moment for people: the station's local time.
pub(super) fn moment(at: wellread_station::store::Now) -> String {
    wellread_station::clock::readable(at)
}

/// A word, or a dash where there is none.
pub(super) fn or_dash(word: &str) -> &str {
    if word.is_empty() { "-" } else { word }
}
