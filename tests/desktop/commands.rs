//! What every command of the window needs, and that each role gets exactly that through the real window.

use crate::window::Window;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use wellread_journeys::station::{PASSWORD, Station};

const ROLES: [&str; 4] = ["admin", "supervisor", "operator", "viewer"];
/// Commands that are tried elsewhere or cannot be, each with its reason.
const LEFT_OUT: [(&str, &str); 5] = [
    ("pick_folder", "opens a dialog of the system, which no driver sees and which blocks until a person chooses"),
    ("pick_file", "as `pick_folder`"),
    ("pick_save", "as `pick_folder`"),
    ("lock", "ends the session that the others are tried in; locking has its own journey"),
    ("quit", "ends the program; the journey in Thai ends with it"),
];

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: also a locked window may call it.
    Nobody,
    /// Somebody who is signed in, whatever they may do.
    Somebody,
    /// A permission.
    Right(&'static str),
}

/// Ids of the right form that name nothing, and places that may be written.
pub(crate) struct Unknown {
    id: &'static str,
    folder: String,
}

pub(crate) fn unknown_ids(station: &Station) -> Unknown {
    let folder = station.data().with_file_name("written");
    fs::create_dir_all(&folder).unwrap();
    Unknown { id: "0192f0c1-2222-7333-8444-555566667777", folder: folder.to_str().unwrap().to_owned() }
}

/// Every command that is tried: its arguments, good enough to reach its question for a permission, and what it needs.
pub(crate) fn expected(unknown: &Unknown) -> Vec<(String, Value, Needs)> {
    let others = [files(unknown), sync(), station_itself(unknown)].concat();
    let all = [at_start(), people(), bench(), review(unknown.id), lists(), others];
    all.concat().into_iter().map(|(command, arguments, needs)| (command.to_owned(), arguments, needs)).collect()
}

