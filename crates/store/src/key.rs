//! The key of an encrypted database.

use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// A raw key of 256 bits, wiped when dropped. It is given to SQLCipher as it is, so opening derives nothing and is quick.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// A key from its bytes, which must come from a source of secure random numbers.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits, blanks and dashes allowed between them as a recovery export prints them.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let digits: Zeroizing<Vec<u8>> =
            Zeroizing::new(digits.map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?);
        let mut bytes = Zeroizing::new([0u8; 32]);
        if digits.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |n, d| n << 4 | d);
        }
        Some(Self(*bytes))
    }

    /// Its 64 hexadecimal digits, for the keyring and the recovery export.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(crate::digest::hex(&self.0))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The statement that hands it to SQLCipher.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("PRAGMA key = \"x'{}'\"", self.to_hex().as_str()))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_printed_form_and_never_shows_in_logs() {
        let key = Key::new(std::array::from_fn(|i| i as u8 * 7));
        let again = Key::from_hex(&key.to_hex()).expect("its own digits are digits");
        assert_eq!(again.0, key.0, "the recovery export must open the same database");
        assert_eq!(format!("{key:?}"), "Key(..)", "a key in a log is a key given away");
    }

    #[test]
    fn what_is_not_a_key_is_none() {
        assert!(Key::from_hex("12").is_none(), "too short");
        assert!(Key::from_hex(&"x".repeat(64)).is_none(), "no digits");
        assert!(Key::from_hex(&"ab ".repeat(32)).is_some(), "blanks as printed are allowed");
        assert!(Key::from_hex(&"a".repeat(65)).is_none(), "half a byte too much");
    }
}
