//! Dropping a file into a folder that another system watches, so that it never sees half of one.
//!
//! The file is written under a hidden name in the same folder, flushed, and given its name only then; `NAME.ok` with
//! hash, rows and bytes follows in the same way, so that a receiver which waits for it knows that all is there. Nothing
//! is ever overwritten: the same content under the same name counts as delivered, other content is an error. The other
//! system may answer with `ack/NAME.ack` or `err/NAME.err`.

use crate::{deliver::InterfaceFile, folder::sync_folder};
use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The most bytes of an answer that are kept.
const LONGEST_ANSWER_BYTES: u64 = 64 * 1024;

/// How the hidden names of unfinished files begin and end.
const HIDDEN_PREFIX: &str = ".wellread-";
const HIDDEN_SUFFIX: &str = ".part";

/// What became of a drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// The file now lies in the folder.
    Written,
    /// It was delivered before: it lies there, or its marker or an answer says that it was taken.
    AlreadyThere,
}

/// What the other system said of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `ack/NAME.ack` lies there; its text.
    Accepted(String),
    /// `err/NAME.err` lies there; its text.
    Refused(String),
}

/// Why a file could not be dropped.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// The folder is not there: a share that is offline, usually. It is never made, because on a machine that lost
    /// its share it would be made on the wrong disk.
    #[error("the delivery folder {} cannot be reached ({source}): it is tried again; check the share", folder.display())]
    Unreachable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder is there, but the file cannot be written: a full disk or a missing right.
    #[error("{} cannot be written ({source}): it is tried again; check rights and free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The name is taken by something else.
    #[error(
        "{} is there already with other content: nothing is overwritten; move it away, or make a new revision of the \
         file", path.display()
    )]
    Different {
        /// The file.
        path: PathBuf,
    },
    /// The name is no name.
    #[error("'{name}' is not the name of a file in this folder: correct `file_name` in the template")]
    Name {
        /// The name, escaped.
        name: String,
    },
}

impl DropError {
    /// Whether trying again later can help without anybody's hands on the file.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Write { .. })
    }
}

/// Puts a file and its marker into the folder, durably.
pub fn put(folder: &Path, file: &InterfaceFile) -> Result<Dropped, DropError> {
    check_name(&file.name)?;
    reach(folder)?;
    let marker_name = format!("{}.ok", file.name);
    let marker = marker(file);
    let put = || {
        // A receiver may take the file and leave the marker, or take both and answer: neither is a reason to send twice.
        let there = fs::symlink_metadata(folder.join(&file.name)).is_ok();
        let taken =
            !there && (is_same(&folder.join(&marker_name), marker.as_bytes())? || has_answer(folder, &file.name));
        if taken {
            return Ok(Dropped::AlreadyThere);
        }
        let dropped = place(folder, &file.name, &file.bytes)?;
        place(folder, &marker_name, marker.as_bytes())?;
        Ok(dropped)
    };
    // A share that goes away in the middle is a share that is away, whatever the first failing call made of it.
    put().map_err(|error: DropError| reach(folder).err().filter(|_| error.is_passing()).unwrap_or(error))
}

/// What the other system said of a file, if it has said anything.
///
/// Where both answers lie there, the refusal counts: a person has to look.
pub fn answer(folder: &Path, name: &str) -> Result<Option<Answer>, DropError> {
    check_name(name)?;
    reach(folder)?;
    let (refusal, consent) = answer_paths(folder, name);
    if let Some(text) = read_answer(&refusal)? {
        return Ok(Some(Answer::Refused(text)));
    }
    Ok(read_answer(&consent)?.map(Answer::Accepted))
}

