//! The hash that links a record of a station's log to the one before it.
//!
//! Fields are hashed with their kind and length, so that no two lists of fields have one encoding: kind 1 is a 64-bit
//! integer, big-endian; kind 3 a text, its length in bytes as 64 bits before it. A log begins on the hash of its
//! station's id.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Keeps a hash made for the log from being taken for another.
const PURPOSE: &str = "wellread outbox 1";

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256(pub [u8; 32]);

/// A text that is no SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no SHA-256: 64 lower-case hexadecimal digits are expected")]
pub struct Sha256Error(String);

impl Sha256 {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let digits: Option<Vec<u8>> = text.bytes().map(value).collect();
        let digits = digits.filter(|digits| digits.len() == 64).ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |n, digit| n << 4 | digit);
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

/// What the first record of a station's log builds on.
pub fn genesis(station: Uuid) -> Sha256 {
    let mut fields = Fields::new();
    fields.text(&station.hyphenated().to_string());
    fields.finish()
}

/// What of a record its hash covers.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Its place, from 1.
    pub seq: i64,
    /// What it tells of.
    pub kind: &'a str,
    /// The version of its payload.
    pub schema_version: i64,
    /// Its payload, to the letter.
    pub payload: &'a str,
    /// Who made it true: an account's id, or `station`.
    pub actor: &'a str,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What the local clock showed beside it, in minutes east of UTC.
    pub offset_min: i32,
}

impl Link<'_> {
    /// The hash of the record after one with `previous`.
    pub fn hash(&self, previous: &Sha256) -> Sha256 {
        let mut fields = Fields::new();
        fields.text(&previous.to_string());
        fields.int(self.seq);
        fields.text(self.kind);
        fields.int(self.schema_version);
        fields.text(self.payload);
        fields.text(self.actor);
        fields.int(self.at_ms);
        fields.int(i64::from(self.offset_min));
        fields.finish()
    }
}

struct Fields(sha2::Sha256);

impl Fields {
    fn new() -> Self {
        let mut fields = Self(sha2::Sha256::new());
        fields.text(PURPOSE);
        fields
    }

    fn int(&mut self, value: i64) {
        self.0.update([1]);
        self.0.update(value.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.update([3]);
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(seq: i64, payload: &str) -> Link<'_> {
        Link {
            seq,
            kind: "run",
            schema_version: 2,
            payload,
            actor: "station",
            at_ms: 1_700_000_000_000,
            offset_min: 420,
        }
    }

    #[test]
    fn a_chain_is_what_it_was_when_the_first_stations_were_installed() {
        let first = genesis(Uuid::from_u128(7));
        assert_eq!(
            first.to_string(),
            "bd42bdb79702384da83bcf76e35761cd42170879f1e88a49fc308f3d5b62b00c",
            "installed stations have logs that begin so"
        );
        let second = link(1, "{}").hash(&first);
        assert_ne!(second, link(1, "{ }").hash(&first), "to the letter");
        assert_ne!(second, link(2, "{}").hash(&first), "at its place");
        assert_eq!(second.to_string().parse(), Ok(second), "it reads its own writing");
    }
}
