//! The keys that tokens are signed with: `EdDSA`, rotated.
//!
//! They are in the database, so that every node signs and verifies alike. The newest signs; the ones before it verify
//! until the last token that they can have signed has expired. Where the hub has a key file, their private halves are
//! encrypted with that ([`Seal`]), and a dump of the database signs nothing.

mod ring;
mod seal;

pub use seal::Seal;

use crate::{
    db::{Db, Tx, p},
    problem::Problem,
};
use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jsonwebtoken::{Algorithm, Header, Validation};
use ring::Ring;
use serde::{Deserialize, Serialize};
use std::{
    num::NonZeroU32,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// After how long a new key takes over, in days.
const ROTATED_DAYS: i32 = 30;
/// For how long a key verifies after another took over, in days: longer than any token is good, and than any node goes
/// without looking.
const KEPT_DAYS: i32 = 2;
/// Who made a token. The keys are a database's own, so that no other hub's token could be taken for one of this.
const ISSUER: &str = "wellread-hub";
/// For how long a node goes without looking for new keys.
const FRESH: Duration = Duration::from_mins(1);
/// A longer token is none of ours: reading it would only cost.
const LONGEST_TOKEN_BYTES: usize = 4_096;

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

/// The claims with who made them.
#[derive(Serialize, Deserialize)]
struct Signed {
    iss: String,
    #[serde(flatten)]
    claims: Claims,
}

/// The keys.
pub struct Keys {
    db: Db,
    seal: Option<Seal>,
    ring: RwLock<(Arc<Ring>, Instant)>,
    /// Strangers' tokens name keys that there are not: they must not make the node ask the database every time.
    looks: DefaultDirectRateLimiter,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("ring", &self.ring()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Loads the keys, and makes the first one where there is none. With a seal, keys in clear are replaced; without the
    /// seal of the newest, this node must not sign.
    pub async fn load(db: &Db, seal: Option<Seal>) -> anyhow::Result<Self> {
        let tx = lock(db).await?;
        let ring = Ring::read(&tx, seal.as_ref()).await?;
        match (ring.newest(), &seal) {
            (None, _) => ring::insert(&tx, seal.as_ref(), None).await?,
            (Some(newest), _) if !newest.is_open() => bail!(cannot_open(&newest.sealed_with, seal.as_ref())),
            (Some(newest), Some(seal)) if newest.sealed_with.is_empty() => {
                ring::retire(&tx, None).await?;
                ring::insert(&tx, Some(seal), None).await?;
                tracing::info!(seal = seal.id(), "a new signing key, encrypted, took over from those in clear");
            }
            _ => {}
        }
        let ring = Ring::read(&tx, seal.as_ref()).await?;
        tx.commit().await?;
        Ok(Self::of(db, seal, ring))
    }

    /// Loads the keys for what signs nothing, as they are.
    pub async fn look(db: &Db) -> anyhow::Result<Self> {
        let tx = db.nobody().await?;
        let ring = Ring::read(&tx, None).await?;
        tx.commit().await?;
        Ok(Self::of(db, None, ring))
    }

    /// Makes a new key the one that signs, whatever the ones before it were sealed with: for when a key file is replaced,
    /// or was lost.
    pub async fn replace(db: &Db, seal: Option<&Seal>) -> anyhow::Result<()> {
        let tx = lock(db).await?;
        ring::retire(&tx, None).await?;
        ring::insert(&tx, seal, None).await?;
        Ok(tx.commit().await?)
    }

    fn of(db: &Db, seal: Option<Seal>, ring: Ring) -> Self {
        let looks = RateLimiter::direct(Quota::per_second(NonZeroU32::MIN).allow_burst(BURST));
        Self { db: db.clone(), seal, ring: RwLock::new((Arc::new(ring), Instant::now())), looks }
    }

    /// A token that says so.
    pub fn sign(&self, claims: &Claims) -> anyhow::Result<String> {
        let ring = self.ring();
        let (id, key) = ring.signing(claims.iat).context("there is no key that this node can sign with")?;
        let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let signed = Signed { iss: ISSUER.to_owned(), claims: claims.clone() };
        jsonwebtoken::encode(&header, &signed, key).context("the token cannot be signed")
    }

    /// What a token of this kind says, if it is ours and good now.
    pub async fn verify(&self, token: &str, kind: TokenKind, now: DateTime<Utc>) -> Result<Claims, Problem> {
        self.freshen(now).await?;
        let id = key_id(token).ok_or_else(no_good)?;
        if self.ring().verifying(&id, now).is_none() && self.looks.check().is_ok() {
            self.reload().await?;
        }
        match self.read(token, &id, now).ok_or_else(no_good)?.claims {
            claims if claims.kind != kind => Err(no_good()),
            claims if claims.exp <= now.timestamp() => {
                Err(Problem::unauthenticated("the access token has expired: ask for another, or sign in again"))
            }
            claims => Ok(claims),
        }
    }

    fn read(&self, token: &str, id: &str, now: DateTime<Utc>) -> Option<Signed> {
        let ring = self.ring();
        let key = ring.verifying(id, now)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "iss", "sub"]);
        // By the hub's own clock, above.
        rules.validate_exp = false;
        jsonwebtoken::decode::<Signed>(token, key, &rules).ok().map(|data| data.claims)
    }

    /// Makes a new key the one that signs. Other nodes learn it when they meet it, at the latest after a minute.
    pub async fn rotate(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let old = self.ring().made();
        let tx = lock(&self.db).await?;
        // Under the lock: another node may have done it meanwhile.
        if Ring::read(&tx, None).await?.made() == old {
            ring::retire(&tx, Some(now)).await?;
            ring::insert(&tx, self.seal.as_ref(), Some(now)).await?;
        }
        ring::forget(&tx, now).await?;
        let ring = Ring::read(&tx, self.seal.as_ref()).await?;
        tx.commit().await?;
        self.hold(ring);
        Ok(())
    }

    /// Looks for new keys and makes one, each where it is time.
    pub async fn freshen(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        let looked = self.ring.read().unwrap_or_else(PoisonError::into_inner).1;
        if looked.elapsed() >= FRESH {
            self.reload().await?;
        }
        if self.ring().is_due(now) {
            self.rotate(now).await?;
        }
        Ok(())
    }

    /// What is done now and then: a new key where it is time, and away with those that verify nothing any more.
    pub async fn upkeep(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        self.freshen(now).await?;
        let tx = self.db.nobody().await?;
        ring::forget(&tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// What is wrong with the keys that this node signs with: nothing, or that it soon signs no more; an error where it
    /// signs nothing.
    pub async fn wrong(&self, now: DateTime<Utc>) -> anyhow::Result<Option<String>> {
        self.freshen(now).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
        let ring = self.ring();
        let closed = self.closed(&ring);
        match (ring.signing(now.timestamp()), closed) {
            (Some(_), None) => Ok(None),
            (Some(_), Some(why)) => Ok(Some(format!("this node signs with an older key, and soon with none: {why}"))),
            (None, Some(why)) => bail!("nobody can sign in at this node: {why}"),
            (None, None) => bail!("nobody can sign in at this node: there is no key that is good now"),
        }
    }

    /// Why this node cannot sign with the newest key.
    fn closed(&self, ring: &Ring) -> Option<String> {
        let newest = ring.newest().filter(|newest| !newest.is_open())?;
        Some(cannot_open(&newest.sealed_with, self.seal.as_ref()))
    }

    async fn reload(&self) -> Result<(), Problem> {
        let tx = self.db.nobody().await?;
        let ring = Ring::read(&tx, self.seal.as_ref()).await?;
        tx.commit().await?;
        if let Some(why) = self.closed(&ring) {
            tracing::error!("this node signs with an older key, and soon with none: {why}");
        }
        self.hold(ring);
        Ok(())
    }

    fn hold(&self, ring: Ring) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(ring), Instant::now());
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner).0)
    }
}

const BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// What to do about a newest key that cannot be opened.
fn cannot_open(sealed_with: &str, seal: Option<&Seal>) -> String {
    let given = match seal {
        None => "this hub was given none".to_owned(),
        Some(seal) if seal.id() == sealed_with => {
            return format!(
                "the key that tokens are signed with is sealed with key file {sealed_with}, which this hub was given, and \
                 which does not open it: the row was changed. `wellread-hub key rotate` makes a new signing key, and \
                 tokens signed before stay good"
            );
        }
        Some(seal) => format!("this hub was given {}", seal.id()),
    };
    format!(
        "the key that tokens are signed with is sealed with key file {sealed_with}, and {given}. Give \
         WELLREAD_HUB_KEY_FILE that file; if it is lost or to be replaced, `wellread-hub key rotate` makes a new signing \
         key with the file that you give now, and tokens signed before stay good"
    )
}

/// A transaction in which no other node makes keys.
async fn lock(db: &Db) -> anyhow::Result<Tx> {
    let tx = db.nobody().await?;
    tx.query("SELECT pg_advisory_xact_lock($1)", &[p(&0x5765_6c6c_6b65_7973_i64)]).await?;
    Ok(tx)
}

/// The key that a token names. Nothing else of the header is believed: there is one algorithm.
fn key_id(token: &str) -> Option<String> {
    if token.len() > LONGEST_TOKEN_BYTES {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.alg == Algorithm::EdDSA { header.kid } else { None }
}

fn no_good() -> Problem {
    Problem::unauthenticated("the access token is none of this hub's: sign in again")
}