type Row = (&'static str, Value, Needs);
const READ: Needs = Needs::Right("run:read");
const CAPTURE: Needs = Needs::Right("run:capture");
const REVIEW: Needs = Needs::Right("run:review");
const CONFIG: Needs = Needs::Right("config:write");
const AUDIT: Needs = Needs::Right("audit:read");
const BACKUP: Needs = Needs::Right("backup:create");
const INTERFACE: Needs = Needs::Right("interface:create");
const USERS: Needs = Needs::Right("user:admin");

fn page() -> Value {
    json!({ "after": null, "limit": 10 })
}

fn at_start() -> Vec<Row> {
    let order = json!({
        "station": "another", "inbox": "/nonexistent", "deliver": null, "assay": "hi", "admin": "eve",
        "password": PASSWORD, "simulated": false, "encryption": { "kind": "none" },
    });
    vec![
        ("start_state", json!({}), Needs::Nobody),
        ("first_start", json!({ "order": order }), Needs::Nobody),
        ("set_language", json!({ "locale": "en" }), Needs::Nobody),
        ("link_followed", json!({}), Needs::Nobody),
        ("known_people", json!({}), Needs::Nobody),
        ("sign_in", json!({ "username": "nobody", "password": "not a password" }), Needs::Nobody),
        ("touch", json!({}), Needs::Nobody),
    ]
}

fn people() -> Vec<Row> {
    let person = json!({
        "username": "", "password": PASSWORD, "first_name": "", "last_name": "", "email": null, "roles": ["admin"],
    });
    let nobody = |more: Value| {
        let mut arguments = json!({ "username": "nobody", "why": "a trial" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        arguments
    };
    vec![
        ("users", json!({}), USERS),
        ("roles", json!({}), USERS),
        ("create_user", json!({ "person": person }), USERS),
        ("set_roles", nobody(json!({ "roles": ["admin"] })), USERS),
        ("set_active", nobody(json!({ "active": false })), USERS),
        ("unlock_user", nobody(json!({})), USERS),
        ("set_password", json!({ "username": "nobody", "old": null, "new": PASSWORD }), USERS),
    ]
}

fn bench() -> Vec<Row> {
    let identity = json!({ "sample_no": "S-9", "submission_no": "", "plate_no": "1" });
    vec![
        ("bench", json!({}), READ),
        ("parse_scan", json!({ "text": "S-9,T-9,1" }), Needs::Nobody),
        ("enter_next_plate", json!({ "identity": identity }), CAPTURE),
        ("clear_next_plates", json!({}), CAPTURE),
        ("drop_image", json!({ "not": "bytes" }), CAPTURE),
        ("simulate", json!({ "on": false }), CAPTURE),
    ]
}

fn review(run: &str) -> Vec<Row> {
    let corners = json!([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]]);
    let reason = json!({ "code": "confirmed", "text": "" });
    let sign = |meaning: &str| json!({ "runId": run, "meaning": meaning, "password": PASSWORD, "seen": null });
    vec![
        ("run", json!({ "runId": run }), READ),
        ("review", json!({ "runId": run, "change": "accept", "reason": reason, "seen": null }), REVIEW),
        ("preview_grid", json!({ "runId": run, "corners": corners }), READ),
        ("adopt_grid", json!({ "runId": run, "corners": corners, "reason": reason }), REVIEW),
        ("sign", sign("performed"), Needs::Right("run:sign")),
        ("sign", sign("reviewed"), Needs::Right("run:sign")),
        ("sign", sign("approved"), Needs::Right("run:approve")),
        ("reprocess", json!({ "runId": run, "assay": null }), CAPTURE),
    ]
}

fn lists() -> Vec<Row> {
    vec![
        ("runs", json!({ "filter": {}, "page": page() }), READ),
        ("run_counts", json!({}), READ),
        ("samples", json!({ "text": null, "page": page() }), READ),
        ("sample", json!({ "sampleNo": "S-404" }), READ),
    ]
}

/// A station of its own: each says so, once it has asked for the right.
fn sync() -> Vec<Row> {
    vec![
        ("outbox", json!({ "page": page() }), READ),
        ("sync_state", json!({}), READ),
        ("sync_now", json!({}), READ),
        ("enrol", json!({ "url": "nowhere", "code": "LAB-NONE" }), CONFIG),
        ("pause_sync", json!({ "why": "a trial" }), CONFIG),
        ("resume_sync", json!({}), CONFIG),
        ("take_over", json!({ "why": "a trial" }), CONFIG),
    ]
}

fn files(unknown: &Unknown) -> Vec<Row> {
    let report = format!("{}/report.pdf", unknown.folder);
    let request = json!({ "sample": "S-404", "template": null, "target": null, "testNo": "" });
    vec![
        ("interface_files", json!({ "sample": null, "status": null, "page": page() }), READ),
        ("interface_formats", json!({}), READ),
        ("interface_preview", json!({ "sample": "S-404", "template": "summary" }), READ),
        ("interface_request", request, INTERFACE),
        ("interface_retry", json!({ "id": unknown.id }), INTERFACE),
        ("export_report", json!({ "sample": "S-404", "template": "pdf", "path": report }), READ),
        ("print_report", json!({ "sample": "S-404" }), READ),
    ]
}

fn station_itself(unknown: &Unknown) -> Vec<Row> {
    let path = |name: &str| json!({ "path": format!("{}/{name}", unknown.folder) });
    let hi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assays/hi.toml");
    let assay = fs::read_to_string(hi).unwrap().replace("id = \"hi\"", "id = \"hi-own\"");
    vec![
        ("assays", json!({}), READ),
        ("assay", json!({ "id": "hi", "version": 1 }), READ),
        ("check_assay", json!({ "text": assay }), READ),
        ("layouts", json!({}), READ),
        ("layout_text", json!({ "text": assay, "wells": { "A1": "sample" } }), READ),
        ("save_assay", json!({ "text": assay, "why": "a trial" }), CONFIG),
        ("models", json!({}), READ),
        ("add_models", json!({ "folder": "/nonexistent", "why": "a trial" }), CONFIG),
        ("switch_models", json!({ "id": "none", "why": "a trial" }), CONFIG),
        ("trial_models", json!({ "id": "none", "runs": 1 }), CONFIG),
        ("audit", json!({ "filter": {}, "page": page() }), AUDIT),
        ("verify", json!({}), AUDIT),
        ("export_audit", json!({ "path": format!("{}/audit.csv", unknown.folder), "filter": {} }), AUDIT),
        ("settings", json!({}), READ),
        ("set_setting", json!({ "name": "intake.rest_ms", "value": 200, "why": "a trial" }), CONFIG),
        ("backup", path("copy.db"), BACKUP),
        ("export_recovery_key", path("recovery.key"), BACKUP),
        ("autostart_state", json!({}), Needs::Somebody),
        ("autostart", json!({ "on": false }), CONFIG),
        ("cancel", json!({ "task": "none" }), Needs::Somebody),
        ("diagnostics", json!({}), READ),
        ("logs", json!({ "lines": 10 }), READ),
        ("make_bundle", path("bundle.zip"), READ),
        // Last: trying it ends the session, whatever comes of it.
        ("restore", path("nothing.db"), BACKUP),
    ]
}

#[test]
fn every_role_may_do_through_the_window_what_its_permissions_say() {
    let station = Station::new();
    let rows = expected(&unknown_ids(&station));
    let tried: BTreeSet<_> = rows.iter().map(|(command, ..)| command.as_str()).collect();
    let left_out: BTreeSet<_> = LEFT_OUT.iter().map(|(command, _)| *command).collect();
    let listed = in_the_manifest();
    let known: BTreeSet<_> = listed.iter().map(String::as_str).collect();
    assert_eq!(&tried | &left_out, known, "every command of the window says here what it needs, and no other is there");
    for role in ROLES {
        station.add(&format!("the-{role}"), role);
    }
    let allowed = permissions(&station);
    let Some(window) = Window::open("roles", &station) else { return };
    window.find("button", "Sign in");
    window.hear_tasks();
    for role in ROLES {
        let name = format!("the-{role}");
        let person = window.invoke("sign_in", &json!({ "username": name, "password": PASSWORD })).unwrap();
        let told: BTreeSet<_> = person["permissions"].as_array().unwrap().iter().map(text).collect();
        assert_eq!(told, allowed[role], "the window is told what the command line says of {role}");
        let wrong: Vec<_> = rows.iter().filter_map(|row| fault_of(&window, row, role, &told)).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        if told.contains("backup:create") {
            let ended = "return window.heard.some((told) => told.name === 'restore' && told.ended);";
            window.becomes("the restore ends, for want of a copy", ended, &json!([]));
        }
        window.invoke("lock", &json!({})).unwrap();
    }
    not_in_the_manifest(&window);
}

/// What is wrong with what a command answered somebody of a role.
fn fault_of(
    window: &Window,
    row: &(String, Value, Needs),
    role: &str,
    permissions: &BTreeSet<String>,
) -> Option<String> {
    let (command, arguments, needs) = row;
    let fault = window.calls(command, arguments).err();
    let is_allowed = match needs {
        Needs::Right(right) => permissions.contains(*right),
        Needs::Nobody | Needs::Somebody => true,
    };
    let fits = match fault.as_ref().map(|fault| fault.code.as_str()) {
        // Refused before it came to us: the arguments here do not fit the command any more.
        Some("" | "locked" | "unknown") => false,
        Some("not-permitted") => !is_allowed,
        Some(_) | None => is_allowed,
    };
    (!fits).then(|| format!("{role}: {command} needs {needs:?}, and answered {fault:?}"))
}

fn not_in_the_manifest(window: &Window) {
    window.invoke("sign_in", &json!({ "username": "the-admin", "password": PASSWORD })).unwrap();
    let others = [
        "no_such_command",
        "plugin:fs|read_file",
        "plugin:shell|open",
        "plugin:opener|open_path",
        "plugin:dialog|open",
        "plugin:notification|notify",
        "plugin:autostart|enable",
        "plugin:window|close",
        "plugin:webview|create_webview_window",
        "plugin:event|emit",
        "plugin:path|resolve_directory",
    ];
    for other in others {
        let refused = window.invoke(other, &json!({})).expect_err("it is not listed");
        assert!(refused.code.is_empty() && refused.message.contains("not"), "{other} is refused: {refused:?}");
    }
}

/// The commands that the program lists, read where they are listed.
fn in_the_manifest() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/src/command_names.rs");
    let source = fs::read_to_string(source).unwrap();
    let names = source.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","));
    let names: BTreeSet<String> = names.map(str::to_owned).collect();
    assert!(names.len() > 50, "they are a name a line: {names:?}");
    names
}

/// What each role may do, as the command line says.
fn permissions(station: &Station) -> BTreeMap<String, BTreeSet<String>> {
    let roles = station.run(["users", "roles", "--json"]).ended_with(0).lines();
    let rights = |role: &Value| role["permissions"].as_array().unwrap().iter().map(text).collect();
    roles.iter().map(|role| (text(&role["name"]), rights(role))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
