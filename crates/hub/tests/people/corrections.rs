//! Decisions of headquarters about runs.

use crate::place::Place;
use serde_json::{Value, json};
use uuid::Uuid;

/// A completed and a failed run of a station.
async fn runs(place: &Place, org: Uuid) -> (Uuid, Uuid, Uuid) {
    let id = || place.node.hub.id().unwrap();
    let (station, good, failed) = (id(), id(), id());
    place
        .sql(&format!(
            "INSERT INTO microplates.station (org_id, id, name, public_key)
               VALUES ('{org}', '{station}', 'Bench 1', decode(repeat('ab', 32), 'hex'));
             INSERT INTO microplates.prediction_run (org_id, id, station_id, station_seq, log_seq, predict_at, status,
                 error_code, error_msg, image_sha256, assay_id, assay_version, app_version)
               SELECT '{org}', run, '{station}', n, n, now(), status, code, code, repeat('a', 64), 'hi', 1, '0.1.0'
               FROM (VALUES ('{good}'::uuid, 1, 'completed', NULL), ('{failed}', 2, 'failed', 'no-plate'))
                 AS t(run, n, status, code);
             INSERT INTO microplates.well_prediction (org_id, run_id, well_id, label, class, confidence, bbox)
               VALUES ('{org}', '{good}', 'A1', 'positive', 'teardrop', 0.9, '{{}}')"
        ))
        .await;
    (station, good, failed)
}

fn correction(run: Uuid, decision: &Value) -> Value {
    json!({ "run_id": run, "decision": decision, "reason_code": "misread", "reason_text": " a bubble " })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_goes_to_the_runs_station_and_is_followed() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let (station, run, _) = runs(&place, org.id).await;
    let boss = node.person(&org, "boss", &["supervisor"]).await;
    let decision = json!({ "decision": "override", "well": "A1", "class": "button", "label": "negative" });
    let made = node.post(&boss.access, "/v1/corrections", &correction(run, &decision)).await.with(201);
    assert_eq!((&made["state"], &made["station"]), (&json!("waiting"), &json!("Bench 1")), "{made}");
    assert_eq!(made["decision"], decision, "as it was decided");
    assert_eq!(made["reason_text"], "a bubble", "without what stands around it");

    let id = made["id"].as_str().unwrap();
    let rows = place.rows("SELECT seq, station_id, body FROM microplates.org_feed WHERE kind = 'correction'").await;
    assert_eq!(rows.len(), 1, "one entry");
    assert_eq!(rows[0].get::<_, Uuid>(1), station, "for its station alone");
    let body: Value = rows[0].get(2);
    assert_eq!((&body["id"], &body["username"]), (&json!(id), &json!("boss")), "with who decided: {body}");

    let state = async || node.walk(&boss.access, "/v1/corrections", 10).await[0]["state"].clone();
    place.sql(&format!("UPDATE microplates.station SET feed_seq = {}", rows[0].get::<_, i64>(0))).await;
    assert_eq!(state().await, "received", "once the station has it");
    place.sql("UPDATE microplates.correction SET applied_at = now()").await;
    assert_eq!(state().await, "applied", "once it has told so");
    for (filter, count) in
        [("state=applied", 1), ("state=waiting", 0), (&format!("run={run}"), 1), (&format!("station={run}"), 0)]
    {
        assert_eq!(node.walk(&boss.access, &format!("/v1/corrections?{filter}"), 10).await.len(), count, "{filter}");
    }
    let entry = &place.trail(&org, "CREATE").await[0];
    assert!(entry["resource"] == "correction" && entry["new"]["decision"] == decision, "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decided_is_refused() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let (_, run, failed) = runs(&place, org.id).await;
    let admin = &org.admin.access;
    let accept = json!({ "decision": "accept" });
    let ask = async |body: Value| node.post(admin, "/v1/corrections", &body).await;
    assert_eq!(ask(correction(Uuid::nil(), &accept)).await.refused(404), "not-found", "no such run");
    assert_eq!(ask(correction(failed, &accept)).await.refused(409), "run-without-results", "nothing to decide");
    for (decision, what) in [
        (
            json!({ "decision": "override", "well": "H12", "class": null, "label": "negative" }),
            "a well that is not there",
        ),
        (json!({ "decision": "override", "well": "A1", "class": null, "label": "maybe" }), "no call"),
        (json!({ "decision": "override", "well": "A1", "class": "No Class", "label": "negative" }), "no class"),
        (json!({ "decision": "sample", "sample_no": "a\nb", "submission_no": "", "plate_no": "" }), "two lines"),
        (json!({ "decision": "burn" }), "no decision"),
    ] {
        assert_eq!(ask(correction(run, &decision)).await.refused(400), "invalid", "{what}");
    }
    let mut body = correction(run, &accept);
    body["reason_code"] = json!("because");
    assert_eq!(ask(body.clone()).await.refused(400), "invalid", "no reason");
    (body["reason_code"], body["reason_text"]) = (json!("other"), json!(" "));
    assert_eq!(ask(body).await.refused(400), "invalid", "'other' says what");

    let other = node.org("beta").await;
    let told = node.post(&other.admin.access, "/v1/corrections", &correction(run, &accept)).await;
    assert_eq!(told.refused(404), "not-found", "another organization's run is not there");
    place.sql("UPDATE microplates.station SET revoked_at = now()").await;
    assert_eq!(ask(correction(run, &accept)).await.refused(409), "station-revoked", "nobody is there to do it");
    let feed = place.rows("SELECT count(*) FROM microplates.org_feed WHERE kind = 'correction'").await;
    assert_eq!(feed[0].get::<_, i64>(0), 0, "nothing of it is told");
}
