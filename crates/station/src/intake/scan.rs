//! What lies in the watched folder. Only looks: nothing is opened, moved, changed or deleted.

use std::{
    fs::{self, DirEntry, Metadata},
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Folders nested deeper than this are not entered.
const DEEPEST: usize = 16;
/// Entries looked at in one scan; a folder with more says so.
const MOST_ENTRIES: usize = 1_000_000;

/// A regular file that is not ignored by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Path below the watched folder.
    pub path: PathBuf,
    /// What may change while it is written.
    pub stamp: Stamp,
}

/// Size and time of a file: while either changes it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Modified, in nanoseconds since 1970.
    pub mtime_ns: i64,
}

/// Why a folder could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is not there, or its share is not reachable.
    #[error("the watched folder {} is offline ({why}); it is looked for again by itself", folder.display())]
    Offline {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// It holds more than can be kept in view.
    #[error("the watched folder {} holds more than {MOST_ENTRIES} entries; move what was read long ago elsewhere", folder.display())]
    TooMany {
        /// The folder.
        folder: PathBuf,
    },
}

impl Stamp {
    /// Of a file's metadata.
    pub fn of(metadata: &Metadata) -> Self {
        let mtime_ns = metadata.modified().map_or(0, |time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
        });
        Self { size: metadata.len(), mtime_ns }
    }
}

/// Whether a file of this name is never taken: what editors and copying programs leave while they work.
pub fn is_ignored(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ending = lower.rsplit_once('.').map(|(_, ending)| ending);
    name.starts_with('~') || name.starts_with('.') || matches!(ending, Some("tmp" | "part"))
}

/// All regular files below a folder, by path. Symbolic links are not followed; pipes, sockets and devices are left alone.
pub fn scan(folder: &Path, sub_folders: bool) -> Result<Vec<Found>, ScanError> {
    let offline = |why| ScanError::Offline { folder: folder.to_owned(), why };
    // The watched folder itself may be a link: a person chose it.
    let (mut found, mut open, mut seen) = (Vec::new(), vec![(PathBuf::new(), 0)], 0_usize);
    while let Some((below, depth)) = open.pop() {
        let entries = match fs::read_dir(folder.join(&below)) {
            Ok(entries) => entries,
            Err(why) if depth == 0 => return Err(offline(why)),
            // A folder that went away or may not be entered takes nothing from the others.
            Err(_) => continue,
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(why) if depth == 0 => return Err(offline(why)),
                Err(_) => break,
            };
            seen += 1;
            if seen > MOST_ENTRIES {
                return Err(ScanError::TooMany { folder: folder.to_owned() });
            }
            match look(&entry) {
                Some(Kind::File(stamp)) => found.push(Found { path: below.join(entry.file_name()), stamp }),
                Some(Kind::Folder) if sub_folders && depth < DEEPEST => {
                    open.push((below.join(entry.file_name()), depth + 1));
                }
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// One file, as [`scan`] would find it; `None` when it would not.
pub fn one(folder: &Path, below: &Path, sub_folders: bool) -> Option<Found> {
    let named = below.components().all(|part| !is_ignored(&part.as_os_str().to_string_lossy()));
    if !named || (!sub_folders && below.components().count() != 1) {
        return None;
    }
    // Every folder on the way must be one itself: a link is not followed.
    let mut at = folder.to_owned();
    for part in below.parent().into_iter().flat_map(Path::components) {
        at.push(part);
        if !fs::symlink_metadata(&at).is_ok_and(|m| m.is_dir()) {
            return None;
        }
    }
    let metadata = fs::symlink_metadata(folder.join(below)).ok().filter(Metadata::is_file)?;
    Some(Found { path: below.to_owned(), stamp: Stamp::of(&metadata) })
}

enum Kind {
    File(Stamp),
    Folder,
}

fn look(entry: &DirEntry) -> Option<Kind> {
    if is_ignored(&entry.file_name().to_string_lossy()) {
        return None;
    }
    // DirEntry's metadata does not follow links.
    let metadata = entry.metadata().ok()?;
    if metadata.is_file() { Some(Kind::File(Stamp::of(&metadata))) } else { metadata.is_dir().then_some(Kind::Folder) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap();
    }

    #[test]
    fn names_that_programs_leave_while_they_work_are_ignored() {
        for name in ["~lock", ".hidden", "a.tmp", "a.jpg.TMP", "a.part"] {
            assert!(is_ignored(name), "{name}");
        }
        for name in ["a.jpg", "tmp", "part.png", "a~.jpg", "ภาพ.png", "a\nb.jpg"] {
            assert!(!is_ignored(name), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_pipes_and_sockets_are_left_alone() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let folder = tempdir().unwrap();
        let at = folder.path();
        put(&at.join("plate\n1.jpg"));
        put(&at.join("day/ภาพ.jpg"));
        put(&at.join(".cache/x.jpg"));
        symlink(at.join("plate\n1.jpg"), at.join("link.jpg")).unwrap();
        symlink(at, at.join("loop")).unwrap();
        let _socket = UnixListener::bind(at.join("socket.jpg")).unwrap();
        let done = std::process::Command::new("mkfifo").arg(at.join("pipe.jpg")).status().unwrap();
        assert!(done.success(), "the pipe is there to be left alone");
        let names = |deep| -> Vec<PathBuf> { scan(at, deep).unwrap().into_iter().map(|f| f.path).collect() };
        assert_eq!(names(false), [PathBuf::from("plate\n1.jpg")], "the folder itself");
        assert_eq!(names(true), [PathBuf::from("day/ภาพ.jpg"), PathBuf::from("plate\n1.jpg")], "and the one below");
        for found in scan(at, true).unwrap() {
            assert_eq!(one(at, &found.path, true), Some(found.clone()), "both ways of looking agree");
        }
        for other in ["link.jpg", "socket.jpg", "pipe.jpg", "loop/plate\n1.jpg", ".cache/x.jpg", "gone.jpg"] {
            assert_eq!(one(at, Path::new(other), true), None, "{other}");
        }
    }

    #[test]
    fn a_missing_folder_is_offline() {
        let folder = tempdir().unwrap();
        let error = scan(&folder.path().join("gone"), true).unwrap_err();
        assert!(error.to_string().contains("offline"), "{error}");
    }
}
