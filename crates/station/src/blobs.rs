//! The content-addressed store of images: `blobs/ab/cdef…`, named by SHA-256.
//!
//! A file here never changes: it is written beside its place, flushed and renamed. What was promised survives a power
//! cut, and the same content is kept once.

use crate::{deliver::hex, folder::sync_folder};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use wellread_vision::runtime::hex_sha256;

/// Bytes read at a time when a blob is checked.
const CHUNK: usize = 1 << 16;

/// A folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    incoming: PathBuf,
    next: AtomicU64,
}

/// What is wrong with a blob.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The folder cannot be written or read.
    #[error("cannot {what} {}: {why}; check the disk and who may write there", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// The content is not what its name says.
    #[error("blob {sha256} is corrupt: its content has the hash {found}")]
    Corrupt {
        /// Its name.
        sha256: String,
        /// The hash of what is there.
        found: String,
    },
    /// It is not there.
    #[error("blob {sha256} is missing")]
    Missing {
        /// Its name.
        sha256: String,
    },
    /// Not a hash.
    #[error("'{0}' is no SHA-256 in lower-case hex")]
    Name(String),
}

impl Blobs {
    /// Opens or makes the folder.
    pub fn open(folder: &Path) -> Result<Self, BlobError> {
        let incoming = folder.join("incoming");
        fs::create_dir_all(&incoming).map_err(failed("make", &incoming))?;
        Ok(Self { folder: folder.to_owned(), incoming, next: AtomicU64::new(0) })
    }

