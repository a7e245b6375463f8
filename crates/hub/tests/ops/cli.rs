//! The command line, end to end.

use crate::{
    node::{Node, organization, program, verb, verb_json},
    place::{Place, client, login},
    station::Station,
};
use std::process::Output;
use wellread_hub::schema;
use wellread_testdb::Postgres;

fn said(done: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

#[tokio::test]
async fn a_database_is_made_and_brought_up_to_date_by_its_owner() {
    let place = Place::new();
    let empty = Postgres::shared().unwrap().empty_database().unwrap();
    let on_empty = |args: &[&str]| {
        let mut command = program(&place);
        command.env("WELLREAD_HUB_OWNER_URL", empty.owner_url()).env("WELLREAD_HUB_DATABASE_URL", empty.app_url());
        command.args(args).output().unwrap()
    };
    let before = on_empty(&["serve"]);
    assert_eq!(before.status.code(), Some(2), "nothing is served from an empty database");
    assert!(said(&before).contains("run `wellread-hub migrate`"), "and what to do is said: {}", said(&before));
    let first = on_empty(&["migrate", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(told["version"], schema::newest(), "{}", said(&first));
    let last = told["applied"].as_array().unwrap().last().unwrap().to_string();
    assert!(last.contains(&format!("V{}", schema::newest())), "up to the last one: {told}");
    let again: serde_json::Value = serde_json::from_slice(&on_empty(&["migrate", "--json"]).stdout).unwrap();
    assert_eq!(again["applied"].as_array().unwrap().len(), 0, "once");
    assert!(said(&on_empty(&["org", "list"])).starts_with("slug"), "and the hub can work with it");
}

#[tokio::test]
async fn what_is_missing_is_named_with_what_to_do() {
    let place = Place::new();
    let without = |name: &str, args: &[&str]| {
        let done = program(&place).env_remove(name).args(args).output().unwrap();
        (done.status.code(), said(&done))
    };
    let (code, told) = without("WELLREAD_HUB_DATABASE_URL", &["org", "list"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("set WELLREAD_HUB_DATABASE_URL"), "{told}");
    let (_, told) = without("WELLREAD_HUB_OWNER_URL", &["migrate"]);
    assert!(told.contains("set WELLREAD_HUB_OWNER_URL"), "{told}");
    let owner = program(&place)
        .env("WELLREAD_HUB_DATABASE_URL", place.database.superuser_url())
        .args(["org", "list"])
        .output()
        .unwrap();
    assert!(said(&owner).contains("row-level security does not hold"), "not as a superuser: {}", said(&owner));

    let file = place.folder.path().join("secret");
    std::fs::write(&file, format!("{}\n", place.database.app_url())).unwrap();
    let by_file = program(&place)
        .env_remove("WELLREAD_HUB_DATABASE_URL")
        .env("WELLREAD_HUB_DATABASE_URL_FILE", &file)
        .args(["org", "list"])
        .output()
        .unwrap();
    assert!(by_file.status.success(), "a secret may be in a file: {}", said(&by_file));
}

#[tokio::test]
async fn an_organization_is_made_suspended_and_let_in_again() {
    let place = Place::new();
    let made =
        verb_json(&place, &["org", "create", "acme", "--email", "admin@acme.example", "--name", "Acme Laboratories"]);
    let password = made["password"].as_str().unwrap().to_owned();
    let again = verb(&place, &["org", "create", "acme", "--email", "admin@acme.example"]);
    assert_eq!(again.status.code(), Some(2), "a short name is given once");
    assert!(said(&again).contains("there is an organization 'acme'"), "{}", said(&again));
    organization(&place, "bolt");

    let hub = place.serve().await;
    let mut login = login("acme");
    login["password"] = password.into();
    assert_eq!(hub.post("/v1/auth/login", &login).await.status, 200, "the password that was shown lets in");
    verb_json(&place, &["org", "suspend", "acme"]);
    let listed = verb_json(&place, &["org", "list"]);
    let told: Vec<_> =
        listed.as_array().unwrap().iter().map(|org| (org["slug"].clone(), org["status"].clone())).collect();
    assert_eq!(
        told,
        [("acme".into(), "suspended".into()), ("bolt".into(), "active".into())],
        "each organization and how it stands"
    );
    assert_eq!(hub.post("/v1/auth/login", &login).await.status, 401, "nobody of it is let in");
    verb_json(&place, &["org", "resume", "acme"]);
    assert_eq!(hub.post("/v1/auth/login", &login).await.status, 200, "until it is active again");
    let unknown = verb(&place, &["org", "suspend", "nobody"]);
    assert!(said(&unknown).contains("there is no organization 'nobody'"), "{}", said(&unknown));
}

#[tokio::test]
async fn codes_are_made_listed_and_withdrawn() {
    let place = Place::new();
    organization(&place, "acme");
    let first = verb_json(&place, &["enrol-code", "create", "acme", "--note", "bench 1", "--hours", "2"]);
    let second = verb_json(&place, &["enrol-code", "create", "acme"]);
    let hub = place.serve().await;
    Station::enrol(client(), &hub.url, first["code"].as_str().unwrap(), 7).await;
    let id = |code: &serde_json::Value| code["id"].as_str().unwrap().to_owned();
    let used = verb(&place, &["enrol-code", "revoke", "acme", &id(&first)]);
    assert!(said(&used).contains("was used already"), "{}", said(&used));
    verb_json(&place, &["enrol-code", "revoke", "acme", &id(&second)]);
    let listed = verb_json(&place, &["enrol-code", "list", "acme"]);
    let states: Vec<_> = listed.as_array().unwrap().iter().map(|code| code["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["revoked", "used"], "the newest first: {listed}");
    assert!(!listed.to_string().contains(first["code"].as_str().unwrap()), "not the codes themselves");
}

#[tokio::test]
async fn a_code_is_made_for_a_station_that_is_known() {
    let place = Place::new();
    organization(&place, "acme");
    let code = verb_json(&place, &["enrol-code", "create", "acme"]);
    let hub = place.serve().await;
    let station = Station::enrol(client(), &hub.url, code["code"].as_str().unwrap(), 7).await;
    let shown = verb(&place, &["enrol-code", "create", "acme", "--station", &station.id.to_string()]);
    assert!(said(&shown).contains(&format!("good for station {} alone", station.id)), "{}", said(&shown));
    let listed = verb_json(&place, &["enrol-code", "list", "acme"]);
    assert_eq!(listed[0]["station"], listed[1]["station"], "whom it is for, and whom it was used by: {listed}");
    let unknown = verb(&place, &["enrol-code", "create", "acme", "--station", &uuid::Uuid::from_u128(5).to_string()]);
    assert_eq!(unknown.status.code(), Some(2), "a station that nobody knows needs no code of its own");
}

#[tokio::test]
async fn a_key_file_is_made_used_and_replaced() {
    let place = Place::new();
    organization(&place, "acme");
    let [first, second] = ["first.key", "second.key"].map(|name| place.folder.path().join(name).display().to_string());
    let serve = |file: &str| {
        let mut command = program(&place);
        command.env("WELLREAD_HUB_KEY_FILE", file);
        command
    };
    let warned = Node::start(program(&place));
    assert!(
        warned.log().contains("wellread-hub key new"),
        "without a key file a hub says what to do: {}",
        warned.log()
    );
    drop(warned);
    let made = verb_json(&place, &["key", "new", &first]);
    let again = verb(&place, &["key", "new", &first]);
    assert_eq!(again.status.code(), Some(2), "none is written over: {}", said(&again));
    let node = Node::start(serve(&first));
    assert!(!node.log().contains("lie in clear"), "with one there is nothing to warn of: {}", node.log());
    let url = format!("{}/v1/auth/login", node.url);
    let login = client().post(url).json(&login("acme")).send().await.unwrap();
    let tokens: serde_json::Value = login.json().await.unwrap();
    drop(node);
    verb_json(&place, &["org", "list"]);
    let other = verb_json(&place, &["key", "new", &second]);
    let refused = serve(&second).arg("serve").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "another file is not taken by itself: {}", said(&refused));
    for id in [&made, &other] {
        assert!(said(&refused).contains(id["seal"].as_str().unwrap()), "which is which: {}", said(&refused));
    }
    let rotated = verb_json(&place, &["key", "rotate", "--key-file", &second]);
    assert_eq!(rotated["seal"], other["seal"], "somebody says so: {rotated}");
    let node = Node::start(serve(&second));
    let me = client().get(format!("{}/v1/auth/me", node.url));
    let answer = me.bearer_auth(tokens["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "who was signed in stays so");
}

#[tokio::test]
async fn a_record_in_quarantine_is_listed_tried_again_and_given_up() {
    let place = Place::new();
    organization(&place, "acme");
    let code = verb_json(&place, &["enrol-code", "create", "acme"]);
    let hub = place.serve().await;
    let mut station = Station::enrol(client(), &hub.url, code["code"].as_str().unwrap(), 7).await;
    station.push_unknown("from-the-future").await;
    let listed = verb_json(&place, &["quarantine", "list", "acme"]);
    assert_eq!(listed[0]["code"], "kind-unknown", "{listed}");
    assert_eq!(listed[0]["seq"], 1, "{listed}");
    let retried = verb(&place, &["quarantine", "retry", "acme", "--json"]);
    assert_eq!(retried.status.code(), Some(1), "this hub still does not know it: {}", said(&retried));
    let told: serde_json::Value = serde_json::from_slice(&retried.stdout).unwrap();
    assert_eq!((&told["applied"], &told["refused"]), (&0.into(), &1.into()), "{told}");
    let id = station.id.to_string();
    let drop = ["quarantine", "drop", "acme", "--station", &id, "--seq", "1", "--why", "a trial"];
    verb_json(&place, &drop);
    assert_eq!(verb_json(&place, &["quarantine", "list", "acme"]).as_array().unwrap().len(), 0, "nothing waits");
    let all = verb_json(&place, &["quarantine", "list", "acme", "--all"]);
    assert_eq!((&all[0]["state"], &all[0]["why"]), (&"dropped".into(), &"a trial".into()), "and it is not forgotten");
}

#[tokio::test]
async fn retention_says_what_goes_before_it_goes() {
    let place = Place::new();
    let rows = place.superuser().await;
    rows.batch_execute("SELECT microplates.fn_ensure_partitions('2020-03-01', 2)").await.unwrap();
    let would = verb_json(&place, &["retention", "--before", "2020-05"]);
    let months: Vec<_> =
        would["months"].as_array().unwrap().iter().map(|month| month["month"].as_str().unwrap()).collect();
    assert_eq!((months, &would["done"]), (vec!["2020-03", "2020-04"], &false.into()), "{would}");
    let done = verb_json(&place, &["retention", "--before", "2020-04", "--yes"]);
    assert_eq!(done["dropped"], 1, "the month before, and not the one named: {done}");
    let left = verb_json(&place, &["retention", "--before", "2020-05"]);
    assert_eq!(left["months"].as_array().unwrap().len(), 1, "{left}");
    let wrong = verb(&place, &["retention", "--before", "May"]);
    assert!(said(&wrong).contains("written as 2026-01"), "{}", said(&wrong));
    let future = verb(&place, &["retention", "--before", "2199-01", "--yes"]);
    assert_ne!(future.status.code(), Some(0), "what is to come cannot be over: {}", said(&future));
}

#[tokio::test]
async fn a_new_epoch_is_taken_by_somebody_who_says_why() {
    let place = Place::new();
    drop(place.serve().await);
    let before = verb_json(&place, &["epoch", "show"]);
    assert_eq!(before["epoch"], before["marker"]["epoch"], "database and object store belong together: {before}");
    let new = verb_json(&place, &["epoch", "new", "--why", "restored by hand"]);
    assert_ne!(new["epoch"], before["epoch"], "another history");
    let after = verb_json(&place, &["epoch", "show"]);
    assert_eq!((&after["epoch"], &after["why"]), (&new["epoch"], &"restored by hand".into()), "{after}");
    assert_eq!(after["marker"]["epoch"], new["epoch"], "the object store knows it: {after}");
    drop(place.serve().await);
    assert_eq!(verb_json(&place, &["epoch", "show"])["epoch"], new["epoch"], "a node starts with it");
}

#[tokio::test]
async fn the_document_is_printed_without_a_database() {
    let place = Place::new();
    let done = program(&place).env_remove("WELLREAD_HUB_DATABASE_URL").arg("openapi").output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(document["info"]["title"], "Wellread hub", "{}", said(&done));
}
