//! Headquarters, as people at a station see them: joining, a network lost and found, and what comes from there.

use crate::{
    hub::Hub,
    window::{Window, comes_true},
};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, path::Path};
use wellread_journeys::station::{PASSWORD, Station, capture, plates};

const ALL_THERE: &str = "Headquarters has everything.";
/// Of an account that headquarters make; longer than what a station asks for.
const THEIR_PASSWORD: &str = "a password of headquarters";

/// A station that asks for news every second, so that a journey waits for none.
fn station() -> Station {
    let station = Station::new();
    station.set("sync.every_s", "1");
    station
}

/// Joins from the screen, as a person does.
fn joins(window: &Window, url: &str, code: &str) {
    window.click("link", "Sync");
    window.fill("Address of headquarters", url);
    window.fill("One-time code", code);
    window.click("button", "Join");
}

/// Joins at once, for what comes after it.
fn joined(window: &Window, hub: &Hub) {
    let joined = window.invoke("enrol", &json!({ "url": hub.url(), "code": hub.code() })).unwrap();
    assert_eq!(joined["enrolled"]["org_name"], "Regional laboratories", "it says whom it joined: {joined}");
}

/// How the way to headquarters is, as the window is told.
fn sync_state(window: &Window) -> Value {
    window.invoke("sync_state", &json!({})).unwrap()
}

#[test]
fn plates_reach_headquarters_whatever_the_network_does() {
    let Some(mut hub) = Hub::start() else { return };
    let station = station();
    let Some(window) = Window::open("sync", &station) else { return };
    let pictures = plates(3);
    window.sign_in("ada");
    station.receive(&pictures[0], &capture("S-1", 1));
    window.sees("S-1");
    window.click("link", "Sync");
    window.sees("This station is not joined to a headquarters.");
    let waiting = sync_state(&window)["pending"].as_u64().unwrap();
    assert!(waiting > 0, "what was recorded before waits");

    joins(&window, &hub.url(), "LAB-AAAA-BBBB-CCCC");
    window.find("alert", "What was entered cannot be used.");
    let code = hub.code();
    joins(&window, &hub.url(), &code);
    window.sees(ALL_THERE);
    window.sees("Regional laboratories");
    window.sees("Central hub");
    assert_eq!(hub.samples_of_runs(), ["S-1"], "the plate from before it was joined is there too");
    station.receive(&pictures[1], &capture("S-2", 1));
    comes_true("a plate gets there by itself", || hub.samples_of_runs() == ["S-1", "S-2"]);
    comes_true("and nothing waits", || sync_state(&window)["pending"] == 0);
    window.sees("All sent");

    hub.goes_away();
    station.receive(&pictures[2], &capture("S-3", 1));
    window.click("link", "Bench");
    window.sees("S-3");
    window.sees("No contact");
    window.click("link", "Sync");
    window.sees("The last try to reach headquarters failed.");
    window.sees("everything waits here and goes by itself");
    window.photograph("sync-away").unwrap();
    let bench = window.invoke("bench", &json!({})).unwrap();
    let loud = bench["attention"].as_array().unwrap().iter().filter(|one| one["status"] == "unhealthy").count();
    assert_eq!(loud, 0, "a network that is away is no trouble of the bench: {bench}");

    // Nothing is recorded from here on: what waits must go without it.
    let before = station.runs().len();
    hub.comes_back();
    comes_true("each is there, once", || hub.samples_of_runs() == ["S-1", "S-2", "S-3"]);
    window.sees(ALL_THERE);
    assert_eq!(station.runs().len(), before, "and no plate had to come for it");
    drop(window);
    station.assert_sound();
}

#[test]
fn accounts_and_assays_of_headquarters_arrive_and_are_theirs() {
    let Some(hub) = Hub::start() else { return };
    let station = station();
    let Some(window) = Window::open("sync-people", &station) else { return };
    window.sign_in("ada");
    joined(&window, &hub);

    let account = json!({ "username": "hana", "password": THEIR_PASSWORD, "email": "hana@lab.example",
        "first_name": "Hana", "last_name": "Mori", "roles": ["operator"] });
    let made = hub.ask("POST", "/v1/users", &account);
    let toml = their_assay(1, "Influenza at headquarters");
    hub.ask("POST", "/v1/assays", &json!({ "toml": toml, "why": "the new serum" }));
    window.click("link", "People");
    window.sees("Hana Mori");
    window.sees("From headquarters");
    let row = "const row = page.find('row', 'Hana Mori'); \
               return [...row.querySelectorAll('button')].map((one) => [one.ariaDisabled, one.title]);";
    let controls = window.script(row, &json!([]));
    assert_eq!(controls.as_array().unwrap().len(), 3, "roles, password, closing: {controls}");
    for control in controls.as_array().unwrap() {
        let why = "This account comes from headquarters and is changed there.";
        assert_eq!(control, &json!(["true", why]), "each says why it cannot be used");
    }
    window.click("link", "Assays");
    window.sees("Influenza at headquarters");
    window.sees("From headquarters");
    window.click("link", "Influenza at headquarters");
    window.find("button", "New version");
    let why = window.script("return page.find('button', 'New version').title;", &json!([]));
    assert!(why.as_str().unwrap().starts_with("This assay comes from headquarters"), "it says why: {why}");
    let well = |n: u8| (format!("{}{}", char::from(b'A' + n / 12), n % 12 + 1), json!("sample"));
    let wells: serde_json::Map<String, Value> = (0..96).map(well).collect();
    let layout = json!({ "id": "sera", "version": 1, "name": "Eight sera", "plate_format": "96", "wells": wells });
    hub.ask("POST", "/v1/layouts", &layout);
    hub.ask("PUT", "/v1/config/people.lock_after", &json!({ "value": 3, "why": "the rule of the house" }));
    hub.ask("POST", "/v1/assays", &json!({ "toml": their_assay(2, "Influenza, second edition"), "why": "corrected" }));
    window.click("link", "Assays");
    window.sees("Influenza, second edition");
    window.sees("Eight sera");
    window.click("link", "Settings");
    window.find("button", "Change: Wrong passwords until an account locks");
    let change = "return page.find('button', 'Change: Wrong passwords until an account locks').title;";
    let why = window.script(change, &json!([]));
    assert_eq!(why, "Headquarters set this, and it is changed there.", "a setting says it, too");

    window.click("button", "Lock");
    window.tries_to_sign_in("hana", THEIR_PASSWORD);
    window.find("link", "Bench");
    window.sees("Hana Mori");
    window.click("button", "Lock");
    let id = made["id"].as_str().unwrap();
    hub.ask("PATCH", &format!("/v1/users/{id}"), &json!({ "is_active": false, "why": "she has left" }));
    comes_true("the next contact tells it", || {
        let known = window.invoke("known_people", &json!({})).unwrap();
        known.as_array().unwrap().iter().all(|person| person["username"] != "hana")
    });
    window.tries_to_sign_in("hana", THEIR_PASSWORD);
    window.find("alert", "User name or password is wrong");
    window.sign_in("ada");
    let audit = station.run(["audit", "--json"]).ended_with(0).out;
    assert!(audit.contains("from headquarters"), "the trail says whose word it was");
}

