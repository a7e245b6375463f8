//! A picture that a person brings: it goes into the watched folder, and from there the way of every other.

use super::scan;
use crate::{
    Problem, Station,
    people::{Permission, Session},
};
use anyhow::Context as _;
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

/// A picture larger than this is refused before it is written.
const MOST_BYTES: usize = 256 << 20;

impl Station {
    /// Puts a picture into the watched folder under its own name, or the first free one like it; answers the name.
    pub fn put_into_inbox(&self, session: &Session, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
        self.ask(session, Permission::RunCapture, |_| Ok(()))?;
        let inbox = self.settings()?.intake.inbox;
        let inbox = inbox.ok_or_else(|| Problem::invalid("no folder is watched: set `intake.inbox` first"))?;
        if bytes.len() > MOST_BYTES {
            return Err(Problem::invalid(format!("'{name}' is too large: {} MiB at most", MOST_BYTES >> 20)).into());
        }
        if wellread_vision::decode::probe(bytes).is_err() {
            return Err(Problem::invalid(format!("'{name}' is no picture: use JPEG, PNG, TIFF, BMP or WebP")).into());
        }
        let base = Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if base.is_empty() || scan::is_ignored(&base) {
            return Err(
                Problem::invalid(format!("'{name}' is a name that the station ignores: rename the file")).into()
            );
        }
        put(&inbox, &base, bytes).with_context(|| format!("the picture cannot be put into {}", inbox.display()))
    }
}

fn put(inbox: &Path, base: &str, bytes: &[u8]) -> anyhow::Result<String> {
    let (stem, extension) = base.rsplit_once('.').unwrap_or((base, "jpg"));
    for number in 0..10_000 {
        let name = if number == 0 { base.to_owned() } else { format!("{stem} ({number}).{extension}") };
        let part = inbox.join(format!("{name}.part"));
        // Made new, so that two who bring the same name do not write into each other's file.
        let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(&part) else { continue };
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        // A hard link never replaces a file that is there, as a rename would.
        let named = written
            .and_then(|()| fs::hard_link(&part, inbox.join(&name)).or_else(|_| rename(&part, &inbox.join(&name))));
        let _ = fs::remove_file(&part);
        match named {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("every name like '{base}' is taken")
}

/// Where the file system has no links.
fn rename(part: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(part, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten() {
        let inbox = tempdir().unwrap();
        crate::folder::put_file(&inbox.path().join("plate.jpg"), b"the camera's").unwrap();
        assert_eq!(put(inbox.path(), "plate.jpg", b"one").unwrap(), "plate (1).jpg", "the first free name");
        assert_eq!(put(inbox.path(), "plate.jpg", b"two").unwrap(), "plate (2).jpg", "and the next");
        assert_eq!(fs::read(inbox.path().join("plate.jpg")).unwrap(), b"the camera's", "which is as it was");
        assert_eq!(fs::read_dir(inbox.path()).unwrap().count(), 3, "and no half file is left");
    }
}
