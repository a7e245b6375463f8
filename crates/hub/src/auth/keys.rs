//! The keys that tokens are signed with: `EdDSA`, rotated.
//!
//! They are in the database, so that every node signs and verifies alike. The newest signs; the ones before it verify
//! until the last token that they can have signed has expired.

mod ring;

use crate::{
    db::{Db, Tx, p},
    problem::Problem,
};
use anyhow::Context as _;
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
    /// Loads the keys, and makes the first one where there is none.
    pub async fn load(db: &Db) -> anyhow::Result<Self> {
        let tx = lock(db).await?;
        let mut ring = Ring::read(&tx).await?;
        if ring.is_empty() {
            ring::insert(&tx, None).await?;
            ring = Ring::read(&tx).await?;
        }
        tx.commit().await?;
        let looks = RateLimiter::direct(Quota::per_second(NonZeroU32::MIN).allow_burst(BURST));
        Ok(Self { db: db.clone(), ring: RwLock::new((Arc::new(ring), Instant::now())), looks })
    }

    /// A token that says so.
    pub fn sign(&self, claims: &Claims) -> anyhow::Result<String> {
        let ring = self.ring();
        let (id, key) = ring.signing().context("there is no key to sign with")?;
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
        if Ring::read(&tx).await?.made() == old {
            ring::retire(&tx, now).await?;
            ring::insert(&tx, Some(now)).await?;
        }
        ring::forget(&tx, now).await?;
        let ring = Ring::read(&tx).await?;
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

    async fn reload(&self) -> Result<(), Problem> {
        let tx = self.db.nobody().await?;
        let ring = Ring::read(&tx).await?;
        tx.commit().await?;
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
