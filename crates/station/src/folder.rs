//! The data folder of a station: where the database, the blobs and the key's place are, and who is at work there.

use crate::{
    keys::KeyPlace,
    problem::{Code, Problem},
};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Databases put aside in one data folder for one reason; a station with more has another trouble.
const MOST_ASIDE: u32 = 1_000;

/// A data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// What `station.toml` says: what must be known before the database can be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Where the key is.
    pub key: KeyPlace,
}

/// Held by the one process that takes pictures in; released when dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Where a station's data are when nobody says: `WELLREAD_DATA`, else the platform's folder for applications' data.
pub fn usual() -> Result<Folder, Problem> {
    set("WELLREAD_DATA").or_else(of_platform).map(Folder::new).ok_or_else(|| {
        Problem::invalid("this account has no application data folder: name one with --data DIR or WELLREAD_DATA")
    })
}

fn of_platform() -> Option<PathBuf> {
    if cfg!(windows) {
        Some(set("LOCALAPPDATA")?.join("Wellread"))
    } else if cfg!(target_os = "macos") {
        Some(set("HOME")?.join("Library/Application Support/Wellread"))
    } else {
        Some(set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?.join("wellread"))
    }
}

fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

impl Folder {
    /// The data folder at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("wellread.db")
    }

    /// The content-addressed files.
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// What the window's program did, a file a day.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Interface files as they were made, before and after delivery.
    pub fn interface_files(&self) -> PathBuf {
        self.0.join("interface")
    }

    /// Puts a database aside, with its log, for whoever looks into it, under a name that says why; returns where. Nothing
    /// is overwritten.
    pub(crate) fn set_database_aside(&self, why: &str) -> anyhow::Result<PathBuf> {
        let from = self.database();
        let free = (1..=MOST_ASIDE)
            .map(|n| with_ending(&from, &format!(".{why}-{n}")))
            .find(|to| to.symlink_metadata().is_err());
        let to = free.context("no name is free for the database that is put aside")?;
        // The log first: a log without its database is put aside as well, a database without its log is another one.
        for ending in ["-wal", "-shm", ""] {
            let moved = fs::rename(with_ending(&from, ending), with_ending(&to, ending));
            if let Err(why) = moved
                && why.kind() != io::ErrorKind::NotFound
            {
                return Err(why).with_context(|| format!("cannot put {} aside", with_ending(&from, ending).display()));
            }
        }
        sync_folder(&self.0).with_context(|| format!("cannot flush {}", self.0.display()))?;
        Ok(to)
    }

    fn opening_file(&self) -> PathBuf {
        self.0.join("station.toml")
    }

    /// Makes the folder if need be.
    pub fn create(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.0).with_context(|| format!("cannot make the data folder {}", self.0.display()))
    }

    /// Whether a station lives here.
    pub fn has_station(&self) -> bool {
        self.opening_file().is_file()
    }

    /// How to open the database.
    pub fn opening(&self) -> anyhow::Result<Opening> {
        let path = self.opening_file();
        if !path.is_file() {
            return Err(Problem::new(
                Code::DataFolder,
                format!(
                    "there is no station in {}: make one with `wellread init`, or name its folder with --data",
                    self.0.display()
                ),
            )
            .into());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} cannot be understood", path.display()))
    }

    /// Writes how to open the database; the last step of making a station.
    pub fn put_opening(&self, opening: &Opening) -> anyhow::Result<()> {
        put_file(&self.opening_file(), toml::to_string(opening)?.as_bytes())
    }

    /// Takes the place of the one process that takes pictures in.
    pub fn lock(&self) -> anyhow::Result<Lock> {
        let told = || format!("another process is at work in {}: stop its `watch` first", self.0.display());
        self.lock_file("service.lock", told)
    }

    /// Takes the place of the one process that speaks to headquarters.
    pub fn lock_sync(&self) -> anyhow::Result<Lock> {
        self.lock_file("sync.lock", || "another process speaks to headquarters just now: wait for it".to_owned())
    }

    fn lock_file(&self, name: &str, told: impl FnOnce() -> String) -> anyhow::Result<Lock> {
        let path = self.0.join(name);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| {
            format!("cannot write {}: check the disk and who may write in the data folder", path.display())
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Problem::new(Code::InUse, told()).into()),
            Err(TryLockError::Error(why)) => Err(why).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    /// Whether some process speaks to headquarters now.
    pub fn is_syncing(&self) -> bool {
        let in_use = |error: &anyhow::Error| crate::problem::code_of(error) == Some(Code::InUse);
        self.0.join("sync.lock").is_file() && self.lock_sync().is_err_and(|error| in_use(&error))
    }

    /// Whether some process holds the lock now.
    pub fn is_locked(&self) -> bool {
        self.0.is_dir() && self.lock().is_err_and(|error| crate::problem::code_of(&error) == Some(Code::InUse))
    }
}

/// Makes a new name in a folder survive a power cut. Windows does so by itself and cannot open folders.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes a whole file or none: beside its place, flushed, renamed.
pub fn put_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    // No two writes share a name, or one would give its name to what the other had written half.
    name.push(format!(".{}-{}.part", std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed)));
    let own = PathBuf::from(name);
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&own)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&own, path)?;
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
    };
    write()
        .inspect_err(|_| drop(fs::remove_file(&own)))
        .with_context(|| format!("cannot write {}: check that the folder exists and the disk has room", path.display()))
}

/// A path whose name has more behind it: what belongs to a file and lies beside it.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn one_process_is_at_work_in_a_folder() {
        let place = tempdir().unwrap();
        let folder = Folder::new(place.path());
        let lock = folder.lock().unwrap();
        assert!(folder.is_locked(), "the lock shows to others");
        assert!(folder.lock().is_err(), "and keeps them out");
        drop(lock);
        assert!(!folder.is_locked(), "until it is released");
    }

    #[test]
    fn what_opens_the_database_survives_its_file() {
        let place = tempdir().unwrap();
        let folder = Folder::new(place.path());
        assert!(!folder.has_station(), "nothing is there yet");
        let opening = Opening { key: KeyPlace::File { path: "/keys/wellread.key".into() } };
        folder.put_opening(&opening).unwrap();
        assert_eq!(folder.opening().unwrap(), opening, "read back as written");
    }
}
