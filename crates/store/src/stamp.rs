//! Who does something, and when. Both are told; nothing here reads a clock.

use crate::ids::UserId;
use serde::{Deserialize, Serialize};

/// A moment, as the caller's clock gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Now {
    /// Milliseconds since 1970 in UTC.
    pub utc_ms: i64,
    /// What the local clock shows beside it, in minutes east of UTC.
    pub offset_min: i32,
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Actor {
    /// The station by itself.
    Station,
    /// A person.
    User {
        /// The account.
        id: UserId,
        /// Its name at that time.
        name: String,
    },
}

/// Who acts, and when: every write is made under one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Stamp {
    /// When.
    pub at: Now,
    /// Who.
    pub by: Actor,
}

impl Actor {
    /// The account, if a person acts.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Station => None,
            Self::User { id, .. } => Some(*id),
        }
    }

    /// The name shown.
    pub fn name(&self) -> &str {
        match self {
            Self::Station => "station",
            Self::User { name, .. } => name,
        }
    }
}