/// Removes what a crash left unfinished, and says how many files that were.
///
/// For the start of the station. Should another process be writing there, its try fails, and is repeated.
pub fn sweep(folder: &Path) -> Result<usize, DropError> {
    let unreachable = |source| DropError::Unreachable { folder: folder.to_owned(), source };
    let mut removed = 0;
    for entry in fs::read_dir(folder).map_err(unreachable)? {
        let entry = entry.map_err(unreachable)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let unfinished = name.starts_with(HIDDEN_PREFIX) && name.ends_with(HIDDEN_SUFFIX);
        if unfinished && entry.file_type().map_err(unreachable)?.is_file() {
            remove_if_there(&entry.path()).map_err(|source| DropError::Write { path: entry.path(), source })?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The marker of a file: what a receiver needs to know that it has all of it.
fn marker(file: &InterfaceFile) -> String {
    format!("sha256={}\nrows={}\nbytes={}\n", file.sha256(), file.rows, file.bytes.len())
}

fn check_name(name: &str) -> Result<(), DropError> {
    let one_part = Path::new(name).file_name() == Some(OsStr::new(name));
    let hidden = name.starts_with('.') || name.chars().any(|character| character.is_control() || character == '\\');
    if one_part && !hidden {
        return Ok(());
    }
    Err(DropError::Name { name: name.chars().take(80).flat_map(char::escape_debug).collect() })
}

fn reach(folder: &Path) -> Result<(), DropError> {
    let unreachable = |source| DropError::Unreachable { folder: folder.to_owned(), source };
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(unreachable(io::Error::from(ErrorKind::NotADirectory))),
        Err(source) => Err(unreachable(source)),
    }
}

/// Gives bytes a name in the folder, all at once and never over another file.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<Dropped, DropError> {
    let target = folder.join(name);
    let failed = |source| DropError::Write { path: target.clone(), source };
    let mut dropped = Dropped::AlreadyThere;
    if !is_same(&target, bytes)? {
        let hidden = write_hidden(folder, bytes).map_err(failed)?;
        let named = give_name(&hidden, &target);
        remove_if_there(&hidden).map_err(failed)?;
        match named {
            Ok(()) => dropped = Dropped::Written,
            // Another process was faster; what it wrote decides.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                is_same(&target, bytes)?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    flush(folder).map_err(failed)?;
    Ok(dropped)
}

/// Writes bytes, durably, under a hidden name of its own.
///
/// No two tries share a hidden name, even in two processes: else one could give its name to what the other had written
/// half. `create_new` follows no link that somebody has laid there.
fn write_hidden(folder: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    static TRIES: AtomicU64 = AtomicU64::new(0);
    for _ in 0..1_000 {
        let number = TRIES.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{HIDDEN_PREFIX}{}-{number}{HIDDEN_SUFFIX}", std::process::id()));
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
            // Left by a crash of a process that had the same number.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            opened => opened?,
        };
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            drop(file);
            // A full disk must not fill up further with every try; the first error is the one to tell.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        return Ok(path);
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Gives a finished file its name, or fails with `AlreadyExists`.
///
/// A hard link is the one way that no file system turns into overwriting. Some shares have none; there the name is
/// looked up first, which is safe as long as one station writes these names.
fn give_name(hidden: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(hidden, target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        Err(_) => rename_if_absent(hidden, target),
    }
}

fn rename_if_absent(hidden: &Path, target: &Path) -> io::Result<()> {
    if fs::symlink_metadata(target).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    fs::rename(hidden, target)
}

/// Whether exactly these bytes lie there: false when nothing does, an error when something else does.
fn is_same(path: &Path, bytes: &[u8]) -> Result<bool, DropError> {
    let failed = |source| DropError::Write { path: path.to_owned(), source };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let alike = metadata.is_file() && metadata.len() == bytes.len() as u64 && fs::read(path).map_err(failed)? == bytes;
    if alike { Ok(true) } else { Err(DropError::Different { path: path.to_owned() }) }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the new name survive a power cut, where the share can be asked to.
fn flush(folder: &Path) -> io::Result<()> {
    match sync_folder(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        done => done,
    }
}

fn answer_paths(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join("err").join(format!("{name}.err")), folder.join("ack").join(format!("{name}.ack")))
}

fn has_answer(folder: &Path, name: &str) -> bool {
    let (refusal, consent) = answer_paths(folder, name);
    refusal.is_file() || consent.is_file()
}

fn read_answer(path: &Path) -> Result<Option<String>, DropError> {
    // Anything but a file there, such as a pipe, could keep a reader waiting for ever.
    if !path.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_ANSWER_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DropError::Unreachable { folder: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_hard_links_a_name_is_still_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        rename_if_absent(&write_hidden(folder.path(), b"new").unwrap(), &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new", "a free name is taken");
        let error = rename_if_absent(&write_hidden(folder.path(), b"newer").unwrap(), &target).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "a taken one is refused");
        assert_eq!(fs::read(&target).unwrap(), b"new", "and keeps its content");
    }
}
