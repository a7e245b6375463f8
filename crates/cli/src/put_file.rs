//! The one place where files are written.

use anyhow::Context;
use std::{io::Write, path::Path};

/// Writes a file so that its name never stands for half of it: a temporary file beside it, flushed, then renamed.
pub(crate) fn put_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let put = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".wellread-").suffix(".part");
        // A temporary file is private by default; a result is for everybody whom the folder and the umask let in.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    put()
        .with_context(|| format!("cannot write {}: check that the folder exists and the disk has room", path.display()))
}

/// Makes a folder for output, and those above it.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        put_file(&path, b"first, and longer").unwrap();
        put_file(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second", "the new content replaces the old completely");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = put_file(Path::new("/nonexistent-folder/a.json"), b"x").unwrap_err();
        assert!(format!("{error:#}").contains("/nonexistent-folder/a.json"), "people must see which file it was");
    }
}
