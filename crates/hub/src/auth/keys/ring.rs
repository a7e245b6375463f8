//! `auth.signing_key`: the keys as they are in the database, and as a node holds them.

use super::{KEPT_DAYS, ROTATED_DAYS};
use crate::db::{DbError, Tx, p};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use tokio_postgres::{Row, types::Type};

/// The keys that there are, the newest first.
pub(super) struct Ring {
    keys: Vec<Key>,
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    made: DateTime<Utc>,
    retires: DateTime<Utc>,
    expires: DateTime<Utc>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Ids alone: the keys themselves do not belong in a log.
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl Ring {
    pub(super) async fn read(tx: &Tx) -> Result<Self, DbError> {
        let rows = tx
            .query(
                "SELECT kid, private_key, created_at, retires_at, expires_at FROM auth.signing_key
                 WHERE algorithm = 'EdDSA' ORDER BY created_at DESC, kid",
                &[],
            )
            .await?;
        Ok(Self { keys: rows.iter().map(key).collect::<Result<_, _>>()? })
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn signing(&self) -> Option<(&str, &EncodingKey)> {
        self.keys.first().map(|newest| (newest.id.as_str(), &newest.encoding))
    }

    /// When the newest was made.
    pub(super) fn made(&self) -> Option<DateTime<Utc>> {
        self.keys.first().map(|newest| newest.made)
    }

    /// Whether it is time for a new one.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.keys.first().is_none_or(|newest| newest.retires <= now)
    }

    pub(super) fn verifying(&self, id: &str, now: DateTime<Utc>) -> Option<&DecodingKey> {
        self.keys.iter().find(|key| key.id == id && now < key.expires).map(|key| &key.decoding)
    }
}

fn key(row: &Row) -> Result<Key, DbError> {
    let unusable = |what: &str| DbError::Passing(format!("a signing key is unusable: {what}"));
    let secret: [u8; 32] = row.try_get::<_, &[u8]>(1)?.try_into().map_err(|_| unusable("not 32 bytes"))?;
    let signing = SigningKey::from_bytes(&secret);
    let der = signing.to_pkcs8_der().map_err(|why| unusable(&why.to_string()))?;
    Ok(Key {
        id: row.try_get(0)?,
        encoding: EncodingKey::from_ed_der(der.as_bytes()),
        decoding: DecodingKey::from_ed_der(signing.verifying_key().as_bytes()),
        made: row.try_get(2)?,
        retires: row.try_get(3)?,
        expires: row.try_get(4)?,
    })
}

/// Makes a key that signs from now on; without a time, the database's clock says when that is.
pub(super) async fn insert(tx: &Tx, at: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let (mut secret, mut id) = ([0; 32], [0; 12]);
    for random in [secret.as_mut_slice(), id.as_mut_slice()] {
        getrandom::fill(random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
    }
    let (id, public) = (URL_SAFE_NO_PAD.encode(id), SigningKey::from_bytes(&secret).verifying_key().to_bytes());
    tx.execute(
        "INSERT INTO auth.signing_key (kid, algorithm, private_key, public_key, created_at, retires_at, expires_at)
         SELECT $1, 'EdDSA', $2, $3, made, made + make_interval(days => $5), made + make_interval(days => $5 + $6)
         FROM (SELECT coalesce($4, now()) AS made) AS moment",
        &[
            p(&id),
            (&secret.as_slice(), Type::BYTEA),
            (&public.as_slice(), Type::BYTEA),
            p(&at),
            p(&ROTATED_DAYS),
            p(&KEPT_DAYS),
        ],
    )
    .await?;
    Ok(())
}

/// From now on none of the keys that there are signs.
pub(super) async fn retire(tx: &Tx, now: DateTime<Utc>) -> Result<(), DbError> {
    tx.execute(
        "UPDATE auth.signing_key SET retires_at = least(retires_at, $1),
           expires_at = least(expires_at, $1 + make_interval(days => $2))",
        &[p(&now), p(&KEPT_DAYS)],
    )
    .await?;
    Ok(())
}

/// Takes away the keys that verify nothing any more.
pub(super) async fn forget(tx: &Tx, now: DateTime<Utc>) -> Result<(), DbError> {
    tx.execute("DELETE FROM auth.signing_key WHERE expires_at < $1", &[p(&now)]).await?;
    Ok(())
}
