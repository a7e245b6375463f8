//! Keyset pages: the next page begins after the last row of this one, so rows that arrive meanwhile move nothing.

use serde::{Deserialize, Serialize};

/// A page to fetch, newest rows first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Page {
    /// Where the page before ended ([`Listed::next`]); `None` for the first.
    pub after: Option<i64>,
    /// How many rows, at most [`Page::MOST_ROWS`].
    pub limit: u32,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Listed<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` when there is none.
    pub next: Option<i64>,
}

impl Page {
    /// The most rows of one page.
    pub const MOST_ROWS: u32 = 1000;

    /// The first page.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    pub(crate) fn before(self) -> i64 {
        self.after.unwrap_or(i64::MAX)
    }

    /// One row more than asked tells whether there is a next page.
    pub(crate) fn rows(self) -> i64 {
        i64::from(self.wanted()) + 1
    }

    fn wanted(self) -> u32 {
        self.limit.clamp(1, Self::MOST_ROWS)
    }
}

impl<T> Listed<T> {
    pub(crate) fn new(mut rows: Vec<T>, page: Page, key: impl Fn(&T) -> i64) -> Self {
        let wanted = page.wanted() as usize;
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = rows.last().filter(|_| more).map(key);
        Self { rows, next }
    }
}
