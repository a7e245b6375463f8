//! Who asks, and with what token.

use crate::place::{Org, Place};
use std::collections::BTreeMap;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;
use wellread_hub::auth::keys::{Claims, TokenKind};

/// Everybody of an organization, by role.
pub(crate) const ROLES: [&str; 5] = ["nothing", "viewer", "operator", "supervisor", "admin"];

/// What somebody brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    None,
    Expired,
    Forged,
    Revoked,
    Good,
}

impl Token {
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Expired, Self::Forged, Self::Revoked, Self::Good];
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Person(&'static str),
    Station,
}

pub(crate) struct Actors {
    org: Uuid,
    station: Uuid,
    people: BTreeMap<&'static str, Uuid>,
    database: Client,
}

impl Actors {
    pub(crate) async fn of(place: &Place, org: &Org, station: Uuid) -> Self {
        let mut people = BTreeMap::new();
        for role in ROLES {
            let account = place.node.account(org, &format!("role-{role}"), &[role]).await;
            people.insert(role, account["id"].as_str().unwrap().parse().unwrap());
        }
        let (database, connection) = tokio_postgres::connect(&place.database.superuser_url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        Self { org: org.id, station, people, database }
    }

    /// A token as this actor would bring it, of a session of its own: nothing that a request does spoils the next.
    pub(crate) async fn token(&self, place: &Place, actor: Actor, token: Token) -> String {
        let now = place.node.hub.clock.now().timestamp();
        let (iat, exp) = if token == Token::Expired { (now - 1_000, now - 1) } else { (now, now + 600) };
        let claims = match actor {
            Actor::Person(role) => {
                let session = self.session(place, self.people[role], token == Token::Revoked).await;
                Claims { kind: TokenKind::Person, sub: self.people[role], org: self.org, session, iat, exp }
            }
            Actor::Station => {
                // The version of its tokens, which is 0: a later key has another.
                let session = if token == Token::Revoked { Uuid::from_u128(7) } else { Uuid::nil() };
                Claims { kind: TokenKind::Station, sub: self.station, org: self.org, session, iat, exp }
            }
        };
        let good = place.node.hub.keys.sign(&claims).unwrap();
        match token {
            Token::None => String::new(),
            Token::Forged => forged(&good),
            _ => good,
        }
    }

    async fn session(&self, place: &Place, user: Uuid, revoked: bool) -> Uuid {
        let (id, family) = (place.node.hub.id().unwrap(), place.node.hub.id().unwrap());
        let revoked_at = if revoked { "now()" } else { "NULL" };
        let sql = format!(
            "INSERT INTO auth.refresh_tokens (org_id, id, user_id, token, family, expires_at, revoked_at)
             VALUES ('{}', '{id}', '{user}', encode(sha256('{id}'), 'hex'), '{family}', now() + interval '1 day', {revoked_at})",
            self.org
        );
        self.database.batch_execute(&sql).await.unwrap();
        family
    }
}

/// The same claims, signed by a stranger.
fn forged(good: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use ed25519_dalek::{Signer as _, SigningKey};
    let (signed, _) = good.rsplit_once('.').unwrap();
    let signature = SigningKey::from_bytes(&[7; 32]).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}
