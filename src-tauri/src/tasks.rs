//! Long work behind the window: begun at once, told as it goes on, ended by a person if they wish.

use crate::{app::App, fault::Fault, lock::locked};
use serde::Serialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tauri::{AppHandle, Emitter as _};
use wellread_station::Steps;

/// Steps are told no more often than this: a window that only counts shows nothing else.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// Work that ends with nobody signed in, and finds nothing that is anybody's secret.
pub(crate) const RESTORE: &str = "restore";

/// The work under way, each with the flag that ends it.
#[derive(Default)]
pub(crate) struct Tasks {
    running: Mutex<BTreeMap<String, Arc<AtomicBool>>>,
    begun: AtomicU64,
}

/// How a piece of long work stands.
#[derive(Clone, Debug, Serialize)]
struct TaskState {
    id: String,
    name: &'static str,
    done: u64,
    total: Option<u64>,
    ended: Option<Ended>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Ended {
    Ok(Value),
    Fault(Fault),
}

impl Tasks {
    /// Begins work on a thread of its own; answers its id at once.
    pub(crate) fn begin(
        app: &Arc<App>,
        window: &AppHandle,
        name: &'static str,
        work: impl FnOnce(&Steps) -> anyhow::Result<Value> + Send + 'static,
    ) -> String {
        let tasks = app.tasks();
        let id = format!("{name}-{}", tasks.begun.fetch_add(1, Ordering::Relaxed));
        let stop = Arc::new(AtomicBool::new(false));
        locked(&tasks.running).insert(id.clone(), Arc::clone(&stop));
        let state = TaskState { id: id.clone(), name, done: 0, total: None, ended: None };
        let (app, window) = (Arc::clone(app), window.clone());
        std::thread::spawn(move || {
            let ended = work(&Steps::new(teller(window.clone(), state.clone()), stop));
            locked(&app.tasks().running).remove(&state.id);
            let ended = match ended {
                // What was found is for who asked; whoever is at a locked window may be somebody else.
                Ok(found) if !found.is_null() && name != RESTORE && app.session().is_err() => {
                    Ended::Fault(Fault::ended_locked())
                }
                Ok(found) => Ended::Ok(found),
                Err(error) => Ended::Fault(error.into()),
            };
            let _ = window.emit("task", TaskState { ended: Some(ended), ..state });
        });
        id
    }

    /// Whether this is work that anybody at the window may end.
    pub(crate) fn is_anybodys(id: &str) -> bool {
        id.starts_with(RESTORE)
    }

    /// Asks work to end. Work that has ended already is as it should be.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(stop) = locked(&self.running).get(id) {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

fn teller(window: AppHandle, state: TaskState) -> impl Fn(u64, Option<u64>) + Send + Sync + 'static {
    let last: Mutex<Option<Instant>> = Mutex::default();
    move |done, total| {
        let mut last = locked(&last);
        if last.is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
            *last = Some(Instant::now());
            let _ = window.emit("task", TaskState { done, total, ..state.clone() });
        }
    }
}
