//! How the station is made, for whoever helps.

use crate::{
    app::{Answer, App, Opened},
    tasks::Tasks,
};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc};
use tauri::{AppHandle, State};
use wellread_station::{
    Station,
    diagnostics::{self, Diagnostics},
    people::Permission,
};

#[tauri::command]
pub(crate) async fn diagnostics(app: State<'_, Arc<App>>) -> Answer<Diagnostics> {
    app.ask(Station::diagnostics).await
}

#[tauri::command]
pub(crate) async fn logs(app: State<'_, Arc<App>>, lines: usize) -> Answer<Vec<String>> {
    app.ask(move |station, by| station.log_lines(by, lines)).await
}

#[tauri::command]
pub(crate) fn make_bundle(app: State<'_, Arc<App>>, window: AppHandle, path: PathBuf) -> Answer<String> {
    if let Opened::Broken(fault) = app.opened() {
        // Nobody can sign in, and this is when help is needed most.
        diagnostics::write_bare_bundle(app.folder(), &fault.message, &path)?;
        return Ok(Tasks::begin(&app, &window, "bundle", |_| Ok(Value::Null)));
    }
    let (session, gate) = (app.session()?, app.gate()?);
    gate.station().ask(&session, Permission::RunRead, |_| Ok(()))?;
    Ok(Tasks::begin(&app, &window, "bundle", move |steps| {
        steps.reached(0, None)?;
        gate.station().write_bundle(&session, &path)?;
        Ok(serde_json::json!({ "path": path }))
    }))
}
