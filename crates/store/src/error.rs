//! What can go wrong, and what to do about it.

use std::path::{Path, PathBuf};

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no file.
    #[error("there is no database at {}: check the data folder, or restore a backup into it", .0.display())]
    Missing(PathBuf),
    /// A new database would overwrite something.
    #[error("{} is there already: choose another folder, or move that file away", .0.display())]
    AlreadyExists(PathBuf),
    /// The file does not begin as a plain database does, and no key was given.
    #[error("{} is encrypted, or no database: open it with the station's key", .0.display())]
    KeyNeeded(PathBuf),
    /// The key does not fit.
    #[error("the key does not open {}: use this station's key or its recovery key; if that is the one, the file is damaged", .0.display())]
    WrongKey(PathBuf),
    /// A key was given for a plain database.
    #[error("{} is not encrypted, but a key was given: open it without one if that is meant", .0.display())]
    NotEncrypted(PathBuf),
    /// Some other program's database.
    #[error("{} is not a Wellread database: check the data folder", .0.display())]
    NotWellread(PathBuf),
    /// A later release wrote it.
    #[error(
        "the database has schema {found}, this program knows {known}: update Wellread to the release that wrote it"
    )]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// A migration failed, or one applied earlier is not the one this program has.
    #[error("the database could not be brought to this release's schema, and was left as it was: {0}")]
    Migration(String),
    /// The file is truncated or its pages contradict each other.
    #[error(
        "the database is damaged ({0}): stop the station and `restore` the last backup; the damaged file is set aside"
    )]
    Damaged(String),
    /// Another process holds the lock.
    #[error("another program has locked the database: close it, or wait and try again")]
    Locked,
    /// Somebody ended the work.
    #[error("it was cancelled; nothing was changed")]
    Cancelled,
    /// All readers are in use for too long.
    #[error("the database is busy with other questions: try again")]
    Busy,
    /// No space is left.
    #[error("the disk is full: free some space; nothing of this step was kept")]
    DiskFull,
    /// The file or its folder may not be written.
    #[error("the database may not be written: check the rights on its folder")]
    ReadOnly,
    /// The operating system failed to read or write.
    #[error("{}: {why}", path.display())]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// There is no such row.
    #[error("there is no {what} '{id}'")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id or name.
        id: String,
    },
    /// A rule of the store forbids it.
    #[error("{0}")]
    Refused(String),
    /// A stored value means nothing to this program.
    #[error("the database holds a value that this program cannot read: {0}")]
    Unreadable(String),
    /// Anything else SQLite says.
    #[error("the database failed: {0}")]
    Sqlite(String),
}

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    pub(crate) fn not_found(what: &'static str, id: &(impl ToString + ?Sized)) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => Self::DiskFull,
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Io { path: path.to_owned(), why: error.to_string() },
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let text = error.to_string();
        match &error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked,
                ErrorCode::DiskFull => Self::DiskFull,
                // The index of the log cannot grow.
                ErrorCode::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => {
                    Self::DiskFull
                }
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged(text),
                // The triggers' own words say what is wrong.
                ErrorCode::ConstraintViolation => Self::Refused(message.clone().unwrap_or(text)),
                _ => Self::Sqlite(text),
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Unreadable(text),
            _ => Self::Sqlite(text),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
