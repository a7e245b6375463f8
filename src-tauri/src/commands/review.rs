//! One run: what was seen, what people decide, and who signs.

use crate::app::{Answer, App};
use std::sync::Arc;
use tauri::State;
use wellread_station::{
    Grid, Station,
    people::{Permission, Session},
    pipeline::Pipeline,
    review::{Change, Reason},
    store::{Meaning, RunId},
    views::RunDetail,
};

#[tauri::command]
pub(crate) async fn run(app: State<'_, Arc<App>>, run_id: RunId) -> Answer<RunDetail> {
    app.ask(move |station, by| shown(station, by, run_id)).await
}

#[tauri::command]
pub(crate) async fn review(
    app: State<'_, Arc<App>>,
    run_id: RunId,
    change: Change,
    reason: Reason,
    seen: Option<i64>,
) -> Answer<RunDetail> {
    app.change(move |station, by| {
        station.review(by, run_id, &change, &reason, seen)?;
        shown(station, by, run_id)
    })
    .await
}

#[tauri::command]
pub(crate) async fn preview_grid(app: State<'_, Arc<App>>, run_id: RunId, corners: [[f64; 2]; 4]) -> Answer<Grid> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.grid_through(run_id, corners)
    })
    .await
}

#[tauri::command]
pub(crate) async fn adopt_grid(
    app: State<'_, Arc<App>>,
    run_id: RunId,
    corners: [[f64; 2]; 4],
    reason: Reason,
) -> Answer<RunDetail> {
    app.change(move |station, by| {
        let replaced_by = station.read_with_grid(by, run_id, corners, &reason)?;
        shown(station, by, replaced_by)
    })
    .await
}

#[tauri::command]
pub(crate) async fn sign(
    app: State<'_, Arc<App>>,
    run_id: RunId,
    meaning: Meaning,
    password: String,
    seen: Option<i64>,
) -> Answer<RunDetail> {
    app.change(move |station, by| {
        station.sign(by, &password, run_id, meaning, seen)?;
        shown(station, by, run_id)
    })
    .await
}

#[tauri::command]
pub(crate) async fn reprocess(app: State<'_, Arc<App>>, run_id: RunId, assay: Option<String>) -> Answer<RunDetail> {
    app.change(move |station, by| {
        let eyes = station.eyes(None, 1)?;
        let ended = Pipeline::new(station, &eyes, &station.settings()?)?.reprocess(by, run_id, assay.as_deref())?;
        shown(station, by, ended.run)
    })
    .await
}

fn shown(station: &Station, by: &Session, run: RunId) -> anyhow::Result<RunDetail> {
    station.ask(by, Permission::RunRead, |_| Ok(()))?;
    station.run(run)
}
