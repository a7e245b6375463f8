//! Codes, and what a station gets for one.

use crate::support::{TestHub, TestStation};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_one_station_in_and_the_same_one_again() {
    let hub = TestHub::start().await;
    let org = hub.org("north-lab").await;
    let code = hub.code(&org).await;
    let mut station = TestStation::new(&hub, &org);
    let first = station.enrol(&code).await.good().json();
    assert_eq!(first["org_name"], "The north-lab laboratory", "the station shows where it belongs");
    let again = station.enrol(&format!("  {} ", code.to_lowercase())).await.good().json();
    assert_eq!(again, first, "the first answer may have been lost, and people type as they like");
    let mut other = TestStation::new(&hub, &org);
    assert_eq!(other.enrol(&code).await.code(), "enrol-code", "a code is good once");
    station.key = SigningKey::from_bytes(&[9; 32]);
    assert_eq!(station.enrol(&code).await.code(), "enrol-code", "another key is another station");
    assert_eq!(hub.count("microplates.station").await, 1, "nobody else came in");
    let kept: String = hub.one("SELECT code_hash FROM microplates.enrol_code", &[]).await;
    assert!(!code.to_lowercase().contains(&kept) && kept.len() == 64, "only its hash is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_are_wrong_expired_or_withdrawn_let_nobody_in() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = TestStation::new(&hub, &org);
    for wrong in ["", "LAB-2222-2222-2222", "NONE-2222-2222-2222", "LAB-XXXX", "nonsense\0"] {
        assert_eq!(station.enrol(wrong).await.code(), "enrol-code", "'{wrong}'");
    }
    let admin = hub.person(&org, "ada", "admin").await;
    let made = admin.post("/v1/enrol-codes", &json!({ "note": "bench 3", "good_hours": 1 })).await.good().json();
    let list = admin.get("/v1/enrol-codes").await.good().json();
    assert_eq!(list["items"][0]["note"], "bench 3", "it is listed");
    assert!(!list.to_string().contains(made["code"].as_str().unwrap()), "and not told again");
    hub.hub.clock.advance(3_600_000);
    let expired = station.enrol(made["code"].as_str().unwrap()).await;
    assert!(expired.json()["detail"].as_str().unwrap().contains("expired"), "the words say why");
    hub.hub.clock.advance(-3_600_000);
    let path = format!("/v1/enrol-codes/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.good();
    assert_eq!(station.enrol(made["code"].as_str().unwrap()).await.code(), "enrol-code", "withdrawn");
    let operator = hub.person(&org, "ben", "operator").await;
    assert_eq!(operator.post("/v1/enrol-codes", &json!({})).await.code(), "forbidden", "not everybody makes codes");
    let other = hub.org("other").await;
    let stranger = hub.person(&other, "eve", "admin").await;
    assert_eq!(stranger.delete(&path).await.code(), "not-found", "another organization's code is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_a_known_station_replaces_its_key_and_voids_the_tokens_before_it() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut old = hub.station(&org).await;
    let mut new = old.clone();
    new.key = SigningKey::from_bytes(&[9; 32]);
    new.enrol(&hub.code_for(&org, old.id).await).await.good();
    let contact = crate::support::Answered::of(old.post("contact").json(&old.contact_now())).await;
    assert_eq!(contact.status, 401, "a token from before is void");
    assert_eq!(old.authenticate().await.code(), "unauthenticated", "and so is the old key");
    new.authenticate().await.good();
    new.contact().await;
    let details: Value = hub
        .one(
            "SELECT details FROM auth.audit_logs WHERE action = 'REENROL' AND resource_id = $1",
            &[&old.id.to_string()],
        )
        .await;
    assert_eq!(details["key_replaced"], true, "the trail tells of it: {details}");
    assert_eq!(hub.count("microplates.station").await, 1, "it is the same station");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_code_does_not_say_enrolled_to_a_key_that_was_replaced() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let code = hub.code(&org).await;
    let mut old = TestStation::new(&hub, &org);
    old.enrol(&code).await.good();
    let mut new = old.clone();
    new.key = SigningKey::from_bytes(&[9; 32]);
    let second = hub.code_for(&org, old.id).await;
    new.enrol(&second).await.good();
    let again = old.enrol(&code).await;
    assert_eq!((again.status, again.code().as_str()), (409, "station-known"), "its key is void, and it must hear so");
    assert!(again.json()["detail"].as_str().unwrap().contains("--station"), "with the way back");
    new.enrol(&second).await.good();
    new.authenticate().await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_any_station_gives_a_known_one_no_other_key() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut known = hub.station(&org).await;
    let mut copy = known.clone();
    copy.key = SigningKey::from_bytes(&[9; 32]);
    let code = hub.code(&org).await;
    let refused = copy.enrol(&code).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "station-known"), "another key is not taken");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    let way = format!("enrol-code create lab --station {}", known.id);
    assert!(detail.contains(&way), "the words say how a station gets on a new machine: {detail}");
    known.contact().await;
    assert_eq!(hub.count("auth.audit_logs WHERE action = 'REENROL'").await, 0, "nothing has happened to it");
    let mut fresh = TestStation::new(&hub, &org);
    fresh.enrol(&code).await.good();
    known.enrol(&hub.code(&org).await).await.good();
    known.authenticate().await.good();
    assert_eq!(hub.count("microplates.station").await, 2, "a new station takes the code, and the same key any other");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_claim_a_new_id_at_once_one_has_it() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut one = TestStation::new(&hub, &org);
    let mut two = one.clone();
    two.key = SigningKey::from_bytes(&[9; 32]);
    let (first, second) = (hub.code(&org).await, hub.code(&org).await);
    let (first, second) = tokio::join!(one.enrol(&first), two.enrol(&second));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "the second comes to a station that is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_one_station_lets_in_no_other() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let known = hub.station(&org).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let made = admin.post("/v1/enrol-codes", &json!({ "station": known.id })).await.good().json();
    let list = admin.get("/v1/enrol-codes").await.good().json();
    assert_eq!(list["items"][0]["station"], json!(known.id), "whom it is for is in the list");
    let refused = TestStation::new(&hub, &org).enrol(made["code"].as_str().unwrap()).await;
    assert_eq!(refused.code(), "enrol-code", "another station");
    assert!(refused.json()["detail"].as_str().unwrap().contains("another station"), "and why");
    let mut moved = known.clone();
    moved.key = SigningKey::from_bytes(&[9; 32]);
    moved.enrol(made["code"].as_str().unwrap()).await.good();
    moved.authenticate().await.good();
    let stranger = json!({ "station": Uuid::from_u128(5) });
    assert_eq!(admin.post("/v1/enrol-codes", &stranger).await.code(), "not-found", "there must be such a station");
    let other = hub.org("other").await;
    let eve = hub.person(&other, "eve", "admin").await;
    let foreign = json!({ "station": known.id });
    assert_eq!(eve.post("/v1/enrol-codes", &foreign).await.code(), "not-found", "and it must be of the organization");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_station_is_refused() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let code = hub.code(&org).await;
    let good = json!({
        "code": code, "station_id": Uuid::from_u128(9), "name": "Bench", "app_version": "0.1.0",
        "public_key": TestStation::new(&hub, &org).public_key(),
    });
    for (field, wrong) in [
        ("name", json!(" ")),
        ("name", json!("x".repeat(201))),
        ("public_key", json!("AAAA")),
        ("public_key", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("station_id", json!(Uuid::nil())),
        ("station_id", json!("bench")),
    ] {
        let mut body = good.clone();
        body[field] = wrong;
        let answered = crate::support::client().post(format!("{}/v1/enrol", hub.url)).json(&body).send().await.unwrap();
        assert_eq!(answered.status(), 400, "{field}: {}", body[field]);
    }
    assert_eq!(hub.count("microplates.station").await, 0, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_station_is_told_nothing_until_a_new_code_brings_it_back() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let path = format!("/v1/stations/{}/revoke", station.id);
    assert_eq!(admin.post(&path, &json!({ "why": " " })).await.code(), "invalid", "a reason is asked for");
    admin.post(&path, &json!({ "why": "stolen" })).await.good();
    admin.post(&path, &json!({ "why": "again" })).await.good();
    let contact = crate::support::Answered::of(station.post("contact").json(&station.contact_now())).await;
    assert_eq!((contact.status, contact.code().as_str()), (403, "station-revoked"), "its token is void at once");
    assert_eq!(station.authenticate().await.code(), "station-revoked", "and it gets no other");
    let why: String = hub.one("SELECT revoked_why FROM microplates.station", &[]).await;
    assert_eq!(why, "stolen", "the first reason stays");
    station.enrol(&hub.code(&org).await).await.good();
    station.authenticate().await.good();
    station.contact().await;
    let viewer = hub.person(&org, "eve", "viewer").await;
    assert_eq!(viewer.post(&path, &json!({ "why": "no" })).await.code(), "forbidden", "not everybody may");
}
