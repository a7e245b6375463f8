//! What waits for headquarters.

use crate::app::{Answer, App};
use std::sync::Arc;
use tauri::State;
use wellread_station::{
    Station,
    outbox::OutboxState,
    store::{Listed, OutboxRecord, Page},
};

#[tauri::command]
pub(crate) async fn outbox(app: State<'_, Arc<App>>, page: Page) -> Answer<Listed<OutboxRecord>> {
    app.ask(move |station, by| station.outbox(by, page)).await
}

#[tauri::command]
pub(crate) async fn outbox_state(app: State<'_, Arc<App>>) -> Answer<OutboxState> {
    app.ask(Station::outbox_state).await
}
