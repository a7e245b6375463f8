//! Headquarters, beside the intake: a network that is gone, slow or full of errors must not hold up a plate.

use super::courtesy::stand_back;
use crate::{Station, intake::hints::Waker, sync::News};
use std::sync::{
    atomic::{AtomicBool, Ordering},
    mpsc::Sender,
};

/// Raised when it goes away.
pub(super) struct RaisedAtEnd<'a>(pub(super) &'a AtomicBool);

impl Drop for RaisedAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Speaks to headquarters until told to end; tells how it goes whenever that changes.
pub(super) fn sync_until(station: &Station, ended: &AtomicBool, news: &Sender<News>, waker: &Waker) {
    // Plates and people go first, also where there is a single core.
    stand_back();
    let mut last = None;
    station.keep_syncing_and_tell(&|| ended.load(Ordering::SeqCst), &mut |now| {
        if last.as_ref() != Some(&now) {
            last = Some(now.clone());
            // The loop may have ended meanwhile.
            let _ = news.send(now);
            waker.wake();
        }
    });
}
