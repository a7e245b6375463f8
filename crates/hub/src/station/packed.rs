//! Bodies that are packed: JSON, compressed.

use crate::{Answer, Problem};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use wellread_wire::{
    MOST_UNPACKED_BYTES,
    pack::{self, CONTENT_TYPE, PackError},
};

/// A message to be packed.
#[derive(Debug)]
pub(super) struct Packed<T>(T);

impl<T: Serialize> IntoResponse for Packed<T> {
    fn into_response(self) -> Response {
        match pack::pack(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response(),
            Err(why) => {
                Problem::unforeseen(&anyhow::Error::new(why).context("an answer cannot be packed")).into_response()
            }
        }
    }
}

/// Packs where it may take a while.
pub(super) async fn packed<T: Serialize + Send + 'static>(message: T) -> Answer<Response> {
    let response = tokio::task::spawn_blocking(move || Packed(message).into_response()).await;
    response.map_err(|why| Problem::unforeseen(&anyhow::Error::new(why)))
}

/// Unpacks a message and goes on with it, where neither holds up other requests.
pub(super) async fn unpacked<T, R>(body: Bytes, and: impl FnOnce(T) -> Answer<R> + Send + 'static) -> Answer<R>
where
    T: DeserializeOwned,
    R: Send + 'static,
{
    let done = tokio::task::spawn_blocking(move || {
        and(pack::unpack(&body, MOST_UNPACKED_BYTES).map_err(|why| unreadable(&why))?)
    });
    done.await.map_err(|why| Problem::unforeseen(&anyhow::Error::new(why)))?
}

fn unreadable(why: &PackError) -> Problem {
    Problem::invalid(why.to_string())
}
