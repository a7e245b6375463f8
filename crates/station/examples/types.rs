//! Writes the TypeScript types of everything the window shows: `cargo run -p wellread-station --features ts --example
//! types -- FOLDER`.

use std::{env, process::ExitCode};
use ts_rs::{Config, ExportError, TS};
use wellread_station::{
    Code, Grid, assays,
    bench::Bench,
    diagnostics::Diagnostics,
    interface_preview::{InterfacePreview, TemplateLine},
    layouts::LayoutLine,
    model_sets::ModelSet,
    person,
    review::{Change, Reason},
    settings::SettingLine,
    store,
    sync::SyncState,
    trial::Trial,
    verify, views,
};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("name the folder to write to");
        return ExitCode::from(2);
    };
    // Milliseconds and sequence numbers stay far below what a JavaScript number holds exactly.
    let config = Config::new().with_out_dir(folder).with_large_int("number");
    match write(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the types cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(config: &Config) -> Result<(), ExportError> {
    assays::AssayCheck::export_all(config)?;
    assays::AssayView::export_all(config)?;
    assays::ShippedAssay::export_all(config)?;
    Bench::export_all(config)?;
    Code::export_all(config)?;
    Diagnostics::export_all(config)?;
    LayoutLine::export_all(config)?;
    ModelSet::export_all(config)?;
    SyncState::export_all(config)?;
    SettingLine::export_all(config)?;
    Trial::export_all(config)?;
    Change::export_all(config)?;
    Reason::export_all(config)?;
    Grid::export_all(config)?;
    InterfacePreview::export_all(config)?;
    TemplateLine::export_all(config)?;
    person::Person::export_all(config)?;
    views::RunDetail::export_all(config)?;
    views::SampleDetail::export_all(config)?;
    views::Status::export_all(config)?;
    verify::Verified::export_all(config)?;
    store::AuditEntry::export_all(config)?;
    store::AuditFilter::export_all(config)?;
    store::OutboxRecord::export_all(config)?;
    store::Page::export_all(config)?;
    store::Role::export_all(config)?;
    store::RunFilter::export_all(config)?;
    store::StoredAssay::export_all(config)?;
    store::User::export_all(config)?;
    store::Listed::<store::RunLine>::export_all(config)
}
