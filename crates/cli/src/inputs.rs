//! Which pictures are meant: files as given, folders as the pictures in them.

use crate::failure::Failure;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Endings that mark a picture in a folder. A file named outright is read whatever it is called.
const ENDINGS: [&str; 7] = ["jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp"];

/// One picture to read, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// The picture, or the folder that could not be read.
    pub path: PathBuf,
    /// Why the path stands for no picture.
    pub failure: Option<Failure>,
}

/// All pictures meant, in the order given; those of a folder in order of name.
pub(crate) fn expand(paths: &[PathBuf]) -> Vec<Input> {
    paths.iter().flat_map(|path| of_path(path)).collect()
}

fn of_path(path: &Path) -> Vec<Input> {
    if !path.is_dir() {
        return vec![Input { path: path.to_owned(), failure: None }];
    }
    let failed = |failure| vec![Input { path: path.to_owned(), failure: Some(failure) }];
    match pictures_in(path) {
        Ok(pictures) if pictures.is_empty() => failed(Failure::new(
            "no-pictures",
            format!("this folder holds no picture: pictures end in one of {}", ENDINGS.join(", ")),
        )),
        Ok(pictures) => pictures.into_iter().map(|path| Input { path, failure: None }).collect(),
        Err(error) => failed(unreadable(&error)),
    }
}

/// The pictures of a folder by their endings, in order of name; hidden files are left out.
pub(crate) fn pictures_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if !hidden && ending.is_some_and(|e| ENDINGS.contains(&e.as_str())) && path.is_file() {
            pictures.push(path);
        }
    }
    pictures.sort();
    Ok(pictures)
}

/// Reads a picture's file, but never more than can be a picture: `limit_bytes` and one byte.
pub(crate) fn load(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    use io::Read;
    let read = || {
        let file = fs::File::open(path)?;
        // Reading a device or a pipe would never end, or wait for ever.
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => Failure::new("not-found", "there is no such file: check the name"),
        io::ErrorKind::PermissionDenied => {
            Failure::new("not-allowed", "this user may not read the file: ask for the right to")
        }
        _ => Failure::new("unreadable", format!("the file cannot be read ({error}): copy it to this computer again")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::put_file::put_file;

    #[test]
    fn a_folder_means_its_pictures_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.png", "notes.txt", ".hidden.jpg", "c.truth.json"] {
            put_file(&folder.path().join(name), b"x").unwrap();
        }
        fs::create_dir(folder.path().join("deeper.jpg")).unwrap();
        let found: Vec<_> = expand(&[folder.path().to_owned()])
            .into_iter()
            .map(|i| i.path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(found, ["a.png", "b.JPG"], "by name, whatever the case of the ending, files alone");
    }

    #[test]
    fn an_empty_folder_and_a_missing_file_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let empty = expand(&[folder.path().to_owned()]);
        assert_eq!(empty[0].failure.as_ref().unwrap().code, "no-pictures", "silence would look like success");
        let missing = load(&folder.path().join("a.jpg"), 10).unwrap_err();
        assert_eq!(missing.code, "not-found", "a mistyped name has a code of its own");
    }

    #[test]
    fn a_file_is_not_read_beyond_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.jpg");
        put_file(&path, &[7; 100]).unwrap();
        assert_eq!(load(&path, 10).unwrap().len(), 11, "one byte more than allowed shows that the file is too large");
    }
}
