//! The end of a node: what was begun is finished, live streams end, and nothing new is taken.

use crate::{
    node::{self, Node},
    place::{Lock, Place, client, login},
};
use rustix::process::Signal;

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_node_ends() {
    let place = Place::new();
    node::organization(&place, "acme");
    let node = Node::start(node::program(&place));
    let lock = Lock::organizations(&place).await;
    let url = node.url.clone();
    let asked = client().post(format!("{url}/v1/auth/login")).json(&login("acme"));
    let answer = tokio::spawn(async move { asked.send().await });
    lock.is_waited_for().await;

    node.signal(Signal::TERM);
    node.logs("requests in flight are let finish").await;
    // The listener goes at the next turn of the loop that accepts.
    while client().get(format!("{url}/healthz")).send().await.is_ok() {}
    assert!(!answer.is_finished(), "the request is still waiting for the database");
    lock.let_go().await;
    let answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200, "it is answered as if nothing were");
    assert!(answer.text().await.unwrap().contains("access_token"), "whole");
    let (status, log) = node.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
}

#[tokio::test]
async fn a_live_stream_ends_when_the_node_does() {
    let place = Place::new();
    node::organization(&place, "acme");
    let node = Node::start(node::program(&place));
    let told: serde_json::Value = client()
        .post(format!("{}/v1/auth/login", node.url))
        .json(&login("acme"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = told["access_token"].as_str().unwrap();
    let mut live = client().get(format!("{}/v1/events", node.url)).bearer_auth(token).send().await.unwrap();
    assert_eq!(live.status(), 200);
    assert_eq!(live.headers()["content-type"], "text/event-stream", "it is live");
    node.signal(Signal::INT);
    while let Some(piece) = live.chunk().await.unwrap() {
        assert!(!piece.is_empty(), "what was on its way still comes");
    }
    let (status, log) = node.ended();
    assert_eq!(status.code(), Some(0), "it did not wait for the stream to end by itself: {log}");
}

#[tokio::test]
async fn whoever_asks_twice_does_not_wait() {
    let place = Place::new();
    node::organization(&place, "acme");
    let node = Node::start(node::program(&place));
    let lock = Lock::organizations(&place).await;
    let asked = client().post(format!("{}/v1/auth/login", node.url)).json(&login("acme"));
    let answer = tokio::spawn(async move { asked.send().await });
    lock.is_waited_for().await;
    node.signal(Signal::TERM);
    node.logs("requests in flight are let finish").await;
    node.signal(Signal::TERM);
    let (status, log) = node.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("asked twice"), "{log}");
    assert!(answer.await.unwrap().is_err(), "the request was cut off");
}

#[tokio::test]
async fn a_node_tells_scripts_where_it_listens_and_its_log_holds_no_secret() {
    let place = Place::new();
    node::organization(&place, "acme");
    let file = place.folder.path().join("address");
    let mut command = node::program(&place);
    command
        .env("WELLREAD_HUB_ADDR_FILE", &file)
        .env("WELLREAD_HUB_LOG", "debug,h2=info")
        .env("WELLREAD_HUB_LOG_JSON", "true");
    let node = Node::start(command);
    let url = std::fs::read_to_string(&file).unwrap();
    assert_eq!(url.trim_end(), node.url, "the file and the log say the same");
    let url = url.trim_end();
    let answer = client()
        .post(format!("{url}/v1/auth/login?password=in-the-query"))
        .header("x-request-id", "find-me")
        .json(&login("acme"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let token = answer.json::<serde_json::Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    drop(client().get(format!("{url}/v1/auth/me")).bearer_auth(&token).send().await.unwrap());
    node.signal(Signal::TERM);
    let (_, log) = node.ended();
    let line =
        log.lines().find(|line| line.contains("find-me") && line.contains("answered")).expect("the request is logged");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["span"]["path"], "/v1/auth/login", "{line}");
    assert_eq!(line["fields"]["status"], 200, "{line}");
    for secret in [crate::place::PASSWORD, "in-the-query", &token] {
        assert!(!log.contains(secret), "'{secret}' is in the log");
    }
}
