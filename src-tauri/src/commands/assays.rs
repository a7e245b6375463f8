//! Assays with their layouts, and models.

use crate::{
    app::{Answer, App},
    events,
    tasks::Tasks,
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use tauri::{AppHandle, State};
use wellread_plate::{assay::Role, format::WellId};
use wellread_station::{
    assays::{self, AssayCheck, AssayLine, AssayView},
    layouts::LayoutLine,
    model_sets::ModelSet,
    people::Permission,
};

#[tauri::command]
pub(crate) async fn assays(app: State<'_, Arc<App>>) -> Answer<Vec<AssayLine>> {
    app.ask(|station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.assay_lines()
    })
    .await
}

#[tauri::command]
pub(crate) async fn assay(app: State<'_, Arc<App>>, id: String, version: u32) -> Answer<AssayView> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.assay_view(&id, version)
    })
    .await
}

#[tauri::command]
pub(crate) async fn check_assay(app: State<'_, Arc<App>>, text: String) -> Answer<AssayCheck> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.check_assay(&text)
    })
    .await
}

/// The text with these roles of its wells.
#[tauri::command]
pub(crate) async fn layout_text(
    app: State<'_, Arc<App>>,
    text: String,
    wells: BTreeMap<WellId, Role>,
) -> Answer<String> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        Ok(assays::with_roles(&text, &wells)?)
    })
    .await
}

#[tauri::command]
pub(crate) async fn layouts(app: State<'_, Arc<App>>) -> Answer<Vec<LayoutLine>> {
    app.ask(|station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.layout_lines()
    })
    .await
}

#[tauri::command]
pub(crate) async fn save_assay(app: State<'_, Arc<App>>, text: String, why: String) -> Answer<AssayLine> {
    app.change(move |station, by| {
        let kept = station.add_assay(by, "assay", &text, &why)?;
        Ok(station.assay_view(&kept.id, kept.version)?.line)
    })
    .await
}

#[tauri::command]
pub(crate) async fn models(app: State<'_, Arc<App>>) -> Answer<Vec<ModelSet>> {
    app.ask(|station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.model_sets()
    })
    .await
}

#[tauri::command]
pub(crate) async fn add_models(app: State<'_, Arc<App>>, folder: PathBuf, why: String) -> Answer<ModelSet> {
    app.change(move |station, by| station.add_models(by, &folder, &why)).await
}

#[tauri::command]
pub(crate) async fn switch_models(app: State<'_, Arc<App>>, window: AppHandle, id: String, why: String) -> Answer<()> {
    app.change(move |station, by| station.switch_models(by, &id, &why)).await?;
    events::tell(&window, "settings", None);
    Ok(())
}

#[tauri::command]
pub(crate) fn trial_models(app: State<'_, Arc<App>>, window: AppHandle, id: String, runs: u32) -> Answer<String> {
    let (session, gate) = (app.session()?, app.gate()?);
    gate.station().ask(&session, Permission::ConfigWrite, |_| Ok(()))?;
    Ok(Tasks::begin(&app, &window, "trial", move |steps| {
        Ok(serde_json::to_value(gate.station().try_models(&session, &id, runs, steps)?)?)
    }))
}
