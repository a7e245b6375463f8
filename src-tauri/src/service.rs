//! The service beside the window: it takes pictures in whatever the window does.

use crate::events::{self, Changed, Teller};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use wellread_station::{
    Station,
    eyes::Eyes,
    gate::Gate,
    watch::{self, Around, Orders},
};

/// How long the service rests after it ended by itself.
const REST: Duration = Duration::from_secs(5);

/// How the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It takes pictures in.
    Running,
    /// Nothing takes pictures in.
    Stopped,
    /// It ended by itself, for this reason, and is started again.
    Failed(String),
}

/// The service, running until it is dropped.
pub(crate) struct Service {
    stop: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts it. It is started again whenever it ends by itself.
    pub(crate) fn start(gate: Gate, tell: Teller) -> Self {
        let (stop, state) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(State::Running)));
        let (stopping, shared) = (Arc::clone(&stop), Arc::clone(&state));
        let thread = thread::spawn(move || {
            let set = |state: State| {
                *shared.lock().unwrap_or_else(PoisonError::into_inner) = state;
                tell(Changed { what: "service", id: None });
            };
            while !stopping.load(Ordering::Relaxed) {
                set(State::Running);
                match once(gate.station(), &stopping, &tell) {
                    Ok(()) => break,
                    Err(error) => set(State::Failed(format!("{error:#}"))),
                }
                thread::park_timeout(REST);
            }
        });
        Self { stop, state, thread: Some(thread) }
    }

    pub(crate) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Service {
    /// Finishes what is in hand; what waits is found again at the next start.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn once(station: &Station, stopping: &AtomicBool, tell: &Teller) -> anyhow::Result<()> {
    let eyes = Eyes::open(None, watch::workers(&station.settings()?))?;
    let told = |told: &watch::Told| tell(events::of(told));
    let stop = || stopping.load(Ordering::Relaxed);
    watch::run(station, &eyes, Orders::default(), Around { told: &told, stop: &stop })?;
    Ok(())
}
