//! Links from outside into a run: `wellread://run/ID`, as other programs and the documents of a laboratory write them.

use crate::{app::App, events::Open, tray};
use std::sync::Arc;
use tauri::{AppHandle, Emitter as _};
use wellread_station::store::RunId;

const BEGINNING: &str = "wellread://run/";

/// The run that one of these arguments links to.
pub(crate) fn run_of<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Option<RunId> {
    arguments
        .into_iter()
        .find_map(|argument| argument.as_ref().strip_prefix(BEGINNING)?.trim_end_matches('/').parse().ok())
}

/// Shows a run, now or once somebody has signed in.
pub(crate) fn open(app: &Arc<App>, window: &AppHandle, run: RunId) {
    app.set_link(Some(run));
    tray::show(window);
    let _ = window.emit("open", Open { run_id: run });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_run_and_nothing_else_does() {
        let id = "0192f0c1-2222-7333-8444-555566667777";
        let found = run_of(["wellread-desktop", &format!("wellread://run/{id}/")]);
        assert_eq!(found.map(|run| run.to_string()).as_deref(), Some(id), "with or without a slash at its end");
        for other in
            ["wellread://run/1", "wellread://sample/S-1", "https://run/0192f0c1-2222-7333-8444-555566667777", ""]
        {
            assert_eq!(run_of([other]), None, "'{other}' is no link to a run");
        }
    }
}
