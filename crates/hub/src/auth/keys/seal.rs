//! The key that private keys are encrypted with in the database: 32 random bytes in a file, which no dump has.

use anyhow::{Context as _, ensure};
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    path::Path,
};
use wellread_wire::chain::Sha256;

const KEY_BYTES: usize = 32;

/// The key, and what it is called in the database.
pub struct Seal {
    key: LessSafeKey,
    id: String,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seal({})", self.id)
    }
}

impl Seal {
    /// The one in this file.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let mut bytes = Vec::with_capacity(KEY_BYTES);
        let opened = File::open(file).with_context(|| {
            format!(
                "WELLREAD_HUB_KEY_FILE: {} cannot be opened. Bring it back from where you keep it; for a hub that never \
                 had one, make it with `wellread-hub key new {}`",
                file.display(),
                file.display()
            )
        })?;
        warn_if_open_to_all(&opened, file);
        // One more than there may be, and not all of /dev/zero.
        let read = opened.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.with_context(|| format!("WELLREAD_HUB_KEY_FILE: {} cannot be read", file.display()))?;
        ensure!(
            bytes.len() == KEY_BYTES,
            "WELLREAD_HUB_KEY_FILE: {} is no key file: one has exactly {KEY_BYTES} bytes, as `wellread-hub key new` makes \
             them",
            file.display()
        );
        Self::of(&bytes)
    }

    /// Makes such a file, for its owner's eyes only, and never over another.
    pub fn make(file: &Path) -> anyhow::Result<Self> {
        let bytes = random::<KEY_BYTES>()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut made = options.open(file).with_context(|| {
            format!(
                "{} cannot be made: a key file is never written over another, and its folder must exist",
                file.display()
            )
        })?;
        made.write_all(&bytes)
            .and_then(|()| made.sync_all())
            .with_context(|| format!("{} could not be written whole: remove it, and make another", file.display()))?;
        Self::of(&bytes)
    }

    fn of(bytes: &[u8]) -> anyhow::Result<Self> {
        let unbound = UnboundKey::new(&ring::aead::AES_256_GCM, bytes);
        let unbound = unbound.map_err(|_| anyhow::anyhow!("the key of the key file cannot be used"))?;
        let id = Sha256::of(&[b"wellread hub key 1\n", bytes].concat()).to_string();
        Ok(Self { key: LessSafeKey::new(unbound), id: id.get(..16).unwrap_or_default().to_owned() })
    }

    /// What it is called. It tells nothing of the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A secret that only this can open, and only under the same name.
    pub(super) fn close(&self, name: &str, secret: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce = random::<NONCE_LEN>()?;
        let mut closed = secret.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut closed)
            .map_err(|_| anyhow::anyhow!("the signing key cannot be encrypted"))?;
        Ok([nonce.as_slice(), &closed].concat())
    }

    /// What was closed under this name; none where it was another's, or was changed since.
    pub(super) fn open(&self, name: &str, closed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = closed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut room = rest.to_vec();
        Some(self.key.open_in_place(nonce, Aad::from(name), &mut room).ok()?.to_vec())
    }
}

pub(super) fn random<const BYTES: usize>() -> anyhow::Result<[u8; BYTES]> {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
    Ok(random)
}

#[cfg(unix)]
fn warn_if_open_to_all(opened: &File, file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = opened.metadata().map_or(0, |found| found.permissions().mode());
    if mode & 0o007 != 0 {
        tracing::warn!("everybody on this machine can read {}: chmod 600 it", file.display());
    }
}

#[cfg(not(unix))]
const fn warn_if_open_to_all(_: &File, _: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_opened_by_the_same_key_under_the_same_name() {
        let (seal, other) = (Seal::of(&[1; 32]).unwrap(), Seal::of(&[2; 32]).unwrap());
        let closed = seal.close("kid", b"secret").unwrap();
        assert_eq!(seal.open("kid", &closed).as_deref(), Some(b"secret".as_slice()), "as it was");
        assert_ne!(seal.close("kid", b"secret").unwrap(), closed, "the same secret never looks the same");
        assert_eq!(other.open("kid", &closed), None, "another key opens nothing");
        assert_eq!(seal.open("other", &closed), None, "nor does another row's name");
        for place in 0..closed.len() {
            let mut changed = closed.clone();
            changed[place] ^= 1;
            assert_eq!(seal.open("kid", &changed), None, "a change of byte {place} shows");
        }
        assert_eq!(seal.open("kid", &[]), None, "nothing is nothing");
        assert_ne!(seal.id(), other.id(), "each has a name of its own");
    }

    #[test]
    fn a_key_file_is_made_once_and_only_whole_ones_are_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("hub.key");
        let told = Seal::read(&file).unwrap_err().to_string();
        assert!(told.contains("key new"), "what to do where there is none: {told}");
        let made = Seal::make(&file).unwrap();
        assert_eq!(Seal::read(&file).unwrap().id(), made.id(), "it is read as it was made");
        assert!(Seal::make(&file).is_err(), "it is not written over: all that it sealed would be lost");
        assert_eq!(Seal::read(&file).unwrap().id(), made.id(), "and it is still there");
        for wrong in [31, 33, 0] {
            let file = folder.path().join(wrong.to_string());
            File::create(&file).unwrap().write_all(&vec![7; wrong]).unwrap();
            let told = Seal::read(&file).unwrap_err().to_string();
            assert!(told.contains("exactly 32 bytes"), "{wrong} bytes: {told}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_a_key_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("hub.key");
        Seal::make(&file).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "its owner alone");
    }
}
