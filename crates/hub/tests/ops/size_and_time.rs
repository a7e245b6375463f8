//! How large a request may be, and how long it may take.

use crate::{
    node,
    place::{Lock, Place, Served, login, told},
};
use futures_util::stream;
use reqwest::{Body, Method};
use wellread_hub::config::Config;

#[tokio::test]
async fn what_is_too_large_is_refused_whether_or_not_it_says_its_size() {
    let place = Place::new();
    let hub = place.serve().await;
    let large = vec![b' '; (1 << 20) + 1];
    let login = || hub.ask(Method::POST, "/v1/auth/login").header("content-type", "application/json");
    let announced = told(login().body(large.clone())).await;
    assert_eq!((announced.status, announced.code().as_str()), (413, "too-large"), "by its Content-Length");
    assert_eq!(announced.json()["more"]["most_bytes"], 1 << 20, "and how much there may be");
    let pieces: Vec<_> = large.chunks(64 << 10).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    let chunked = told(login().body(Body::wrap_stream(stream::iter(pieces)))).await;
    assert_eq!((chunked.status, chunked.code().as_str()), (413, "too-large"), "by what came");

    let station = uuid::Uuid::nil();
    let log = |bytes: usize| hub.ask(Method::POST, &format!("/v1/stations/{station}/log")).body(vec![0; bytes]);
    let push = told(log((4 << 20) + 1)).await;
    assert_eq!((push.status, push.code().as_str()), (413, "too-large"), "a push, whatever it holds");
    assert_eq!(told(log(4 << 20)).await.status, 401, "up to there it is asked who pushes");
    let part = |bytes: usize| hub.ask(Method::PUT, &format!("/v1/stations/{station}/blobs/ab")).body(vec![0; bytes]);
    assert_eq!(told(part((4 << 20) + 1)).await.status, 413, "a part of a blob has 4 MiB");
    assert_ne!(told(part(4 << 20)).await.status, 413, "and may have them");
}

#[tokio::test]
async fn whoever_is_refused_while_still_sending_hears_why() {
    let place = Place::new();
    let hub = place.serve().await;
    let path = format!("/v1/stations/{}/blobs/{}", uuid::Uuid::nil(), "0".repeat(64));
    for _ in 0..20 {
        let pieces = (0..64).map(|_| Ok::<_, std::io::Error>(vec![0; 64 << 10]));
        let part = hub.ask(Method::PUT, &path).body(Body::wrap_stream(stream::iter(pieces)));
        let refused = told(part.bearer_auth("expired")).await;
        assert_eq!(refused.code(), "unauthenticated", "and no connection that breaks, which would say nothing");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_and_leaves_nothing_behind() {
    let place = Place::new();
    node::organization(&place, "acme");
    let hub = Served::new(Config { request_s: 1, connections: 2, ..place.config() }).await;
    let lock = Lock::organizations(&place).await;
    let slow = hub.post("/v1/auth/login", &login("acme")).await;
    assert_eq!((slow.status, slow.code().as_str()), (503, "unavailable"), "the caller is told to try again");
    assert_eq!(slow.header("retry-after"), "2", "and when");
    lock.let_go().await;
    // More than there are connections: one that was left in a transaction would be missing.
    for _ in 0..4 {
        assert_eq!(hub.post("/v1/auth/login", &login("acme")).await.status, 200, "the next one is served");
    }
    assert_eq!(hub.hub.db.in_use().0, 0, "no connection is held");
}