/// An assay of an organization's own.
fn their_assay(version: u32, name: &str) -> String {
    let hi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assays/hi.toml");
    let hi = fs::read_to_string(hi).unwrap().replace("id = \"hi\"", "id = \"lab-hi\"");
    let line = |line: &str| match line.split_once(" = ") {
        Some(("version", _)) => format!("version = {version}\n"),
        Some(("name", _)) => format!("name = \"{name}\"\n"),
        _ => format!("{line}\n"),
    };
    hi.lines().map(line).collect()
}

#[test]
fn a_first_start_waits_for_no_headquarters() {
    // Takes every connection and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let station = Station::empty();
    let Some(window) = Window::open("first-start-silent", &station) else { return };
    window.fill("Name of the station", "Bench 7");
    window.click("choice", "Try it with a simulated camera");
    window.fill("User name", "ada");
    window.fill("Password again", PASSWORD);
    window.fill("Password", PASSWORD);
    window.click("choice", "Do not encrypt");
    window.click("button", "Join a headquarters (optional)");
    window.fill("Address of headquarters", &format!("http://{}", silent.local_addr().unwrap()));
    window.sees("Enter the one-time code.");
    window.fill("One-time code", "LAB-AAAA-BBBB-CCCC");
    window.click("button", "Start the station");
    window.sees("This station is not joined to a headquarters.");
    window.click("link", "Bench");
    window.sees("Plate just read");
    window.find("button", "Lock");
    comes_true("plates are read all the while", || station.runs().len() > 1);
}

#[test]
fn a_station_off_the_list_says_so_and_joins_again() {
    let Some(hub) = Hub::start() else { return };
    let station = station();
    let Some(window) = Window::open("sync-revoked", &station) else { return };
    window.sign_in("ada");
    joined(&window, &hub);
    window.click("link", "Sync");
    window.sees(ALL_THERE);
    let id = sync_state(&window)["station_id"].as_str().unwrap().to_owned();
    hub.ask("POST", &format!("/v1/stations/{id}/revoke"), &json!({ "why": "the bench was sold" }));
    window.sees("Headquarters has taken this station off its list.");
    window.sees("Blocked");
    station.receive(&plates(1)[0], &capture("S-1", 1));
    comes_true("plates are read as ever", || station.runs().iter().any(|run| run["status"] == "completed"));
    window.photograph("sync-off-the-list").unwrap();

    window.fill("One-time code", &hub.code());
    window.click("button", "Join");
    comes_true("what waited gets there", || hub.samples_of_runs() == ["S-1"]);
    window.sees(ALL_THERE);
}

#[test]
fn of_two_copies_of_a_station_the_one_goes_on_that_a_person_says() {
    let Some(hub) = Hub::start() else { return };
    let station = station();
    let pictures = plates(2);
    station.run(["enrol", &hub.url(), &hub.code()]).ended_with(0);
    station.run(["sync"]).ended_with(0);
    let (data, copy) = (station.data(), station.data().with_file_name("copy"));
    copies(&data, &copy);
    station.receive(&pictures[0], &capture("S-1", 1));
    station.drain();
    station.run(["sync"]).ended_with(0);
    comes_true("the first copy has told its plate", || hub.samples_of_runs() == ["S-1"]);
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&copy, &data).unwrap();
    fs::remove_file(station.inbox().join(capture("S-1", 1))).unwrap();

    let Some(window) = Window::open("sync-copies", &station) else { return };
    window.sign_in("ada");
    station.receive(&pictures[1], &capture("S-2", 1));
    window.click("link", "Sync");
    window.sees("Headquarters takes nothing from this station now.");
    window.photograph("sync-fenced").unwrap();
    window.click("button", "This PC goes on");
    window.find("dialog", "Does this PC go on as bench 1?");
    window.click("choice", "No other PC works with a copy of this station's data.");
    window.click("button", "Go on");
    window.fill("Reason", "the other disk is broken");
    window.click("button", "Take over");
    comes_true("what either copy told is there", || hub.samples_of_runs() == ["S-1", "S-2"]);
    window.sees(ALL_THERE);
    let audit = station.run(["audit", "--json"]).ended_with(0).out;
    assert!(audit.contains("the other disk is broken"), "and why is in the trail");
}

/// A disk is cloned.
fn copies(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copies(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}