    /// Clears what an earlier process left half-written. Only while no other process writes.
    pub fn clear_incoming(&self) -> Result<(), BlobError> {
        for entry in fs::read_dir(&self.incoming).map_err(failed("list", &self.incoming))?.flatten() {
            let path = entry.path();
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    /// Where a blob lies.
    pub fn path(&self, sha256: &str) -> Result<PathBuf, BlobError> {
        let name = || BlobError::Name(sha256.to_owned());
        let hex = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let (first, rest) = sha256.split_at_checked(2).filter(|_| hex).ok_or_else(name)?;
        Ok(self.folder.join(first).join(rest))
    }

    /// Keeps some bytes; returns their hash. Durable when it returns.
    pub fn put(&self, bytes: &[u8]) -> Result<String, BlobError> {
        let sha256 = hex_sha256(bytes);
        let path = self.path(&sha256)?;
        // A blob of the right length is there already: same name, same content. Verification is `verify`'s work.
        if fs::metadata(&path).is_ok_and(|m| m.len() == bytes.len() as u64) {
            return Ok(sha256);
        }
        let own = self.incoming.join(format!("{}-{}", std::process::id(), self.next.fetch_add(1, Ordering::Relaxed)));
        let write = || -> io::Result<()> {
            let mut file = File::create(&own)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().inspect_err(|_| drop(fs::remove_file(&own))).map_err(failed("write", &own))?;
        let folder = path.parent().unwrap_or(&self.folder);
        if !folder.is_dir() {
            fs::create_dir_all(folder).map_err(failed("make", folder))?;
            sync_folder(&self.folder).map_err(failed("flush", &self.folder))?;
        }
        fs::rename(&own, &path).map_err(failed("rename into place", &path))?;
        sync_folder(folder).map_err(failed("flush", folder))?;
        Ok(sha256)
    }

    /// A blob's bytes, checked against its name.
    pub fn get(&self, sha256: &str) -> Result<Vec<u8>, BlobError> {
        let path = self.path(sha256)?;
        let bytes = fs::read(&path).map_err(|why| missing_or(sha256, &path, why))?;
        let found = hex_sha256(&bytes);
        if found == sha256 { Ok(bytes) } else { Err(BlobError::Corrupt { sha256: sha256.to_owned(), found }) }
    }

    /// Reads a blob through and compares its hash, without keeping it in memory.
    pub fn verify(&self, sha256: &str) -> Result<(), BlobError> {
        let path = self.path(sha256)?;
        let mut file = File::open(&path).map_err(|why| missing_or(sha256, &path, why))?;
        let found = hash_of(&mut file).map_err(failed("read", &path))?;
        if found == sha256 { Ok(()) } else { Err(BlobError::Corrupt { sha256: sha256.to_owned(), found }) }
    }

    /// Moves a corrupt blob out of the way, into `quarantine`, for whoever looks into it.
    pub fn quarantine(&self, sha256: &str) -> Result<PathBuf, BlobError> {
        let (from, to) = (self.path(sha256)?, self.folder.join("quarantine"));
        fs::create_dir_all(&to).map_err(failed("make", &to))?;
        let to = to.join(format!("{sha256}.{}", self.next.fetch_add(1, Ordering::Relaxed)));
        fs::rename(&from, &to).map_err(failed("set aside", &from))?;
        Ok(to)
    }

    /// The names of all blobs, in order.
    pub fn names(&self) -> Result<Vec<String>, BlobError> {
        let mut names = Vec::new();
        for folder in fs::read_dir(&self.folder).map_err(failed("list", &self.folder))?.flatten() {
            let first = folder.file_name().to_string_lossy().into_owned();
            if first.len() != 2 || !folder.path().is_dir() {
                continue;
            }
            for entry in fs::read_dir(folder.path()).map_err(failed("list", &folder.path()))?.flatten() {
                names.push(format!("{first}{}", entry.file_name().to_string_lossy()));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Removes a blob that nothing refers to, left by a crash between the image and its run.
    pub fn remove_orphan(&self, sha256: &str) -> Result<(), BlobError> {
        let path = self.path(sha256)?;
        fs::remove_file(&path).map_err(failed("remove", &path))
    }
}

/// The hash of what is left to read, without keeping it in memory.
pub(crate) fn hash_of(file: &mut impl Read) -> io::Result<String> {
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(hex::lower(&hasher.finalize()));
        }
        hasher.update(chunk.get(..count).unwrap_or_default());
    }
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    let path = path.to_owned();
    move |why| BlobError::Io { what, path, why }
}

fn missing_or(sha256: &str, path: &Path, why: io::Error) -> BlobError {
    if why.kind() == io::ErrorKind::NotFound {
        BlobError::Missing { sha256: sha256.to_owned() }
    } else {
        BlobError::Io { what: "read", path: path.to_owned(), why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn the_same_content_is_kept_once_and_comes_back() {
        let folder = tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let name = blobs.put(b"plate").unwrap();
        assert_eq!(blobs.put(b"plate").unwrap(), name, "the same name");
        assert_eq!(blobs.names().unwrap(), std::slice::from_ref(&name), "and one file");
        assert_eq!(blobs.get(&name).unwrap(), b"plate", "what was put");
        blobs.verify(&name).unwrap();
    }

    #[test]
    fn a_changed_blob_is_named_and_can_be_set_aside() {
        let folder = tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let name = blobs.put(b"plate").unwrap();
        let mut file = fs::OpenOptions::new().write(true).open(blobs.path(&name).unwrap()).unwrap();
        file.write_all(b"PLATE").unwrap();
        assert!(matches!(blobs.get(&name), Err(BlobError::Corrupt { .. })), "reading notices");
        assert!(matches!(blobs.verify(&name), Err(BlobError::Corrupt { .. })), "and so does checking");
        let aside = blobs.quarantine(&name).unwrap();
        assert!(aside.is_file(), "it is kept for whoever looks into it");
        assert!(matches!(blobs.get(&name), Err(BlobError::Missing { .. })), "but is no blob any more");
        assert_eq!(blobs.put(b"plate").unwrap(), name, "the right content can be put again");
    }

    #[test]
    fn half_written_files_are_cleared_at_the_next_start() {
        let folder = tempdir().unwrap();
        Blobs::open(folder.path()).unwrap();
        File::create(folder.path().join("incoming/7")).unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        blobs.clear_incoming().unwrap();
        assert!(!folder.path().join("incoming/7").exists(), "left by a process that died");
        assert!(blobs.names().unwrap().is_empty(), "and never a blob");
    }

    #[test]
    fn only_a_hash_is_a_name() {
        let folder = tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"é".repeat(32)] {
            assert!(matches!(blobs.get(name), Err(BlobError::Name(_))), "{name:?}");
        }
    }
}
