//! How often somebody may ask.

use super::around::{Around, is_probe};
use crate::{Hub, Problem, auth::keys::TokenKind, config::Config};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use serde::Deserialize;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use uuid::Uuid;
use wellread_wire::problem::code;

/// Where secrets are tried.
const DOORS: [&str; 8] = [
    "/v1/auth/login",
    "/v1/auth/forgot",
    "/v1/auth/reset",
    "/v1/auth/verify-email",
    "/v1/auth/send-verification",
    "/v1/enrol",
    "/reset-password",
    "/confirm-email",
];
/// After so many requests those who have been quiet are forgotten, so that the list stays as short as callers are many.
const FORGET_EVERY: u32 = 10_000;

/// How often somebody may ask.
pub(super) struct Rates {
    all: Option<DefaultKeyedRateLimiter<Key>>,
    doors: Option<DefaultKeyedRateLimiter<Key>>,
    asked: AtomicU32,
}

/// Who asks: somebody whose token is good, or whoever is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Caller(Uuid),
    Address(IpAddr),
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rates(all: {}, doors: {})", self.all.is_some(), self.doors.is_some())
    }
}

impl Rates {
    pub(super) fn new(config: &Config) -> Self {
        let all = NonZeroU32::new(config.rate_per_s).map(|rate| {
            Quota::per_second(rate).allow_burst(rate.saturating_mul(const { NonZeroU32::new(10).unwrap() }))
        });
        let doors = NonZeroU32::new(config.rate_login_per_min).map(Quota::per_minute);
        Self { all: all.map(RateLimiter::keyed), doors: doors.map(RateLimiter::keyed), asked: AtomicU32::new(0) }
    }
}

pub(super) async fn slow_down(State(around): State<Arc<Around>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let address = Key::Address(network(&request));
    if around.rates.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == 0 {
        around.rates.all.iter().chain(&around.rates.doors).for_each(RateLimiter::retain_recent);
    }
    if !is_probe(path) {
        if DOORS.contains(&path)
            && let Err(problem) = check(around.rates.doors.as_ref(), address)
        {
            return problem.into_response();
        }
        if around.rates.all.is_some() {
            let who = match bearer(&request) {
                Some(token) => caller(&around.hub, &token).await.map_or(address, Key::Caller),
                None => address,
            };
            if let Err(problem) = check(around.rates.all.as_ref(), who) {
                return problem.into_response();
            }
        }
    }
    next.run(request).await
}

fn check(rates: Option<&DefaultKeyedRateLimiter<Key>>, who: Key) -> Result<(), Problem> {
    let Some(rates) = rates else { return Ok(()) };
    let Err(not_until) = rates.check_key(&who) else { return Ok(()) };
    let wait_s = not_until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
    let told = format!("these are more requests than the hub takes from one caller: wait {wait_s} s");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code::SLOW_DOWN, told);
    Err(Problem { retry_after_s: Some(wait_s), ..problem })
}

fn bearer(request: &Request) -> Option<String> {
    let brought = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, token) = brought.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?;
    Some(token.trim().to_owned())
}

/// Whose good token it is. One that is not counts for the address: nobody gets a new allowance by inventing names.
async fn caller(hub: &Hub, token: &str) -> Option<Uuid> {
    hub.keys.verify(token, kind(token)?, hub.clock.now()).await.ok().map(|claims| claims.sub)
}

/// What a token says it is for, before it is believed.
fn kind(token: &str) -> Option<TokenKind> {
    #[derive(Deserialize)]
    struct Said {
        kind: TokenKind,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Said>(&claims).ok().map(|said| said.kind)
}

/// The address, or of IPv6 the network: who has one has all of its addresses.
fn network(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    match peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical()) {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}
