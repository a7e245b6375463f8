//! The format of a file by its first bytes.

use super::{DecodeError, Format};

/// Images that are known and not read, by their first bytes.
const KNOWN_UNREAD: [(&[u8], &str); 8] = [
    (b"GIF8", "a GIF picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop file"),
    (b"qoif", "a QOI picture"),
    (b"v/1\x01", "an OpenEXR picture"),
];

/// Files that are no image, by their first bytes.
const OTHERS: [(&[u8], &str); 11] = [
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3\0", "a database"),
    (b"RIFF", "an audio or video file"),
    (b"\x1a\x45\xdf\xa3", "a video"),
];

/// The format, or why the content is none that is read.
pub(super) fn format(bytes: &[u8]) -> Result<Format, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::EmptyFile);
    }
    let begins = |with: &[u8]| bytes.starts_with(with);
    if begins(b"\xff\xd8\xff") || bytes == b"\xff\xd8" || bytes == b"\xff" {
        return Ok(Format::Jpeg);
    }
    if begins(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| begins(magic)) {
        return Ok(Format::Tiff);
    }
    if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::Webp);
    }
    if begins(b"BM") && (bytes.len() < 18 || has_bitmap_header(bytes)) {
        return bytes.get(17).map(|_| Format::Bmp).ok_or(DecodeError::Truncated { format: Format::Bmp });
    }
    Err(refusal(bytes))
}

/// Whether the second header has one of the sizes a bitmap's has; text may begin with `BM` too.
fn has_bitmap_header(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some(&[12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// What the content looks like, as an error.
fn refusal(bytes: &[u8]) -> DecodeError {
    if let Some((_, what)) = KNOWN_UNREAD.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return DecodeError::Unsupported { what: (*what).to_owned() };
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return base_media(bytes);
    }
    let head = bytes.get(..bytes.len().min(1024)).unwrap_or(bytes);
    let looks_like = OTHERS
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, what)| *what)
        .or_else(|| is_markup(head).then_some("a web page or XML text"))
        .or_else(|| is_text(head).then_some("text"))
        .or_else(|| head.iter().all(|&b| b == 0).then_some("a file of zeros"))
        .unwrap_or("unknown data");
    DecodeError::NotAnImage { looks_like }
}

/// HEIC and AVIF (what phones write when not told otherwise), or a video in the same container.
fn base_media(bytes: &[u8]) -> DecodeError {
    match bytes.get(8..12) {
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1") => {
            DecodeError::Unsupported { what: "a HEIC picture (a phone's \"high efficiency\" setting)".to_owned() }
        }
        Some(b"avif" | b"avis") => DecodeError::Unsupported { what: "an AVIF picture".to_owned() },
        _ => DecodeError::NotAnImage { looks_like: "a video" },
    }
}

fn is_markup(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    text.starts_with(b"<") && is_text(head)
}

/// Printable text in UTF-8 (one character may be cut at the end), or ASCII in UTF-16 with its mark.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let valid = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(e) if head.len() - e.valid_up_to() < 4 => e.valid_up_to(),
        Err(_) => 0,
    };
    valid > 0 && head.iter().take(valid).all(|&b| b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r' | 0x0c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_text(bytes: &[u8]) -> (&'static str, String) {
        let error = format(bytes).unwrap_err();
        (error.code(), error.to_string())
    }

    #[test]
    fn other_files_are_named_for_what_they_are() {
        let cases: [(&[u8], &str, &str); 12] = [
            (b"", "empty-file", "empty"),
            (b"well,call\nA1,positive\n", "not-an-image", "this is text"),
            ("ตัวอย่าง 1\n".as_bytes(), "not-an-image", "this is text"),
            (b"BMI of the donors: 22\nand more", "not-an-image", "this is text"),
            (b"<!doctype html><p>Not found", "not-an-image", "web page"),
            (b"%PDF-1.7", "not-an-image", "PDF"),
            (b"PK\x03\x04....", "not-an-image", "ZIP"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "unsupported", "HEIC"),
            (b"\0\0\0\x18ftypisom\0\0\0\0", "not-an-image", "video"),
            (b"GIF89a", "unsupported", "GIF"),
            (&[0; 64], "not-an-image", "zeros"),
            (b"\x01\x02\x80\x90\xa0\xb0\xc0", "not-an-image", "unknown data"),
        ];
        for (bytes, code, word) in cases {
            let (found, text) = code_and_text(bytes);
            assert_eq!(found, code, "{bytes:?}");
            assert!(text.contains(word), "'{text}' should say '{word}'");
        }
    }

    #[test]
    fn a_bitmap_cut_in_its_header_is_cut_off_and_not_text() {
        assert_eq!(code_and_text(b"BM\x36\0\0").0, "truncated", "the magic is there, the header is not");
    }
}
