//! What is headquarters' is told from what is the station's, and changed by them alone.

use crate::{
    hub::Hub,
    journeys::{enrolled, sync},
    people::account,
};
use serde_json::{Value, json};

fn named(lines: &[Value], key: &str, name: &str) -> Value {
    lines.iter().find(|line| line[key] == name).unwrap_or_else(|| panic!("{name} is listed: {lines:?}")).clone()
}

#[test]
fn what_headquarters_sent_is_marked_in_every_list() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    account(&hub, "mali");
    let toml = include_str!("../../assays/hi.toml").replacen("id = \"hi\"", "id = \"own\"", 1);
    hub.ask("POST", "/v1/assays", &json!({ "toml": toml, "why": "first" }));
    let wells: serde_json::Map<String, Value> = (0..8)
        .flat_map(|row| (1..=12).map(move |col| (row, col)))
        .map(|(row, col)| {
            let role = if col == 12 { "negative-control" } else { "sample" };
            (format!("{}{col}", char::from(b'A' + row)), json!(role))
        })
        .collect();
    let layout = json!({ "id": "hi-8", "version": 1, "name": "Eight sera", "plate_format": "96", "wells": wells });
    hub.ask("POST", "/v1/layouts", &layout);
    hub.ask("PUT", "/v1/config/people.lock_after", &json!({ "value": 3, "why": "the rule of the house" }));
    let report = sync(&station);
    assert_eq!(report["left"], 0, "all of it is taken up: {report}");

    for (list, key, theirs, own) in [
        (&["users", "list"][..], "username", "mali", "ada"),
        (&["assays", "list"][..], "id", "own", "hi"),
        (&["config", "list"][..], "name", "people.lock_after", "intake.rest_ms"),
    ] {
        let lines = station.run([list, &["--json"]].concat()).ended_with(0).lines();
        assert_eq!(named(&lines, key, theirs)["origin"], "hub", "{list:?}");
        assert_eq!(named(&lines, key, own)["origin"], "station", "{list:?}");
        let words = station.run(list).ended_with(0).out;
        let marked: Vec<&str> = words.lines().filter(|line| line.contains("(from headquarters)")).collect();
        assert!(marked.iter().any(|line| line.starts_with(&format!("{theirs} "))), "in words, {list:?}: {words}");
        assert!(!marked.iter().any(|line| line.starts_with(&format!("{own} "))), "and nothing else, {list:?}: {words}");
    }
    let layouts = station.run(["assays", "layouts", "--json"]).ended_with(0).lines();
    assert_eq!((&layouts[0]["id"], &layouts[0]["origin"]), (&json!("hi-8"), &json!("hub")), "a layout: {layouts:?}");
    let words = station.run(["assays", "layouts"]).ended_with(0).out;
    assert!(
        words.contains("8 negative-control, 88 sample") && words.contains("(from headquarters)"),
        "with what its wells are: {words}"
    );
    station.assert_sound();
}

#[test]
fn a_setting_of_headquarters_is_changed_by_them_until_they_take_it_back() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    station.set("people.lock_min", "20");
    hub.ask("PUT", "/v1/config/people.lock_after", &json!({ "value": 3, "why": "the rule of the house" }));
    sync(&station);
    for change in [&["config", "set", "people.lock_after", "9"][..], &["config", "unset", "people.lock_after"][..]] {
        let refused = station.run(change).ended_with(1);
        assert!(refused.err.contains("set by headquarters"), "who can is said: {}", refused.err);
    }
    hub.ask("PUT", "/v1/config/people.lock_after", &json!({ "value": null, "why": "as each likes" }));
    sync(&station);
    let value = |name: &str| station.run(["config", "get", name, "--json"]).ended_with(0).lines().remove(0);
    assert_eq!(value("people.lock_after")["value"], 5, "its default holds again");
    station.set("people.lock_after", "9");
    assert_eq!(value("people.lock_after")["origin"], "station", "and it is the station's");
    hub.ask("PUT", "/v1/config/people.lock_min", &json!({ "value": 20, "why": "as they have it" }));
    sync(&station);
    assert_eq!(value("people.lock_min")["origin"], "hub", "what was set alike before is theirs from now on");
    hub.ask("PUT", "/v1/config/people.lock_min", &json!({ "value": 30, "why": "longer" }));
    sync(&station);
    hub.ask("PUT", "/v1/config/people.lock_min", &json!({ "value": null, "why": "as each likes" }));
    sync(&station);
    let own = value("people.lock_min");
    assert_eq!((&own["value"], &own["origin"]), (&json!(20), &json!("station")), "the station's own holds again");

    let id = station.status()["sync"]["station_id"].as_str().unwrap().to_owned();
    hub.ask("POST", &format!("/v1/stations/{id}/revoke"), &json!({ "why": "sold" }));
    station.run(["sync"]).ended_with(1);
    station.set("people.lock_min", "25");
    assert_eq!(value("people.lock_min")["value"], 25, "a station off their list decides for itself");
    station.assert_sound();
}
