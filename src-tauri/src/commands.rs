//! The commands of the window, a module a screen. Each hands on to the station and decides nothing.

mod bench;
mod files;
mod lists;
mod people;
mod review;
mod start;

use tauri::{Wry, ipc::Invoke};

/// Every command of [`crate::command_names::COMMANDS`].
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        start::start_state,
        start::first_start,
        people::known_people,
        people::sign_in,
        people::lock,
        people::touch,
        bench::bench,
        bench::parse_scan,
        bench::enter_next_plate,
        bench::clear_next_plates,
        bench::drop_image,
        bench::simulate,
        review::run,
        review::review,
        review::preview_grid,
        review::adopt_grid,
        review::sign,
        review::reprocess,
        lists::runs,
        lists::run_counts,
        lists::samples,
        lists::sample,
        files::interface_files,
        files::interface_formats,
        files::interface_preview,
        files::interface_request,
        files::interface_retry,
    ]
}
