//! What a person or a script is told when something may not or cannot be done: a stable code, and words that help.

use crate::blobs::BlobError;
use serde::Serialize;
use std::{fmt, io};

/// Why something was not done. Scripts and windows match on this, never on the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// The role does not allow it.
    NotPermitted,
    /// User name or password are wrong, or the account may not sign in.
    LoginFailed,
    /// Too many wrong passwords; it passes.
    LockedOut,
    /// The cached password has expired: the hub must be asked first.
    LoginExpired,
    /// There is no such thing.
    NotFound,
    /// What was given cannot be used.
    Invalid,
    /// A rule forbids it.
    Refused,
    /// Another process of this station is at work.
    InUse,
    /// The data folder is missing, has no station, or has one already.
    DataFolder,
    /// The key is missing or wrong.
    Key,
    /// The disk is full.
    DiskFull,
    /// A folder or file may not be written.
    ReadOnly,
    /// The database is locked or busy; it passes.
    Busy,
    /// Headquarters cannot be reached; it passes.
    Offline,
    /// The data are damaged.
    Damaged,
    /// A person ended it before it was done.
    Cancelled,
}

/// A reason in a closed code and in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl Problem {
    /// A problem with its words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Something given cannot be used.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message)
    }

    /// A rule forbids it.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Code::Refused, message)
    }

    /// There is no such thing.
    pub fn not_found(what: &str, name: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} '{name}'"))
    }
}

/// The code of an error, wherever in its chain it was given; `None` for what nobody foresaw.
pub fn code_of(error: &anyhow::Error) -> Option<Code> {
    use wellread_store::Error as Store;
    error.chain().find_map(|cause| {
        if let Some(problem) = cause.downcast_ref::<Problem>() {
            return Some(problem.code);
        }
        if let Some(why) = cause.downcast_ref::<io::Error>() {
            return code_of_io(why);
        }
        if let Some(BlobError::Io { why, .. }) = cause.downcast_ref::<BlobError>() {
            return code_of_io(why);
        }
        Some(match cause.downcast_ref::<Store>()? {
            Store::Missing(_) | Store::AlreadyExists(_) | Store::NotWellread(_) | Store::Newer { .. } => {
                Code::DataFolder
            }
            Store::KeyNeeded(_) | Store::WrongKey(_) | Store::NotEncrypted(_) => Code::Key,
            Store::Damaged(_) | Store::Unreadable(_) | Store::Migration(_) => Code::Damaged,
            Store::Locked | Store::Busy => Code::Busy,
            Store::Cancelled => Code::Cancelled,
            Store::DiskFull => Code::DiskFull,
            Store::ReadOnly => Code::ReadOnly,
            Store::NotFound { .. } => Code::NotFound,
            Store::Refused(_) => Code::Refused,
            _ => return None,
        })
    })
}

fn code_of_io(why: &io::Error) -> Option<Code> {
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(Code::DiskFull),
        io::ErrorKind::ReadOnlyFilesystem => Some(Code::ReadOnly),
        _ => None,
    }
}
