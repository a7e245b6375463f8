//! Which station asks.

use crate::{
    Answer, Hub, Problem,
    auth::{caller::bearer, keys::TokenKind},
    db::{Tx, p},
};
use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
};
use std::collections::HashMap;
use uuid::Uuid;
use wellread_wire::problem::code;

/// A station with a good access token, whose id is that of the path. Whether it still is one of the organization is
/// asked in the transaction that does the work ([`StationCaller::begin`]).
#[derive(Clone, Copy, Debug)]
pub struct StationCaller {
    /// Its organization.
    pub org: Uuid,
    /// The station.
    pub station: Uuid,
    /// The version of its tokens: an earlier one is void.
    version: Uuid,
}

/// What a token of a station has for a session, so that a replaced key or a revocation ends the tokens before it.
pub(super) fn session_of(token_version: i32) -> Uuid {
    Uuid::from_u128(u128::try_from(token_version).unwrap_or(u128::MAX))
}

/// Why a station that was taken off the list is told nothing.
pub(super) fn revoked() -> Problem {
    let told = "this station was taken off the list at headquarters: enrol it again with a new code to bring it back";
    Problem::new(StatusCode::FORBIDDEN, code::STATION_REVOKED, told)
}

impl StationCaller {
    /// The organization's transaction, in which the station is still one of it.
    pub async fn begin(&self, hub: &Hub) -> Answer<Tx> {
        self.checked(hub, "").await
    }

    /// The same, and nobody else works on this station until it ends.
    pub async fn lock(&self, hub: &Hub) -> Answer<Tx> {
        // Rows that refer to the station's are no reason to wait: its key never changes.
        self.checked(hub, "FOR NO KEY UPDATE OF s").await
    }

    async fn checked(&self, hub: &Hub, lock: &str) -> Answer<Tx> {
        let tx = hub.db.org(self.org).await?;
        match self.check(&tx, lock).await {
            Ok(()) => Ok(tx),
            Err(problem) => {
                // Nothing was written, and the connection is as good as new: strangers must not use them up.
                tx.rollback().await?;
                Err(problem)
            }
        }
    }

    async fn check(&self, tx: &Tx, lock: &str) -> Answer<()> {
        let sql = format!(
            "SELECT s.token_version, s.revoked_at IS NOT NULL, o.status = 'active' AND o.deleted_at IS NULL
             FROM microplates.station s JOIN auth.organizations o ON o.org_id = s.org_id
             WHERE s.org_id = $1 AND s.id = $2 {lock}"
        );
        let row = tx.query_opt(&sql, &[p(&self.org), p(&self.station)]).await?;
        let row = row.ok_or_else(|| Problem::unauthenticated("this hub does not know the station: enrol it again"))?;
        let (version, is_revoked, is_active): (i32, bool, bool) =
            (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
        if is_revoked {
            return Err(revoked());
        }
        if !is_active {
            return Err(Problem::forbidden("of the organization, which is suspended"));
        }
        if session_of(version) != self.version {
            return Err(Problem::unauthenticated("the station's key was replaced since: ask for another token"));
        }
        Ok(())
    }
}

/// A column's value.
pub(super) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    place: usize,
) -> Result<T, crate::db::DbError> {
    Ok(row.try_get(place)?)
}

/// The station that a path names.
pub(super) async fn station_in_path(parts: &mut Parts) -> Answer<Uuid> {
    let path = parts.extract::<Path<HashMap<String, String>>>().await;
    let id = path.ok().and_then(|Path(names)| names.get("id")?.parse().ok());
    id.ok_or_else(|| Problem::invalid("the path names no station: /v1/stations/ID/… with the station's UUID"))
}

impl FromRequestParts<Hub> for StationCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        let claims = hub.keys.verify(bearer(&parts.headers)?, TokenKind::Station, hub.clock.now()).await?;
        let station = station_in_path(parts).await?;
        if claims.sub != station {
            let told = "the token is that of another station than the path names";
            return Err(Problem::new(StatusCode::FORBIDDEN, code::FORBIDDEN, told));
        }
        Ok(Self { org: claims.org, station, version: claims.session })
    }
}
