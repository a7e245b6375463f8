//! Interface files.

use crate::app::{Answer, App};
use std::sync::Arc;
use tauri::State;
use wellread_station::{
    interface::Request,
    interface_preview::{InterfacePreview, TemplateLine},
    people::Permission,
    store::{InterfaceFile, InterfaceFileId, InterfaceStatus, Listed, Page},
};

#[tauri::command]
pub(crate) async fn interface_files(
    app: State<'_, Arc<App>>,
    sample: Option<String>,
    status: Option<InterfaceStatus>,
    page: Page,
) -> Answer<Listed<InterfaceFile>> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.interface_files(sample.as_deref(), status, page)
    })
    .await
}

#[tauri::command]
pub(crate) async fn interface_formats(app: State<'_, Arc<App>>) -> Answer<Vec<TemplateLine>> {
    app.ask(|station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.templates()
    })
    .await
}

#[tauri::command]
pub(crate) async fn interface_preview(
    app: State<'_, Arc<App>>,
    sample: String,
    template: String,
) -> Answer<InterfacePreview> {
    app.ask(move |station, by| station.preview_interface_file(by, &sample, &template)).await
}

#[tauri::command]
pub(crate) async fn interface_request(
    app: State<'_, Arc<App>>,
    sample: String,
    template: Option<String>,
    target: Option<String>,
    test_no: String,
) -> Answer<InterfaceFile> {
    app.change(move |station, by| {
        let request = Request { sample_no: sample, template, target, test_no };
        station.request_interface_file(by, &request)
    })
    .await
}

#[tauri::command]
pub(crate) async fn interface_retry(app: State<'_, Arc<App>>, id: InterfaceFileId) -> Answer<InterfaceFile> {
    app.change(move |station, by| station.retry_interface_file(by, id)).await
}
