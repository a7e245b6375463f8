//! The icon in the tray: the station goes on reading while its window is closed, and comes back from here.

use crate::{app::App, words::Words};
use std::{panic, sync::Arc};
use tauri::{
    AppHandle, Manager as _,
    menu::{Menu, MenuItem},
    tray::{MouseButton, TrayIconBuilder, TrayIconEvent},
};

const TRAY: &str = "main";

/// Puts the icon there; false on a desktop that has no place for one.
pub(crate) fn put(app: &Arc<App>, window: &AppHandle) -> bool {
    // The library that draws it is looked for when it is needed, and panics where it is missing.
    let put = panic::catch_unwind(panic::AssertUnwindSafe(|| try_put(app, window)));
    match put {
        Ok(Ok(())) => true,
        Ok(Err(why)) => {
            tracing::info!("no icon in the tray: {why}");
            false
        }
        Err(_) => false,
    }
}

fn try_put(app: &Arc<App>, window: &AppHandle) -> tauri::Result<()> {
    let mut tray = TrayIconBuilder::with_id(TRAY).tooltip("Wellread").menu(&menu(app, window)?);
    if let Some(icon) = window.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.on_menu_event(|window, event| match event.id.as_ref() {
        "open" => show(window),
        "quit" => window.exit(0),
        _ => {}
    })
    .on_tray_icon_event(|tray, event| {
        if matches!(event, TrayIconEvent::Click { button: MouseButton::Left, .. }) {
            show(tray.app_handle());
        }
    })
    .build(window)?;
    Ok(())
}

fn menu(app: &App, window: &AppHandle) -> tauri::Result<Menu<tauri::Wry>> {
    let item = |id, words| MenuItem::with_id(window, id, app.language().say(words), true, None::<&str>);
    Menu::with_items(window, &[&item("open", Words::Open)?, &item("quit", Words::Quit)?])
}

/// Says the menu in another language.
pub(crate) fn translate(app: &App, window: &AppHandle) {
    if let (Some(tray), Ok(menu)) = (window.tray_by_id(TRAY), menu(app, window)) {
        let _ = tray.set_menu(Some(menu));
    }
}

/// Brings the window to the front.
pub(crate) fn show(window: &AppHandle) {
    if let Some(main) = window.get_webview_window("main") {
        // Each may be refused by a desktop that does not know it.
        let _ = main.show();
        let _ = main.unminimize();
        let _ = main.set_focus();
    }
}
