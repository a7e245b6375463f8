//! The window over a station: commands of a few lines, events and state.
//!
//! It decides nothing: what may be done and what is shown comes from `wellread-station`, which the command line shares.
//! It opens no database, runs no model and speaks no SQL, and while nobody is signed in it shows nobody's data.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod camera;
mod command_names;
mod commands;
mod events;
mod fault;
mod pictures;
mod service;

use app::App;
use std::sync::Arc;
use tauri::{Manager as _, WebviewUrl, WebviewWindowBuilder};

fn main() -> anyhow::Result<()> {
    let app = Arc::new(App::new(wellread_station::folder::usual()?));
    let pictures = Arc::clone(&app);
    tauri::Builder::default()
        .manage(app)
        .register_asynchronous_uri_scheme_protocol("wellread-blob", move |_, request, answer| {
            pictures::answer(Arc::clone(&pictures), request.uri().path().to_owned(), answer);
        })
        .invoke_handler(commands::handler())
        .setup(|tauri| {
            let window = WebviewWindowBuilder::new(tauri, "main", WebviewUrl::default());
            window.title("Wellread").inner_size(1280.0, 800.0).min_inner_size(1024.0, 700.0).build()?;
            let app: tauri::State<'_, Arc<App>> = tauri.state();
            app.begin(tauri.handle());
            Ok(())
        })
        .run(tauri::generate_context!())?;
    Ok(())
}
