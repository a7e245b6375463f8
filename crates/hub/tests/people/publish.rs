//! Assays, layouts and settings for the stations.

use crate::place::Place;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wellread_plate::assay::Assay;

/// An assay of the laboratory's own, made of a shipped one.
fn assay(id: &str, version: u32, name: &str) -> String {
    let (shipped, text) = Assay::shipped_texts().next().unwrap();
    let known = Assay::from_toml(shipped, text).unwrap();
    let lines = text.lines().map(|line| match line.split_once('=').map(|(key, _)| key.trim()) {
        Some("id") if line.contains(&format!("\"{}\"", known.id)) => format!("id = \"{id}\""),
        Some("version") => format!("version = {version}"),
        Some("name") if line.contains(&known.name) => format!("name = \"{name}\""),
        _ => line.to_owned(),
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let made = Assay::from_toml("test", &text).unwrap();
    assert_eq!((made.id.as_str(), made.version, made.name.as_str()), (id, version, name), "the test's own text");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assay_is_published_version_by_version() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let publish = async |toml: &str| node.post(admin, "/v1/assays", &json!({ "toml": toml, "why": "validated" })).await;
    let first = assay("own", 1, "Own");
    let made = publish(&first).await.with(201);
    assert_eq!((&made["id"], &made["version"], &made["shipped"]), (&json!("own"), &json!(1), &json!(false)), "{made}");
    assert_eq!(publish(&first).await.status, 200, "the same again is no new one");
    assert_eq!(
        publish(&assay("own", 1, "Other")).await.refused(409),
        "version-known",
        "another text is another version"
    );
    publish(&assay("own", 3, "Third")).await.with(201);
    assert_eq!(publish(&assay("own", 2, "Second")).await.refused(409), "version-old", "versions grow");
    assert_eq!(publish("id = 1").await.refused(400), "invalid", "what is no assay");
    let shipped = Assay::shipped_texts().next().unwrap().1;
    let told = publish(shipped).await;
    assert!(told.refused(400) == "invalid" && told.text.contains("shipped"), "the program's ids are the program's");

    assert_eq!(node.get(admin, "/v1/assays/own/1").await.with(200)["toml"], json!(first), "to the letter");
    node.get(admin, "/v1/assays/own/2").await.refused(404);
    node.get(admin, "/v1/assays/own/first").await.refused(404);
    let versions = node.walk(admin, "/v1/assays?id=own", 1).await;
    assert_eq!(versions.len(), 2, "page by page");
    let feed = place.feed(&org, "assay:own:1").await;
    assert_eq!(feed.len(), 1, "told once");
    assert_eq!((&feed[0]["toml"], &feed[0]["version"]), (&json!(first), &json!(1)), "as it was written");
    let entry = place.trail(&org, "CREATE").await.into_iter().find(|entry| entry["resource_id"] == "own 1").unwrap();
    assert!(entry["why"] == "validated" && entry["new"]["sha256"].is_string(), "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assay_that_a_station_calls_otherwise_is_refused() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    place
        .sql(&format!(
            "INSERT INTO microplates.station (org_id, id, name, public_key)
               VALUES ('{0}', '{0}', 'Bench 1', decode(repeat('ab', 32), 'hex'));
             INSERT INTO microplates.station_assay (org_id, station_id, id, version, name, toml, log_seq)
               VALUES ('{0}', '{0}', 'own', 1, 'Own', 'another text', 1)",
            org.id
        ))
        .await;
    let told = node.post(&org.admin.access, "/v1/assays", &json!({ "toml": assay("own", 1, "Own") })).await;
    assert!(told.refused(409) == "version-known" && told.text.contains("Bench 1"), "it says whose: {}", told.text);
    node.post(&org.admin.access, "/v1/assays", &json!({ "toml": assay("own", 2, "Own") })).await.with(201);
}

fn wells(role: &str) -> BTreeMap<String, String> {
    let wells = ["A1", "A2", "A3", "B1", "B2", "B3"];
    wells.into_iter().map(|well| (well.to_owned(), role.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layout_is_published_and_retired() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let layout = |version: i32, role: &str| json!({ "id": "six", "version": version, "name": "Six", "plate_format": "2x3", "wells": wells(role) });
    let made = node.post(admin, "/v1/layouts", &layout(1, "sample")).await.with(201);
    assert_eq!(made["plate_format"], "6", "a standard plate is called by its wells");
    assert_eq!(node.post(admin, "/v1/layouts", &layout(1, "sample")).await.status, 200, "the same again");
    assert_eq!(node.post(admin, "/v1/layouts", &layout(1, "blank")).await.refused(409), "version-known", "otherwise");
    node.post(admin, "/v1/layouts", &layout(3, "blank")).await.with(201);
    assert_eq!(node.post(admin, "/v1/layouts", &layout(2, "blank")).await.refused(409), "version-old", "versions grow");
    let mut less = layout(4, "sample");
    less["wells"].as_object_mut().unwrap().remove("B3");
    assert!(node.post(admin, "/v1/layouts", &less).await.text.contains("B3 is missing"), "every well is said");
    for (field, value) in
        [("plate_format", json!("7")), ("version", json!(0)), ("id", json!("")), ("wells", json!({ "Z9": "sample" }))]
    {
        let mut body = layout(4, "sample");
        body[field] = value.clone();
        assert_eq!(node.post(admin, "/v1/layouts", &body).await.refused(400), "invalid", "{field}: {value}");
    }
    node.post(admin, "/v1/layouts", &layout(4, "queen")).await.refused(400);

    let retire = async |path: &str| node.post(admin, path, &json!({ "why": "no longer used" })).await;
    retire("/v1/layouts/six/1/retire").await.with(200);
    retire("/v1/layouts/six/1/retire").await.with(200);
    retire("/v1/layouts/six/9/retire").await.refused(404);
    assert_eq!(node.walk(admin, "/v1/layouts", 1).await.len(), 1, "a retired one is not listed");
    assert_eq!(node.walk(admin, "/v1/layouts?retired=true", 1).await.len(), 2, "unless asked for");
    let feed = place.feed(&org, "layout:six:1").await;
    let retired: Vec<&Value> = feed.iter().map(|entry| &entry["retired"]).collect();
    assert_eq!(retired, [false, true], "stations learn both, once each");
    assert_eq!(feed[0]["wells"]["A1"], "sample", "with its wells");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_stations_are_set_and_taken_back() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let set =
        async |key: &str, value: Value| node.put(admin, &format!("/v1/config/{key}"), &json!({ "value": value })).await;
    assert_eq!(set("people.lock_after", json!(3)).await.with(200)["value"], 3, "set");
    set("people.lock_after", json!(3)).await.with(200);
    set("deliver.templates", json!(["labware", "hl7"])).await.with(200);
    assert_eq!(set("people.lock_after", json!(0)).await.refused(400), "invalid", "out of its range");
    for key in ["models", "intake.inbox", "deliver.folder", "colour"] {
        assert_eq!(set(key, json!("x")).await.refused(404), "not-found", "{key} is not set from here");
    }
    assert_eq!(node.walk(admin, "/v1/config", 1).await.len(), 2, "two are set");
    set("people.lock_after", Value::Null).await.with(200);
    assert_eq!(node.walk(admin, "/v1/config", 10).await.len(), 1, "one is taken back");
    let feed = place.feed(&org, "config:people.lock_after").await;
    let values: Vec<&Value> = feed.iter().map(|entry| &entry["value"]).collect();
    assert_eq!(values, [&json!(3), &Value::Null], "stations learn both, and not the repetition");
    let entry = &place.trail(&org, "UPDATE").await[0];
    assert!(entry["old"] == 3 && entry["new"].is_null() && entry["resource"] == "system_config", "{entry}");
}
