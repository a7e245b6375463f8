//! Blobs: pictures that stations bring and files of models that they fetch, by the SHA-256 of their bytes.
//!
//! A station asks first, sends in parts of at most 4 MiB and goes on where the hub's copy ends. What is received of a
//! blob is in the database; the bytes are in the object store. The part that completes it has all of it hashed.

mod pieces;
mod rows;
mod send;
mod take;

pub use pieces::Pieces;
pub use send::{fetch, look};
pub(crate) use take::take;
pub use take::{PartAsked, put};

#[doc(hidden)]
pub use send::{__path_fetch, __path_look};
#[doc(hidden)]
pub use take::__path_put;

use super::who::StationCaller;
use crate::{
    Answer, Hub, Problem,
    auth::{caller::Caller, permission::MODEL_PUBLISH},
    db::Tx,
    objects::ObjectsError,
};
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use rows::BlobRow;
use uuid::Uuid;
use wellread_wire::chain::Sha256;

/// Says how much of a blob the hub has.
const STATE: HeaderName = HeaderName::from_static("wellread-blob");
/// Says where the next part begins.
const OFFSET: HeaderName = HeaderName::from_static("wellread-offset");

/// Who brings a blob, or asks how much of it is here.
pub(crate) enum Bringer {
    /// A station, its pictures.
    Station(StationCaller),
    /// A person, the files of models.
    Person(Caller),
}

impl Bringer {
    fn org(&self) -> Uuid {
        match self {
            Self::Station(caller) => caller.org,
            Self::Person(caller) => caller.org,
        }
    }

    fn station(&self) -> Option<Uuid> {
        match self {
            Self::Station(caller) => Some(caller.station),
            Self::Person(_) => None,
        }
    }

    /// The organization's transaction, in which they still may.
    async fn begin(&self, hub: &Hub) -> Answer<Tx> {
        match self {
            Self::Station(caller) => caller.begin(hub).await,
            Self::Person(caller) => caller.begin(hub, MODEL_PUBLISH).await,
        }
    }
}

/// How much of a blob is here.
pub(crate) async fn stand(hub: &Hub, bringer: &Bringer, sha256: &Sha256) -> Answer<Response> {
    let tx = bringer.begin(hub).await?;
    let stand = BlobRow::new(bringer.org(), sha256).stand(&tx, false).await?;
    tx.commit().await?;
    Ok(stands(stand.state(), stand.offset()))
}

/// The hash in a path.
pub(crate) fn hash(text: &str) -> Result<Sha256, Problem> {
    text.parse().map_err(|why| Problem::new(StatusCode::NOT_FOUND, "not-found", format!("{why}")))
}

fn headers(state: &'static str, offset: u64) -> HeaderMap {
    HeaderMap::from_iter([(STATE, HeaderValue::from_static(state)), (OFFSET, HeaderValue::from(offset))])
}

fn stands(state: &'static str, offset: u64) -> Response {
    (StatusCode::OK, headers(state, offset)).into_response()
}

/// The store does not answer; it passes.
fn passing(why: &ObjectsError) -> Problem {
    tracing::error!("objects: {why}");
    Problem::unavailable("the object store does not answer just now: try again in a moment")
}
