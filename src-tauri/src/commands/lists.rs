//! Runs and samples.

use crate::app::{Answer, App};
use std::sync::Arc;
use tauri::State;
use wellread_station::{
    people::Permission,
    store::{Disposition, Listed, Page, RunFilter, RunLine, SampleSummary},
    views::SampleDetail,
};

#[tauri::command]
pub(crate) async fn runs(app: State<'_, Arc<App>>, filter: RunFilter, page: Page) -> Answer<Listed<RunLine>> {
    app.ask(move |station, by| station.ask(by, Permission::RunRead, |reading| Ok(reading.runs(&filter, page)?))).await
}

#[tauri::command]
pub(crate) async fn run_counts(app: State<'_, Arc<App>>) -> Answer<Vec<(Disposition, u64)>> {
    app.ask(|station, by| station.ask(by, Permission::RunRead, |reading| Ok(reading.run_counts()?))).await
}

#[tauri::command]
pub(crate) async fn samples(
    app: State<'_, Arc<App>>,
    text: Option<String>,
    page: Page,
) -> Answer<Listed<SampleSummary>> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |reading| Ok(reading.samples(text.as_deref(), page)?))
    })
    .await
}

#[tauri::command]
pub(crate) async fn sample(app: State<'_, Arc<App>>, sample_no: String) -> Answer<SampleDetail> {
    app.ask(move |station, by| {
        station.ask(by, Permission::RunRead, |_| Ok(()))?;
        station.sample(&sample_no)
    })
    .await
}
