//! What the window is told without asking: that something changed, never what. It then asks for what it shows.

use serde::Serialize;
use tauri::{AppHandle, Emitter as _};
use wellread_station::{store::RunId, watch::Told};

/// Something changed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Changed {
    /// `run`, `files`, `parts`, `queue`, `service`, `session`, `settings`, `people`, `sync`.
    pub(crate) what: &'static str,
    /// Which one, where there is one.
    pub(crate) id: Option<String>,
}

/// A link from outside names a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Open {
    /// The run.
    pub(crate) run_id: RunId,
}

/// Tells every window of the application.
pub(crate) fn tell(window: &AppHandle, what: &'static str, id: Option<String>) {
    // A window that is closing is told nothing; it asks again when it opens.
    let _ = window.emit("changed", Changed { what, id });
}

/// Tells the window of something that the service says.
pub(crate) fn tell_of(window: &AppHandle, told: &Told) {
    match told {
        Told::Run { ended, .. } => tell(window, "run", Some(ended.run.to_string())),
        Told::Duplicate { .. } | Told::Rejected { .. } => tell(window, "files", None),
        Told::Queue { .. } => tell(window, "queue", None),
        Told::State { part, .. } => {
            tell(window, "parts", Some((*part).to_owned()));
            if *part == "sync" {
                tell(window, "sync", None);
            }
        }
    }
}
