//! `auth.signing_key`: the keys as they are in the database, and as a node holds them.

use super::{
    KEPT_DAYS, ROTATED_DAYS,
    seal::{Seal, random},
};
use crate::db::{DbError, Tx, p};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::{SigningKey, VerifyingKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use tokio_postgres::{Row, types::Type};

/// The keys that there are, the newest first.
pub(super) struct Ring {
    keys: Vec<Key>,
}

/// A key. Every node verifies with it; whoever can open its private half signs.
pub(super) struct Key {
    id: String,
    encoding: Option<EncodingKey>,
    decoding: DecodingKey,
    /// What it was sealed with; empty where it lies in clear.
    pub(super) sealed_with: String,
    made: DateTime<Utc>,
    retires: DateTime<Utc>,
    expires: DateTime<Utc>,
}

impl Key {
    /// Whether this node can sign with it.
    pub(super) const fn is_open(&self) -> bool {
        self.encoding.is_some()
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Ids alone: the keys themselves do not belong in a log.
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl Ring {
    /// What of them this seal opens, besides those in clear, signs; the others verify.
    pub(super) async fn read(tx: &Tx, seal: Option<&Seal>) -> Result<Self, DbError> {
        let rows = tx
            .query(
                "SELECT kid, private_key, public_key, sealed_with, created_at, retires_at, expires_at
                 FROM auth.signing_key WHERE algorithm = 'EdDSA' ORDER BY created_at DESC, kid",
                &[],
            )
            .await?;
        Ok(Self { keys: rows.iter().map(|row| key(row, seal)).collect::<Result<_, _>>()? })
    }

    /// The one that is to sign.
    pub(super) fn newest(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// The one that signs on this node: where another took over that it cannot open, the one before, while that is good.
    pub(super) fn signing(&self, at: i64) -> Option<(&str, &EncodingKey)> {
        let mut good = self.keys.iter().filter(|key| at < key.expires.timestamp());
        good.find_map(|key| Some((key.id.as_str(), key.encoding.as_ref()?)))
    }

    /// When the newest was made.
    pub(super) fn made(&self) -> Option<DateTime<Utc>> {
        self.keys.first().map(|newest| newest.made)
    }

    /// Whether it is time for a new one, and this node's to make it: one that cannot open the newest would replace it
    /// with a worse.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.keys.first().is_none_or(|newest| newest.retires <= now && newest.is_open())
    }

    pub(super) fn verifying(&self, id: &str, now: DateTime<Utc>) -> Option<&DecodingKey> {
        self.keys.iter().find(|key| key.id == id && now < key.expires).map(|key| &key.decoding)
    }
}

fn key(row: &Row, seal: Option<&Seal>) -> Result<Key, DbError> {
    let unusable = |what: &str| DbError::Passing(format!("a signing key is unusable: {what}"));
    let (id, sealed_with): (String, String) = (row.try_get(0)?, row.try_get(3)?);
    let (kept, public): (&[u8], &[u8]) = (row.try_get(1)?, row.try_get(2)?);
    let secret = if sealed_with.is_empty() {
        Some(kept.to_vec())
    } else {
        seal.filter(|seal| seal.id() == sealed_with).and_then(|seal| seal.open(&id, kept))
    };
    let secret: Option<[u8; 32]> =
        secret.map(|secret| secret.try_into().map_err(|_| unusable("not 32 bytes"))).transpose()?;
    let signing = secret.map(|secret| SigningKey::from_bytes(&secret));
    let public: [u8; 32] = public.try_into().map_err(|_| unusable("its public half is not 32 bytes"))?;
    let verifying = VerifyingKey::from_bytes(&public).map_err(|why| unusable(&why.to_string()))?;
    if signing.as_ref().is_some_and(|signing| signing.verifying_key() != verifying) {
        return Err(unusable("its halves do not belong together"));
    }
    let der = signing.map(|signing| signing.to_pkcs8_der()).transpose().map_err(|why| unusable(&why.to_string()))?;
    Ok(Key {
        id,
        encoding: der.map(|der| EncodingKey::from_ed_der(der.as_bytes())),
        decoding: DecodingKey::from_ed_der(verifying.as_bytes()),
        sealed_with,
        made: row.try_get(4)?,
        retires: row.try_get(5)?,
        expires: row.try_get(6)?,
    })
}

/// Makes a key that signs from now on; without a time, the database's clock says when that is. It is the newest even
/// where the clock was ahead when the one before it was made.
pub(super) async fn insert(tx: &Tx, seal: Option<&Seal>, at: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    let (secret, id) = (random::<32>()?, URL_SAFE_NO_PAD.encode(random::<12>()?));
    let public = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let kept = seal.map_or_else(|| Ok(secret.to_vec()), |seal| seal.close(&id, &secret))?;
    let sealed_with = seal.map_or("", Seal::id);
    tx.execute(
        "INSERT INTO auth.signing_key
           (kid, algorithm, private_key, public_key, sealed_with, created_at, retires_at, expires_at)
         SELECT $1, 'EdDSA', $2, $3, $7, made, made + make_interval(days => $5), made + make_interval(days => $5 + $6)
         FROM (SELECT greatest(coalesce($4, now()), max(created_at) + interval '1 millisecond') AS made
               FROM auth.signing_key) AS moment",
        &[
            p(&id),
            (&kept, Type::BYTEA),
            (&public.as_slice(), Type::BYTEA),
            p(&at),
            p(&ROTATED_DAYS),
            p(&KEPT_DAYS),
            p(&sealed_with),
        ],
    )
    .await?;
    Ok(())
}

/// From now on none of the keys that there are signs; without a time, the database's clock says when that is.
pub(super) async fn retire(tx: &Tx, now: Option<DateTime<Utc>>) -> Result<(), DbError> {
    tx.execute(
        "UPDATE auth.signing_key SET retires_at = least(retires_at, moment.now),
           expires_at = least(expires_at, moment.now + make_interval(days => $2))
         FROM (SELECT coalesce($1, now()) AS now) AS moment",
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
