//! Settings, copies of the data, and starting with the computer.

use crate::{
    app::{Answer, App},
    events,
    tasks::{RESTORE, Tasks},
};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};
use tauri::{AppHandle, State};
use tauri_plugin_autostart::ManagerExt as _;
use wellread_station::{
    Clock, Settings,
    backup::{self, Present},
    people::Permission,
    settings::SettingLine,
};

#[tauri::command]
pub(crate) async fn settings(app: State<'_, Arc<App>>) -> Answer<Vec<SettingLine>> {
    app.ask(|station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.read(Settings::lines)
    })
    .await
}

/// Changes a setting; `null` takes it back to its default.
#[tauri::command]
pub(crate) async fn set_setting(
    app: State<'_, Arc<App>>,
    window: AppHandle,
    name: String,
    value: Value,
    why: String,
) -> Answer<()> {
    app.change(move |station, by| {
        let value = (!value.is_null()).then_some(value);
        station.configure(by, &name, value.as_ref(), &why)
    })
    .await?;
    app.heed_settings();
    events::tell(&window, "settings", None);
    Ok(())
}

#[tauri::command]
pub(crate) fn backup(app: State<'_, Arc<App>>, window: AppHandle, path: PathBuf) -> Answer<String> {
    let (session, gate) = (app.session()?, app.gate()?);
    gate.station().ask(&session, Permission::BackupCreate, |_| Ok(()))?;
    Ok(Tasks::begin(&app, &window, "backup", move |steps| {
        Ok(serde_json::to_value(gate.station().backup(&session, &path, true, steps)?)?)
    }))
}

/// Puts what is there aside and goes on with a copy. Everybody signs in again.
#[tauri::command]
pub(crate) fn restore(app: State<'_, Arc<App>>, window: AppHandle, path: PathBuf) -> Answer<String> {
    let (session, gate) = (app.session()?, app.gate()?);
    gate.station().may_replace(&session)?;
    drop(gate);
    let (own, told) = (Arc::clone(&app), window.clone());
    Ok(Tasks::begin(&app, &window, RESTORE, move |steps| {
        own.close()?;
        events::tell(&told, "session", None);
        let clock = Clock::system();
        let restored = backup::restore(&path, own.folder(), None, Present::PutAside, (&clock, steps));
        // Whether that went well or not: with what is there now.
        own.begin(&told);
        events::tell(&told, "session", None);
        Ok(serde_json::to_value(restored?)?)
    }))
}

#[tauri::command]
pub(crate) async fn export_recovery_key(app: State<'_, Arc<App>>, path: PathBuf) -> Answer<()> {
    app.change(move |station, by| station.export_key(by, &path)).await
}

/// Whether the program starts with the computer.
#[tauri::command]
pub(crate) fn autostart_state(app: State<'_, Arc<App>>, window: AppHandle) -> Answer<bool> {
    app.session()?;
    Ok(window.autolaunch().is_enabled().unwrap_or(false))
}

#[tauri::command]
pub(crate) async fn autostart(app: State<'_, Arc<App>>, window: AppHandle, on: bool) -> Answer<()> {
    app.change(move |station, by| {
        station.note_autostart(by, on)?;
        let starts = window.autolaunch();
        // Turning off what is off already is an error to the system, and none to a person.
        let changed = if on { starts.enable() } else { starts.disable().or(Ok(())) };
        changed.map_err(|why: tauri_plugin_autostart::Error| anyhow::anyhow!("the system refuses it: {why}"))
    })
    .await
}

/// Ends long work.
#[tauri::command]
pub(crate) fn cancel(app: State<'_, Arc<App>>, task: String) -> Answer<Value> {
    if !Tasks::is_anybodys(&task) {
        app.session()?;
    }
    app.tasks().cancel(&task);
    Ok(json!(null))
}

/// Ends the program, and with it the reading of plates.
#[tauri::command]
pub(crate) fn quit(app: State<'_, Arc<App>>, window: AppHandle) -> Answer<()> {
    app.session()?;
    window.exit(0);
    Ok(())
}
