//! What the window holds while it is open: the station, who is signed in, and the service.

use crate::{camera::Camera, events, fault::Fault, service::Service};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tauri::AppHandle;
use wellread_station::{Clock, Folder, gate::Gate, Problem, Station, people::Session};

/// The answer of a command.
pub(crate) type Answer<T> = Result<T, Fault>;

/// The station as the window has it.
#[derive(Clone)]
pub(crate) enum Opened {
    /// The folder has none: the first start.
    None,
    /// At work.
    Open(Gate),
    /// It cannot be opened.
    Broken(Fault),
}

/// Everything a command may need.
pub(crate) struct App {
    folder: Folder,
    opened: RwLock<Opened>,
    person: Mutex<Option<Person>>,
    service: Mutex<Option<Service>>,
    camera: Mutex<Option<Camera>>,
}

/// Who is signed in, and when they last did anything.
struct Person {
    session: Session,
    touched: Instant,
}

/// What a panicking thread left is still whole: each guarded value is replaced at once or not at all.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    pub(crate) fn new(folder: Folder) -> Self {
        Self {
            folder,
            opened: RwLock::new(Opened::None),
            person: Mutex::default(),
            service: Mutex::default(),
            camera: Mutex::default(),
        }
    }

    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Opens the station, if there is one, and starts its service.
    pub(crate) fn begin(self: &Arc<Self>, window: &AppHandle) {
        if !self.folder.has_station() {
            return;
        }
        match Station::open_service(&self.folder, Clock::system()) {
            Ok(station) => self.adopt(station, window),
            Err(error) => self.set(Opened::Broken(error.into())),
        }
    }

    /// Goes on with a station that has just been opened.
    pub(crate) fn adopt(self: &Arc<Self>, station: Station, window: &AppHandle) {
        let gate = Gate::new(station);
        self.set(Opened::Open(gate.clone()));
        *locked(&self.service) = Some(Service::start(gate, events::teller(window)));
    }

    fn set(&self, opened: Opened) {
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }

    pub(crate) fn opened(&self) -> Opened {
        self.opened.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The station, for who has signed in.
    pub(crate) fn gate(&self) -> Answer<Gate> {
        match self.opened() {
            Opened::Open(gate) => Ok(gate),
            Opened::Broken(fault) => Err(fault),
            Opened::None => Err(Problem::invalid("there is no station yet: make one first").into()),
        }
    }

    /// Who is signed in; nobody after the idle time.
    pub(crate) fn session(&self) -> Answer<Session> {
        let idle = self.idle_after()?;
        let mut person = locked(&self.person);
        if person.as_ref().is_some_and(|person| idle.is_some_and(|idle| person.touched.elapsed() >= idle)) {
            *person = None;
        }
        person.as_ref().map(|person| person.session.clone()).ok_or_else(Fault::locked)
    }

    fn idle_after(&self) -> Answer<Option<Duration>> {
        let minutes = self.gate()?.station().settings()?.people.idle_lock_min;
        Ok((minutes > 0).then(|| Duration::from_secs(u64::from(minutes) * 60)))
    }

    pub(crate) fn sign_in(&self, session: Session) {
        *locked(&self.person) = Some(Person { session, touched: Instant::now() });
    }

    pub(crate) fn lock(&self) {
        *locked(&self.person) = None;
    }

    /// Somebody is at the window; nobody is signed in by that.
    pub(crate) fn touch(&self) {
        if let Some(person) = locked(&self.person).as_mut() {
            person.touched = Instant::now();
        }
    }

    /// Asks the station something as who is signed in.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Station, &Session) -> anyhow::Result<T> + Send + 'static,
    ) -> Answer<T> {
        let (session, gate) = (self.session()?, self.gate()?);
        Ok(gate.ask(move |station| work(station, &session)).await?)
    }

    /// Changes something as who is signed in.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Station, &Session) -> anyhow::Result<T> + Send + 'static,
    ) -> Answer<T> {
        let (session, gate) = (self.session()?, self.gate()?);
        Ok(gate.change(move |station| work(station, &session)).await?)
    }

    /// Whether the simulated camera is on.
    pub(crate) fn is_simulated(&self) -> bool {
        locked(&self.camera).is_some()
    }

    /// Turns the simulated camera on or off.
    pub(crate) fn simulate(&self, camera: Option<Camera>) {
        *locked(&self.camera) = camera;
    }

    pub(crate) fn service_state(&self) -> crate::service::State {
        locked(&self.service).as_ref().map_or(crate::service::State::Stopped, Service::state)
    }
}
