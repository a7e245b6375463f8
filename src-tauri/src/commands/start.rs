//! The first start, and what the window must know before anybody has signed in.

use crate::{
    app::{Answer, App, Opened},
    camera::Camera,
    fault::Fault,
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use tauri::{AppHandle, State};
use wellread_station::{
    Clock, NewStation, Problem, Station, keys::KeyPlace, people::check_first, person::Person,
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
pub(crate) fn start_state(app: State<'_, Arc<App>>) -> Answer<StartState> {
    state(&app)
}

fn state(app: &App) -> Answer<StartState> {
    let (kind, fault, gate) = match app.opened() {
        Opened::None => ("first-start", None, None),
        Opened::Broken(fault) => ("broken", Some(fault), None),
        Opened::Open(gate) => ("ready", None, Some(gate)),
    };
    let station = gate.as_ref().map(|gate| gate.station());
    let person = match (station, app.session()) {
        (Some(station), Ok(session)) => Some(station.person(&session)?),
        _ => None,
    };
    Ok(StartState {
        kind,
        station: station.map(|station| station.identity().name.clone()),
        fault,
        person,
        version: Station::app_version(),
        data_folder: app.folder().path().to_owned(),
        idle_lock_min: station.map_or(Ok(0), |s| s.settings().map(|settings| settings.people.idle_lock_min))?,
    })
}

#[tauri::command]
pub(crate) async fn first_start(
    app: State<'_, Arc<App>>,
    window: AppHandle,
    order: FirstStart,
) -> Answer<StartState> {
    if !matches!(app.opened(), Opened::None) {
        return Err(Problem::refused("there is a station already").into());
    }
    let app = Arc::clone(&app);
    tauri::async_runtime::spawn_blocking(move || {
        make(&app, &order, &window)?;
        state(&app)
    })
    .await
    .map_err(|error| anyhow::anyhow!("the first start was given up: {error}"))?
}

fn make(app: &Arc<App>, order: &FirstStart, window: &AppHandle) -> Answer<()> {
    // Asked before anything is made, so that a refused name or password leaves nothing behind.
    check_first(&order.admin, &order.password)?;
    for folder in [Some(&order.inbox), order.deliver.as_ref()].into_iter().flatten() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Problem::invalid(format!("the folder {} cannot be used: {error}", folder.display())))?;
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
    let now_ms = station.clock().now().utc_ms;
    app.adopt(station, window);
    app.sign_in(session);
    app.simulate(order.simulated.then(|| Camera::start(order.inbox.clone(), &order.assay, now_ms)));
    Ok(())
}
