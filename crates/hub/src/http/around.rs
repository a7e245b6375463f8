//! What surrounds every request.

use super::{Closing, problems, rate::Rates};
use crate::Hub;
use axum::{
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use futures_util::StreamExt as _;
use prometheus::IntGauge;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};
use tracing::Instrument as _;

/// What the layers around a request work with.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) hub: Hub,
    pub(super) rates: Rates,
    pub(super) closing: Closing,
}

/// The request's id: the caller's, where it brought a sensible one in `X-Request-Id`, and otherwise ours. It is in the
/// request's header of this name too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;

pub(super) async fn around(State(around): State<Arc<Around>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let metrics = &around.hub.metrics;
    let _in_flight = InFlight::count(&metrics.in_flight);
    let id = request_id(&around.hub, request.headers());
    if let Ok(value) = HeaderValue::from_str(&id) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    if around.hub.config.behind_proxy {
        believe_proxy(&mut request);
    }
    // The path as it was laid out: one of a thousand ids makes no time series, and a mistyped secret no line of the log.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let path = if route == "unmatched" { "" } else { request.uri().path() };
    let method = request.method().clone();
    let span = tracing::info_span!("request", id, %method, path);

    let response = next.run(request).instrument(span.clone()).await;

    let (mut response, problem) = problems::finish(response, &id).await;
    if let Some(code) = problem {
        metrics.problems.with_label_values(&[code.as_str()]).inc();
    }
    dress(&mut response, &id, around.hub.config.tls.is_some());
    let took = started.elapsed();
    let status = response.status();
    metrics.requests.with_label_values(&[route.as_str(), told(&method), status.as_str()]).inc();
    metrics.request_seconds.with_label_values(&[route.as_str()]).observe(took.as_secs_f64());
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if is_probe(&route) {
        span.in_scope(|| tracing::debug!(status = status.as_u16(), took_ms, "answered"));
    } else {
        span.in_scope(|| tracing::info!(status = status.as_u16(), took_ms, "answered"));
    }
    until_closing(response, around.closing.clone())
}

/// What is asked every few seconds by machines.
pub(super) fn is_probe(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics")
}

/// Methods that people invent make no time series.
fn told(method: &Method) -> &str {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE => method.as_str(),
        _ => "other",
    }
}

/// A request that its caller gave up is over too.
struct InFlight(IntGauge);

impl InFlight {
    fn count(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn request_id(hub: &Hub, headers: &HeaderMap) -> String {
    let brought = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    brought
        .filter(|id| (1..=LONGEST_ID).contains(&id.len()))
        // It goes into logs and answers: nothing that could end a line or a quotation there.
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
        .map_or_else(|| hub.id().unwrap_or_default().to_string(), str::to_owned)
}

/// The address that the proxy in front saw. It appends what it saw itself, so only the last one is believed.
fn believe_proxy(request: &mut Request) {
    let told = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = told.and_then(|value| value.to_str().ok()).and_then(|list| list.rsplit(',').next());
    if let Some(address) = last.and_then(|address| address.trim().parse::<IpAddr>().ok()) {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
}

fn dress(response: &mut Response, id: &str, tls: bool) {
    const ALWAYS: [(HeaderName, HeaderValue); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
        ),
    ];
    let headers = response.headers_mut();
    // A page that people see says itself what it needs.
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    // Results and tokens are nothing for a cache, unless an answer says otherwise of itself.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// A live stream ends when the hub does; anything else is let finish.
fn until_closing(response: Response, closing: Closing) -> Response {
    let live = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"text/event-stream"));
    if !live {
        return response;
    }
    response.map(|body| {
        let ends = Box::pin(async move { closing.closed().await });
        Body::from_stream(body.into_data_stream().take_until(ends))
    })
}
