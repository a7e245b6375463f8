//! Records kept aside: tried again, dropped, and what the station hears of it.

use crate::support::{Plate, TestHub, until};
use serde_json::{Value, json};
use wellread_wire::batch::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_tried_again_brings_what_waited_for_it() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let plate = Plate::new(hub.hub.id().unwrap(), 1);
    // As if an older hub had not known how to read the run.
    station.append_raw("run", 9, &plate.told().to_string());
    station.append("run-state", &plate.state("rejected"));
    station.append("review", &plate.review(hub.hub.id().unwrap()));
    let acked = station.push_all().await;
    assert_eq!(json!(acked.outcomes)[1]["code"], "run-missing", "what is about it waits, too");
    let retried = admin.retry(station.id, 1, 1).await;
    assert_eq!((&retried["applied"], &retried["refused"]), (&json!(0), &json!(1)), "this hub still cannot read it");
    hub.run("UPDATE microplates.sync_quarantine SET schema_version = 2 WHERE seq = 1", &[]).await;
    let retried = admin.retry(station.id, 1, 1).await;
    assert_eq!(retried["applied"], 3, "the run, its state and its review: {retried}");
    let state: String = hub.one("SELECT disposition FROM microplates.run_state", &[]).await;
    assert_eq!(state, "rejected", "what holds for it");
    let contact = station.contact().await;
    assert_eq!((contact.rejected_total, contact.rejected), (0, vec![]), "the station hears that all is well");
    assert_eq!(station.push_all().await.outcomes, vec![Outcome::Applied; 3], "and so does who asks again");
    let rejected: i64 = hub.one("SELECT rejected FROM microplates.station", &[]).await;
    assert_eq!(rejected, 0, "the list counts none");
    assert_eq!(
        admin.post(&format!("/v1/quarantine/{}/1/1/retry", station.id), &json!({})).await.code(),
        "record-settled",
        "once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_record_replaces_nothing_that_came_after_it() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let plate = Plate::new(hub.hub.id().unwrap(), 1);
    station.append("run", &plate.told());
    station.append_raw("run-state", 9, &plate.state("rejected").to_string());
    station.append_raw("config", 9, r#"{"key": "a", "value": "old"}"#);
    station.append("run-state", &plate.state("to-review"));
    station.append("config", &json!({ "key": "a", "value": "new" }));
    station.push_all().await;
    hub.run("UPDATE microplates.sync_quarantine SET schema_version = 2", &[]).await;
    let retried = admin.post("/v1/quarantine/retry", &json!({ "station": station.id })).await.good().json();
    assert_eq!(retried["applied"], 2, "both are settled: {retried}");
    let state: String = hub.one("SELECT disposition FROM microplates.run_state", &[]).await;
    let value: Value = hub.one("SELECT value FROM microplates.station_config", &[]).await;
    assert_eq!((state.as_str(), value), ("to-review", json!("new")), "the newer ones hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_dropped_with_a_reason_by_who_may() {
    let hub = TestHub::start().await;
    let (org, other) = (hub.org("lab").await, hub.org("other").await);
    let mut station = hub.station(&org).await;
    station.append("teleport", &json!({ "to": "Mars" }));
    station.push_all().await;
    let admin = hub.person(&org, "ada", "admin").await;
    let path = format!("/v1/quarantine/{}/1/1/drop", station.id);
    let why = json!({ "why": "a test of the new camera" });
    let stranger = hub.person(&other, "eve", "admin").await;
    assert_eq!(stranger.post(&path, &why).await.code(), "not-found", "another organization's record is none");
    let operator = hub.person(&org, "ben", "operator").await;
    assert_eq!(operator.post(&path, &why).await.code(), "forbidden", "not everybody may");
    assert_eq!(operator.get("/v1/quarantine").await.code(), "forbidden", "nor look");
    let list = admin.get("/v1/quarantine").await.good().json();
    assert_eq!(list["items"][0]["payload"], r#"{"to":"Mars"}"#, "to the letter");
    assert_eq!(admin.post(&path, &json!({ "why": "" })).await.code(), "invalid", "a reason is asked for");
    admin.post(&path, &why).await.good();
    assert_eq!(admin.get("/v1/quarantine").await.good().json()["items"], json!([]), "it waits no longer");
    let list = admin.get("/v1/quarantine?state=dropped").await.good().json();
    assert_eq!(list["items"][0]["why"], "a test of the new camera", "and is still there, with the reason");
    assert_eq!(station.contact().await.rejected_total, 0, "the station is bothered no more");
    assert_eq!(station.push_all().await.outcomes, [Outcome::Known], "nor when it asks again");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_station_waits_for_the_records_of_another() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let (first, second) = (hub.station(&org).await, hub.station(&org).await);
    // Stations of which nothing was tried are tried in the order of their ids, which is that of their making.
    for mut station in [first.clone(), second.clone()] {
        station.append_raw("config", 9, r#"{"key": "a", "value": 1}"#);
        station.push_all().await;
    }
    hub.run("UPDATE microplates.sync_quarantine SET schema_version = 2", &[]).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let busy = crate::support::connected(&hub.database.superuser_url()).await;
    busy.batch_execute("BEGIN").await.unwrap();
    let (lock, drop) = (
        "SELECT FROM microplates.station WHERE id = $1 FOR NO KEY UPDATE",
        "UPDATE microplates.sync_quarantine SET state = 'dropped', resolved_at = now(), resolved_by = 'ada' WHERE station_id = $1",
    );
    busy.execute(lock, &[&second.id]).await.unwrap();
    busy.execute(drop, &[&second.id]).await.unwrap();
    let retrying = tokio::spawn(async move { admin.post("/v1/quarantine/retry", &json!({})).await });
    let open = "SELECT count(*) FROM microplates.sync_quarantine WHERE state = 'open' AND station_id = $1";
    until("the first station's record is settled", async || {
        assert!(!retrying.is_finished(), "it waits for the second station");
        (hub.one::<i64>(open, &[&first.id]).await == 0).then_some(())
    })
    .await;
    busy.batch_execute("COMMIT").await.unwrap();
    let retried = retrying.await.unwrap().good().json();
    assert_eq!(
        (&retried["applied"], &retried["refused"]),
        (&json!(1), &json!(0)),
        "the first station's is done, and what somebody else has settled meanwhile is nobody's error: {retried}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_again_and_again_does_not_keep_others_from_their_turn() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let (mut stubborn, mut other) = (hub.station(&org).await, hub.station(&org).await);
    for _ in 0..500 {
        stubborn.append("teleport", &json!({ "to": "Mars" }));
    }
    stubborn.push_all().await;
    other.append_raw("config", 9, r#"{"key": "a", "value": 1}"#);
    other.push_all().await;
    hub.run("UPDATE microplates.sync_quarantine SET schema_version = 2 WHERE kind = 'config'", &[]).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let retried = admin.post("/v1/quarantine/retry", &json!({})).await.good().json();
    assert_eq!(retried["refused"], 500, "no more at once");
    let retried = admin.post("/v1/quarantine/retry", &json!({})).await.good().json();
    assert_eq!(retried["applied"], 1, "then those come first that were not tried: {retried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_with_one_record_that_was_never_tried_comes_before_those_tried_long_ago() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let (mut tried, mut mixed) = (hub.station(&org).await, hub.station(&org).await);
    for _ in 0..500 {
        tried.append("teleport", &json!({ "to": "Mars" }));
    }
    tried.push_all().await;
    mixed.append("teleport", &json!({ "to": "Mars" }));
    mixed.append_raw("config", 9, r#"{"key": "a", "value": 1}"#);
    mixed.push_all().await;
    hub.run("UPDATE microplates.sync_quarantine SET schema_version = 2 WHERE kind = 'config'", &[]).await;
    let tries = "UPDATE microplates.sync_quarantine SET tries = 1, last_try_at = now() - make_interval(hours => $2)
        WHERE station_id = $1 AND kind = 'teleport'";
    hub.run(tries, &[&tried.id, &2]).await;
    hub.run(tries, &[&mixed.id, &1]).await;
    let admin = hub.person(&org, "ada", "admin").await;
    let retried = admin.post("/v1/quarantine/retry", &json!({})).await.good().json();
    assert_eq!(retried["applied"], 1, "what was tried an hour ago does not hide what never was: {retried}");
}
