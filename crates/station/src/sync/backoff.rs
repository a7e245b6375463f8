//! For how long to leave the hub alone after it could not be reached.

/// The first wait, doubled by each failure in a row.
const FIRST_WAIT_MS: i64 = 2_000;
/// The longest wait.
pub const LONGEST_WAIT_MS: i64 = 5 * 60_000;
/// The longest that a hub may ask to be left alone.
const LONGEST_ASKED_MS: i64 = 60 * 60_000;

/// For how long to wait after so many failures in a row. `chance` lies between 0 and 1: a hundred stations whose hub comes
/// back do not all come at once.
pub fn wait_ms(failures: u32, asked_s: Option<u64>, chance: f64) -> i64 {
    let doubled = FIRST_WAIT_MS.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(LONGEST_WAIT_MS);
    let jittered = (doubled as f64 * (0.5 + 0.5 * chance.clamp(0.0, 1.0))) as i64;
    let asked = asked_s.map_or(0, |s| i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000).min(LONGEST_ASKED_MS));
    jittered.max(asked)
}

/// Whether the next try was planned by a clock that has been set back since: it lies further away than any that is planned
/// now.
pub const fn planned_by_a_wrong_clock(next_ms: i64, now_ms: i64) -> bool {
    next_ms.saturating_sub(now_ms) > LONGEST_ASKED_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_grow_and_end(failures in 1_u32..1_000, chance in 0.0_f64..1.0, asked in prop::option::of(0_u64..1_000_000)) {
            let wait = wait_ms(failures, None, chance);
            prop_assert!((FIRST_WAIT_MS / 2..=LONGEST_WAIT_MS).contains(&wait), "between a second and five minutes: {wait}");
            prop_assert!(wait_ms(failures + 1, None, chance) >= wait, "never shorter after one failure more");
            let asked_for = wait_ms(failures, asked, chance);
            prop_assert!(asked_for >= wait && asked_for <= LONGEST_ASKED_MS, "what the hub asks is kept, within an hour");
            prop_assert!(!planned_by_a_wrong_clock(5 + asked_for, 5), "what is planned now is not mistaken");
        }
    }

    #[test]
    fn a_clock_set_back_is_not_waited_for() {
        assert!(planned_by_a_wrong_clock(1_900_000_000_000, 1_700_000_000_000), "years away: planned by another clock");
    }
}
