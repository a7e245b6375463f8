//! The form of answers: problems, ids, headers, the document.

use crate::place::{Place, told};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn whatever_goes_wrong_is_a_problem_with_a_code() {
    let place = Place::new();
    let hub = place.serve().await;
    let told_of = async |request| told(request).await;
    let json = ("content-type", "application/json");

    let lost = hub.get("/v1/nothing-here").await;
    assert_eq!((lost.status, lost.code().as_str()), (404, "no-such-path"), "a path that there is not");
    let wrong = told_of(hub.ask(Method::DELETE, "/v1/auth/login")).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "method"), "a method that it has not");
    assert_eq!(wrong.header("allow"), "POST", "which it has");
    let cut = told_of(hub.ask(Method::POST, "/v1/auth/login").header(json.0, json.1).body("{\"organization\":")).await;
    assert_eq!((cut.status, cut.code().as_str()), (400, "invalid"), "JSON that is cut: {}", cut.text);
    let nobody = hub.get("/v1/users").await;
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "unauthenticated"), "without a token");
    assert_eq!(nobody.header("www-authenticate"), "Bearer", "what to bring");
    let forged = told_of(hub.ask(Method::GET, "/v1/users").bearer_auth("a.b.c")).await;
    assert_eq!((forged.status, forged.code().as_str()), (401, "unauthenticated"), "with one that is none");
    let odd = told_of(hub.ask(Method::GET, "/v1/runs/no-uuid").bearer_auth("a.b.c")).await;
    assert!([400, 401].contains(&odd.status), "{}", odd.status);
    odd.code();
}

#[tokio::test]
async fn every_code_that_the_hub_answers_has_a_page() {
    let place = Place::new();
    let hub = place.serve().await;
    let page = hub.get("/problems/log-gap").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(page.json()["code"], "log-gap", "its page tells of it");
    assert!(!page.json()["remedy"].as_str().unwrap().is_empty(), "and what to do");
    let none = hub.get("/problems/made-up").await;
    assert_eq!((none.status, none.code().as_str()), (404, "not-found"), "only codes that there are");
}

#[tokio::test]
async fn a_request_has_an_id_that_the_caller_may_choose() {
    let place = Place::new();
    let hub = place.serve().await;
    let with = async |id: &str| told(hub.ask(Method::GET, "/healthz").header("x-request-id", id)).await;
    assert_eq!(with("bench-7.a_B").await.header("x-request-id"), "bench-7.a_B", "the caller's, in the answer");
    for odd in ["with space", "quote\"", &"x".repeat(65), "ä"] {
        let ours = with(odd).await;
        let id = ours.header("x-request-id").to_owned();
        assert!(id.parse::<uuid::Uuid>().is_ok(), "ours instead of '{odd}', which could forge a line of the log: {id}");
    }
    let (one, two) = (hub.get("/healthz").await, hub.get("/healthz").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"), "no two are alike");
}

#[tokio::test]
async fn answers_tell_browsers_to_trust_nothing() {
    let place = Place::new();
    let hub = place.serve().await;
    for answer in [hub.get("/readyz").await, hub.get("/v1/nothing").await] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "results are nothing for a cache");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{answer:?}");
        assert_eq!(answer.header("strict-transport-security"), "", "not without TLS");
    }
}

#[tokio::test]
async fn the_document_names_every_path_and_who_may() {
    let place = Place::new();
    let hub = place.serve().await;
    let document = hub.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    let document = document.json();
    assert_eq!(document["info"]["title"], "Wellread hub");
    assert!(document["components"]["schemas"]["Problem"]["properties"]["code"].is_object(), "what goes wrong");
    for scheme in ["person", "station"] {
        assert_eq!(document["components"]["securitySchemes"][scheme]["scheme"], "bearer", "{scheme}");
    }
    let paths = document["paths"].as_object().unwrap();
    for path in ["/healthz", "/readyz", "/metrics", "/v1/auth/login", "/v1/enrol", "/v1/stations/{id}/log", "/v1/runs"]
    {
        assert!(paths.contains_key(path), "{path} is missing");
    }
    let open = ["/v1/auth/", "/v1/enrol", "/v1/stations/{id}/challenge", "/v1/stations/{id}/token"];
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["responses"]["default"].is_object(), "{method} {path} may go wrong");
            let told = operation["security"].as_array().is_some_and(|list| list.iter().any(|s| s != &json!({})));
            let needs = path.starts_with("/v1/") && !open.iter().any(|open| path.starts_with(open));
            assert!(told || !needs, "{method} {path} does not say whose token it takes");
        }
    }
}
