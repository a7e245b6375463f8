//! SHA-256, and the one encoding of fields that every chain and seal here is made over.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;
use std::{fmt, str::FromStr};

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(as = "String"))]
pub struct Sha256([u8; 32]);

/// A text that is no SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no SHA-256: 64 hexadecimal digits are expected")]
pub struct Sha256Error(String);

impl Sha256 {
    /// A hash already computed.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256({self})")
    }
}

impl FromStr for Sha256 {
    type Err = Sha256Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || Sha256Error(text.chars().take(80).collect());
        let digits: Vec<u8> = text.bytes().filter(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).collect();
        if text.len() != 64 || digits.len() != 64 {
            return Err(wrong());
        }
        let value = |digit: u8| if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 };
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |n, d| n << 4 | value(*d));
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl ToSql for Sha256 {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Sha256 {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|e: Sha256Error| FromSqlError::Other(Box::new(e)))
    }
}

/// Hashes typed fields, each with its kind and length, so that no two lists of fields have one encoding: `"ab", "c"`
/// is not `"a", "bc"`, the text `1` not the number, and nothing not the empty text.
pub(crate) struct Fields(sha2::Sha256);

impl Fields {
    /// `purpose` keeps a hash made for one thing from being taken for another.
    pub(crate) fn new(purpose: &str) -> Self {
        let mut fields = Self(sha2::Sha256::new());
        fields.text(purpose);
        fields
    }

    pub(crate) fn null(&mut self) {
        self.0.update([0]);
    }

    pub(crate) fn int(&mut self, value: i64) {
        self.0.update([1]);
        self.0.update(value.to_be_bytes());
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.sized(3, value.as_bytes());
    }

    pub(crate) fn optional(&mut self, value: Option<&str>) {
        match value {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub(crate) fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.null(),
            ValueRef::Integer(n) => self.int(n),
            ValueRef::Real(x) => {
                self.0.update([2]);
                self.0.update(x.to_bits().to_be_bytes());
            }
            ValueRef::Text(bytes) => self.sized(3, bytes),
            ValueRef::Blob(bytes) => self.sized(4, bytes),
        }
    }

    fn sized(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(fields: &[String]) -> Sha256 {
        let mut hash = Fields::new("test");
        for field in fields {
            hash.text(field);
        }
        hash.finish()
    }

    #[test]
    fn a_hash_is_written_and_read_as_hexadecimal_digits() {
        let hash = Sha256::of(b"abc");
        assert_eq!(
            hash.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "the published value for 'abc'"
        );
        assert_eq!(hash.to_string().parse(), Ok(hash), "it reads its own writing");
        assert!("BA".parse::<Sha256>().is_err(), "upper case and short texts are not how we write it");
    }

    proptest! {
        #[test]
        fn no_two_lists_of_fields_hash_alike(a: Vec<String>, b: Vec<String>) {
            prop_assert_eq!(of(&a) == of(&b), a == b, "the encoding must tell every list from every other");
        }
    }
}
