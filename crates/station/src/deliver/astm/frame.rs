//! Frames of LIS01-A2: numbered, checked pieces of at most 240 characters.
//!
//! `STX number text ETX checksum CR LF`, with ETB in place of ETX where a record goes on in the next frame. Numbers run
//! 1 to 7, then 0. The checksum is the sum of the bytes after STX up to and with ETX or ETB, modulo 256.

pub(super) const STX: u8 = 0x02;
pub(super) const ETX: u8 = 0x03;
pub(super) const ETB: u8 = 0x17;

/// The most bytes of text in a frame.
pub(super) const TEXT_BYTES: usize = 240;

/// Puts records into frames, each record into its own.
pub(super) fn frames(records: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut number = 0_u8;
    for record in records {
        let mut rest = format!("{record}\r");
        while !rest.is_empty() {
            let tail = rest.split_off(cut(&rest));
            number = (number + 1) % 8;
            let end = if tail.is_empty() { ETX } else { ETB };
            let checked: Vec<u8> = [b'0' + number].into_iter().chain(rest.bytes()).chain([end]).collect();
            let sum = checked.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            bytes.push(STX);
            bytes.extend(checked);
            bytes.extend(format!("{sum:02X}\r\n").into_bytes());
            rest = tail;
        }
    }
    bytes
}

/// Where the first frame of a text ends: never within a character, so that each frame can be read by itself.
fn cut(text: &str) -> usize {
    let whole = text.char_indices().map(|(start, character)| start + character.len_utf8());
    whole.take_while(|end| *end <= TEXT_BYTES).last().unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    /// Reads frames as the other side of the line does: checks numbers, lengths and sums, and joins records.
    pub(in super::super) fn read_back(bytes: &[u8]) -> Vec<String> {
        let (mut records, mut text, mut expected) = (Vec::new(), Vec::new(), 1_u8);
        let mut rest = bytes;
        while let Some((&start, after)) = rest.split_first() {
            assert_eq!(start, STX, "every frame begins with STX");
            let end = after.iter().position(|byte| [ETX, ETB].contains(byte)).expect("every frame has an end");
            assert_eq!(after[0], b'0' + expected, "numbers run 1 to 7, then 0");
            expected = (expected + 1) % 8;
            assert!(end - 1 <= 240, "a frame holds at most 240 characters of text");
            let sum: u32 = after[..=end].iter().map(|byte| u32::from(*byte)).sum();
            assert_eq!(&after[end + 1..end + 3], format!("{:02X}", sum % 256).as_bytes(), "the sum holds");
            assert_eq!(&after[end + 3..end + 5], b"\r\n", "and a line end follows");
            text.extend_from_slice(&after[1..end]);
            if after[end] == ETX {
                let record = String::from_utf8(std::mem::take(&mut text)).expect("UTF-8");
                records.push(record.strip_suffix('\r').expect("a record ends with CR").to_owned());
            }
            rest = &after[end + 5..];
        }
        assert!(text.is_empty(), "the last record is finished");
        records
    }

    #[test]
    fn a_known_frame() {
        let bytes = frames(&["L|1|N".to_owned()]);
        // 0x31 + "L|1|N" + CR + ETX: 49 + 76 + 124 + 49 + 124 + 78 + 13 + 3 = 516 = 2 x 256 + 4.
        assert_eq!(bytes, b"\x021L|1|N\r\x0304\r\n", "worked out by hand");
    }

    proptest! {
        #[test]
        fn any_records_read_back(records in vec("[ -~ก-๙]{1,700}", 0..12)) {
            prop_assert_eq!(read_back(&frames(&records)), records, "cut, numbered, summed and joined again");
        }
    }
}
