//! Models that headquarters offer: fetched, shown, and used once a person at the station says so.

use crate::{
    driver::until,
    hub::Hub,
    journeys::{enrolled, sync},
};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};
use wellread_journeys::{
    models_folder,
    station::{Station, capture, plates},
};

/// Of the model that judges the wells.
const THEIR_VERSION: &str = "9.0.0";

fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Publishes the shipped models as another set, the one that judges the wells in a version of its own; gives the set's hash.
fn published(hub: &Hub, leave_out: &str) -> String {
    let manifest = fs::read_to_string(models_folder().join("manifest.toml")).unwrap();
    let of_wells = |version: &str| format!("kind = \"well-classifier\"\nversion = \"{version}\"");
    let manifest = manifest.replace(&of_wells("0.2.0"), &of_wells(THEIR_VERSION));
    let mut files = Map::new();
    for file in fs::read_dir(models_folder()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let name = file.file_name().into_string().unwrap();
        if name.ends_with(".facts.json") || name == leave_out {
            continue;
        }
        let bytes =
            if name == "manifest.toml" { manifest.clone().into_bytes() } else { fs::read(file.path()).unwrap() };
        hub.bring_file(&hash(&bytes), &bytes);
        files.insert(name, json!({ "sha256": hash(&bytes), "size": bytes.len() }));
    }
    let set = json!({ "name": "spring", "files": files, "note": "for the new camera", "why": "measured" });
    hub.ask("POST", "/v1/models", &set)["sha256"].as_str().unwrap().to_owned()
}

/// What the station calls a set.
fn id_of(sha256: &str) -> &str {
    sha256.get(..16).unwrap()
}

fn sets(station: &Station) -> Vec<Value> {
    station.run(["models", "list", "--json"]).ended_with(0).lines()
}

/// Which version judged the wells of the newest run.
fn judged_by(station: &Station) -> String {
    let newest = station.runs().remove(0)["run_id"].as_str().unwrap().to_owned();
    let run = station.run(["show", &newest, "--json"]).ended_with(0).lines().remove(0);
    assert_eq!(run["status"], "completed", "it was read: {}", run["error_msg"]);
    let models = run["models"].as_array().unwrap();
    let judge = models.iter().find(|model| model["kind"] == "well-classifier").unwrap();
    judge["version"].as_str().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn offered_models_are_fetched_across_a_power_cut_and_used_once_a_person_says_so() {
    use std::os::unix::process::ExitStatusExt as _;
    const SIGKILL: i32 = 9;
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let pictures = plates(2);
    station.receive(&pictures[0], &capture("S-1", 1));
    station.drain();
    sync(&station);
    let sha256 = published(&hub, "");
    let id = id_of(&sha256);

    // The locator has two parts: the power goes after the second file's or so, wherever that is.
    let mut dying = station.command(["sync"]);
    let ended = dying.env("WELLREAD_FAILPOINT", "model-part:5").output().unwrap();
    assert_eq!(ended.status.signal(), Some(SIGKILL), "it dies between two parts");
    let place = station.data().join("models");
    let unfinished = place.join(format!("{id}.offered"));
    let fetched = bytes_in(&unfinished);
    assert!(fetched > 0, "what was fetched is there");
    assert_eq!(sets(&station).len(), 1, "half a set is none");
    let report = sync(&station);
    assert_eq!((&report["models"], &report["left"]), (&json!(1), &json!(0)), "the rest followed: {report}");
    assert!(!unfinished.exists(), "and the set is in its place");
    for (name, file) in offered_files(&hub, &sha256) {
        let found = fs::read(place.join(id).join(&name)).unwrap();
        assert_eq!(json!(hash(&found)), file["sha256"], "{name} is what headquarters have");
    }

    let both = sets(&station);
    assert_eq!(both.len(), 2, "it is offered: {both:?}");
    assert_eq!(
        (&both[1]["id"], &both[1]["active"], &both[1]["offered"]["name"], &both[1]["offered"]["note"]),
        (&json!(id), &json!(false), &json!("spring"), &json!("for the new camera")),
        "as what, and not in use"
    );
    let words = station.run(["models", "list"]).ended_with(0).out;
    assert!(words.contains("offered by headquarters as 'spring'"), "people see it, too: {words}");
    let mut watch = station.watch();
    station.receive(&pictures[1], &capture("S-2", 1));
    watch.hears_runs(1);
    assert_ne!(judged_by(&station), THEIR_VERSION, "nothing was switched: the plate is read as before");
    let trial = &station.run(["models", "try", id, "--json"]).ended_with(0).lines()[0];
    assert_eq!(trial["runs"], 2, "it is tried on plates of before: {trial}");
    station.run(["models", "use", id, "--why", "measured better"]).ended_with(0);
    // Plates in hand are finished as they were begun; the next ones are read with the others.
    let mut plate = 0;
    until("plates are read with them", || {
        plate += 1;
        let mut picture = pictures[1].clone();
        picture.extend(format!("again {plate}").bytes());
        station.receive(&picture, &capture("S-3", plate));
        watch.hears_runs(1);
        match judged_by(&station) {
            version if version == THEIR_VERSION => Ok(()),
            other => Err(format!("read by version {other}")),
        }
    });
    assert_eq!(watch.stops(), 0, "the service went on with them");
    assert_eq!(sync(&station)["quarantined"], 0, "headquarters take a run of their own models");
    station.assert_sound();
}

fn bytes_in(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

fn offered_files(hub: &Hub, sha256: &str) -> Map<String, Value> {
    let listed = hub.ask("GET", "/v1/models", &Value::Null);
    let sets = listed["items"].as_array().unwrap();
    sets.iter().find(|set| set["sha256"] == *sha256).unwrap()["files"].as_object().unwrap().clone()
}

#[test]
fn models_that_were_taken_back_are_not_switched_to() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    let sha256 = published(&hub, "");
    assert_eq!(sync(&station)["models"], 1, "fetched");
    hub.ask("PATCH", &format!("/v1/models/{sha256}"), &json!({ "withdrawn": true, "why": "a worse one" }));
    sync(&station);
    let told = station.run(["models", "use", id_of(&sha256), "--why", "a guess"]).ended_with(1);
    assert!(told.err.contains("taken these models back"), "it says why: {}", told.err);
    let words = station.run(["models", "list"]).ended_with(0).out;
    assert!(words.contains("and taken back"), "and the list shows it: {words}");
}

#[test]
fn a_set_that_nothing_can_be_read_with_is_told_and_never_offered() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    published(&hub, "wellread-wells.onnx");
    assert_eq!(sync(&station)["models"], 0, "no set");
    assert_eq!(sets(&station).len(), 1, "it is not in the list");
    let words = station.run(["status"]).ended_with(0).out;
    assert!(
        words.contains("model 'spring'") && words.contains("wellread-wells.onnx"),
        "which set, and what is missing of it: {words}"
    );
    station.assert_sound();
}
