//! What is known of the watched folder: which files rest, which still change, which were decided about.

use super::queue::Job;
use crate::{
    Settings, Station,
    intake::{
        admit,
        hints::{Hint, Hints},
        scan::{self, Found, ScanError, Stamp},
        settle::Settling,
    },
};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// For how long a file whose end has not come is waited for, beyond its rest.
const LAST_CALL: Duration = Duration::from_secs(10);

/// The watched folder as the loop sees it.
pub(super) struct Inbox {
    folder: PathBuf,
    /// As the system names it in events.
    canonical: PathBuf,
    sub_folders: bool,
    settling: Settling,
    /// Files decided about, so that a scan need not ask the database for each.
    decided: HashMap<PathBuf, Stamp>,
    /// Files on their way through a worker.
    in_hand: HashSet<PathBuf>,
    /// Files whose end had not come, and since when they are as they are.
    unfinished: HashMap<PathBuf, (Stamp, Instant)>,
    /// Files that the system does not let be read, and what to tell of each.
    shut: BTreeMap<PathBuf, String>,
    /// Files that rested, in the order in which they are handed out.
    fresh: VecDeque<Found>,
    backlog: VecDeque<Found>,
    /// Files that were there at the first look: not meant by what is entered for the next plate.
    early: HashSet<PathBuf>,
    looked: bool,
}

impl Inbox {
    pub(super) fn new(folder: &Path, settings: &Settings) -> Self {
        Self {
            folder: folder.to_owned(),
            canonical: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            sub_folders: settings.intake.sub_folders,
            settling: Settling::new(Duration::from_millis(settings.intake.rest_ms)),
            decided: HashMap::new(),
            in_hand: HashSet::new(),
            unfinished: HashMap::new(),
            shut: BTreeMap::new(),
            fresh: VecDeque::new(),
            backlog: VecDeque::new(),
            early: HashSet::new(),
            looked: false,
        }
    }

    /// The folder under other settings. Of the same files it is still known what was decided, and which were there
    /// early; what waited or was in hand is looked at anew.
    pub(super) fn under(&mut self, folder: &Path, settings: &Settings) -> Self {
        let new = Self::new(folder, settings);
        if self.folder != folder || self.sub_folders != settings.intake.sub_folders {
            return new;
        }
        Self {
            decided: std::mem::take(&mut self.decided),
            unfinished: std::mem::take(&mut self.unfinished),
            shut: std::mem::take(&mut self.shut),
            early: std::mem::take(&mut self.early),
            looked: self.looked,
            ..new
        }
    }

    /// Looks at everything. The files found now and not later are the backlog.
    pub(super) fn scan(&mut self, station: &Station, now: Instant) -> anyhow::Result<Result<(), ScanError>> {
        let mut all = match scan::scan(&self.folder, self.sub_folders) {
            Ok(all) => all,
            Err(error) => return Ok(Err(error)),
        };
        let there: HashSet<&Path> = all.iter().map(|found| found.path.as_path()).collect();
        self.decided.retain(|path, _| there.contains(path.as_path()));
        self.unfinished.retain(|path, _| there.contains(path.as_path()));
        self.shut.retain(|path, _| there.contains(path.as_path()));
        self.early.retain(|path| there.contains(path.as_path()));
        drop(there);
        self.canonical = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        all.retain(|found| !self.is_settled(found));
        // One moment of the database for the whole folder.
        let decided = station.read(|reading| {
            all.iter().map(|found| admit::is_decided(reading, found)).collect::<anyhow::Result<Vec<bool>>>()
        })?;
        // Who waited longest goes first.
        let mut open: Vec<Found> = Vec::new();
        for (found, decided) in all.into_iter().zip(decided) {
            if decided {
                self.decided.insert(found.path, found.stamp);
            } else {
                open.push(found);
            }
        }
        open.sort_by_key(|found| found.stamp.mtime_ns);
        for found in open {
            if !self.looked {
                self.early.insert(found.path.clone());
            }
            self.settle(found, now);
        }
        self.looked = true;
        Ok(Ok(()))
    }

