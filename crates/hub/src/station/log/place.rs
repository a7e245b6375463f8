//! Where a push belongs: after what the hub has, or over it, or nowhere.

use wellread_wire::{chain::Sha256, contact::Head};

/// A push, without what its records tell.
#[derive(Clone, Debug)]
pub(super) struct Pushed {
    /// Its writer.
    pub(super) incarnation: i64,
    /// The place of its first record.
    pub(super) first_seq: i64,
    /// The hash of the record before it.
    pub(super) after: Sha256,
    /// The hashes of its records.
    pub(super) hashes: Vec<Sha256>,
}

/// What is to be done with a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// So many of its records are there already; those after them are new.
    Take {
        /// How many.
        known: usize,
    },
    /// Records before it are missing.
    Gap {
        /// The first of them.
        expected_seq: i64,
    },
    /// It was written by a writer that is not the one that goes on.
    OtherWriter,
    /// It has another history than the hub: two copies of the log are at work.
    Differs {
        /// The first place where they differ, as far as the push shows.
        seq: i64,
    },
}

/// Compares a push with the log that the hub has: its writer, its last place, and those of its records that lie where
/// the push does.
pub(super) fn decide(pushed: &Pushed, incarnation: i32, head: Head, known: &[Head]) -> Verdict {
    if pushed.incarnation != i64::from(incarnation) {
        return Verdict::OtherWriter;
    }
    let expected_seq = head.seq.saturating_add(1);
    if pushed.first_seq > expected_seq {
        return Verdict::Gap { expected_seq };
    }
    if pushed.first_seq == expected_seq {
        return if pushed.after == head.hash { Verdict::Take { known: 0 } } else { Verdict::Differs { seq: head.seq } };
    }
    // Known places in order, without gaps: each must be what was pushed there.
    let mut known = known.iter();
    let mut count = 0;
    for (seq, hash) in (pushed.first_seq..=head.seq).zip(&pushed.hashes) {
        if known.next() != Some(&Head { seq, hash: *hash }) {
            return Verdict::Differs { seq };
        }
        count += 1;
    }
    Verdict::Take { known: count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The hash of a place of the history `of`; histories agree up to `common`.
    fn hash(of: u8, common: i64, seq: i64) -> Sha256 {
        Sha256::of(format!("{} {seq}", if seq <= common { 0 } else { of }).as_bytes())
    }

    proptest! {
        #[test]
        fn a_push_is_taken_when_it_continues_the_log_and_fenced_when_it_contradicts_it(
            head in 0_i64..40,
            first in 1_i64..50,
            count in 1_i64..20,
            common in 0_i64..60,
        ) {
            let of_hub = |seq| Head { seq, hash: hash(1, common, seq) };
            let pushed = Pushed {
                incarnation: 1,
                first_seq: first,
                after: hash(2, common, first - 1),
                hashes: (first..first + count).map(|seq| hash(2, common, seq)).collect(),
            };
            let known: Vec<Head> = (first..=head.min(first + count - 1)).map(of_hub).collect();
            let verdict = decide(&pushed, 1, of_hub(head), &known);
            let overlap_end = head.min(first + count - 1);
            match verdict {
                Verdict::Gap { expected_seq } => {
                    prop_assert!(first > head + 1, "only a push that begins later leaves a gap");
                    prop_assert_eq!(expected_seq, head + 1, "the station goes on where the hub ends");
                }
                Verdict::Take { known } => {
                    prop_assert!(first <= head + 1, "it connects");
                    prop_assert_eq!(known as i64, (overlap_end - first + 1).max(0), "what lies over the log is known");
                    let checked = if first == head + 1 { head } else { overlap_end };
                    prop_assert!(checked <= common, "nothing that contradicts the log is taken");
                }
                Verdict::Differs { seq } => {
                    prop_assert!(first <= head + 1 && seq <= head, "it lies over the log");
                    prop_assert!(seq > common, "and differs from it there");
                }
                Verdict::OtherWriter => prop_assert!(false, "the writer is the right one"),
            }
            prop_assert_eq!(
                decide(&pushed, 2, of_hub(head), &known),
                Verdict::OtherWriter,
                "another writer's push is not even compared"
            );
        }
    }
}
