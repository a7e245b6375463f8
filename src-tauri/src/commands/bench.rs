//! The bench: what happens now, and what comes next.

use crate::{
    app::{Answer, App},
    camera::Camera,
    service,
};
use serde::Serialize;
use std::sync::Arc;
use tauri::State;
use wellread_station::{
    Problem,
    bench::Bench,
    intake::next_plate,
    people::Permission,
    store::Identity,
};

/// The bench, and what only this process knows.
#[derive(Serialize)]
pub(crate) struct BenchNow {
    #[serde(flatten)]
    bench: Bench,
    /// `running`, `stopped` or `failed`.
    service: &'static str,
    /// Why it failed.
    service_message: Option<String>,
    /// Whether the simulated camera is on.
    simulated: bool,
}

#[tauri::command]
pub(crate) async fn bench(app: State<'_, Arc<App>>) -> Answer<BenchNow> {
    let bench = app
        .ask(|station, by| {
            station.ask(by, Permission::RunRead, |_| Ok(()))?;
            station.bench()
        })
        .await?;
    let (service, service_message) = match app.service_state() {
        service::State::Running => ("running", None),
        service::State::Stopped => ("stopped", None),
        service::State::Failed(why) => ("failed", Some(why)),
    };
    Ok(BenchNow { bench, service, service_message, simulated: app.is_simulated() })
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

#[tauri::command]
pub(crate) async fn drop_image(app: State<'_, Arc<App>>, name: String, bytes: Vec<u8>) -> Answer<String> {
    app.change(move |station, by| station.put_into_inbox(by, &name, &bytes)).await
}

#[tauri::command]
pub(crate) async fn simulate(app: State<'_, Arc<App>>, on: bool) -> Answer<()> {
    let (inbox, assay, now_ms) = app
        .ask(|station, by| {
            station.ask(by, Permission::RunCapture, |_| Ok(()))?;
            let settings = station.settings()?;
            let inbox = settings.intake.inbox.ok_or_else(|| Problem::invalid("no folder is watched: set one first"))?;
            Ok((inbox, settings.assay, station.clock().now().utc_ms))
        })
        .await?;
    app.simulate(on.then(|| Camera::start(inbox, &assay, now_ms)));
    Ok(())
}
