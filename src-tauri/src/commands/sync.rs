//! The way to headquarters: how it is, joining them, pausing, and which of two copies of the data goes on.

use crate::{
    app::{Answer, App},
    events,
};
use std::sync::Arc;
use tauri::{AppHandle, State};
use wellread_station::{
    Station,
    store::{Listed, OutboxRecord, Page},
    sync::SyncState,
};

#[tauri::command]
pub(crate) async fn sync_state(app: State<'_, Arc<App>>) -> Answer<SyncState> {
    app.ask(Station::sync_state).await
}

#[tauri::command]
pub(crate) async fn outbox(app: State<'_, Arc<App>>, page: Page) -> Answer<Listed<OutboxRecord>> {
    app.ask(move |station, by| station.outbox(by, page)).await
}

/// Waits for headquarters, and so not in the row of changes: a hub that does not answer must hold up no review.
#[tauri::command]
pub(crate) async fn enrol(app: State<'_, Arc<App>>, window: AppHandle, url: String, code: String) -> Answer<SyncState> {
    let joined = app.ask(move |station, by| station.enrol(by, &url, &code)).await?;
    events::tell(&window, "sync", None);
    Ok(joined)
}

#[tauri::command]
pub(crate) async fn pause_sync(app: State<'_, Arc<App>>, window: AppHandle, why: String) -> Answer<()> {
    app.change(move |station, by| station.pause_sync(by, &why)).await?;
    events::tell(&window, "sync", None);
    Ok(())
}

#[tauri::command]
pub(crate) async fn resume_sync(app: State<'_, Arc<App>>, window: AppHandle) -> Answer<()> {
    app.change(Station::resume_sync).await?;
    events::tell(&window, "sync", None);
    Ok(())
}

#[tauri::command]
pub(crate) async fn sync_now(app: State<'_, Arc<App>>, window: AppHandle) -> Answer<()> {
    app.change(Station::sync_now).await?;
    events::tell(&window, "sync", None);
    Ok(())
}

#[tauri::command]
pub(crate) async fn take_over(app: State<'_, Arc<App>>, window: AppHandle, why: String) -> Answer<()> {
    app.change(move |station, by| station.take_over(by, &why)).await?;
    events::tell(&window, "sync", None);
    Ok(())
}
