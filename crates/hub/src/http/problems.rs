//! One form for everything that goes wrong: `application/problem+json`, with the request's id and a code that
//! `/problems/CODE` explains.

mod list;

pub use list::{Known, PROBLEMS};

use crate::Problem;
use axum::{
    Json,
    body::Body,
    extract::Path,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use std::any::Any;
use wellread_wire::problem::{self as wire, code};

/// The most of a rejection's words that is kept.
const LONGEST_WORDS: usize = 4096;

/// Gives an answer that is a problem, or should be one, its form and the request's id. Also its code.
pub(super) async fn finish(mut response: Response, id: &str) -> (Response, Option<String>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return (response, None);
    }
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if !is_bare(&response) => return (response, None),
        None => {
            let (parts, body) = response.into_parts();
            let words = axum::body::to_bytes(body, LONGEST_WORDS).await.unwrap_or_default();
            response = Response::from_parts(parts, Body::empty());
            of_status(status, String::from_utf8_lossy(&words).trim())
        }
    };
    let code = problem.code.to_owned();
    (rewritten(response, problem, id), Some(code))
}

/// Whether an answer is axum's own: words at most. A page for people, or a report, says itself what is wrong.
fn is_bare(response: &Response) -> bool {
    let media = response.headers().get(header::CONTENT_TYPE).map_or(b"".as_slice(), HeaderValue::as_bytes);
    media.is_empty() || media.starts_with(b"text/plain")
}

fn rewritten(mut response: Response, problem: Problem, id: &str) -> Response {
    let status = problem.status;
    let told = wire::Problem {
        kind: format!("/problems/{}", problem.code),
        code: problem.code.to_owned(),
        title: problem.code.replace('-', " "),
        status: status.as_u16(),
        detail: problem.detail,
        request_id: id.to_owned(),
        more: *problem.more,
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(wire::CONTENT_TYPE));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    *response.body_mut() = Body::from(serde_json::to_string(&told).unwrap_or_default());
    response
}

/// What axum's own refusals become: they bring words, and no code.
fn of_status(status: StatusCode, words: &str) -> Problem {
    let (code, otherwise) = match status {
        StatusCode::UNAUTHORIZED => (code::UNAUTHENTICATED, "sign in first"),
        StatusCode::FORBIDDEN => (code::FORBIDDEN, "this is not allowed"),
        StatusCode::NOT_FOUND => ("not-found", "there is no such thing"),
        StatusCode::METHOD_NOT_ALLOWED => ("method", "this path is not asked that way: `Allow` says how"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "the body is larger than this path takes"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("media-type", "this path takes another `Content-Type`"),
        StatusCode::TOO_MANY_REQUESTS => (code::SLOW_DOWN, "wait a moment"),
        StatusCode::SERVICE_UNAVAILABLE => (code::UNAVAILABLE, "try again in a moment"),
        _ if status.is_server_error() => ("unforeseen", "tell the hub's operator the request id"),
        _ => (code::INVALID, "the request makes no sense to this hub"),
    };
    Problem::new(status, code, if words.is_empty() { otherwise } else { words })
}

#[allow(clippy::unused_async, reason = "what axum calls is async")]
pub(super) async fn no_such_path(uri: Uri) -> Problem {
    // Not the path itself: it may be somebody's mistyped secret, and goes into an answer that others may see.
    let v1 = if uri.path().starts_with("/v1/") { "" } else { "; paths begin with /v1/" };
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", format!("the hub has no such path{v1}: see /openapi.json"))
}

#[allow(clippy::unused_async, reason = "what axum calls is async")]
pub(super) async fn no_such_method(method: Method) -> Problem {
    let told = format!("this path is not asked with {method}: `Allow` says how, and /openapi.json what for");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", told)
}

#[allow(clippy::needless_pass_by_value, reason = "so the layer that catches it hands it over")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words");
    Problem::unforeseen(&anyhow::anyhow!("panicked: {words}")).into_response()
}

/// `GET /problems/CODE`: what `type` of a problem leads to.
#[allow(clippy::unused_async, reason = "what axum calls is async")]
pub(super) async fn describe(Path(code): Path<String>) -> Result<Json<Value>, Problem> {
    let known = PROBLEMS.iter().find(|known| known.code == code);
    known
        .map(|known| Json(json!(known)))
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "not-found", "the hub answers no problem with this code"))
}
