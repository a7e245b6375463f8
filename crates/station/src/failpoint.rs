//! Places where the process may be made to die, so that tests can show that nothing is lost there.
//!
//! Without the feature `failpoints` they are nothing at all.

/// Every place, in the order in which a plate comes by.
pub const NAMES: [&str; 8] =
    ["file-read", "blob-kept", "in-admission", "admitted", "plate-read", "pictures-kept", "in-recording", "recorded"];

/// Every place on the way to headquarters and back.
pub const SYNC_NAMES: [&str; 6] = ["told", "acknowledged", "in-page", "page-applied", "part-sent", "model-part"];

/// Dies here, as by a power cut, when `WELLREAD_FAILPOINT` names this place: `NAME`, or `NAME:N` for the Nth time.
pub fn reach(name: &str) {
    reach_with(name, "");
}

/// [`reach`] with a picture in hand: `NAME=FILE` dies only when it is the one of that name.
#[cfg(all(feature = "failpoints", unix))]
pub fn reach_with(name: &str, file: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    };
    static WANTED: LazyLock<Option<(String, Option<String>, AtomicI64)>> = LazyLock::new(|| {
        let text = std::env::var("WELLREAD_FAILPOINT").ok()?;
        if let Some((name, file)) = text.split_once('=') {
            return Some((name.to_owned(), Some(file.to_owned()), AtomicI64::new(1)));
        }
        let (name, times) = text.split_once(':').map_or((text.as_str(), 1), |(name, n)| (name, n.parse().unwrap_or(1)));
        Some((name.to_owned(), None, AtomicI64::new(times)))
    });
    if let Some((wanted, of, left)) = &*WANTED
        && wanted == name
        && of.as_ref().is_none_or(|of| of == file)
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        let own = rustix::process::getpid();
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
    }
}

/// Nothing: this program is not built to die.
#[cfg(not(all(feature = "failpoints", unix)))]
pub const fn reach_with(_name: &str, _file: &str) {}
