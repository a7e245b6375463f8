//! The secret half of this station's key: kept where the database's key is kept, made once, and never sent.

use crate::{Folder, Problem, Station, keys::KeyPlace};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use std::path::PathBuf;
use wellread_store::Key;
use wellread_wire::enrol;
use zeroize::Zeroizing;

/// The file in the data folder of a station whose database has no key.
const FILE: &str = "station.key";

/// The station's own key.
#[derive(Debug)]
pub(super) struct Secret(SigningKey);

impl Secret {
    /// The key that was made at enrolment.
    pub(super) fn load(station: &Station) -> anyhow::Result<Self> {
        let place = place(station.folder())?;
        let told = || {
            Problem::refused(format!(
                "the station's own key, by which headquarters know it, is not on this machine (its place is {}): ask \
                 headquarters for a new code for station {}, then `wellread enrol URL CODE`",
                named(&place),
                station.identity().id
            ))
        };
        Ok(find(&place)?.ok_or_else(told)?)
    }

    /// The key that is there, or a new one: enrolling again, after an answer was lost, must be with the same.
    pub(super) fn load_or_make(station: &Station) -> anyhow::Result<Self> {
        let place = place(station.folder())?;
        if let Some(known) = find(&place)? {
            return Ok(known);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        crate::clock::random_bytes(bytes.as_mut())?;
        let key = Key::new(*bytes);
        place.put(&key).context("the station's own key, by which headquarters would know it, cannot be kept")?;
        Ok(Self::of(&key))
    }

    fn of(key: &Key) -> Self {
        Self(SigningKey::from_bytes(key.bytes()))
    }

    /// The public half, as the hub is told it.
    pub(super) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.verifying_key().as_bytes())
    }

    /// The answer to a challenge.
    pub(super) fn sign(&self, station: uuid::Uuid, challenge: &str) -> String {
        let signature = self.0.sign(enrol::signed_text(station, challenge).as_bytes());
        URL_SAFE_NO_PAD.encode(signature.to_bytes())
    }
}

/// What is in a place. Something else than a key is never written over.
fn find(place: &KeyPlace) -> anyhow::Result<Option<Secret>> {
    let told = |why: anyhow::Error| {
        let what_to_do = match place {
            KeyPlace::Keyring { .. } => "it is in the keyring",
            _ => "bring it back, or move away what is there and enrol again with a new code",
        };
        Problem::refused(format!(
            "the station's own key, by which headquarters know it, cannot be had: {what_to_do} ({why:#})"
        ))
    };
    Ok(place.find().map_err(told)?.map(|key| Secret::of(&key)))
}

fn named(place: &KeyPlace) -> String {
    match place {
        KeyPlace::Keyring { entry } => format!("in the keyring, under '{entry}'"),
        KeyPlace::File { path } => path.display().to_string(),
        KeyPlace::Unencrypted => "nowhere".to_owned(),
    }
}

/// Beside the database's key: whoever may read the one may use the other.
fn place(folder: &Folder) -> anyhow::Result<KeyPlace> {
    Ok(match folder.opening()?.key {
        KeyPlace::Keyring { entry } => KeyPlace::Keyring { entry: format!("{entry} sync") },
        KeyPlace::File { path } => {
            let mut name = path.into_os_string();
            name.push(".sync");
            KeyPlace::File { path: PathBuf::from(name) }
        }
        KeyPlace::Unencrypted => KeyPlace::File { path: folder.path().join(FILE) },
    })
}
