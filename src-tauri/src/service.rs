//! The service beside the window: it takes pictures in whatever the window does.

use crate::lock::locked;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use wellread_station::{
    Station,
    gate::Gate,
    watch::{self, Around, Orders, Told},
};

/// How long the service rests after it ended by itself.
const REST: Duration = Duration::from_secs(5);

/// How the service is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Whether it takes pictures in.
    pub(crate) runs: bool,
    /// Why it ended by itself; it is started again.
    pub(crate) failed: Option<String>,
    /// Files that wait, and files being read.
    pub(crate) queue: (usize, usize),
}

/// Is told what the service says; `None` when the service itself began or ended.
pub(crate) type Teller = Arc<dyn Fn(Option<&Told>) + Send + Sync>;

/// The service, running until it is dropped.
pub(crate) struct Service {
    stop: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts it. It is started again whenever it ends by itself.
    pub(crate) fn start(gate: Gate, tell: Teller) -> Self {
        let (stop, state) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (stopping, shared) = (Arc::clone(&stop), Arc::clone(&state));
        let thread = thread::spawn(move || serve(gate.station(), &stopping, &shared, &tell));
        Self { stop, state, thread: Some(thread) }
    }

    pub(crate) fn state(&self) -> State {
        locked(&self.state).clone()
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

fn serve(station: &Station, stopping: &AtomicBool, state: &Mutex<State>, tell: &Teller) {
    let set = |now: State| {
        *locked(state) = now;
        tell(None);
    };
    while !stopping.load(Ordering::Relaxed) {
        set(State { runs: true, ..State::default() });
        let told = |told: &Told| {
            if let Told::Queue { waiting, working } = told {
                locked(state).queue = (*waiting, *working);
            }
            tell(Some(told));
        };
        match once(station, stopping, &told) {
            Ok(()) => {}
            Err(error) => {
                tracing::error!("the service ended: {error:#}");
                set(State { failed: Some(format!("{error:#}")), ..State::default() });
                thread::park_timeout(REST);
            }
        }
    }
    set(State::default());
}

/// Until it is told to stop, or other models were chosen.
fn once(station: &Station, stopping: &AtomicBool, told: &(dyn Fn(&Told) + Sync)) -> anyhow::Result<()> {
    // What the models start works behind the window too.
    watch::stand_back();
    let eyes = station.eyes(None, watch::workers(&station.settings()?))?;
    let stop = || stopping.load(Ordering::Relaxed);
    watch::run(station, &eyes, Orders { behind_a_window: true, ..Orders::default() }, Around { told, stop: &stop })?;
    Ok(())
}
