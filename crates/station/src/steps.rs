//! Long work that tells how far it is and stops when it is asked to.

use crate::{Code, Problem};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Who is told of the steps of long work, and who may end it.
#[derive(Clone)]
pub struct Steps {
    told: Arc<dyn Fn(u64, Option<u64>) + Send + Sync>,
    stop: Arc<AtomicBool>,
}

impl Steps {
    /// Work that nobody watches and nobody ends.
    pub fn unwatched() -> Self {
        Self { told: Arc::new(|_, _| {}), stop: Arc::default() }
    }

    /// Work whose steps are told as done and, where it is known, out of how many; setting `stop` ends it.
    pub fn new(told: impl Fn(u64, Option<u64>) + Send + Sync + 'static, stop: Arc<AtomicBool>) -> Self {
        Self { told: Arc::new(told), stop }
    }

    /// Set when the work is to end, for work that is asked deeper down.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// So much is done; an error when the work is to end.
    pub fn reached(&self, done: u64, total: Option<u64>) -> Result<(), Problem> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Problem::new(Code::Cancelled, "it was cancelled; nothing was changed"));
        }
        (self.told)(done, total);
        Ok(())
    }
}
