//! What the program did, a file a day in the data folder, for whoever helps a laboratory.

use std::path::Path;
use tracing_appender::{
    non_blocking::WorkerGuard,
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{EnvFilter, fmt::time::ChronoLocal};

/// Days that are kept.
const DAYS: usize = 14;

/// Begins the log; it is written as long as the guard lives. A folder that cannot be written costs the log alone.
pub(crate) fn begin(folder: &Path) -> Option<WorkerGuard> {
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("wellread")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder)
        .inspect_err(|why| eprintln!("no log is written in {}: {why}", folder.display()))
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_from_env("WELLREAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let time = ChronoLocal::new("%Y-%m-%dT%H:%M:%S%.3f%:z".to_owned());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_timer(time).with_ansi(false).init();
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}");
        told(panic);
    }));
    Some(guard)
}
