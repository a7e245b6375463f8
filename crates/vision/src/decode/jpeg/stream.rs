//! The byte stream that the JPEG decoder reads, with an end that cannot be run past unnoticed.

use std::cell::Cell;
use zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZSeekFrom};

/// What follows the picture's data: zeros for the decoder's read-ahead, then the end marker.
const TAIL: [u8; 18] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xd9];

/// Bytes the decoder asks for at a time while it reads coefficients.
const REFILL: usize = 4;

/// The scans of a file without their end marker, followed by [`TAIL`].
///
/// The decoder refills its bit buffer, four bytes at a time, when fewer than 32 bits are left. When it starts a refill
/// four or more bytes into the zeros, it holds fewer bits than the zeros it has read: it has begun to read zeros as
/// picture, so data is missing. A complete file never gets there, with or without an end marker.
pub(super) struct ScanStream<'a> {
    data: &'a [u8],
    tail: &'static [u8],
    at: usize,
    starved: &'a Cell<bool>,
}

impl<'a> ScanStream<'a> {
    /// A stream that sets `starved` when data is missing.
    ///
    /// Without `padded` the end marker follows the data at once, as the decoder wants it behind a progressive file's
    /// only scan; data that is missing there goes unnoticed.
    pub(super) fn new(data: &'a [u8], padded: bool, starved: &'a Cell<bool>) -> Self {
        let end = TAIL.last_chunk::<2>().map_or(&TAIL[..], |end| &end[..]);
        Self { data, tail: if padded { &TAIL } else { end }, at: 0, starved }
    }

    fn len(&self) -> usize {
        self.data.len() + self.tail.len()
    }

    /// Copies from `at` without moving; gives how many bytes there were.
    fn copy(&self, buf: &mut [u8]) -> usize {
        let from_data = self.data.get(self.at..).unwrap_or_default();
        let from_tail = self.tail.get(self.at.saturating_sub(self.data.len())..).unwrap_or_default();
        let bytes = from_data.iter().chain(from_tail);
        buf.iter_mut().zip(bytes).map(|(to, from)| *to = *from).count()
    }
}

impl ZByteReaderTrait for ScanStream<'_> {
    #[inline]
    fn read_byte_no_error(&mut self) -> u8 {
        let byte = match self.data.get(self.at) {
            Some(&byte) => byte,
            None => self.tail.get(self.at - self.data.len()).copied().unwrap_or(0),
        };
        self.at += 1;
        byte
    }

    #[inline]
    fn read_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        if let Some(bytes) = self.data.get(self.at..).and_then(|rest| rest.get(..buf.len())) {
            buf.copy_from_slice(bytes);
            self.at += buf.len();
            return Ok(());
        }
        if buf.len() == REFILL && self.at >= self.data.len() + REFILL {
            self.starved.set(true);
        }
        let count = self.copy(buf);
        if count < buf.len() {
            return Err(ZByteIoError::NotEnoughBytes(count, buf.len()));
        }
        self.at += count;
        Ok(())
    }

    fn read_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        let count = self.copy(buf);
        self.at += count;
        Ok(count)
    }

    fn peek_bytes(&mut self, buf: &mut [u8]) -> Result<usize, ZByteIoError> {
        Ok(self.copy(buf))
    }

    fn peek_exact_bytes(&mut self, buf: &mut [u8]) -> Result<(), ZByteIoError> {
        let count = self.copy(buf);
        if count < buf.len() { Err(ZByteIoError::NotEnoughBytes(count, buf.len())) } else { Ok(()) }
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        let to = match from {
            ZSeekFrom::Start(to) => usize::try_from(to).ok(),
            ZSeekFrom::End(by) => isize::try_from(by).ok().and_then(|by| self.len().checked_add_signed(by)),
            ZSeekFrom::Current(by) => isize::try_from(by).ok().and_then(|by| self.at.checked_add_signed(by)),
        };
        self.at = to.ok_or(ZByteIoError::SeekError("a seek to nowhere"))?;
        Ok(self.at as u64)
    }

    #[inline]
    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        Ok(self.at >= self.len())
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        Ok(self.at as u64)
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        let mut rest = vec![0; self.len().saturating_sub(self.at)];
        let count = self.read_bytes(&mut rest)?;
        sink.append(&mut rest);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refill_that_starts_among_the_zeros_is_noticed() {
        let starved = Cell::new(false);
        let mut stream = ScanStream::new(&[1, 2, 3, 4, 5], true, &starved);
        let mut four = [9; 4];
        stream.read_exact_bytes(&mut four).unwrap();
        assert_eq!(four, [1, 2, 3, 4], "data");
        stream.read_exact_bytes(&mut four).unwrap();
        assert_eq!(four, [5, 0, 0, 0], "data and read-ahead");
        stream.read_exact_bytes(&mut four).unwrap();
        assert!(!starved.get(), "three zeros read: all bits held may still be data");
        stream.read_exact_bytes(&mut four).unwrap();
        assert!(starved.get(), "seven zeros read and fewer than 32 bits left: zeros were taken for data");
    }

    #[test]
    fn the_stream_ends_with_an_end_marker() {
        let starved = Cell::new(false);
        let mut all = Vec::new();
        ScanStream::new(&[7], false, &starved).read_remaining(&mut all).unwrap();
        assert_eq!(all, [7, 0xff, 0xd9], "unpadded: the marker follows at once");
        let mut stream = ScanStream::new(&[7], true, &starved);
        stream.z_seek(ZSeekFrom::End(-2)).unwrap();
        assert_eq!([stream.read_byte_no_error(), stream.read_byte_no_error()], [0xff, 0xd9], "padded: at the end");
        assert!(stream.is_eof().unwrap(), "nothing follows it");
        assert!(stream.z_seek(ZSeekFrom::Current(-100)).is_err(), "before the start lies nothing");
    }
}
