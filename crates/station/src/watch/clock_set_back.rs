//! Whether somebody has set the clock back. Nothing here depends on it but the times that people read.

use crate::clock::readable;
use wellread_store::Now;

/// A clock that lags by less was set right, not wrong.
const PARDONED_MS: i64 = 60_000;

/// The latest time that this station has seen.
#[derive(Debug)]
pub(super) struct LatestTime {
    seen_ms: i64,
    /// What was told when the clock went back, for as long as it is behind.
    told: Option<String>,
}

impl LatestTime {
    pub(super) const fn new(seen_ms: i64) -> Self {
        Self { seen_ms, told: None }
    }

    /// What a person must be told about the clock as it is now.
    pub(super) fn look(&mut self, now: Now) -> Option<&str> {
        if now.utc_ms.saturating_add(PARDONED_MS) < self.seen_ms {
            let before = Now { utc_ms: self.seen_ms, offset_min: now.offset_min };
            return Some(self.told.get_or_insert_with(|| {
                format!(
                    "the clock was set back from {} to {}: set it right; plates are taken in all the same, in their order",
                    readable(before),
                    readable(now)
                )
            }));
        }
        self.seen_ms = self.seen_ms.max(now.utc_ms);
        self.told = None;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_back_is_told_until_it_is_right() {
        let at = |utc_ms| Now { utc_ms, offset_min: 0 };
        let mut latest = LatestTime::new(1_000_000_000);
        assert_eq!(latest.look(at(1_000_000_500)), None, "it goes on");
        assert_eq!(latest.look(at(999_990_000)), None, "some seconds back is a clock set right");
        let told = latest.look(at(900_000_000)).map(str::to_owned);
        assert!(told.is_some(), "a day back is told");
        assert_eq!(latest.look(at(900_005_000)).map(str::to_owned), told, "in the same words while it lasts");
        assert_eq!(latest.look(at(1_000_001_000)), None, "and not once it is right");
    }
}
