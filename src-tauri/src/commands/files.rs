//! Interface files.

use crate::app::{Answer, App};
use anyhow::Context as _;
use std::{path::PathBuf, sync::Arc};
use tauri::{AppHandle, State};
use tauri_plugin_opener::OpenerExt as _;
use wellread_station::{
    Problem,
    folder::put_file,
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

/// Saves a report where a person wants it; it is no delivery.
#[tauri::command]
pub(crate) async fn export_report(
    app: State<'_, Arc<App>>,
    sample: String,
    template: String,
    path: PathBuf,
) -> Answer<()> {
    app.change(move |station, by| {
        let made = station.export(by, &sample, &template)?;
        put_file(&path, &made.bytes)
    })
    .await
}

/// Hands the report to the system's viewer, which prints it.
#[tauri::command]
pub(crate) async fn print_report(app: State<'_, Arc<App>>, window: AppHandle, sample: String) -> Answer<PathBuf> {
    let path = app
        .change(move |station, by| {
            let made = station.export(by, &sample, "pdf")?;
            let folder = station.folder().path().join("print");
            std::fs::create_dir_all(&folder).context("cannot make the folder for printing")?;
            let path = folder.join(&made.name);
            put_file(&path, &made.bytes)?;
            Ok(path)
        })
        .await?;
    let opened = window.opener().open_path(path.display().to_string(), None::<&str>);
    opened.map_err(|why| {
        Problem::refused(format!(
            "no program here shows {} ({why}): install a PDF viewer, or save the report",
            path.display()
        ))
    })?;
    Ok(path)
}
