//! What is to be done, from where both are: by itself, so that every case can be tried.

use wellread_store::Sha256;

/// Where the station is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// The hub's epoch, as it last said; empty before the first word.
    pub epoch: String,
    /// Which writer of its log it is.
    pub incarnation: u32,
    /// Whether a person wants this copy of the log to go on as a writer of its own.
    pub take_over: bool,
    /// The last record of the log.
    pub head: i64,
    /// The last record that the hub has, as it last said.
    pub acked: i64,
    /// The last record that is not there any more.
    pub pruned: i64,
    /// The log's hash at the place before the one that the hub expects; `None` where it is not known here.
    pub hash_before_expected: Option<Sha256>,
    /// The last entry of the hub's feed that was applied.
    pub feed_seq: i64,
    /// Whether the snapshot is to be taken, or is being.
    pub snapshot_wanted: bool,
    /// Pictures that the hub has not verified.
    pub blobs_pending: u64,
    /// Whether pictures go there at all.
    pub sends_blobs: bool,
}

/// What the hub said at the contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// Its epoch.
    pub epoch: String,
    /// The incarnation that it takes records from.
    pub incarnation: u32,
    /// The next record that it expects.
    pub expected_seq: i64,
    /// The hash of the record before it.
    pub expected_after: Option<Sha256>,
    /// Why it takes no records of this station; empty when it does.
    pub fenced: String,
    /// The last entry of its feed.
    pub feed_head: i64,
    /// The first entry that the feed still has.
    pub feed_horizon: i64,
}

/// A step of a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The hub was restored: what it said before holds no more.
    NewEpoch,
    /// Take a new incarnation, then make contact again.
    TakeOver,
    /// The hub takes no records: keep why, and go on without telling any.
    Fenced(String),
    /// The hub takes records.
    Admitted,
    /// The hub has less than it said: go back to what it has.
    Rewind(i64),
    /// The hub has more than it was known to: an answer was lost.
    Acknowledge(i64),
    /// The hub lacks records that are not there any more.
    Lost {
        /// The last record that it has.
        has: i64,
        /// The last one that is not there any more.
        pruned: i64,
    },
    /// Tell records from this place on.
    Push {
        /// The first record.
        from: i64,
    },
    /// Take the snapshot of the hub's feed, from its beginning or where it was left.
    Snapshot {
        /// Whether an earlier part of it is worth nothing.
        anew: bool,
    },
    /// Take what the feed has after this place.
    Feed {
        /// The last entry applied.
        after: i64,
    },
    /// Send pictures.
    Blobs,
}

/// What is to be done.
pub fn plan(local: &Local, remote: &Remote) -> Vec<Step> {
    let mut steps = Vec::new();
    let restored = !local.epoch.is_empty() && local.epoch != remote.epoch;
    if restored {
        steps.push(Step::NewEpoch);
    }
    let has = remote.expected_seq - 1;
    // A hub restored from a backup does not know of the take-over that made this copy the one that writes.
    let forgot = restored && remote.incarnation < local.incarnation;
    if local.take_over || forgot {
        steps.push(Step::TakeOver);
        return steps;
    }
    if let Some(why) = shut_out(local, remote, has) {
        steps.push(Step::Fenced(why));
    } else {
        steps.push(Step::Admitted);
        uplink(local, has, &mut steps);
    }
    downlink(local, remote, restored, &mut steps);
    // A restored hub is asked about every picture anew.
    if local.sends_blobs && (local.blobs_pending > 0 || restored) {
        steps.push(Step::Blobs);
    }
    steps
}

/// Why no record may be told: two copies of one log would be mixed.
fn shut_out(local: &Local, remote: &Remote, has: i64) -> Option<String> {
    if !remote.fenced.is_empty() {
        return Some(remote.fenced.clone());
    }
    if remote.incarnation != local.incarnation {
        return Some(format!(
            "another copy of this station's data writes there as number {}, and this one is number {}",
            remote.incarnation, local.incarnation
        ));
    }
    if has > local.head {
        return Some(format!(
            "headquarters have {has} records of this station and this copy of its data only {}: it was restored from a \
             backup, or another copy is at work",
            local.head
        ));
    }
    let other_history =
        matches!((local.hash_before_expected, remote.expected_after), (Some(own), Some(theirs)) if own != theirs);
    other_history
        .then(|| format!("record {has} is another one there than here: two copies of this station's data were at work"))
}

