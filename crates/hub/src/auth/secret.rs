//! Tokens that are looked up: the organization's short name in clear, so that it is known whose they are, and a secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const SECRET_BYTES: usize = 32;
/// A longer text is none of ours.
const LONGEST: usize = 200;

/// A new token. Only its hash is kept; it is itself in one answer or letter.
pub struct Secret {
    text: String,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A token that somebody brought.
pub struct Brought {
    /// The organization's short name.
    pub slug: String,
    /// What is looked for.
    pub hash: String,
}

impl Secret {
    /// One of this organization.
    pub fn new(slug: &str) -> anyhow::Result<Self> {
        let mut random = [0; SECRET_BYTES];
        getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
        Ok(Self { text: format!("{slug}.{}", URL_SAFE_NO_PAD.encode(random)) })
    }

    /// What is kept of it.
    pub fn hash(&self) -> String {
        hash(&self.text)
    }

    /// Itself.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Takes a token apart.
pub fn read(text: &str) -> Option<Brought> {
    let text = text.trim();
    let (slug, secret) = text.split_once('.').filter(|_| text.len() <= LONGEST)?;
    let whole = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
    whole.then(|| Brought { slug: slug.to_owned(), hash: hash(text) })
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_and_says_whose_it_is() {
        let (one, two) = (Secret::new("acme-lab").unwrap(), Secret::new("acme-lab").unwrap());
        assert_ne!(one.hash(), two.hash(), "no two are alike");
        assert_eq!(format!("{one:?}"), "Secret(…)", "none reaches a log");
        let hash = one.hash();
        let text = one.into_text();
        let brought = read(&format!(" {text}\n")).unwrap();
        assert_eq!(
            (brought.slug.as_str(), brought.hash),
            ("acme-lab", hash),
            "as it was made, whatever stands around it"
        );
        for wrong in ["", "acme-lab", "acme-lab.", "acme-lab.AAAA", &text.replace('.', ""), &format!("{text}AAAA")] {
            assert!(read(wrong).is_none(), "'{wrong}' is none");
        }
    }
}
