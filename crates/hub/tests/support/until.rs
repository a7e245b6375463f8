//! Waiting for what comes by itself.

use std::time::{Duration, Instant};

/// Longer than this nothing takes on a machine that works.
const PATIENCE: Duration = Duration::from_mins(1);
/// Whoever asks without a pause takes the time from those who are asked.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks until there is an answer; fails with these words where there never is.
pub(crate) async fn until<T>(what: &str, mut asked: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = asked().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(PAUSE).await;
    }
}
