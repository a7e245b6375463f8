//! How a station becomes known, and how it says who it is afterwards.
//!
//! A station makes an Ed25519 key of its own and keeps the secret half. It proves who it is by signing a challenge of
//! the hub's, so that only the hub's clock counts: a station's may be years off.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST /v1/enrol`: needs no token, but a code that is valid once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrol {
    /// The one-time code, as somebody typed it: `ORGANIZATION-XXXX-XXXX-XXXX`.
    pub code: String,
    /// The station's own id.
    pub station_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its Ed25519 public key, 32 bytes in base64url without padding.
    pub public_key: String,
    /// The program's version.
    pub app_version: String,
}

/// The answer to [`Enrol`]. The same station, key and code again get the same answer: the first may have been lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The organization's id.
    pub org_id: Uuid,
    /// Its name.
    pub org_name: String,
    /// The station's id.
    pub station_id: Uuid,
    /// The hub's epoch.
    pub epoch: Uuid,
    /// What the hub calls itself.
    pub hub_name: String,
}

/// Where a station asks for a challenge. It names its organization ([`Enrolled::org_id`]), because a hub looks into no
/// organization that it was not told.
pub fn challenge_path(org_id: Uuid, station_id: Uuid) -> String {
    format!("/v1/stations/{station_id}/challenge?org={org_id}")
}

/// The answer to `POST` to [`challenge_path`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// What to sign, to the letter.
    pub challenge: String,
}

/// `POST /v1/stations/{id}/token`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prove {
    /// The challenge.
    pub challenge: String,
    /// Ed25519 over [`signed_text`], base64url without padding.
    pub signature: String,
}

/// The answer to [`Prove`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// To be sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// For how long it is good, by the hub's clock.
    pub expires_in_s: u64,
}

/// What a station signs: a signature made for this can be none for anything else.
pub fn signed_text(station_id: Uuid, challenge: &str) -> String {
    format!("wellread station token 1\n{station_id}\n{challenge}")
}
