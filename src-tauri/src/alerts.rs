//! Desktop notifications: somebody may be needed while the window is behind others, locked or closed.

use crate::{app::App, lock::locked, words::Words};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tauri::{AppHandle, Manager as _};
use tauri_plugin_notification::NotificationExt as _;
use wellread_station::{
    store::{HealthStatus, RunStatus},
    watch::Told,
};

/// The same is not said more often than this: a backlog of doubtful plates is one message, not a hundred.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// When what was said last.
#[derive(Default)]
pub(crate) struct Alerts {
    said: Mutex<BTreeMap<Words, Instant>>,
}

impl Alerts {
    /// Says what somebody should know, unless they are looking at the window.
    pub(crate) fn consider(&self, app: &Arc<App>, window: &AppHandle, told: &Told) {
        let words = match told {
            Told::Run { ended, .. } if ended.status == RunStatus::Failed => Words::NotRead,
            Told::Run { ended, .. } if ended.needs_review => Words::ToReview,
            Told::State { status: HealthStatus::Unhealthy, .. } => Words::Trouble,
            _ => return,
        };
        let is_looked_at = window.get_webview_window("main").is_some_and(|main| main.is_focused().unwrap_or(false));
        if !is_looked_at {
            self.say(app, window, words);
        }
    }

    /// Says something now.
    pub(crate) fn say(&self, app: &Arc<App>, window: &AppHandle, words: Words) {
        let mut said = locked(&self.said);
        if said.get(&words).is_some_and(|at| at.elapsed() < SAID_EVERY) {
            return;
        }
        said.insert(words, Instant::now());
        drop(said);
        // A desktop without notifications shows the same on the bench.
        let shown = window.notification().builder().title("Wellread").body(app.language().say(words)).show();
        if let Err(why) = shown {
            tracing::info!("no notification is shown: {why}");
        }
    }
}
