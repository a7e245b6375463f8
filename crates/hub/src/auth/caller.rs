//! Who asks.

use super::{audit::Entry, keys::TokenKind, peer::Peer};
use crate::{
    Answer, Hub, Problem,
    db::{Tx, p},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use uuid::Uuid;

/// A person with a good access token. Whether the account is still good, and what it may do, is asked in the
/// transaction that does the work ([`Caller::begin`]).
#[derive(Clone, Debug)]
pub struct Caller {
    /// The organization.
    pub org: Uuid,
    /// The account.
    pub user: Uuid,
    /// The family of refresh tokens.
    pub session: Uuid,
    /// From where.
    pub peer: Peer,
}

impl Caller {
    /// The organization's transaction, in which the account and the session are still good and hold the permission.
    pub async fn begin(&self, hub: &Hub, permission: &str) -> Answer<Tx> {
        let tx = hub.db.org(self.org).await?;
        self.check(hub, &tx, Some(permission)).await?;
        Ok(tx)
    }

    /// The same for what anybody with an account may do.
    pub async fn begin_own(&self, hub: &Hub) -> Answer<Tx> {
        let tx = hub.db.org(self.org).await?;
        self.check(hub, &tx, None).await?;
        Ok(tx)
    }

    /// For what goes on for longer than a transaction: whether the caller still may.
    pub async fn still_may(&self, hub: &Hub, permission: &str) -> Answer<()> {
        Ok(self.begin(hub, permission).await?.commit().await?)
    }

    async fn check(&self, hub: &Hub, tx: &Tx, permission: Option<&str>) -> Answer<()> {
        let row = tx
            .query_opt(
                "SELECT u.is_active AND u.deleted_at IS NULL AND EXISTS (SELECT 1 FROM auth.memberships m
                     WHERE m.org_id = u.org_id AND m.user_id = u.id AND m.ended_at IS NULL)
                   AND EXISTS (SELECT 1 FROM auth.organizations o
                     WHERE o.org_id = u.org_id AND o.status = 'active' AND o.deleted_at IS NULL)
                   AND EXISTS (SELECT 1 FROM auth.refresh_tokens t WHERE t.org_id = u.org_id AND t.user_id = u.id
                     AND t.family = $3 AND t.used_at IS NULL AND t.revoked_at IS NULL AND t.expires_at > $4),
                   EXISTS (SELECT 1 FROM auth.user_roles ur
                     JOIN auth.roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                     WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND r.is_active AND r.deleted_at IS NULL AND $5 = ANY (r.permissions))
                 FROM auth.users u WHERE u.org_id = $1 AND u.id = $2",
                &[p(&self.org), p(&self.user), p(&self.session), p(&hub.clock.now()), p(&permission)],
            )
            .await?;
        let (good, may) = match row {
            Some(row) => (get::<bool>(&row, 0)?, get::<bool>(&row, 1)?),
            None => (false, false),
        };
        match permission {
            _ if !good => Err(Problem::unauthenticated("this session has ended: sign in again")),
            Some(permission) if !may => Err(Problem::forbidden(permission)),
            _ => Ok(()),
        }
    }

    /// The beginnings of an entry of the trail.
    pub fn entry(&self, action: &'static str, resource: &'static str, resource_id: impl std::fmt::Display) -> Entry {
        Entry { user: Some(self.user), ..self.peer.entry(action, resource, resource_id) }
    }
}

/// A column's value.
pub(crate) fn get<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    column: usize,
) -> Result<T, crate::db::DbError> {
    Ok(row.try_get(column)?)
}

/// What a request brings as `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Answer<&str> {
    let brought = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        brought.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Problem::unauthenticated("sign in first: this needs `Authorization: Bearer TOKEN`"))
}

impl FromRequestParts<Hub> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        let claims = hub.keys.verify(bearer(&parts.headers)?, TokenKind::Person, hub.clock.now()).await?;
        Ok(Self { org: claims.org, user: claims.sub, session: claims.session, peer: Peer::of(parts) })
    }
}
