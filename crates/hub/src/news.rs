//! Hints that looking is worth it, from PostgreSQL's notifications. The looking is what counts: whoever waits for a hint
//! looks by himself too, so that one that is lost costs a moment and nothing else.

use std::future;
use tokio::sync::broadcast::{self, error::RecvError};
use uuid::Uuid;

/// Hints that somebody may be behind with. Having missed some is a hint, too.
const KEPT: usize = 1_024;

/// What may have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// An entry of an organization's feed.
    Feed(Uuid),
    /// A change in what an organization's stations told.
    Change(Uuid),
    /// Anything, of anybody.
    Anything,
}

/// Where hints come in and are waited for.
#[derive(Clone, Debug)]
pub struct News(broadcast::Sender<Hint>);

/// Somebody who waits for one kind of hint.
#[derive(Debug)]
pub struct Waiting {
    hints: broadcast::Receiver<Hint>,
    of: Hint,
}

impl Hint {
    /// The channels that hints come from.
    pub const CHANNELS: [&str; 2] = ["org_feed", "org_change"];

    /// What a notification hints at.
    pub fn of(channel: &str, payload: &str) -> Self {
        let org = payload.split('/').next().and_then(|org| org.parse().ok());
        match (channel, org) {
            ("org_feed", Some(org)) => Self::Feed(org),
            ("org_change", Some(org)) => Self::Change(org),
            _ => Self::Anything,
        }
    }
}

impl Default for News {
    fn default() -> Self {
        Self(broadcast::channel(KEPT).0)
    }
}

impl News {
    /// Tells it to those whom it concerns. That nobody waits is no error.
    pub fn tell(&self, hint: Hint) {
        let _ = self.0.send(hint);
    }

    /// Waits from now on for hints of this kind.
    pub fn wait_for(&self, hint: Hint) -> Waiting {
        Waiting { hints: self.0.subscribe(), of: hint }
    }
}

impl Waiting {
    /// Returns at the next hint that concerns this one. It may never come.
    pub async fn heard(&mut self) {
        loop {
            match self.hints.recv().await {
                Ok(hint) if hint == self.of || hint == Hint::Anything => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn only_those_wake_whom_it_concerns() {
        let (news, ours, others) = (News::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let mut waiting = news.wait_for(Hint::Feed(ours));
        for hint in [Hint::Feed(others), Hint::Change(ours), Hint::Change(others)] {
            news.tell(hint);
            assert!(waiting.heard().now_or_never().is_none(), "{hint:?} is nothing to a feed of {ours}");
        }
        news.tell(Hint::Feed(ours));
        assert!(waiting.heard().now_or_never().is_some(), "an entry of its own feed");
        news.tell(Hint::Anything);
        assert!(waiting.heard().now_or_never().is_some(), "nobody knows what came while nobody listened");
        for _ in 0..=KEPT {
            news.tell(Hint::Feed(others));
        }
        assert!(waiting.heard().now_or_never().is_some(), "hints were missed: one may have been its own");
        drop(news);
        assert!(waiting.heard().now_or_never().is_none(), "no more will come, and the looking goes on");
    }

    #[test]
    fn a_notification_says_whom_it_concerns() {
        let org = Uuid::from_u128(7);
        assert_eq!(Hint::of("org_feed", &org.to_string()), Hint::Feed(org), "the id alone");
        assert_eq!(Hint::of("org_change", &format!("{org}/12")), Hint::Change(org), "the id and the change");
        for (channel, payload) in [("org_feed", ""), ("org_change", "/3"), ("something", &org.to_string())] {
            assert_eq!(Hint::of(channel, payload), Hint::Anything, "{channel} '{payload}': look to be sure");
        }
    }
}
