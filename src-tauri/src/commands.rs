//! The commands of the window, a module a screen. Each hands on to the station and decides nothing.
#![allow(clippy::needless_pass_by_value, reason = "Tauri hands the arguments of commands over")]

mod assays;
mod audit;
mod bench;
mod diagnostics;
mod files;
mod lists;
mod people;
mod review;
mod settings;
mod start;
mod sync;

use tauri::{Wry, ipc::Invoke};

/// Every command of [`crate::command_names::COMMANDS`].
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        start::start_state,
        start::first_start,
        start::pick_folder,
        start::pick_file,
        start::pick_save,
        start::set_language,
        start::link_followed,
        people::known_people,
        people::sign_in,
        people::lock,
        people::touch,
        people::users,
        people::roles,
        people::create_user,
        people::set_roles,
        people::set_active,
        people::unlock_user,
        people::set_password,
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
        files::export_report,
        files::print_report,
        sync::outbox,
        sync::sync_state,
        sync::enrol,
        sync::pause_sync,
        sync::resume_sync,
        sync::sync_now,
        sync::take_over,
        assays::assays,
        assays::assay,
        assays::check_assay,
        assays::layouts,
        assays::layout_text,
        assays::save_assay,
        assays::models,
        assays::add_models,
        assays::switch_models,
        assays::trial_models,
        audit::audit,
        audit::verify,
        audit::export_audit,
        settings::settings,
        settings::set_setting,
        settings::backup,
        settings::restore,
        settings::export_recovery_key,
        settings::autostart_state,
        settings::autostart,
        settings::cancel,
        settings::quit,
        diagnostics::diagnostics,
        diagnostics::logs,
        diagnostics::make_bundle,
    ]
}
