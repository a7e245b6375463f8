//! When to try again: longer and longer, never all stations at once, and never never.

/// Waits between tries of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure, in milliseconds.
    pub first_ms: u64,
    /// The longest wait, in milliseconds.
    pub longest_ms: u64,
}

impl Default for Backoff {
    /// Two seconds, doubling up to five minutes: a share that comes back is noticed soon, and one that is gone for a
    /// weekend costs nothing.
    fn default() -> Self {
        Self { first_ms: 2_000, longest_ms: 300_000 }
    }
}

impl Backoff {
    /// How long to wait after that many failures in a row, from 1.
    ///
    /// `jitter` from 0 to 1 is drawn by the caller and takes away up to half of the wait, so that stations that lost
    /// the same share do not come back to it in one moment.
    pub fn wait_ms(self, failures: u32, jitter: f64) -> u64 {
        let doublings = failures.saturating_sub(1).min(63);
        let full = self.first_ms.saturating_mul(1 << doublings).min(self.longest_ms);
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        full - (full as f64 / 2.0 * jitter) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<u64> = (1..=9).map(|failures| Backoff::default().wait_ms(failures, 0.0)).collect();
        let seconds = [2, 4, 8, 16, 32, 64, 128, 256, 300];
        assert_eq!(waits, seconds.map(|seconds| seconds * 1_000), "doubling, and then no longer");
    }

    proptest! {
        #[test]
        fn a_wait_is_between_half_and_all(
            first_ms in 0_u64..10_000, longest_ms in 0_u64..1_000_000, failures in any::<u32>(), jitter in any::<f64>(),
        ) {
            let backoff = Backoff { first_ms, longest_ms };
            let (full, drawn) = (backoff.wait_ms(failures, 0.0), backoff.wait_ms(failures, jitter));
            prop_assert!(full <= longest_ms, "no try is further away than the longest wait");
            prop_assert!(drawn <= full && drawn >= full / 2, "chance takes away half at most");
            prop_assert!(backoff.wait_ms(failures.saturating_add(1), 0.0) >= full, "waits never get shorter");
        }
    }
}
