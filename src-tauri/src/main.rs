//! The window over a station: commands of a few lines, events and state.
//!
//! It decides nothing: what may be done and what is shown comes from `wellread-station`, which the command line shares.
//! It opens no database, runs no model and speaks no SQL, and while nobody is signed in it shows nobody's data.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod alerts;
mod app;
mod camera;

mod commands;
mod events;
mod fault;
mod links;
mod lock;
mod log;
mod pictures;
mod revive;
mod service;
mod tasks;
mod tray;
mod words;

use app::App;
use std::sync::Arc;
use tauri::{Manager as _, RunEvent, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use words::Words;

fn main() -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    draw_without_gl();
    let app = Arc::new(App::new(wellread_station::folder::usual()?));
    let _log = log::begin(&app.folder().logs());
    let (pictures, first) = (Arc::clone(&app), Arc::clone(&app));
    let built = tauri::Builder::default()
        // First of all: a second start ends here, having told this one what it was asked for.
        .plugin(tauri_plugin_single_instance::init(move |window, arguments, _| match links::run_of(arguments) {
            Some(run) => links::open(&first, window, run),
            None => tray::show(window),
        }))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_autostart::Builder::new().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_window_state::Builder::new().build())
        .manage(Arc::clone(&app))
        .register_asynchronous_uri_scheme_protocol("wellread-blob", move |_, request, answer| {
            pictures::answer(Arc::clone(&pictures), &request, answer);
        })
        .invoke_handler(commands::handler())
        .setup(set_up)
        .build(tauri::generate_context!())?;
    built.run(move |window, event| {
        if let RunEvent::Exit = event {
            let _ = app.close();
            tracing::info!("closed");
            let _ = window;
        }
    });
    Ok(())
}

/// Without a graphics card the web view would put its layers together by software GL: a key would be painted four times as
/// late, and each window would hold 150 MB more.
#[cfg(target_os = "linux")]
fn draw_without_gl() {
    use std::{env, os::unix::process::CommandExt as _, process::Command};
    const OFF: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    let mut devices = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let has_card = devices.any(|device| device.file_name().to_string_lossy().starts_with("renderD"));
    if has_card || env::var_os(OFF).is_some() {
        return;
    }
    // A program's own variables cannot be changed safely while it runs, so it becomes itself again with another one.
    if let Ok(program) = env::current_exe() {
        let why = Command::new(program).args(env::args_os().skip(1)).env(OFF, "1").exec();
        eprintln!("slow drawing stays on: {why}");
    }
}

fn set_up(tauri: &mut tauri::App) -> Result<(), Box<dyn std::error::Error>> {
    let app = Arc::clone(&tauri.state::<Arc<App>>());
    let handle = tauri.handle().clone();
    app.set_link(links::run_of(std::env::args()));
    // The window first: the station is opened while it loads.
    let window = WebviewWindowBuilder::new(tauri, "main", WebviewUrl::default());
    let window = window
        .title("Wellread")
        .inner_size(1280.0, 800.0)
        .min_inner_size(1024.0, 700.0)
        // The page takes dropped pictures itself.
        .disable_drag_drop_handler()
        .build()?;
    revive::when_it_dies(&window);
    app.begin_meanwhile(&handle);
    app.watch_idle(&handle);
    let has_tray = tray::put(&app, &handle);
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event
            && has_tray
        {
            api.prevent_close();
            if let Some(main) = handle.get_webview_window("main") {
                let _ = main.hide();
            }
            app.alerts().say(&app, &handle, Words::StaysOpen);
        }
    });
    Ok(())
}
