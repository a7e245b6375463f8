//! What the window is told without asking: that something changed, never what. It then asks for what it shows.

use serde::Serialize;
use std::sync::Arc;
use tauri::{AppHandle, Emitter as _};
use wellread_station::watch::Told;

/// Something changed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Changed {
    /// `run`, `files`, `parts`, `queue`, `service`.
    pub(crate) what: &'static str,
    /// Which one, where there is one.
    pub(crate) id: Option<String>,
}

/// Tells the window.
pub(crate) type Teller = Arc<dyn Fn(Changed) + Send + Sync>;

/// Tells every window of the application.
pub(crate) fn teller(window: &AppHandle) -> Teller {
    let window = window.clone();
    Arc::new(move |changed| {
        // A window that is closing is told nothing; it asks again when it opens.
        let _ = window.emit("changed", changed);
    })
}

/// What the window is told of something that the service says.
pub(crate) fn of(told: &Told) -> Changed {
    match told {
        Told::Run { ended, .. } => Changed { what: "run", id: Some(ended.run.to_string()) },
        Told::Duplicate { .. } | Told::Rejected { .. } => Changed { what: "files", id: None },
        Told::State { part, .. } => Changed { what: "parts", id: Some((*part).to_owned()) },
    }
}
