//! Who a station is, and who it is not.

use crate::support::{Answered, TestHub, TestStation};
use ed25519_dalek::SigningKey;
use serde_json::json;
use uuid::Uuid;

async fn contact(station: &TestStation) -> Answered {
    Answered::of(station.post("contact").json(&station.contact_now())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_expired_and_foreign_tokens_open_nothing() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    contact(&station).await.good();
    let other = hub.station(&org).await;
    let person = hub.person(&org, "ada", "admin").await;
    let good = station.token.clone();
    let mut forged = good.clone();
    forged.pop();
    forged.push(if good.ends_with('A') { 'B' } else { 'A' });
    let challenge = station.challenge().await;
    for (token, status, what) in [
        (String::new(), 401, "none"),
        ("nonsense".to_owned(), 401, "nonsense"),
        (forged, 401, "another signature"),
        (challenge, 401, "a challenge is no access"),
        (person.token, 401, "a person is no station"),
        (other.token, 403, "another station's"),
    ] {
        station.token = token;
        assert_eq!(contact(&station).await.status, status, "{what}");
    }
    station.token = good;
    hub.hub.clock.advance(3_601_000);
    assert_eq!(contact(&station).await.code(), "unauthenticated", "an hour later it has expired");
    station.authenticate().await.good();
    contact(&station).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_good_for_a_minute_and_for_its_station() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let old = station.challenge().await;
    hub.hub.clock.advance(61_000);
    assert_eq!(station.prove(&old).await.status, 401, "too old");
    let other = hub.station(&org).await;
    let others = other.challenge().await;
    assert_eq!(station.prove(&others).await.status, 401, "another's");
    let mut thief = station.clone();
    thief.key = SigningKey::from_bytes(&[9; 32]);
    assert_eq!(thief.authenticate().await.status, 401, "another key");
    let mut unknown = TestStation::new(&hub, &org);
    assert_eq!(unknown.authenticate().await.status, 401, "a station that there is not is answered alike");
    let unnamed = crate::support::client().post(format!("{}/v1/stations/{}/challenge", hub.url, station.id));
    let told = Answered::of(unnamed).await;
    assert!(told.json()["detail"].as_str().unwrap().contains("?org="), "who forgets the organization is told how");
    station.authenticate().await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_cannot_pass_for_one_of_another_organization() {
    let hub = TestHub::start().await;
    let (lab, other) = (hub.org("lab").await, hub.org("other").await);
    let mut station = hub.station(&lab).await;
    station.org = other.id;
    assert_eq!(station.authenticate().await.status, 401, "it is not enrolled there");
    // Somebody of the other organization enrols a station of the same id, with a key of his own.
    let mut impostor = station.clone();
    impostor.key = SigningKey::from_bytes(&[9; 32]);
    impostor.enrol(&hub.code(&other).await).await.good();
    impostor.authenticate().await.good();
    impostor.append("config", &json!({ "key": "a", "value": 1 }));
    impostor.push(1, 1).await.good();
    station.org = lab.id;
    station.authenticate().await.good();
    assert_eq!(station.contact().await.expected_seq, 1, "what the impostor tells stays in his own organization");
    let orgs: Vec<Uuid> = hub
        .sql
        .query("SELECT org_id FROM microplates.station_config", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(orgs, [other.id], "there it is");
}