fn uplink(local: &Local, has: i64, steps: &mut Vec<Step>) {
    if has < local.pruned {
        steps.push(Step::Lost { has, pruned: local.pruned });
        return;
    }
    if has < local.acked {
        steps.push(Step::Rewind(has));
    } else if has > local.acked {
        steps.push(Step::Acknowledge(has));
    }
    if has < local.head {
        steps.push(Step::Push { from: has + 1 });
    }
}

fn downlink(local: &Local, remote: &Remote, restored: bool, steps: &mut Vec<Step>) {
    let too_old = local.feed_seq + 1 < remote.feed_horizon;
    let ahead = local.feed_seq > remote.feed_head;
    if restored || too_old || ahead || local.snapshot_wanted {
        steps.push(Step::Snapshot { anew: restored || !local.snapshot_wanted });
    } else if local.feed_seq < remote.feed_head {
        steps.push(Step::Feed { after: local.feed_seq });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(n: i64) -> Sha256 {
        Sha256::of(&n.to_be_bytes())
    }

    /// A station and a hub that have the same history, as far as both have it.
    fn in_step() -> (Local, Remote) {
        let local = Local {
            epoch: "one".to_owned(),
            incarnation: 1,
            head: 10,
            acked: 6,
            hash_before_expected: Some(hash(6)),
            feed_seq: 4,
            sends_blobs: true,
            ..Local::default()
        };
        let remote = Remote {
            epoch: "one".to_owned(),
            incarnation: 1,
            expected_seq: 7,
            expected_after: Some(hash(6)),
            feed_head: 4,
            feed_horizon: 1,
            ..Remote::default()
        };
        (local, remote)
    }

    #[test]
    fn what_waits_is_told_from_where_the_hub_is() {
        let (mut local, mut remote) = in_step();
        assert_eq!(plan(&local, &remote), [Step::Admitted, Step::Push { from: 7 }], "four records wait");
        (remote.expected_seq, remote.expected_after, local.hash_before_expected) = (9, Some(hash(8)), Some(hash(8)));
        assert_eq!(plan(&local, &remote)[1..], [Step::Acknowledge(8), Step::Push { from: 9 }], "an answer was lost");
        (remote.expected_seq, remote.expected_after, local.hash_before_expected) = (4, Some(hash(3)), Some(hash(3)));
        assert_eq!(plan(&local, &remote)[1..], [Step::Rewind(3), Step::Push { from: 4 }], "the hub lost some");
        local.pruned = 4;
        assert_eq!(plan(&local, &remote)[1..], [Step::Lost { has: 3, pruned: 4 }], "what is gone cannot be told");
        local.pruned = 3;
        assert_eq!(
            plan(&local, &remote)[1..],
            [Step::Rewind(3), Step::Push { from: 4 }],
            "the next one is still there"
        );
    }

    #[test]
    fn two_copies_of_one_log_are_never_mixed() {
        type Change = fn(&mut Local, &mut Remote);
        let fenced = |change: Change| {
            let (mut local, mut remote) = in_step();
            change(&mut local, &mut remote);
            plan(&local, &remote)
        };
        let cases: [(Change, &str); 5] = [
            (|_, remote| remote.fenced = "fork".to_owned(), "the hub says so"),
            (|_, remote| remote.incarnation = 2, "another copy took over"),
            (|local, _| local.incarnation = 2, "the hub does not know this copy"),
            (|local, _| local.head = 5, "the hub has more"),
            (|_, remote| remote.expected_after = Some(hash(99)), "the histories differ"),
        ];
        for (change, why) in cases {
            let steps = fenced(change);
            assert!(matches!(steps[..], [Step::Fenced(_)]), "{why}: {steps:?}");
        }
        let wanted = fenced(|local, remote| (local.take_over, remote.fenced) = (true, "fork".to_owned()));
        assert_eq!(wanted, [Step::TakeOver], "a person decides, and the next contact says where to go on");
    }

    #[test]
    fn a_restored_hub_is_told_everything_it_lacks() {
        let (mut local, mut remote) = in_step();
        remote.epoch = "two".to_owned();
        let steps = plan(&local, &remote);
        assert_eq!(steps.first(), Some(&Step::NewEpoch), "first of all: {steps:?}");
        assert!(steps.contains(&Step::Snapshot { anew: true }) && steps.contains(&Step::Blobs), "all is asked again");
        local.incarnation = 2;
        assert_eq!(plan(&local, &remote), [Step::NewEpoch, Step::TakeOver], "it has forgotten the take-over");
        local.epoch = String::new();
        assert!(!plan(&local, &remote).contains(&Step::NewEpoch), "the first epoch is no news");
    }

    #[test]
    fn the_feed_goes_on_where_it_was_or_begins_anew() {
        let (mut local, mut remote) = in_step();
        (local.head, remote.feed_head) = (6, 9);
        assert_eq!(plan(&local, &remote), [Step::Admitted, Step::Feed { after: 4 }], "five entries are new");
        remote.feed_horizon = 5;
        assert_eq!(plan(&local, &remote)[1..], [Step::Feed { after: 4 }], "the fifth is the first it has");
        remote.feed_horizon = 6;
        assert_eq!(plan(&local, &remote)[1..], [Step::Snapshot { anew: true }], "the fifth is gone");
        local.snapshot_wanted = true;
        assert_eq!(plan(&local, &remote)[1..], [Step::Snapshot { anew: false }], "a part of it is here already");
    }

    proptest! {
        #[test]
        fn every_plan_is_safe(
            (head, acked, pruned) in (0_i64..20, 0_i64..20, 0_i64..20),
            (expected, feed_seq, feed_head, horizon) in (1_i64..22, 0_i64..9, 0_i64..9, 1_i64..9),
            (same_epoch, take_over, snapshot_wanted, sends_blobs) in any::<(bool, bool, bool, bool)>(),
            (ours, theirs, blobs_pending) in (1_u32..3, 1_u32..3, 0_u64..3),
            (own, their) in (0_i64..2, 0_i64..2),
            fenced in prop::bool::ANY,
        ) {
            let local = Local {
                epoch: "one".to_owned(), incarnation: ours, take_over, head, acked: acked.min(head),
                pruned: pruned.min(acked).min(head), hash_before_expected: Some(hash(own)), feed_seq, snapshot_wanted,
                blobs_pending, sends_blobs,
            };
            let remote = Remote {
                epoch: if same_epoch { "one" } else { "two" }.to_owned(), incarnation: theirs, expected_seq: expected,
                expected_after: Some(hash(their)), fenced: if fenced { "why".to_owned() } else { String::new() },
                feed_head, feed_horizon: horizon,
            };
            let steps = plan(&local, &remote);
            let pushes = steps.iter().filter_map(|step| match step { Step::Push { from } => Some(*from), _ => None });
            for from in pushes {
                prop_assert_eq!(from, expected, "exactly what the hub expects comes next");
                prop_assert!(from > local.pruned && from <= head, "and it is there");
                prop_assert!(!fenced && ours == theirs && own == their, "and both have one history before it");
            }
            if steps.contains(&Step::TakeOver) {
                prop_assert_eq!(steps.last(), Some(&Step::TakeOver), "nothing is done in an incarnation that ends");
            }
            prop_assert_eq!(steps.contains(&Step::NewEpoch), !same_epoch, "a new epoch is never passed over");
            prop_assert!(sends_blobs || !steps.contains(&Step::Blobs), "pictures go only where that is wanted");
            let down = steps.iter().filter(|step| matches!(step, Step::Feed { .. } | Step::Snapshot { .. })).count();
            prop_assert!(down <= 1, "the feed or its snapshot, never both");
        }
    }
}
