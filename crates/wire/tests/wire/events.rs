//! Payloads of every kind, in every version that is read.

use crate::sample::{RUN, columns, head, joined, listed, made};
use serde_json::{Value, json};
use wellread_wire::event::{Event, EventError};

fn read(kind: &str, version: i64, payload: &Value) -> Result<Event, EventError> {
    Event::read(kind, version, &payload.to_string())
}

#[test]
fn both_versions_of_a_run_become_the_same_run() {
    let old = read("run", 1, &joined(&[head(), made(), listed()])).unwrap();
    let new = read("run", 2, &joined(&[head(), made(), columns()])).unwrap();
    assert_eq!(old, new, "a hub makes the same rows of what stations of both releases wrote");
    let Event::Run(run) = new else { panic!("a run was read") };
    assert_eq!(run.wells.len(), 6, "every well of the plate");
    assert_eq!(run.wells[4].flags, ["low-confidence"], "with what is odd about it");
}

#[test]
fn wells_that_are_not_the_plates_are_refused_by_name() {
    let cases: [(&str, Value, &str); 5] = [
        ("class", json!([0, 0, 0, 1, 1]), "6 wells in every column"),
        ("class", json!([0, 0, 0, 1, 1, 7]), "B3 has no class"),
        ("label", json!("pppnnx"), "'x' is no call"),
        ("flags", json!({ "H12": ["odd"] }), "no well 'H12'"),
        ("confidence", json!([1.0]), "6 wells in every column"),
    ];
    for (key, value, told) in cases {
        let mut payload = joined(&[head(), made(), columns()]);
        payload["wells"][key] = value;
        let error = read("run", 2, &payload).unwrap_err();
        assert_eq!(error.code(), "wells", "{key}");
        assert!(error.to_string().contains(told), "{key}: {error}");
    }
    let mut short = joined(&[head(), made(), listed()]);
    short["wells"].as_array_mut().unwrap().pop();
    assert_eq!(read("run", 1, &short).unwrap_err().code(), "wells", "a well that vanished");
}

#[test]
fn what_this_release_cannot_read_is_told_from_what_nobody_can() {
    let run = joined(&[head(), made(), columns()]);
    assert_eq!(read("run", 3, &run).unwrap_err().code(), "schema-newer", "an update helps");
    assert_eq!(read("run", 0, &run).unwrap_err().code(), "schema-too-old", "nothing helps");
    assert_eq!(read("dream", 2, &run).unwrap_err().code(), "kind-unknown", "an update may help");
    assert_eq!(Event::read("run", 2, "{").unwrap_err().code(), "payload", "not JSON");
    assert_eq!(read("run", 2, &head()).unwrap_err().code(), "payload", "half of it");
}

#[test]
fn a_field_of_a_later_release_does_not_hurt() {
    let mut run = joined(&[head(), made(), columns()]);
    run["weather"] = json!("fine");
    assert!(read("run", 2, &run).is_ok(), "fields are only added, so unknown ones are passed over");
}

#[test]
fn every_other_kind_is_read() {
    let at = json!({ "utc_ms": 1, "offset_min": 0 });
    let identity = json!({ "sample_no": "", "submission_no": "", "plate_no": "" });
    let id = "018bcfe5-6800-7000-8000-000000000003";
    for (kind, payload) in [
        ("run-failed", joined(&[head(), json!({ "error_code": "no-plate", "error_msg": "none" })])),
        (
            "run-state",
            json!({
                "run_id": RUN, "status": "completed", "disposition": "accepted", "identity": identity,
                "needs_review": true, "conflict": false, "signed": "", "last_event_seq": 4, "distribution": { "5": 1 },
            }),
        ),
        (
            "rejection",
            json!({
                "file_id": id, "path": "a.txt", "revision": 1, "size": 0, "sha256": null, "state": "rejected",
                "reason_code": "empty-file", "reason": "it is empty", "duplicate_of": null,
            }),
        ),
        (
            "review",
            json!({ "run_id": RUN, "results": null, "event": {
            "seq": 1, "id": id, "decision": { "kind": "accept" }, "reason_code": "confirmed", "reason_text": "",
            "actor": "anong", "user": id, "at": at, "based_on_seq": 0, "conflict": false, "undone": false,
        } }),
        ),
        (
            "signature",
            json!({
                "signature_id": id, "run_id": RUN, "user_id": id, "meaning": "approved", "covers_seq": 1,
                "content_hash": "aa".repeat(32), "at": at,
            }),
        ),
        (
            "interface-file",
            json!({ "action": "CREATE", "file": {
            "seq": 1, "id": id, "sample_no": "S-1", "template": "labware", "revision": 1, "target": "folder",
            "test_no": "", "file_name": "", "file_path": "", "size": null, "sha256": null, "status": "pending",
            "created": at, "generated_at_ms": null, "delivered_at_ms": null, "error_msg": null, "attempts": 0,
            "next_try_ms": null,
        } }),
        ),
        (
            "user",
            json!({ "action": "CREATE", "user": {
            "id": id, "username": "anong", "email": null, "first_name": "", "last_name": "", "is_active": true,
            "roles": ["admin"], "last_login_ms": null, "verifier_expires_ms": null, "failed_logins": 0,
            "locked_until_ms": null,
        } }),
        ),
        ("config", json!({ "key": "assay", "value": "hi" })),
        (
            "layout",
            json!({ "action": "CREATE", "layout": {
            "id": "l", "version": 1, "name": "L", "format": { "rows": 2, "cols": 3 }, "wells": { "A1": "sample" },
            "created_by": null, "created": at, "retired_at_ms": null,
        } }),
        ),
        ("assay", json!({ "id": "own", "version": 1, "name": "Own", "toml": "" })),
    ] {
        for version in [1, 2] {
            read(kind, version, &payload).unwrap_or_else(|error| panic!("{kind} {version}: {error}"));
        }
    }
}
