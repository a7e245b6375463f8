//! The keys that tokens are signed with: EdDSA, rotated.

use crate::db::Db;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// A person's access.
    Person,
    /// A station's access.
    Station,
    /// A challenge that a station signs.
    Challenge,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// What it is for.
    pub kind: TokenKind,
    /// The person's or station's id.
    pub sub: Uuid,
    /// The organization.
    pub org: Uuid,
    /// The family of refresh tokens it came from; nil for stations.
    pub session: Uuid,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// Until when it is good, in seconds since 1970.
    pub exp: i64,
}

/// The keys.
#[derive(Debug)]
pub struct Keys {}

impl Keys {
    /// Loads the keys, and makes the first one where there is none.
    pub async fn load(_db: &Db) -> anyhow::Result<Self> {
        Ok(Self {})
    }
}
