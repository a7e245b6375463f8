//! A code as people read it out and type it.

use uuid::Uuid;
use wellread_wire::chain::Sha256;

/// Letters and digits that nobody takes for others when reading them out or typing them.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A code as somebody typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::station) struct Typed {
    /// The organization's short name.
    pub(in crate::station) slug: String,
    pub(super) secret: String,
}

impl Typed {
    /// Reads a code. Case, spaces around it, and characters that are taken for others do not matter.
    pub(in crate::station) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.rsplitn(4, '-');
        let (last, middle, first, slug) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let secret: String = [first, middle, last].concat().to_ascii_uppercase();
        let good = [first, middle, last].iter().all(|group| group.len() == 4)
            && secret.bytes().all(|byte| ALPHABET.contains(&byte))
            && !slug.is_empty()
            && slug.len() <= 63
            && !slug.contains('\0');
        good.then(|| Self { slug: slug.to_ascii_lowercase(), secret })
    }

    pub(super) fn hash(&self, org: Uuid) -> String {
        Sha256::of(format!("wellread enrol code 1\n{org}\n{}", self.secret).as_bytes()).to_string()
    }
}

/// A secret that nobody guesses.
pub(super) fn secret() -> anyhow::Result<String> {
    let mut random = [0_u8; 12];
    getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
    Ok(random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = Typed::parse("north-lab-ABCD-2345-WXYZ").unwrap();
        assert_eq!(code.slug, "north-lab", "a short name may have hyphens of its own");
        assert_eq!(Typed::parse("  North-Lab-abcd-2345-wxyz \n"), Some(code), "case and space do not matter");
        for wrong in
            ["", "ABCD-2345-WXYZ", "lab-ABCD-2345-WXY", "lab-ABCD-2345-WXY1", "-ABCD-2345-WXYZ", "lab-äBC-2345-WXYZ"]
        {
            assert_eq!(Typed::parse(wrong), None, "'{wrong}' is no code");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_code_or_none(text: String) {
            let _ = Typed::parse(&text);
        }
    }

    #[test]
    fn secrets_are_made_of_what_can_be_read_out() {
        let secrets: std::collections::BTreeSet<String> = (0..200).map(|_| secret().unwrap()).collect();
        assert_eq!(secrets.len(), 200, "no two alike");
        for secret in secrets {
            let (first, rest) = secret.split_at(4);
            let (second, third) = rest.split_at(4);
            let code = format!("lab-{first}-{second}-{third}");
            assert!(Typed::parse(&code).is_some(), "{code} is read again");
        }
    }
}
