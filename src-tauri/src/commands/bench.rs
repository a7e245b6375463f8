//! The bench: what happens now, and what comes next.

use crate::{
    app::{Answer, App},
    camera::Camera,
    service,
};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use std::sync::Arc;
use tauri::{
    State,
    ipc::{InvokeBody, Request},
};
use wellread_station::{Problem, bench::Bench, intake::next_plate, people::Permission, store::Identity};

/// The bench, and what only this process knows.
#[derive(Serialize)]
pub(crate) struct BenchNow {
    #[serde(flatten)]
    bench: Bench,
    /// `running`, `stopped` or `failed`.
    service: &'static str,
    /// Why it failed.
    service_message: Option<String>,
    /// Pictures on their way.
    queue: Queue,
    /// Whether the simulated camera is on.
    simulated: bool,
}

/// Pictures on their way.
#[derive(Serialize)]
struct Queue {
    waiting: usize,
    working: usize,
}

#[tauri::command]
pub(crate) async fn bench(app: State<'_, Arc<App>>) -> Answer<BenchNow> {
    let bench = app
        .ask(|station, by| {
            station.ask(by, Permission::RunRead, |_| Ok(()))?;
            station.bench()
        })
        .await?;
    let state = app.service_state();
    let service = match &state {
        service::State { runs: true, .. } => "running",
        service::State { failed: Some(_), .. } => "failed",
        service::State { .. } => "stopped",
    };
    let (waiting, working) = state.queue;
    let queue = Queue { waiting, working };
    Ok(BenchNow { bench, service, service_message: state.failed, queue, simulated: app.is_simulated() })
}

#[tauri::command]
pub(crate) fn parse_scan(text: String) -> Answer<Identity> {
    Ok(next_plate::parse(&text)?)
}

#[tauri::command]
pub(crate) async fn enter_next_plate(app: State<'_, Arc<App>>, identity: Identity) -> Answer<()> {
    app.change(move |station, by| {
        station.act(by, Permission::RunCapture, |writing| next_plate::enter(writing, identity))
    })
    .await
}

#[tauri::command]
pub(crate) async fn clear_next_plates(app: State<'_, Arc<App>>) -> Answer<()> {
    app.change(|station, by| {
        station.act(by, Permission::RunCapture, |writing| next_plate::clear(writing, "taken back"))
    })
    .await
}

/// Takes a picture as the body of the call, and its name, percent-encoded, from the header `name`.
#[tauri::command]
pub(crate) async fn drop_image(app: State<'_, Arc<App>>, request: Request<'_>) -> Answer<String> {
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(Problem::invalid("a picture is given as its bytes").into());
    };
    let name = request.headers().get("name").and_then(|name| name.to_str().ok()).unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8_lossy().into_owned();
    let bytes = bytes.clone();
    app.change(move |station, by| station.put_into_inbox(by, &name, &bytes)).await
}

#[tauri::command]
pub(crate) async fn simulate(app: State<'_, Arc<App>>, on: bool) -> Answer<()> {
    let (inbox, assay, clock) = app
        .ask(|station, by| {
            station.ask(by, Permission::RunCapture, |_| Ok(()))?;
            let settings = station.settings()?;
            let inbox = settings.intake.inbox.ok_or_else(|| Problem::invalid("no folder is watched: set one first"))?;
            Ok((inbox, settings.assay, station.clock().clone()))
        })
        .await?;
    app.simulate(on.then(|| Camera::start(inbox, &assay, clock)));
    Ok(())
}
