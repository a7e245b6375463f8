//! Where a page begins. A cursor names the last row of the page before, so that rows that come in between neither
//! repeat nor hide any.

use crate::{Answer, Problem};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Rows of a page where nobody says.
const USUAL_LIMIT: u32 = 100;
/// The most rows of a page.
pub(super) const MOST_LIMIT: u32 = 1000;
/// Bytes of the check in front of the key.
const CHECK: usize = 8;

/// How many rows a page has.
pub(super) fn limit(asked: Option<u32>) -> Answer<u32> {
    match asked.unwrap_or(USUAL_LIMIT) {
        limit @ 1..=MOST_LIMIT => Ok(limit),
        other => Err(Problem::invalid(format!("a page has 1 to {MOST_LIMIT} rows, not {other}"))),
    }
}

/// A cursor after the row with this key.
pub(super) fn write(org: Uuid, list: &str, key: &impl Serialize) -> Answer<String> {
    let key = serde_json::to_vec(key).map_err(anyhow::Error::from)?;
    let mut bytes = check(org, list, &key).to_vec();
    bytes.extend(key);
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The key of the row that a cursor stands after.
pub(super) fn read<K: DeserializeOwned>(org: Uuid, list: &str, cursor: &str) -> Answer<K> {
    let told = || {
        Problem::invalid("'after' is no place of this list: take it from 'next' of the page before, or leave it out")
    };
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).map_err(|_| told())?;
    let (sum, key) = bytes.split_at_checked(CHECK).ok_or_else(told)?;
    if sum != check(org, list, key) {
        return Err(told());
    }
    serde_json::from_slice(key).map_err(|_| told())
}

/// Tells a cursor of this list from one of another, of another organization, or cut short. It keeps no secret: whoever
/// makes up a cursor sees rows that the list would have shown anyway.
fn check(org: Uuid, list: &str, key: &[u8]) -> [u8; CHECK] {
    let mut sum = Sha256::new_with_prefix("wellread cursor 1");
    sum.update(org.as_bytes());
    sum.update((list.len() as u64).to_be_bytes());
    sum.update(list);
    sum.update(key);
    let mut first = [0; CHECK];
    first.iter_mut().zip(sum.finalize()).for_each(|(to, from)| *to = from);
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_and_organization() {
        let (org, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let cursor = write(org, "runs", &17_i64).unwrap();
        assert_eq!(read::<i64>(org, "runs", &cursor), Ok(17), "it reads its own writing");
        assert!(read::<i64>(other, "runs", &cursor).is_err(), "of another organization");
        assert!(read::<i64>(org, "samples", &cursor).is_err(), "of another list");
        assert!(read::<String>(org, "runs", &cursor).is_err(), "with a key of another kind");
    }

    proptest! {
        #[test]
        fn whatever_is_no_cursor_is_an_error(text: String, cut in 0usize..20) {
            let org = Uuid::from_u128(1);
            prop_assert!(read::<(i64, String)>(org, "samples", &text).is_err(), "made up");
            let cursor = write(org, "samples", &(5_i64, &text)).unwrap();
            prop_assert_eq!(read::<(i64, String)>(org, "samples", &cursor).unwrap(), (5, text), "whole");
            let part = cursor.get(..cursor.len().saturating_sub(cut + 1)).unwrap_or_default();
            prop_assert!(read::<(i64, String)>(org, "samples", part).is_err(), "cut short");
        }
    }
}
