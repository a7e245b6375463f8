//! Bytes that remember whether a decoder wanted more of them than there are.

use std::{
    cell::Cell,
    io::{self, BufRead, Cursor, Read, Seek, SeekFrom},
};

/// A file in memory that notes a read at its end.
///
/// The decoders wrap the end of a file in errors of their own, some beyond recognition; a decoder that failed and had
/// asked for more than there was met a file that is cut off.
pub(super) struct Watched<'a> {
    bytes: Cursor<&'a [u8]>,
    ran_out: &'a Cell<bool>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(bytes: &'a [u8], ran_out: &'a Cell<bool>) -> Self {
        Self { bytes: Cursor::new(bytes), ran_out }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buf)?;
        if count == 0 && !buf.is_empty() {
            self.ran_out.set(true);
        }
        Ok(count)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let rest = self.bytes.fill_buf()?;
        if rest.is_empty() {
            self.ran_out.set(true);
        }
        Ok(rest)
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_read_at_the_end_is_noted() {
        let ran_out = Cell::new(false);
        let mut file = Watched::new(b"abc", &ran_out);
        let mut three = [0; 3];
        file.read_exact(&mut three).unwrap();
        assert!(!ran_out.get(), "reading up to the end is not reading past it");
        assert!(file.read_exact(&mut three).is_err() && ran_out.get(), "nothing was left");
    }
}
