//! What the window holds while it is open: the station, who is signed in, and the service.

use crate::{
    alerts::Alerts,
    camera::Camera,
    events,
    fault::Fault,
    lock::locked,
    service::{self, Service},
    tasks::Tasks,
    words::Language,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tauri::AppHandle;
use wellread_station::{Clock, Code, Folder, Problem, Station, code_of, gate::Gate, people::Session, store::RunId};

/// The answer of a command.
pub(crate) type Answer<T> = Result<T, Fault>;

/// How often it is looked whether somebody has gone.
const IDLE_LOOK: Duration = Duration::from_secs(2);
/// How long another process of the station may take to end.
const ENDING: Duration = Duration::from_secs(3);
/// How long questions under way may take before a station is closed.
const CLOSING: Duration = Duration::from_secs(20);

/// The station as the window has it.
#[derive(Clone)]
pub(crate) enum Opened {
    /// The folder has none: the first start.
    None,
    /// It is being opened.
    Opening,
    /// At work.
    Open(Gate),
    /// It was closed for a while, for this.
    Closed(Fault),
    /// It cannot be opened.
    Broken(Fault),
}

/// Everything a command may need.
pub(crate) struct App {
    folder: Folder,
    opened: RwLock<Opened>,
    /// Held while the station is being opened: two who try again open it once.
    opening: Mutex<()>,
    person: Mutex<Option<Person>>,
    /// Milliseconds without a touch until the window locks; 0 for never.
    idle_ms: AtomicU64,
    service: Mutex<Option<Service>>,
    camera: Mutex<Option<Camera>>,
    link: Mutex<Option<RunId>>,
    tasks: Tasks,
    alerts: Alerts,
    language: Language,
}

/// Who is signed in, and when they last did anything.
struct Person {
    session: Session,
    touched: Instant,
}

impl App {
    pub(crate) fn new(folder: Folder) -> Self {
        Self {
            folder,
            opened: RwLock::new(Opened::None),
            opening: Mutex::default(),
            person: Mutex::default(),
            idle_ms: AtomicU64::new(0),
            service: Mutex::default(),
            camera: Mutex::default(),
            link: Mutex::default(),
            tasks: Tasks::default(),
            alerts: Alerts::default(),
            language: Language::default(),
        }
    }

    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    pub(crate) const fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    pub(crate) const fn language(&self) -> &Language {
        &self.language
    }

    /// Opens the station, if there is one, and starts its service. A process that has just ended may hold it for a moment.
    pub(crate) fn begin(self: &Arc<Self>, window: &AppHandle) {
        if !self.folder.has_station() {
            return;
        }
        let _turn = locked(&self.opening);
        if matches!(self.opened(), Opened::Open(_)) {
            return;
        }
        self.set(Opened::Opening);
        let begun = Instant::now();
        loop {
            match Station::open_service(&self.folder, Clock::system()) {
                Ok(station) => return self.adopt(station, window),
                Err(error) if code_of(&error) == Some(Code::InUse) && begun.elapsed() < ENDING => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => {
                    tracing::error!("the station cannot be opened: {error:#}");
                    return self.set(Opened::Broken(error.into()));
                }
            }
        }
    }

    /// Opens it beside the window, which comes up meanwhile.
    pub(crate) fn begin_meanwhile(self: &Arc<Self>, window: &AppHandle) {
        if self.folder.has_station() {
            self.set(Opened::Opening);
            let (app, window) = (Arc::clone(self), window.clone());
            std::thread::spawn(move || app.begin(&window));
        }
    }

    /// How the station is, once it is known; one that could not be opened is tried again.
    pub(crate) fn settled(self: &Arc<Self>, window: &AppHandle) -> Opened {
        loop {
            match self.opened() {
                Opened::Opening => std::thread::sleep(Duration::from_millis(20)),
                Opened::Broken(_) => {
                    self.begin(window);
                    return self.opened();
                }
                settled => return settled,
            }
        }
    }

    /// Goes on with a station that has just been opened.
    pub(crate) fn adopt(self: &Arc<Self>, station: Station, window: &AppHandle) {
        tracing::info!("station {} in {}", station.identity().name, self.folder.path().display());
        let gate = Gate::new(station);
        self.set(Opened::Open(gate.clone()));
        self.heed_settings();
        let (app, window) = (Arc::downgrade(self), window.clone());
        let tell: service::Teller = Arc::new(move |told| match (told, app.upgrade()) {
            (Some(told), Some(app)) => {
                tracing::info!("{told:?}");
                events::tell_of(&window, told);
                app.alerts.consider(&app, &window, told);
            }
            _ => events::tell(&window, "service", None),
        });
        *locked(&self.service) = Some(Service::start(gate, tell));
    }

    /// Closes the station, so that another process or a restore may have it. Questions under way are waited for.
    pub(crate) fn close(&self) -> anyhow::Result<()> {
        self.lock();
        self.simulate(None);
        let service = locked(&self.service).take();
        drop(service);
        let told = "the station is being closed: try again in a moment";
        self.set(Opened::Closed(Problem::new(Code::Busy, told).into()));
        let begun = Instant::now();
        while self.folder.is_locked() {
            if begun.elapsed() > CLOSING {
                return Err(Problem::new(Code::Busy, "something is still at work on the data: try again").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
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
            Opened::Opening => {
                Err(Problem::new(Code::Busy, "the station is being opened: try again in a moment").into())
            }
            Opened::Broken(fault) | Opened::Closed(fault) => Err(fault),
            Opened::None => Err(Problem::invalid("there is no station yet: make one first").into()),
        }
    }

    /// Takes up the settings that the window itself goes by.
    pub(crate) fn heed_settings(&self) {
        let minutes = self.gate().ok().and_then(|gate| Some(gate.station().settings().ok()?.people.idle_lock_min));
        self.idle_ms.store(u64::from(minutes.unwrap_or(0)) * 60_000, Ordering::Relaxed);
    }

    /// Who is signed in; nobody after the idle time.
    pub(crate) fn session(&self) -> Answer<Session> {
        self.lock_if_idle();
        locked(&self.person).as_ref().map(|person| person.session.clone()).ok_or_else(Fault::locked)
    }

    /// Whether somebody was signed in and has been away for too long.
    fn lock_if_idle(&self) -> bool {
        let idle = Duration::from_millis(self.idle_ms.load(Ordering::Relaxed));
        let mut person = locked(&self.person);
        let is_gone = !idle.is_zero() && person.as_ref().is_some_and(|person| person.touched.elapsed() >= idle);
        if is_gone {
            *person = None;
        }
        is_gone
    }

    /// Locks by itself when nobody has touched the window for long enough, and tells it.
    pub(crate) fn watch_idle(self: &Arc<Self>, window: &AppHandle) {
        let (app, window) = (Arc::downgrade(self), window.clone());
        std::thread::spawn(move || {
            while let Some(app) = app.upgrade() {
                if app.lock_if_idle() {
                    events::tell(&window, "session", None);
                }
                drop(app);
                std::thread::sleep(IDLE_LOOK);
            }
        });
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
        let before = std::mem::replace(&mut *locked(&self.camera), camera);
        drop(before);
    }

    pub(crate) fn service_state(&self) -> service::State {
        locked(&self.service).as_ref().map(Service::state).unwrap_or_default()
    }

    /// The run that a link from outside asks for; it stays asked for until somebody is shown it.
    pub(crate) fn link(&self) -> Option<RunId> {
        *locked(&self.link)
    }

    pub(crate) fn set_link(&self, run: Option<RunId>) {
        *locked(&self.link) = run;
    }
}
