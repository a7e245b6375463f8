//! Which station asks.

use crate::{Answer, Hub, Problem, db::Tx};
use axum::{extract::FromRequestParts, http::request::Parts};
use uuid::Uuid;

/// A station with a good access token, whose id is that of the path.
#[derive(Clone, Copy, Debug)]
pub struct StationCaller {
    /// Its organization.
    pub org: Uuid,
    /// The station.
    pub station: Uuid,
}

impl StationCaller {
    /// The organization's transaction, in which the station is still one of it.
    pub async fn begin(&self, hub: &Hub) -> Answer<Tx> {
        Ok(hub.db.org(self.org).await?)
    }
}

impl FromRequestParts<Hub> for StationCaller {
    type Rejection = Problem;

    async fn from_request_parts(_parts: &mut Parts, _hub: &Hub) -> Result<Self, Problem> {
        Err(Problem::unauthenticated("this needs a station's token"))
    }
}
