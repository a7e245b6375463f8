//! What the system says of the watched folder: hints that something may have changed, never the truth.
//!
//! Events get lost when buffers overflow, and network shares may send none. So a hint only says where to look earlier
//! than the next scan would.

use notify::{Config, Event, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

/// Hints kept until they are taken; what does not fit is found by the scan that the overflow asks for.
const KEPT: usize = 1024;
/// How often a folder without events is looked through.
const POLL: Duration = Duration::from_secs(5);

/// How a folder is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchBy {
    /// The system's events; on network paths by looking.
    #[default]
    Auto,
    /// The system's events.
    Events,
    /// By looking every few seconds.
    Polling,
}

/// One hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Something about this path, absolute as the system names it.
    Path(PathBuf),
    /// Events were lost or the watch broke: look at everything.
    Everything,
    /// Someone wants the loop to look at its orders.
    Wake,
}

/// Hints of one folder. Dropping it stops them.
pub struct Hints {
    watcher: Option<Box<dyn Watcher + Send>>,
    sender: SyncSender<Hint>,
    received: Receiver<Hint>,
    /// Whether some hint did not fit.
    lost: Arc<AtomicBool>,
}

/// Lets another thread end a wait for hints.
#[derive(Clone, Debug)]
pub struct Waker(SyncSender<Hint>);

impl Waker {
    /// Ends the wait.
    pub fn wake(&self) {
        // A full channel has something to wake up for already.
        let _ = self.0.try_send(Hint::Wake);
    }
}

impl Hints {
    /// Hints of no folder: only wakers end a wait.
    pub fn none() -> Self {
        let (sender, received) = sync_channel(KEPT);
        Self { watcher: None, sender, received, lost: Arc::default() }
    }

    /// Starts watching. An error leaves the scans, which do not need hints.
    pub fn of(folder: &Path, sub_folders: bool, by: WatchBy) -> notify::Result<Self> {
        let mut hints = Self::none();
        hints.watcher = Some(hints.watcher(folder, sub_folders, by)?);
        Ok(hints)
    }

    /// Watches anew: the folder was away, or another one has its name. Wakers stay as they are.
    pub fn watch_again(&mut self, folder: &Path, sub_folders: bool, by: WatchBy) {
        // The old watch ends first; without a new one the scans suffice.
        self.watcher = None;
        self.watcher = self.watcher(folder, sub_folders, by).ok();
    }

    /// Something that ends a wait from elsewhere.
    pub fn waker(&self) -> Waker {
        Waker(self.sender.clone())
    }

    /// Waits for hints, at most so long; all that came at once.
    pub fn wait(&self, at_most: Duration) -> Vec<Hint> {
        let mut hints = match self.received.recv_timeout(at_most) {
            Ok(first) => std::iter::once(first).chain(self.received.try_iter().take(KEPT)).collect(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Vec::new(),
        };
        if self.lost.swap(false, Ordering::AcqRel) {
            hints.push(Hint::Everything);
        }
        hints
    }

    fn watcher(&self, folder: &Path, sub_folders: bool, by: WatchBy) -> notify::Result<Box<dyn Watcher + Send>> {
        let (told, lost) = (self.sender.clone(), Arc::clone(&self.lost));
        let handler = move |event: notify::Result<Event>| tell(&told, &lost, event);
        let polling = match by {
            WatchBy::Auto => is_network_path(folder),
            WatchBy::Events => false,
            WatchBy::Polling => true,
        };
        let mut watcher: Box<dyn Watcher + Send> = if polling {
            Box::new(PollWatcher::new(handler, Config::default().with_poll_interval(POLL))?)
        } else {
            Box::new(RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))?)
        };
        let mode = if sub_folders { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        watcher.watch(folder, mode)?;
        Ok(watcher)
    }
}

fn tell(sender: &SyncSender<Hint>, lost: &AtomicBool, event: notify::Result<Event>) {
    let hints: Vec<Hint> = match event {
        Ok(event) if event.need_rescan() => vec![Hint::Everything],
        // Reading a file is an event too, and nothing to look at.
        Ok(event) if event.kind.is_access() && !is_close_after_write(&event) => Vec::new(),
        Ok(event) => event.paths.into_iter().map(Hint::Path).collect(),
        Err(_) => vec![Hint::Everything],
    };
    for hint in hints {
        match sender.try_send(hint) {
            Ok(()) => {}
            // The loop is behind; once it has taken what fitted, it looks at everything.
            Err(TrySendError::Full(_)) => lost.store(true, Ordering::Release),
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

fn is_close_after_write(event: &Event) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// Whether a path lies on another machine, where events are not to be relied on.
pub fn is_network_path(path: &Path) -> bool {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        return text.starts_with(r"\\") && !text.starts_with(r"\\?\") || text.starts_with(r"\\?\UNC\");
    }
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mounts") else { return false };
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    on_network(&mounts, &absolute)
}

/// Whether the innermost mount that holds a path is a network file system.
fn on_network(mounts: &str, path: &Path) -> bool {
    const NETWORK: [&str; 9] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ncpfs", "fuse.sshfs", "davfs"];
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let at = PathBuf::from(fields.next()?.replace("\\040", " "));
        let kind = fields.next()?.to_owned();
        path.starts_with(&at).then_some((at.components().count(), kind))
    };
    let innermost = mounts.lines().filter_map(mount).max_by_key(|(depth, _)| *depth);
    innermost.is_some_and(|(_, kind)| NETWORK.contains(&kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_new_file_gives_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let hints = Hints::of(&at, true, WatchBy::Events).unwrap();
        File::create(at.join("a.jpg")).unwrap();
        let came = hints.wait(Duration::from_secs(20));
        assert!(came.contains(&Hint::Path(at.join("a.jpg"))), "{came:?}");
    }

    #[test]
    fn a_waker_ends_the_wait() {
        let hints = Hints::none();
        hints.waker().wake();
        assert_eq!(hints.wait(Duration::from_secs(20)), [Hint::Wake], "at once");
    }

    #[test]
    fn hints_that_did_not_fit_ask_for_a_look_at_everything() {
        let hints = Hints::none();
        for n in 0..=KEPT {
            let event = Event::new(notify::EventKind::Any).add_path(format!("/inbox/{n}.jpg").into());
            tell(&hints.sender, &hints.lost, Ok(event));
        }
        let came = hints.wait(Duration::from_secs(20));
        assert_eq!(
            (came.len(), came.last()),
            (KEPT + 1, Some(&Hint::Everything)),
            "the one that did not fit is looked for"
        );
        assert_eq!(hints.wait(Duration::ZERO), [], "once");
    }

    #[test]
    fn a_share_is_told_from_a_disk() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nsrv:/p /mnt/plates nfs4 rw 0 0\n//s/x /mnt/with\\040space cifs rw 0 0\n";
        assert!(on_network(mounts, Path::new("/mnt/plates/today")), "nfs");
        assert!(on_network(mounts, Path::new("/mnt/with space")), "a share whose name has a space");
        assert!(!on_network(mounts, Path::new("/mnt/platesX")), "a folder whose name begins alike");
    }
}
