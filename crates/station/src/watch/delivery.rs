//! Interface files on their way out, beside the intake: an unreachable share must not hold up a plate.

use crate::{Station, intake::hints::Waker};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::Duration,
};
use wellread_store::HealthStatus;

/// How often what is due for delivery is looked for.
const DELIVERY_EVERY: Duration = Duration::from_secs(1);

/// How delivery goes.
pub(super) type News = (HealthStatus, String);

/// Brings interface files to their places until nobody listens any more; tells how it goes whenever that changes.
pub(super) fn deliver_until(station: &Station, stopped: &Receiver<()>, news: &Sender<News>, waker: &Waker) {
    let mut last = None;
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(DELIVERY_EVERY) {
        let now = round(station);
        if last.as_ref() != Some(&now) {
            last = Some(now.clone());
            // The loop may have ended meanwhile.
            let _ = news.send(now);
            waker.wake();
        }
    }
}

/// One round of delivery.
pub(super) fn round(station: &Station) -> News {
    match station.deliver_due().and_then(|_| station.delivery_health()) {
        Ok(health) => health,
        Err(error) => (HealthStatus::Unhealthy, format!("{error:#}")),
    }
}
