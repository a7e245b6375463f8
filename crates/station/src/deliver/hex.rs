//! Bytes in hexadecimal.

use std::fmt::Write;

/// Two small digits a byte, as hashes are written.
pub(crate) fn lower(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Two capital digits a byte, as escapes and checksums are written.
pub(super) fn upper(bytes: &[u8]) -> String {
    lower(bytes).to_ascii_uppercase()
}

/// A character's bytes in capital digits.
pub(super) fn of_char(character: char) -> String {
    let mut buffer = [0; 4];
    upper(character.encode_utf8(&mut buffer).as_bytes())
}
