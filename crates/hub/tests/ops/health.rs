//! What operators look at.

use crate::{
    node,
    place::{Place, Served, client, login, told},
    station::Station,
};
use reqwest::Method;
use wellread_hub::config::Config;
use wellread_testdb::{Durability, Postgres};

#[tokio::test]
async fn a_hub_is_ready_while_its_database_is_and_again_when_it_is_back() {
    let postgres = Postgres::private(Durability::Durable).unwrap();
    let place = Place::on(&postgres);
    let hub = place.serve().await;
    let ready = hub.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &"healthy".into()), "{}", ready.text);
    let names: Vec<_> = ready.json()["checks"].as_array().unwrap().iter().map(|c| c["service"].clone()).collect();
    assert_eq!(names, ["database", "migrations", "objects", "notifications", "signing-keys"], "what it needs");

    postgres.stop().unwrap();
    let away = until(&hub, 503).await;
    assert_eq!(away["status"], "unhealthy");
    assert_eq!(away["checks"][0]["service"], "database", "{away}");
    assert_eq!(away["checks"][0]["status"], "unhealthy", "{away}");
    assert_eq!(away["checks"][2]["status"], "healthy", "the object store is there: {away}");
    assert_eq!(hub.get("/healthz").await.status, 200, "a restart would not help: the process is alive");
    let asked = hub.post("/v1/auth/login", &login("acme")).await;
    assert_eq!((asked.status, asked.code().as_str()), (503, "unavailable"), "callers are told to come again");

    postgres.start().unwrap();
    let back = until(&hub, 200).await;
    assert_eq!(back["status"], "healthy", "without a restart: {back}");
    let rows = place.superuser().await;
    let told = rows
        .query("SELECT status FROM public.health_checks WHERE service = 'database' ORDER BY timestamp", &[])
        .await
        .unwrap();
    let mut told: Vec<String> = told.iter().map(|row| row.get(0)).collect();
    // Where this machine is slow, what has not changed was told again after a minute.
    told.dedup();
    assert_eq!(
        told,
        ["healthy", "unhealthy", "healthy"],
        "every change is remembered, also while nobody could be told"
    );
    let count = async || {
        let row = rows.query_one("SELECT count(*) FROM public.health_checks", &[]).await.unwrap();
        row.get::<_, i64>(0)
    };
    let before = count().await;
    for _ in 0..20 {
        hub.get("/readyz").await;
    }
    assert!(count().await <= before + 4, "what has not changed is told once a minute, however often somebody asks");
}

/// Asks until the answer has this status: a look is good for a moment.
async fn until(hub: &Served, status: u16) -> serde_json::Value {
    crate::until::until(&format!("/readyz answers {status}"), async || {
        let answer = hub.get("/readyz").await;
        (answer.status == status).then(|| answer.json())
    })
    .await
}

#[tokio::test]
async fn an_object_store_that_is_not_mounted_makes_a_hub_unready() {
    let place = Place::new();
    let hub = place.serve().await;
    std::fs::remove_dir_all(place.objects()).unwrap();
    let away = until(&hub, 503).await;
    let message = away["checks"][2]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("objects is gone"), "which folder: {message}");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let place = Place::new();
    node::organization(&place, "acme");
    let hub = place.serve().await;
    assert_eq!(hub.post("/v1/auth/login", &login("acme")).await.status, 200);
    assert_eq!(hub.post("/v1/auth/login", &login("nobody")).await.status, 401);
    hub.get("/made-up/7f3a").await;
    let told = hub.get("/metrics").await;
    assert!(told.header("content-type").starts_with("text/plain"), "{}", told.header("content-type"));
    for line in [
        r#"wellread_hub_requests_total{method="POST",route="/v1/auth/login",status="200"} 1"#,
        r#"wellread_hub_requests_total{method="POST",route="/v1/auth/login",status="401"} 1"#,
        r#"wellread_hub_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"wellread_hub_request_seconds_count{route="/v1/auth/login"} 2"#,
        r#"wellread_hub_problems_total{code="login-failed"} 1"#,
        r#"wellread_hub_problems_total{code="no-such-path"} 1"#,
        "wellread_hub_requests_in_flight 1",
        "wellread_hub_pool_max 16",
        "wellread_hub_stations 0",
        "wellread_hub_backlog_records 0",
    ] {
        assert!(told.text.lines().any(|there| there == line), "'{line}' is missing in:\n{}", told.text);
    }
    for secret in ["acme", "7f3a"] {
        assert!(!told.text.contains(secret), "no label names '{secret}'");
    }
}

#[tokio::test]
async fn metrics_can_want_a_token() {
    let place = Place::new();
    let hub = Served::new(Config { metrics_token: Some("scrape-me".to_owned()), ..place.config() }).await;
    assert_eq!(hub.get("/metrics").await.code(), "unauthenticated", "without");
    let with = async |token: &str| told(hub.ask(Method::GET, "/metrics").bearer_auth(token)).await.status;
    assert_eq!((with("scrape-m").await, with("scrape-me").await), (401, 200), "the whole of it");
}

#[tokio::test]
async fn what_a_station_has_brought_since_its_last_contact_is_no_backlog() {
    let place = Place::new();
    node::organization(&place, "acme");
    let code = node::verb_json(&place, &["enrol-code", "create", "acme"]);
    let hub = place.serve().await;
    let mut station = Station::enrol(client(), &hub.url, code["code"].as_str().unwrap(), 7).await;
    let said = "UPDATE microplates.station SET pending = 15, oldest_age_ms = 60000, last_contact_at = now()";
    place.superuser().await.batch_execute(said).await.unwrap();
    let gauge = async |name: &str| {
        let told = hub.get("/metrics").await.text;
        let line = told.lines().find(|line| line.starts_with(&format!("wellread_hub_{name} "))).unwrap();
        line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
    };
    station.push(10).await;
    assert!((gauge("backlog_records").await - 5.0).abs() < 0.5, "what is left");
    assert!(gauge("oldest_backlog_seconds").await >= 60.0, "and how old it is at most");
    station.push(10).await;
    assert!(gauge("backlog_records").await.abs() < 0.5, "and then nothing, though new records came meanwhile");
    assert!(gauge("oldest_backlog_seconds").await.abs() < 0.5, "nothing grows older");
    assert!((gauge("stations_seen").await - 1.0).abs() < 0.5, "one station was heard");
}