    /// Looks where a hint says; true when everything must be looked at.
    pub(super) fn follow(&mut self, hints: Vec<Hint>, now: Instant) -> bool {
        let mut everything = false;
        let mut seen = HashSet::new();
        for hint in hints {
            let path = match hint {
                Hint::Path(path) => path,
                Hint::Everything => {
                    everything = true;
                    continue;
                }
                Hint::Wake => continue,
            };
            // The folder itself: it was moved, removed or put back.
            everything |= path == self.canonical || path == self.folder;
            let below = path.strip_prefix(&self.canonical).or_else(|_| path.strip_prefix(&self.folder));
            if let Ok(below) = below
                && seen.insert(below.to_owned())
            {
                // A new folder may hold files whose events were not seen.
                everything |= self.sub_folders && path.is_dir();
                self.look(below, now);
            }
        }
        everything
    }

    /// Looks again at the files that may rest by now.
    pub(super) fn look_again(&mut self, now: Instant) {
        for path in self.settling.due(now) {
            self.look(&path, now);
        }
    }

    fn look(&mut self, below: &Path, now: Instant) {
        match scan::one(&self.folder, below, self.sub_folders) {
            Some(found) if !self.is_settled(&found) => self.settle(found, now),
            Some(_) => {}
            None => self.settling.forget(below),
        }
    }

    /// Whether nothing is to be done about a file as it is.
    fn is_settled(&self, found: &Found) -> bool {
        self.decided.get(&found.path) == Some(&found.stamp) || self.in_hand.contains(&found.path)
    }

    fn settle(&mut self, found: Found, now: Instant) {
        if self.settling.seen(&found.path, found.stamp, now) {
            self.in_hand.insert(found.path.clone());
            let early = self.early.contains(&found.path);
            if early { self.backlog.push_back(found) } else { self.fresh.push_back(found) }
        }
    }

    /// The next file that rests; fresh ones first.
    pub(super) fn next_job(&mut self, now: Instant) -> Option<Job> {
        let fresh = !self.fresh.is_empty();
        let found = self.fresh.pop_front().or_else(|| self.backlog.pop_front())?;
        let waited = match self.unfinished.get(&found.path) {
            Some((stamp, since)) if *stamp == found.stamp => now.saturating_duration_since(*since) >= LAST_CALL,
            _ => false,
        };
        Some(Job::File { found, fresh, last_call: waited })
    }

    /// A file was decided about.
    pub(super) fn decide(&mut self, found: &Found) {
        self.in_hand.remove(&found.path);
        self.unfinished.remove(&found.path);
        self.shut.remove(&found.path);
        self.early.remove(&found.path);
        self.decided.insert(found.path.clone(), found.stamp);
    }

    /// A file's end has not come: it rests again, and at the last call it is taken as it is.
    pub(super) fn wait_for_end(&mut self, found: &Found, now: Instant) {
        self.in_hand.remove(&found.path);
        match self.unfinished.get_mut(&found.path) {
            Some((stamp, _)) if *stamp == found.stamp => {}
            _ => {
                self.unfinished.insert(found.path.clone(), (found.stamp, now));
            }
        }
        self.look(&found.path, now);
    }

    /// A file is not in hand any more; the next look sees what it is.
    pub(super) fn release(&mut self, found: &Found) {
        self.in_hand.remove(&found.path);
        self.settling.forget(&found.path);
    }

    /// The system does not let a file be read. It is tried at every scan: a right that is given, or a program that
    /// closes it, changes neither its size nor its time.
    pub(super) fn shut(&mut self, found: &Found, why: String) {
        self.release(found);
        self.shut.insert(found.path.clone(), why);
    }

    /// What to tell of the files that the system does not let be read.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &str> {
        self.shut.values().map(String::as_str)
    }

    /// When a file may rest.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.settling.next()
    }

    /// How many files have come and were not decided about.
    pub(super) fn open(&self) -> usize {
        self.settling.len() + self.in_hand.len()
    }

    /// Starts watching it.
    pub(super) fn hints(&self, settings: &Settings) -> Option<Hints> {
        // Without events the scans suffice.
        Hints::of(&self.folder, self.sub_folders, settings.intake.watch_by).ok()
    }

    /// Which folder it is, beyond its name: another one mounted or made under the same name sends no events to a watch
    /// of the old one.
    pub(super) fn identity(&self) -> Option<(u64, u64)> {
        identity(&self.folder)
    }
}

#[cfg(unix)]
fn identity(folder: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(folder).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Elsewhere a folder that is open for watching cannot be replaced.
#[cfg(not(unix))]
fn identity(folder: &Path) -> Option<(u64, u64)> {
    folder.is_dir().then_some((0, 0))
}
