//! What the operating system asks of the hub.

use anyhow::Context as _;
use std::sync::Arc;
use tokio::sync::Notify;

/// What was asked and not yet heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    stop: Arc<Notify>,
    reload: Arc<Notify>,
}

impl Signals {
    /// Hears SIGTERM, SIGINT and SIGHUP from now on.
    #[cfg(unix)]
    pub(super) fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = Self::default();
        let to = [
            (SignalKind::terminate(), &signals.stop),
            (SignalKind::interrupt(), &signals.stop),
            (SignalKind::hangup(), &signals.reload),
        ];
        for (kind, what) in to {
            let mut heard = signal(kind).context("the system does not let signals be heard")?;
            let what = Arc::clone(what);
            tokio::spawn(async move {
                while heard.recv().await.is_some() {
                    what.notify_one();
                }
            });
        }
        Ok(signals)
    }

    /// Hears Ctrl-C from now on.
    #[cfg(not(unix))]
    pub(super) fn listen() -> anyhow::Result<Self> {
        let signals = Self::default();
        let stop = Arc::clone(&signals.stop);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                stop.notify_one();
            }
        });
        Ok(signals)
    }

    /// Waits until the hub is to stop; a second time, until it is to stop at once.
    pub(super) async fn stop(&self) {
        self.stop.notified().await;
    }

    /// Waits until certificates are to be read again.
    pub(super) async fn reload(&self) {
        self.reload.notified().await;
    }
}
