//! A message as bytes: JSON, compressed with zstd.

use serde::{Serialize, de::DeserializeOwned};
use std::io::Read as _;

/// What packed bodies are called in `Content-Type` and `Accept`.
pub const CONTENT_TYPE: &str = "application/vnd.wellread+json+zstd";
/// Beyond this level a batch takes longer than it saves on any network a station has.
const LEVEL: i32 = 6;

/// Why some bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not zstd, or cut short.
    #[error("the body is not zstd, or is cut short: send the whole request again ({0})")]
    Zstd(#[from] std::io::Error),
    /// More than there is room for.
    #[error("the body unpacks to more than {0} bytes: send fewer records at once")]
    TooLarge(usize),
    /// Not what was expected.
    #[error("the body is not the JSON that is expected here: {0}")]
    Json(#[from] serde_json::Error),
}

/// Packs a message.
pub fn pack(message: &impl Serialize) -> Result<Vec<u8>, PackError> {
    Ok(zstd::bulk::compress(&serde_json::to_vec(message)?, LEVEL)?)
}

/// Unpacks a message of at most so many bytes.
pub fn unpack<T: DeserializeOwned>(packed: &[u8], most_bytes: usize) -> Result<T, PackError> {
    let mut json = Vec::new();
    let limit = u64::try_from(most_bytes).unwrap_or(u64::MAX).saturating_add(1);
    zstd::stream::Decoder::with_buffer(packed)?.take(limit).read_to_end(&mut json)?;
    if json.len() > most_bytes {
        return Err(PackError::TooLarge(most_bytes));
    }
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_unpacks_to_too_much_is_refused_before_it_fills_the_memory() {
        let bomb = zstd::bulk::compress(&vec![b'0'; 1 << 24], 1).unwrap();
        assert!(matches!(unpack::<u64>(&bomb, 1 << 16), Err(PackError::TooLarge(_))), "16 MiB out of some bytes");
    }

    proptest! {
        #[test]
        fn every_cut_of_a_message_is_an_error(texts: Vec<String>, at: prop::sample::Index) {
            let packed = pack(&texts).unwrap();
            prop_assert_eq!(&unpack::<Vec<String>>(&packed, 1 << 20).unwrap(), &texts, "whole, it is what was packed");
            let cut = packed.get(..at.index(packed.len())).unwrap();
            prop_assert!(unpack::<Vec<String>>(cut, 1 << 20).is_err(), "a part is never taken for the whole");
        }
    }
}
