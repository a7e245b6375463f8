//! What headquarters say: accounts, assays, settings, corrections. They hold at the station from the next contact on.

use crate::{
    hub::Hub,
    journeys::{enrolled, sync},
};
use serde_json::{Value, json};
use wellread_journeys::station::{PASSWORD, Station, capture, plates};

/// Makes an account at headquarters; gives its id.
pub(crate) fn account(hub: &Hub, name: &str) -> String {
    let made = hub.ask(
        "POST",
        "/v1/users",
        &json!({
            "username": name, "password": PASSWORD, "email": format!("{name}@lab.example"), "roles": ["supervisor"],
        }),
    );
    made["id"].as_str().unwrap_or_else(|| panic!("an account has an id: {made}")).to_owned()
}

#[test]
fn an_account_of_headquarters_works_at_the_station_until_they_close_it() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let id = account(&hub, "mali");
    station.run_as("mali", ["audit"]).ended_with(4);
    sync(&station);
    station.run_as("mali", ["audit"]).ended_with(0);
    let refused = station.run(["users", "deactivate", "mali"]).ended_with(1);
    assert!(refused.err.contains("headquarters"), "only they change it: {}", refused.err);
    hub.ask("PATCH", &format!("/v1/users/{id}"), &json!({ "is_active": false, "why": "left" }));
    station.run_as("mali", ["audit"]).ended_with(0);
    sync(&station);
    station.run_as("mali", ["audit"]).ended_with(4);
    station.assert_sound();
}

fn own_assay(version: u32) -> String {
    include_str!("../../assays/hi.toml").replacen("id = \"hi\"", "id = \"own\"", 1).replacen(
        "version = 1",
        &format!("version = {version}"),
        1,
    )
}

fn assay_of_newest_run(station: &Station) -> Value {
    let run = station.runs().remove(0)["run_id"].as_str().unwrap().to_owned();
    station.run(["show", &run, "--json"]).ended_with(0).lines().remove(0)["assay"].clone()
}

#[test]
fn a_new_version_of_an_assay_is_used_for_the_next_plate() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let pictures = plates(2);
    hub.ask("POST", "/v1/assays", &json!({ "toml": own_assay(1), "why": "first" }));
    sync(&station);
    station.set("assay", "own");
    station.receive(&pictures[0], &capture("S1", 1));
    station.drain();
    assert_eq!(assay_of_newest_run(&station), json!({ "id": "own", "version": 1 }), "the version that was there");
    hub.ask("POST", "/v1/assays", &json!({ "toml": own_assay(2), "why": "another cut-off" }));
    sync(&station);
    station.receive(&pictures[1], &capture("S1", 2));
    station.drain();
    assert_eq!(assay_of_newest_run(&station), json!({ "id": "own", "version": 2 }), "and the new one");
    assert_eq!(sync(&station)["quarantined"], 0, "headquarters take runs under their own assay");
    station.assert_sound();
}

#[test]
fn a_correction_of_headquarters_holds_at_the_station_and_comes_back_as_a_review() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let run = station.accepted(&plates(1)[0], "S1");
    sync(&station);
    hub.ask(
        "POST",
        "/v1/corrections",
        &json!({
            "run_id": run, "decision": { "decision": "reject" }, "reason_code": "contamination",
            "reason_text": "the whole batch",
        }),
    );
    sync(&station);
    let shown = station.run(["show", &run, "--json"]).ended_with(0).lines().remove(0);
    assert_eq!(shown["state"]["disposition"], "rejected", "it holds: {}", shown["state"]);
    let event = shown["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(event["actor"], "admin", "in the name of who decided: {event}");
    sync(&station);
    let there = hub.ask("GET", &format!("/v1/runs/{run}"), &Value::Null);
    assert!(there.to_string().contains("\"rejected\""), "and headquarters see that it does: {there}");
    station.assert_sound();
}
