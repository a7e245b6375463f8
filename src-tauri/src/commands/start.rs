//! The first start, and what the window must know before anybody has signed in.

use crate::{
    app::{Answer, App, Opened},
    camera::Camera,
    fault::Fault,
    tray,
};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tauri::{AppHandle, State};
use tauri_plugin_dialog::{DialogExt as _, FilePath};
use wellread_station::{
    Clock, NewStation, Problem, Station, assays,
    gate::Gate,
    keys::{self, KeyPlace},
    people::check_first,
    person::Person,
    store::RunId,
};

/// What the window must know before anything else.
#[derive(Debug, Serialize)]
pub(crate) struct StartState {
    /// `first-start`, `ready` or `broken`.
    kind: &'static str,
    station: Option<String>,
    /// Why it is broken.
    fault: Option<Fault>,
    person: Option<Person>,
    version: &'static str,
    data_folder: PathBuf,
    idle_lock_min: u32,
    /// Whether the system has a keyring that answers; asked at the first start alone.
    can_keyring: bool,
    encrypted: bool,
    /// The shipped assays, to choose one at the first start.
    assays: Vec<assays::ShippedAssay>,
    suggested_inbox: PathBuf,
    suggested_deliver: PathBuf,
    /// The run that a link from outside asks for, told to who has signed in.
    open: Option<RunId>,
}

/// A station to make.
#[derive(Debug, Deserialize)]
pub(crate) struct FirstStart {
    station: String,
    inbox: PathBuf,
    deliver: Option<PathBuf>,
    assay: String,
    admin: String,
    password: String,
    /// Whether a simulated camera is to fill the watched folder.
    simulated: bool,
    encryption: Encryption,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Encryption {
    Keyring,
    KeyFile { path: PathBuf },
    None,
}

#[tauri::command]
pub(crate) async fn start_state(app: State<'_, Arc<App>>, window: AppHandle) -> Answer<StartState> {
    let app = Arc::clone(&app);
    blocking(move || state(&app, app.settled(&window))).await
}

fn state(app: &App, opened: Opened) -> Answer<StartState> {
    let (kind, fault, gate) = match opened {
        Opened::None | Opened::Opening => ("first-start", None, None),
        Opened::Broken(fault) | Opened::Closed(fault) => ("broken", Some(fault), None),
        Opened::Open(gate) => ("ready", None, Some(gate)),
    };
    let station = gate.as_ref().map(Gate::station);
    let person = match (station, app.session()) {
        (Some(station), Ok(session)) => Some(station.person(&session)?),
        _ => None,
    };
    let opening = app.folder().opening().ok();
    let suggested = home().join("Wellread");
    Ok(StartState {
        kind,
        station: station.map(|station| station.identity().name.clone()),
        fault,
        open: app.link().filter(|_| person.is_some()),
        person,
        version: Station::app_version(),
        data_folder: app.folder().path().to_owned(),
        idle_lock_min: station.map_or(Ok(0), |s| s.settings().map(|settings| settings.people.idle_lock_min))?,
        can_keyring: kind != "first-start" || keys::keyring_answers(),
        encrypted: opening.is_some_and(|opening| opening.key != KeyPlace::Unencrypted),
        assays: assays::shipped(),
        suggested_inbox: suggested.join("inbox"),
        suggested_deliver: suggested.join("lims"),
    })
}

/// Where a person's own folders are.
fn home() -> PathBuf {
    let named = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    std::env::var_os(named).map(PathBuf::from).unwrap_or_default()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    let done = tauri::async_runtime::spawn_blocking(work).await;
    done.map_err(|error| Fault::from(anyhow::anyhow!("it was given up: {error}")))?
}

#[tauri::command]
pub(crate) async fn first_start(app: State<'_, Arc<App>>, window: AppHandle, order: FirstStart) -> Answer<StartState> {
    if !matches!(app.opened(), Opened::None) {
        return Err(Problem::refused("there is a station already").into());
    }
    let app = Arc::clone(&app);
    blocking(move || {
        make(&app, &order, &window)?;
        state(&app, app.opened())
    })
    .await
}

fn make(app: &Arc<App>, order: &FirstStart, window: &AppHandle) -> Answer<()> {
    // Asked before anything is made, so that a refused name or password leaves nothing behind.
    check_first(&order.admin, &order.password)?;
    for folder in [Some(&order.inbox), order.deliver.as_ref()].into_iter().flatten() {
        usable(folder)?;
    }
    let mut settings = vec![
        ("assay".to_owned(), serde_json::json!(order.assay)),
        ("intake.inbox".to_owned(), serde_json::json!(order.inbox)),
    ];
    if let Some(folder) = &order.deliver {
        settings.push(("deliver.folder".to_owned(), serde_json::json!(folder)));
    }
    let key = match &order.encryption {
        Encryption::Keyring => None,
        Encryption::KeyFile { path } => Some(KeyPlace::File { path: path.clone() }),
        Encryption::None => Some(KeyPlace::Unencrypted),
    };
    let new = NewStation { name: order.station.trim().to_owned(), key, settings };
    drop(Station::init(app.folder(), &new, Clock::system())?);
    let station = Station::open_service(app.folder(), Clock::system())?;
    let session = station.first_admin(&order.admin, &order.password)?;
    let clock = station.clock().clone();
    app.adopt(station, window);
    app.sign_in(session);
    app.simulate(order.simulated.then(|| Camera::start(order.inbox.clone(), &order.assay, clock)));
    Ok(())
}

/// A folder that is there or can be made, named whole: the program's own place may be another one tomorrow.
fn usable(folder: &Path) -> Answer<()> {
    if !folder.is_absolute() {
        let told = format!("'{}' does not say where it lies: give the whole path of the folder", folder.display());
        return Err(Problem::invalid(told).into());
    }
    std::fs::create_dir_all(folder)
        .map_err(|error| Problem::invalid(format!("the folder {} cannot be used: {error}", folder.display())).into())
}

#[tauri::command]
pub(crate) async fn pick_folder(window: AppHandle) -> Answer<Option<PathBuf>> {
    blocking(move || Ok(path(window.dialog().file().blocking_pick_folder()))).await
}

#[tauri::command]
pub(crate) async fn pick_file(window: AppHandle) -> Answer<Option<PathBuf>> {
    blocking(move || Ok(path(window.dialog().file().blocking_pick_file()))).await
}

#[tauri::command]
pub(crate) async fn pick_save(window: AppHandle, name: String) -> Answer<Option<PathBuf>> {
    blocking(move || Ok(path(window.dialog().file().set_file_name(name).blocking_save_file()))).await
}

fn path(picked: Option<FilePath>) -> Option<PathBuf> {
    picked?.into_path().ok()
}

/// Says in which language the tray and notifications speak.
#[tauri::command]
pub(crate) fn set_language(app: State<'_, Arc<App>>, window: AppHandle, locale: String) {
    app.language().set(&locale);
    tray::translate(&app, &window);
}

/// The run that a link asked for is shown.
#[tauri::command]
pub(crate) fn link_followed(app: State<'_, Arc<App>>) {
    app.set_link(None);
}
