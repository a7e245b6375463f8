//! Ctrl-C: work under way is finished and printed, nothing new is begun.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on, the first Ctrl-C (or termination signal) asks for a stop and the second ends the process at once.
///
/// Files appear under their names only when whole (see `put_file`), so that even the second leaves no half of one.
pub(crate) fn listen() {
    let heard = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(crate::args::EXIT_INTERRUPTED));
        }
    });
    if let Err(error) = heard {
        eprintln!("wellread: Ctrl-C will end the program at once, because signals cannot be caught: {error}");
    }
}

/// Whether a stop was asked for.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
