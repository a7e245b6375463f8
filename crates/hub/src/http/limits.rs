//! How large a request may be and how long it may take.

use super::{around::Around, rest::Rest};
use crate::{Problem, config::Config};
use axum::{
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::{sync::Arc, time::Duration};
use wellread_wire::{MOST_PACKED_RECORD_BYTES, MOST_PART_BYTES};

/// What anything but a push and a part of a blob may have.
const MOST_BYTES: usize = 1024 * 1024;

/// What is read of a body that was refused, so that its sender hears why.
const MOST_DRAINED: usize = 2 * MOST_PART_BYTES;

pub(super) async fn within(State(around): State<Arc<Around>>, request: Request, next: Next) -> Response {
    let (most_bytes, most_s) = of(&around.hub.config, request.method(), request.uri().path());
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let too_much = announced.is_some_and(|length: u64| length > most_bytes as u64);
    let rest = Rest::default();
    let mut request = rest.lend(request);
    let response = if too_much {
        drop(request);
        too_large(most_bytes).into_response()
    } else {
        // For a body that does not announce its size, or lies about it.
        DefaultBodyLimit::max(most_bytes).apply(&mut request);
        in_time(most_s, next.run(request)).await
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        rest.drain(MOST_DRAINED);
    }
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large(most_bytes).into_response() } else { response }
}

async fn in_time(most_s: u64, answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(Duration::from_secs(most_s), answer).await {
        Ok(response) => response,
        // What was begun is dropped, and a transaction that is dropped is rolled back.
        Err(_) => Problem::unavailable(format!(
            "the request was given up because it took longer than {most_s} s: try again, with less at once if you can"
        ))
        .into_response(),
    }
}

/// The most bytes of a request's body, and the most seconds until the answer begins.
fn of(config: &Config, method: &Method, path: &str) -> (usize, u64) {
    match path {
        _ if path.contains("/blobs/") && method == Method::PUT => (MOST_PART_BYTES, config.upload_s),
        _ if path.starts_with("/v1/stations/") && path.ends_with("/log") => {
            (MOST_PACKED_RECORD_BYTES, config.request_s)
        }
        _ => (MOST_BYTES, config.request_s),
    }
}

fn too_large(most_bytes: usize) -> Problem {
    let told = format!("the body has more than the {most_bytes} bytes that this path takes: send less at once");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", told).with(serde_json::json!({ "most_bytes": most_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ObjectsAt;

    #[test]
    fn a_part_of_a_blob_may_be_larger_and_slower_than_anything_else() {
        let config = Config::plain("", ObjectsAt::Memory);
        let of = |method, path| of(&config, &method, path);
        assert_eq!(of(Method::PUT, "/v1/stations/s/blobs/ab"), (4 << 20, 300), "a part over a slow line");
        assert_eq!(of(Method::GET, "/v1/stations/s/blobs/ab"), (1 << 20, 30), "who fetches sends nothing");
        assert_eq!(of(Method::POST, "/v1/stations/s/log"), (4 << 20, 30), "a push, which may be one large record");
        assert_eq!(of(Method::POST, "/v1/auth/login"), (1 << 20, 30), "anything else");
    }
}
