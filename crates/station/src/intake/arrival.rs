//! One file of the watched folder, read: whole and as it was when it rested, or a reason to wait or to refuse it.

use super::scan::{self, Found, Stamp};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};
use wellread_vision::decode::{self, DecodeError, Format, Limits};

/// Bytes that tell a picture from anything else.
const HEAD_BYTES: u64 = 4096;
/// Where the mark of a picture's end must lie; some cameras write a few bytes after it.
const TAIL_BYTES: usize = 4096;

/// What became of reading a file.
#[derive(Debug)]
pub enum Arrival {
    /// A picture, by its header.
    Picture {
        /// The whole file.
        bytes: Vec<u8>,
        /// Its format.
        format: Format,
        /// Whether its end looks like the end of a picture. If not, the rest may still be on its way.
        whole: bool,
    },
    /// No picture that can be read.
    Refused(DecodeError),
    /// It changed while it was read: it does not rest.
    Changed,
    /// It is gone, or has become something else than a file.
    Gone,
    /// The system does not let it be read; somebody may hold it open.
    Unreadable(io::Error),
}

/// Reads a file that rests.
pub fn read(inbox: &Path, found: &Found, sub_folders: bool, limits: &Limits) -> Arrival {
    match scan::one(inbox, &found.path, sub_folders) {
        None => return Arrival::Gone,
        Some(now) if now.stamp != found.stamp => return Arrival::Changed,
        Some(_) => {}
    }
    // By its size alone: a sparse file of many gigabytes is not read to be refused.
    if found.stamp.size > limits.file_bytes {
        return Arrival::Refused(DecodeError::FileTooLarge { bytes: found.stamp.size, limit: limits.file_bytes });
    }
    match bytes_of(&inbox.join(&found.path), found.stamp) {
        Ok(None) => Arrival::Changed,
        Ok(Some(Err(error))) => Arrival::Refused(error),
        Ok(Some(Ok(bytes))) => match decode::probe(&bytes) {
            Ok(probe) => Arrival::Picture { whole: is_whole(&bytes, probe.format), bytes, format: probe.format },
            Err(error) => Arrival::Refused(error),
        },
        Err(why) if why.kind() == io::ErrorKind::NotFound => Arrival::Gone,
        Err(why) => Arrival::Unreadable(why),
    }
}

/// Whether a refused file may be one whose content has not come yet.
pub const fn may_still_come(error: &DecodeError) -> bool {
    matches!(error, DecodeError::EmptyFile | DecodeError::Truncated { .. })
}

/// The bytes, if nobody wrote meanwhile; or why the first of them are no picture's.
fn bytes_of(path: &Path, stamp: Stamp) -> io::Result<Option<Result<Vec<u8>, DecodeError>>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || Stamp::of(&metadata) != stamp {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0));
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes)?;
    if let Err(error @ (DecodeError::NotAnImage { .. } | DecodeError::Unsupported { .. })) = decode::probe(&bytes) {
        return Ok(Some(Err(error)));
    }
    file.by_ref().take(stamp.size.saturating_add(1)).read_to_end(&mut bytes)?;
    let unchanged = bytes.len() as u64 == stamp.size && Stamp::of(&file.metadata()?) == stamp;
    Ok(unchanged.then_some(Ok(bytes)))
}

/// Formats that end with a mark show whether the end is there; the others are taken as they are.
fn is_whole(bytes: &[u8], format: Format) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or(bytes);
    let has = |mark: &[u8]| tail.windows(mark.len()).any(|part| part == mark);
    match format {
        Format::Jpeg => has(b"\xff\xd9"),
        Format::Png => has(b"IEND"),
        Format::Tiff | Format::Bmp | Format::Webp => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use tempfile::tempdir;

    fn put(folder: &Path, name: &str, bytes: &[u8]) -> Found {
        File::create(folder.join(name)).unwrap().write_all(bytes).unwrap();
        scan::one(folder, Path::new(name), false).unwrap()
    }

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_pixel(40, 30, image::Rgb([9, 120, 200]));
        picture.write_to(&mut io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn a_picture_is_told_from_its_first_half() {
        let folder = tempdir().unwrap();
        let (all, limits) = (png(), Limits::default());
        let whole = put(folder.path(), "a.png", &all);
        let read_whole = read(folder.path(), &whole, false, &limits);
        assert!(matches!(read_whole, Arrival::Picture { whole: true, .. }), "{read_whole:?}");
        let half = put(folder.path(), "b.png", &all[..all.len() - 6]);
        let read_half = read(folder.path(), &half, false, &limits);
        assert!(
            matches!(&read_half, Arrival::Picture { whole: false, .. })
                || matches!(&read_half, Arrival::Refused(error) if may_still_come(error)),
            "the rest may be on its way: {read_half:?}"
        );
    }

    #[test]
    fn what_is_no_picture_is_refused_with_its_reason() {
        let folder = tempdir().unwrap();
        let limits = Limits { file_bytes: 10_000, ..Limits::default() };
        let large = vec![0; 20_000];
        for (name, bytes, code) in [
            ("a.jpg", &b""[..], "empty-file"),
            ("b.jpg", b"Dear colleague, please find the plate attached.", "not-an-image"),
            ("c.jpg", large.as_slice(), "too-large"),
        ] {
            let found = put(folder.path(), name, bytes);
            let arrival = read(folder.path(), &found, false, &limits);
            assert!(matches!(&arrival, Arrival::Refused(error) if error.code() == code), "{name}: {arrival:?}");
        }
    }

    #[test]
    fn what_changes_or_goes_is_not_taken() {
        let folder = tempdir().unwrap();
        let found = put(folder.path(), "a.png", &png());
        let older = Found { stamp: Stamp { size: 3, ..found.stamp }, ..found.clone() };
        assert!(matches!(read(folder.path(), &older, false, &Limits::default()), Arrival::Changed), "it has grown");
        std::fs::remove_file(folder.path().join("a.png")).unwrap();
        assert!(matches!(read(folder.path(), &found, false, &Limits::default()), Arrival::Gone), "it was taken away");
    }
}
