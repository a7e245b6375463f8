//! Files and folders for what `read` and `simulate` make.

use anyhow::Context;
use std::path::Path;

pub(crate) use wellread_station::folder::put_file;

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
