//! How often somebody may ask.

use crate::{
    node,
    place::{Place, Served, login, told},
};
use reqwest::Method;
use wellread_hub::config::Config;

#[tokio::test]
async fn secrets_can_be_tried_only_so_often_from_one_address() {
    let place = Place::new();
    node::organization(&place, "acme");
    let hub = Served::new(Config { rate_login_per_min: 3, behind_proxy: true, ..place.config() }).await;
    let from = async |address: &str| {
        let request = hub.ask(Method::POST, "/v1/auth/login").header("x-forwarded-for", address).json(&login("acme"));
        told(request).await
    };
    for _ in 0..3 {
        assert_eq!(from("192.0.2.1").await.status, 200, "a few are let through");
    }
    let refused = from("192.0.2.1").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "slow-down"), "and then none, right or wrong");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=21).contains(&wait), "a third of a minute until the next: {wait} s");
    assert_eq!(from("198.51.100.7, 192.0.2.1").await.status, 429, "what the caller put before the proxy's word");
    assert_eq!(from("192.0.2.2").await.status, 200, "another address is not to blame");
    for last in 1..=3 {
        assert_eq!(from(&format!("2001:db8::{last}")).await.status, 200, "addresses of one network");
    }
    assert_eq!(from("2001:db8::4").await.status, 429, "are one caller");
}

#[tokio::test]
async fn without_a_proxy_nobody_chooses_the_address_he_comes_from() {
    let place = Place::new();
    let hub = Served::new(Config { rate_login_per_min: 1, ..place.config() }).await;
    let ask = async |address: &str| {
        told(hub.ask(Method::POST, "/v1/auth/login").header("x-forwarded-for", address).json(&login("nobody"))).await
    };
    assert_eq!(ask("192.0.2.1").await.status, 401, "there is no such organization");
    assert_eq!(ask("192.0.2.2").await.status, 429, "the header is somebody's invention");
}

#[tokio::test]
async fn a_caller_with_a_good_token_has_an_allowance_of_its_own() {
    let place = Place::new();
    node::organization(&place, "acme");
    let hub = Served::new(Config { rate_per_s: 1, ..place.config() }).await;
    let token = hub.post("/v1/auth/login", &login("acme")).await.json()["access_token"].as_str().unwrap().to_owned();
    let me = async |token: &str| told(hub.ask(Method::GET, "/v1/auth/me").bearer_auth(token)).await.status;
    // Ten at once; whatever comes back while this runs, twenty are more.
    let forged = format!("{token}x");
    let mut strangers = Vec::new();
    for _ in 0..20 {
        strangers.push(me(&forged).await);
    }
    assert!(strangers.contains(&429), "a token that is not good counts for the address: {strangers:?}");
    assert_eq!(me(&token).await, 200, "and not for whom it names");
    let mut own = Vec::new();
    for _ in 0..30 {
        own.push(me(&token).await);
    }
    assert!(own.contains(&429), "its own allowance ends too: {own:?}");
    for _ in 0..30 {
        assert_eq!(hub.get("/healthz").await.status, 200, "probes are never too many");
    }
}
