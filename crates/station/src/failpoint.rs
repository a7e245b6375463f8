//! Places where the process may be made to die, so that tests can show that nothing is lost there.
//!
//! Without the feature `failpoints` they are nothing at all.

/// Every place, in the order in which a plate comes by.
pub const NAMES: [&str; 8] =
    ["file-read", "blob-kept", "in-admission", "admitted", "plate-read", "pictures-kept", "in-recording", "recorded"];

/// Dies here, as by a power cut, when `WELLREAD_FAILPOINT` names this place: `NAME`, or `NAME:N` for the Nth time.
#[cfg(all(feature = "failpoints", unix))]
pub fn reach(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    };
    static WANTED: LazyLock<Option<(String, AtomicI64)>> = LazyLock::new(|| {
        let text = std::env::var("WELLREAD_FAILPOINT").ok()?;
        let (name, times) = text.split_once(':').map_or((text.as_str(), 1), |(name, n)| (name, n.parse().unwrap_or(1)));
        Some((name.to_owned(), AtomicI64::new(times)))
    });
    if let Some((wanted, left)) = &*WANTED
        && wanted == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        let own = rustix::process::getpid();
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
    }
}

/// Nothing: this program is not built to die.
#[cfg(not(all(feature = "failpoints", unix)))]
pub const fn reach(_name: &str) {}
