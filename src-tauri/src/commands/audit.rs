//! The audit trail, and whether the data are what the program wrote.

use crate::{
    app::{Answer, App},
    tasks::Tasks,
};
use std::{path::PathBuf, sync::Arc};
use tauri::{AppHandle, State};
use wellread_station::{
    people::Permission,
    store::{AuditEntry, AuditFilter, Listed, Page},
    verify::Mend,
};

#[tauri::command]
pub(crate) async fn audit(app: State<'_, Arc<App>>, filter: AuditFilter, page: Page) -> Answer<Listed<AuditEntry>> {
    app.ask(move |station, by| station.audit(by, &filter, page)).await
}

#[tauri::command]
pub(crate) fn verify(app: State<'_, Arc<App>>, window: AppHandle) -> Answer<String> {
    let (session, gate) = (app.session()?, app.gate()?);
    gate.station().ask(&session, Permission::AuditRead, |_| Ok(()))?;
    Ok(Tasks::begin(&app, &window, "verify", move |steps| {
        Ok(serde_json::to_value(gate.station().verify(Mend::No, steps)?)?)
    }))
}

#[tauri::command]
pub(crate) async fn export_audit(app: State<'_, Arc<App>>, path: PathBuf, filter: AuditFilter) -> Answer<u64> {
    app.change(move |station, by| station.export_audit(by, &filter, &path)).await
}
