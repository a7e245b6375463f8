//! Places where tests make the hub die, as a power cut would: `WELLREAD_FAILPOINT=name`, or `name:n` for the n-th time.

/// Every place there is.
pub const NAMES: &[&str] = &[
    "apply-before-lock",
    "apply-after-lock",
    "apply-after-runs",
    "apply-after-wells",
    "apply-after-events",
    "apply-after-log",
    "apply-before-commit",
    "apply-after-commit",
    "blob-after-part",
    "blob-before-assemble",
    "blob-before-verified",
    "blob-after-verified",
    "incarnation-before-commit",
    "incarnation-after-commit",
];

/// Dies here, where a test has asked for it.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };
    static ASKED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let asked = std::env::var("WELLREAD_FAILPOINT").ok()?;
        let (name, nth) = asked.split_once(':').unwrap_or((&asked, "1"));
        Some((name.to_owned(), nth.parse().unwrap_or(1)))
    });
    static HITS: AtomicU64 = AtomicU64::new(0);
    debug_assert!(NAMES.contains(&name), "{name} is missing from the list that tests walk");
    if let Some((asked, nth)) = &*ASKED
        && asked == name
        && HITS.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    {
        tracing::error!(name, "dies here, as asked");
        std::process::abort();
    }
}

/// Nobody asks a program that people use to die.
#[cfg(not(feature = "failpoints"))]
pub const fn hit(_name: &str) {}
