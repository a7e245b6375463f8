//! When a file has come to rest: its size and time have not changed for a while, by a clock that nobody can set.

use super::scan::Stamp;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The files that are being watched until they rest.
#[derive(Debug)]
pub struct Settling {
    rest: Duration,
    files: BTreeMap<PathBuf, Last>,
}

#[derive(Debug)]
struct Last {
    stamp: Stamp,
    since: Instant,
}

impl Settling {
    /// Files rest when nothing about them changed for `rest`.
    pub fn new(rest: Duration) -> Self {
        Self { rest, files: BTreeMap::new() }
    }

    /// A file as it was just seen. True when it rests; it is then no longer watched.
    pub fn seen(&mut self, path: &Path, stamp: Stamp, now: Instant) -> bool {
        let rests = match self.files.get_mut(path) {
            Some(last) if last.stamp == stamp => now.saturating_duration_since(last.since) >= self.rest,
            Some(last) => {
                *last = Last { stamp, since: now };
                false
            }
            None => {
                self.files.insert(path.to_owned(), Last { stamp, since: now });
                false
            }
        };
        let rests = rests || self.rest.is_zero();
        if rests {
            self.files.remove(path);
        }
        rests
    }

    /// A file that is gone.
    pub fn forget(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// When the next file may rest.
    pub fn next(&self) -> Option<Instant> {
        self.files.values().map(|last| last.since + self.rest).min()
    }

    /// The files to look at again by now.
    pub fn due(&self, now: Instant) -> Vec<PathBuf> {
        let due = |last: &Last| now.saturating_duration_since(last.since) >= self.rest;
        self.files.iter().filter(|(_, last)| due(last)).map(|(path, _)| path.clone()).collect()
    }

    /// How many are watched.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_millis(500);

    fn stamp(size: u64) -> Stamp {
        Stamp { size, mtime_ns: 7 }
    }

    #[test]
    fn a_file_that_grows_does_not_rest() {
        let (mut settling, path, start) = (Settling::new(REST), Path::new("a.jpg"), Instant::now());
        for (ms, size, rests) in [(0, 10, false), (400, 20, false), (800, 20, false), (900, 20, true)] {
            let now = start + Duration::from_millis(ms);
            assert_eq!(settling.seen(path, stamp(size), now), rests, "{ms} ms, {size} bytes");
        }
        assert!(settling.is_empty(), "what rests is no longer watched");
    }

    #[test]
    fn the_next_look_is_when_a_file_may_rest() {
        let (mut settling, start) = (Settling::new(REST), Instant::now());
        assert_eq!(settling.next(), None, "nothing to wait for");
        settling.seen(Path::new("a"), stamp(1), start);
        settling.seen(Path::new("b"), stamp(1), start + REST / 2);
        assert_eq!(settling.next(), Some(start + REST), "the file seen first");
        assert_eq!(settling.due(start + REST), [PathBuf::from("a")], "and that one alone");
        settling.forget(Path::new("a"));
        assert_eq!(settling.next(), Some(start + REST / 2 + REST), "the other one");
    }
}
