//! Sends letters beside the requests that ask for them, so that how long an answer takes tells nobody whether a letter
//! was written.

use crate::{Answer, Hub, Problem, mail::Letter};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::sync::Semaphore;
use wellread_wire::problem::code;

/// The most that are on their way at a time.
const MOST_ON_THE_WAY: usize = 100;
/// When a letter is tried again, counted from the last time, in seconds.
const AGAIN_AFTER_S: [u64; 3] = [2, 10, 60];

static ON_THE_WAY: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MOST_ON_THE_WAY)));

/// Does work that ends in a letter, or in none, after the answer.
pub(super) fn later<W>(hub: &Hub, work: W) -> Answer<()>
where
    W: Future<Output = Answer<Option<Letter>>> + Send + 'static,
{
    let place = Arc::clone(&ON_THE_WAY).try_acquire_owned().map_err(|_| {
        let told = "the hub has many letters to write at this moment: try again in a minute";
        Problem { code: code::SLOW_DOWN, retry_after_s: Some(60), ..Problem::unavailable(told) }
    })?;
    let hub = hub.clone();
    tokio::spawn(async move {
        let _until_sent = place;
        match work.await {
            Ok(Some(letter)) => send(&hub, &letter).await,
            Ok(None) => {}
            Err(problem) => tracing::error!("a letter was not written: {}", problem.detail),
        }
    });
    Ok(())
}

async fn send(hub: &Hub, letter: &Letter) {
    if !hub.mail.is_on() {
        tracing::warn!("a letter was asked for, but this hub sends none: set WELLREAD_HUB_SMTP_URL");
        return;
    }
    let mut again = AGAIN_AFTER_S.into_iter();
    while let Err(why) = hub.mail.send(letter).await {
        let Some(after_s) = again.next() else {
            tracing::error!("a letter was given up: {why:#}");
            hub.metrics.letters.with_label_values(&["failed"]).inc();
            return;
        };
        tracing::warn!(after_s, "a letter did not leave and is tried again: {why:#}");
        tokio::time::sleep(Duration::from_secs(after_s)).await;
    }
    hub.metrics.letters.with_label_values(&["sent"]).inc();
}
