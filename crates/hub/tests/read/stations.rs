//! Stations as headquarters see them.

use crate::house::{House, column};
use chrono::{TimeDelta, Utc};

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_was_not_heard_of_for_a_day_is_quiet() {
    let house = House::open().await;
    let org = house.org("lab").await;
    // Station n was last heard of 3 n hours ago.
    house.plates(org.id, 1, 1).await;
    house
        .sql(
            "UPDATE microplates.station SET revoked_at = now(), revoked_why = 'sold' WHERE name = 'Station 18';
             UPDATE microplates.station SET last_contact_at = NULL WHERE name = 'Station 19'",
        )
        .await;
    let quiet = column(&house.walk(&org.token, "/v1/stations?quiet=true", 7).await, "name");
    let mut expected: Vec<String> = (8..18).chain([19]).map(|n| format!("Station {n}")).collect();
    let mut found = quiet.clone();
    found.sort();
    expected.sort();
    assert_eq!(
        found, expected,
        "after 24 hours, also one that was never heard of, but none that was taken off the list"
    );
    let revoked = column(&house.walk(&org.token, "/v1/stations?revoked=true", 7).await, "name");
    assert_eq!(revoked, ["Station 18"], "the one taken off the list");
    house.hub.clock.advance(TimeDelta::hours(5).num_milliseconds());
    let later = house.walk(&org.token, "/v1/stations?quiet=true", 1000).await;
    assert_eq!(later.len(), 12, "by the hub's clock, five hours later, the one of 21 hours ago is among them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_tells_how_it_stands() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 40).await;
    let station = house.walk(&org.token, "/v1/stations", 1000).await[3].clone();
    let id = station["id"].as_str().unwrap();
    let (first, second) = ("a".repeat(64), "b".repeat(64));
    house
        .sql(&format!(
            "UPDATE microplates.station SET fenced = 'its disk was copied', fenced_at = now(), rejected = 3,
               oldest_age_ms = 60000, blobs_pending = 12, audit_head_seq = 9, audit_head_hash = '{second}' WHERE id = '{id}';
             INSERT INTO microplates.station_incarnation
               (org_id, station_id, incarnation, base_seq, base_hash, head_seq, head_hash, why, created_by)
             VALUES ('{0}', '{id}', 1, 0, '{first}', 40, '{first}', 'enrolled', 'ann'),
               ('{0}', '{id}', 2, 30, '{first}', 35, '{second}', 'disk changed', 'ben');
             INSERT INTO microplates.audit_anchor (org_id, station_id, seq, hash, incarnation)
             VALUES ('{0}', '{id}', 8, '{first}', 1), ('{0}', '{id}', 8, '{second}', 2), ('{0}', '{id}', 9, '{second}', 2);
             INSERT INTO auth.audit_logs (org_id, station_id, action, resource, resource_id)
             VALUES ('{0}', '{id}', 'TAMPERED', 'audit_trail', '{id}')",
            org.id
        ))
        .await;
    let told = house.json(&org.token, &format!("/v1/stations/{id}")).await;
    assert_eq!(told["name"], station["name"], "what the list says is there too");
    assert_eq!(told["fenced"], "its disk was copied", "why no records are taken");
    assert!(
        told["fenced_at"].as_str().unwrap() > (Utc::now() - TimeDelta::hours(1)).to_rfc3339().as_str(),
        "since when"
    );
    assert_eq!((&told["rejected"], &told["blobs_pending"]), (&3.into(), &12.into()), "what somebody must look at");
    assert_eq!((&told["audit_tampered"], &station["audit_tampered"]), (&true.into(), &false.into()), "since then");
    assert_eq!(told["audit_contradictions"], serde_json::json!([8]), "one place of its trail has two hashes");
    assert_eq!(told["audit_seq"], 9, "the newest anchor");
    let incarnations = told["incarnations"].as_array().unwrap();
    assert_eq!(column(incarnations, "incarnation"), ["2", "1"], "the writers of its log, the newest first");
    assert_eq!(told["runs"], 2, "two of forty runs are of this station");
    let fenced = column(&house.walk(&org.token, "/v1/stations?fenced=true", 7).await, "id");
    assert_eq!(fenced, [id], "the list finds it by that");
}
