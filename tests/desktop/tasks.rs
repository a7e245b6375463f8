//! Long work: backup and restore, a trial of models that is stopped, and the bundle for whoever helps.

use crate::{
    delivery::a_plate_is_accepted,
    window::{Window, comes_true},
};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{fs, io::Read as _, path::Path};
use wellread_journeys::station::{Station, capture, plates};

#[test]
fn a_backup_is_made_and_brought_back_and_a_trial_is_stopped() {
    let station = Station::new();
    let Some(window) = Window::open("backup", &station) else { return };
    window.sign_in("ada");
    a_plate_is_accepted(&station);
    window.sees("S-1");
    window.hear_tasks();
    let copy = station.data().with_file_name("copy.db");
    let ended = ended(&window, &begin(&window, "backup", &json!({ "path": copy })));
    assert!(ended["ok"].is_object() && copy.is_file(), "the copy is there: {ended}");

    station.receive(&plates(2)[1], &capture("S-2", 1));
    window.sees("S-2");
    comes_true("it is in the list", || station.runs().len() == 2);
    a_trial_is_stopped(&window);

    begin(&window, "restore", &json!({ "path": copy }));
    window.find("button", "Sign in");
    // The same picture lies in the watched folder, so what the backup does not know is read again.
    comes_true("the station is open again", || {
        window.invoke("start_state", &json!({})).is_ok_and(|state| state["kind"] == "ready")
    });
    window.sign_in("ada");
    window.sees("S-1");
    window.sees("S-2");
    let aside: Vec<_> = fs::read_dir(station.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(aside.iter().any(|name| name.to_string_lossy().contains("replaced")), "what was there is aside: {aside:?}");
    let audit = station.run(["audit", "--json"]).ended_with(0).out;
    assert!(audit.contains("\"RESTORE\""), "the audit trail says so");
    station.run(["verify"]).ended_with(0);
}

/// A trial is begun on the models in use and stopped at once.
fn a_trial_is_stopped(window: &Window) {
    let models = window.invoke("models", &json!({})).unwrap();
    let id = models[0]["id"].clone();
    let task = begin(window, "trial_models", &json!({ "id": id, "runs": 50 }));
    window.invoke("cancel", &json!({ "task": task })).unwrap();
    let ended = ended(window, &task);
    assert_eq!(ended["fault"]["code"], "cancelled", "it ends by being stopped and not by being done: {ended}");
    assert!(window.invoke("bench", &json!({})).is_ok(), "and the station goes on");
}

#[test]
fn an_unforeseen_error_offers_a_bundle_without_results() {
    let station = Station::new();
    let Some(window) = Window::open("bundle", &station) else { return };
    window.sign_in("ada");
    a_plate_is_accepted(&station);
    window.sees("S-1");
    // Somebody meddled with the database: nothing the program foresaw.
    let database = Connection::open(station.database()).unwrap();
    database.execute_batch("ALTER TABLE interface_file RENAME TO interface_file_gone").unwrap();
    window.click("link", "Interface files");
    window.find("alert", "Something unexpected happened.");
    window.find("button", "Make a diagnostics bundle");
    database.execute_batch("ALTER TABLE interface_file_gone RENAME TO interface_file").unwrap();

    window.hear_tasks();
    let bundle = station.data().with_file_name("bundle.zip");
    let ended = ended(&window, &begin(&window, "make_bundle", &json!({ "path": bundle })));
    assert_eq!(ended["ok"]["path"], bundle.to_str().unwrap(), "it says where it is: {ended}");
    let files = unpacked(&bundle);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    for needed in ["README.txt", "diagnostics.json", "status.json", "settings.json"] {
        assert!(names.contains(&needed), "{needed} is among {names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("logs/")), "with what the program did: {names:?}");
    for (name, content) in &files {
        let is_picture = [&b"\xff\xd8\xff"[..], b"\x89PNG", b"RIFF"].iter().any(|sign| content.starts_with(sign));
        assert!(!is_picture && !content.windows(6).any(|part| part == b"SQLite"), "{name} is no picture and no data");
    }
    let told: Value =
        serde_json::from_slice(&files.iter().find(|(name, _)| name == "diagnostics.json").unwrap().1).unwrap();
    assert!(told["versions"]["wellread"].is_string(), "it says which program it is: {told}");
    let again = begin(&window, "make_bundle", &json!({ "path": bundle }));
    let refused = self::ended(&window, &again);
    assert_eq!(refused["fault"]["code"], "invalid", "a file that is there is never written over: {refused}");
}

fn unpacked(bundle: &Path) -> Vec<(String, Vec<u8>)> {
    let mut bundle = zip::ZipArchive::new(fs::File::open(bundle).unwrap()).unwrap();
    let mut files = Vec::new();
    for index in 0..bundle.len() {
        let mut file = bundle.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.push((file.name().unwrap().into_owned(), content));
    }
    files
}

fn begin(window: &Window, command: &str, arguments: &Value) -> String {
    let begun = window.invoke(command, arguments).unwrap_or_else(|fault| panic!("{command} begins: {fault:?}"));
    begun.as_str().expect("the task's id").to_owned()
}

/// How a task ended; all it said before must make sense.
fn ended(window: &Window, task: &str) -> Value {
    let script = "const mine = window.heard.filter((told) => told.id === arguments[0]);
        return mine.some((told) => told.ended) && mine;";
    let told = window.becomes(&format!("the end of {task}"), script, &json!([task]));
    let told = told.as_array().unwrap();
    let (last, before) = told.split_last().unwrap();
    let done: Vec<u64> = before.iter().map(|told| told["done"].as_u64().unwrap()).collect();
    assert!(done.is_sorted(), "progress only grows: {done:?}");
    for told in before.iter().filter(|told| !told["total"].is_null()) {
        assert!(told["done"].as_u64() <= told["total"].as_u64(), "and never passes its whole: {told}");
    }
    last["ended"].clone()
}
