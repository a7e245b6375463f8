//! Families of refresh tokens.

use crate::place::{Node, PASSWORD, Place, config};
use serde_json::{Value, json};
use wellread_hub::config::Config;

fn refresh(tokens: &Value) -> Value {
    json!({ "refresh_token": tokens["refresh_token"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_twice_ends_its_session_and_no_other() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let first = node.login("alpha", "admin", PASSWORD).await.with(200);
    let second = node.post("", "/v1/auth/refresh", &refresh(&first)).await.with(200);
    let third = node.post("", "/v1/auth/refresh", &refresh(&second)).await.with(200);
    assert_ne!(second["refresh_token"], third["refresh_token"], "every exchange brings another");
    node.get(third["access_token"].as_str().unwrap(), "/v1/auth/me").await.with(200);

    let told = node.post("", "/v1/auth/refresh", &refresh(&first)).await;
    assert_eq!(told.refused(401), "unauthenticated", "somebody has a copy");
    for (tokens, what) in [(&third, "the newest"), (&second, "one between"), (&first, "the copied one")] {
        node.post("", "/v1/auth/refresh", &refresh(tokens)).await.refused(401);
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(node.get(access, "/v1/auth/me").await.status, 401, "{what} is void with the family");
    }
    node.get(&org.admin.access, "/v1/auth/me").await.with(200);
    let trail = place.trail(&org, "TOKEN_REUSED").await;
    assert_eq!(trail.len(), 1, "once, whatever comes after");
    assert_eq!(trail[0]["username"], "admin", "whose it was");
    let rows = place.rows("SELECT count(*) FROM auth.refresh_tokens WHERE reused").await;
    assert_eq!(rows[0].get::<_, i64>(0), 1, "which token it was is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_exchanges_at_the_same_time_one_is_the_second() {
    let place = Place::open().await;
    let node = &place.node;
    node.org("alpha").await;
    let first = node.login("alpha", "admin", PASSWORD).await.with(200);
    let body = refresh(&first);
    let both = futures_util::future::join_all((0..2).map(|_| node.post("", "/v1/auth/refresh", &body))).await;
    let good: Vec<_> = both.iter().filter(|told| told.status == 200).collect();
    assert_eq!(good.len(), 1, "a token is good once: {both:?}");
    let access = good[0].json()["access_token"].as_str().unwrap().to_owned();
    node.get(&access, "/v1/auth/me").await.refused(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_nobody_carries_on_ends() {
    let place = Place::with(|config| config.session_days = 365).await;
    let node = &place.node;
    node.org("alpha").await;
    let first = node.login("alpha", "admin", PASSWORD).await.with(200);
    node.hub.clock.advance(29 * 86_400_000);
    let second = node.post("", "/v1/auth/refresh", &refresh(&first)).await.with(200);
    node.hub.clock.advance(29 * 86_400_000);
    let third = node.post("", "/v1/auth/refresh", &refresh(&second)).await.with(200);
    node.hub.clock.advance(30 * 86_400_000);
    assert_eq!(
        node.post("", "/v1/auth/refresh", &refresh(&third)).await.refused(401),
        "unauthenticated",
        "after 30 days"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_however_often_somebody_comes_back() {
    let place = Place::with(|config| (config.refresh_days, config.session_days) = (7, 10)).await;
    let node = &place.node;
    node.org("alpha").await;
    let mut tokens = node.login("alpha", "admin", PASSWORD).await.with(200);
    assert_eq!(tokens["refresh_expires_in_s"], 7 * 86_400, "as long as one may stay away");
    for day in 1..=9 {
        node.hub.clock.advance(86_400_000);
        tokens = node.post("", "/v1/auth/refresh", &refresh(&tokens)).await.with(200);
        let left = tokens["refresh_expires_in_s"].as_i64().unwrap();
        let end = (10 - day).min(7) * 86_400;
        assert!((end - 60..=end).contains(&left), "day {day}: no token is good beyond the end of all: {left} s");
    }
    node.hub.clock.advance(86_400_000);
    let told = node.post("", "/v1/auth/refresh", &refresh(&tokens)).await;
    assert_eq!(told.refused(401), "unauthenticated", "ten days after signing in the password is asked for");
    node.login("alpha", "admin", PASSWORD).await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_older_than_sessions_may_be_by_now_ends() {
    const FORTY_DAYS: i64 = 40 * 86_400_000;
    let place = Place::with(|config| (config.refresh_days, config.session_days) = (365, 365)).await;
    place.node.org("alpha").await;
    let first = place.node.login("alpha", "admin", PASSWORD).await.with(200);
    let strict = Node::start(Config { session_days: 30, ..config(&place.database) }).await;
    strict.hub.clock.advance(FORTY_DAYS);
    let told = strict.post("", "/v1/auth/refresh", &refresh(&first)).await;
    assert_eq!(told.refused(401), "unauthenticated", "and no tokens that are dead already");
    assert!(told.json()["detail"].as_str().unwrap().contains("sign in again"), "what to do: {told:?}");
    place.node.hub.clock.advance(FORTY_DAYS);
    let second = place.node.post("", "/v1/auth/refresh", &refresh(&first)).await.with(200);
    strict.hub.clock.advance(60_000);
    strict.post("", "/v1/auth/refresh", &refresh(&first)).await.refused(401);
    let told = place.node.post("", "/v1/auth/refresh", &refresh(&second)).await;
    assert_eq!(told.refused(401), "unauthenticated", "a token that came twice ends a session of any age");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_is_refused_like_a_used_one() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let secret = org.admin.refresh.split_once('.').unwrap().1.to_owned();
    node.org("beta").await;
    for token in [
        String::new(),
        "alpha".to_owned(),
        format!("beta.{secret}"),
        format!("nobody.{secret}"),
        "alpha.AAAA".to_owned(),
    ] {
        let told = node.post("", "/v1/auth/refresh", &json!({ "refresh_token": token })).await;
        assert_eq!(told.refused(401), "unauthenticated", "'{token}'");
    }
    let kept = place.rows("SELECT token FROM auth.refresh_tokens").await;
    let kept: Vec<String> = kept.iter().map(|row| row.get(0)).collect();
    assert!(
        kept.iter().all(|hash| hash.len() == 64 && !org.admin.refresh.contains(hash.as_str())),
        "hashes alone are kept"
    );
    node.post("", "/v1/auth/refresh", &json!({ "refresh_token": org.admin.refresh })).await.with(200);
}
