//! What each path needs.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use wellread_wire::{
    batch::{Batch, Record},
    chain::Sha256,
    pack::pack,
};

/// What a path needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: whoever knows a secret proves it in the body, and a token makes no difference.
    Nothing,
    /// Any account.
    Account,
    /// An account that holds this permission.
    Permission(&'static str),
    /// The station of the path.
    Station,
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Nothing that belongs to an organization.
    Nothing,
    /// Something of an organization: another's is answered as one that there is not.
    Thing,
    /// A thing of an organization in the body.
    InBody,
}

pub(crate) struct Line {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    pub(crate) names: Names,
}

use Names::{InBody, Nothing as Plain, Thing};
use Needs::{Account, Nothing, Permission, Station};

const fn line(method: &'static str, path: &'static str, needs: Needs, names: Names) -> Line {
    Line { method, path, needs, names }
}

pub(crate) const TABLE: &[Line] = &[
    line("get", "/healthz", Nothing, Plain),
    line("get", "/readyz", Nothing, Plain),
    line("get", "/metrics", Nothing, Plain),
    line("get", "/reset-password", Nothing, Plain),
    line("post", "/reset-password", Nothing, Plain),
    line("get", "/confirm-email", Nothing, Plain),
    line("post", "/confirm-email", Nothing, Plain),
    line("post", "/v1/auth/login", Nothing, Plain),
    line("post", "/v1/auth/refresh", Nothing, Plain),
    line("post", "/v1/auth/forgot", Nothing, Plain),
    line("post", "/v1/auth/reset", Nothing, Plain),
    line("post", "/v1/auth/verify-email", Nothing, Plain),
    line("post", "/v1/auth/logout", Account, Plain),
    line("get", "/v1/auth/me", Account, Plain),
    line("post", "/v1/auth/password", Account, Plain),
    line("post", "/v1/auth/send-verification", Account, Plain),
    line("get", "/v1/users", Permission("user:admin"), Plain),
    line("post", "/v1/users", Permission("user:admin"), Plain),
    line("get", "/v1/users/{id}", Permission("user:admin"), Thing),
    line("patch", "/v1/users/{id}", Permission("user:admin"), Thing),
    line("delete", "/v1/users/{id}", Permission("user:admin"), Thing),
    line("post", "/v1/users/{id}/unlock", Permission("user:admin"), Thing),
    line("put", "/v1/users/{id}/password", Permission("user:admin"), Thing),
    line("get", "/v1/roles", Permission("user:admin"), Plain),
    line("post", "/v1/roles", Permission("user:admin"), Plain),
    line("patch", "/v1/roles/{name}", Permission("user:admin"), Thing),
    line("delete", "/v1/roles/{name}", Permission("user:admin"), Thing),
    line("get", "/v1/audit-logs", Permission("audit:read"), Plain),
    line("get", "/v1/assays", Permission("run:read"), Plain),
    line("post", "/v1/assays", Permission("assay:publish"), Plain),
    line("get", "/v1/assays/{id}/{version}", Permission("run:read"), Thing),
    line("get", "/v1/layouts", Permission("run:read"), Plain),
    line("post", "/v1/layouts", Permission("assay:publish"), Plain),
    line("post", "/v1/layouts/{id}/{version}/retire", Permission("assay:publish"), Thing),
    line("get", "/v1/config", Permission("run:read"), Plain),
    line("put", "/v1/config/{key}", Permission("config:write"), Plain),
    line("get", "/v1/models", Permission("run:read"), Plain),
    line("post", "/v1/models", Permission("model:publish"), Plain),
    line("patch", "/v1/models/{sha256}", Permission("model:publish"), Thing),
    // A file that another organization has is one to be uploaded, like any other.
    line("head", "/v1/models/blobs/{sha256}", Permission("model:publish"), Plain),
    line("put", "/v1/models/blobs/{sha256}", Permission("model:publish"), Plain),
    line("get", "/v1/corrections", Permission("run:read"), Plain),
    line("post", "/v1/corrections", Permission("run:correct"), InBody),
    line("get", "/v1/samples", Permission("run:read"), Plain),
    line("get", "/v1/samples/{sample_no}", Permission("run:read"), Thing),
    line("get", "/v1/runs", Permission("run:read"), Plain),
    line("get", "/v1/runs/{id}", Permission("run:read"), Thing),
    line("get", "/v1/runs/{id}/wells", Permission("run:read"), Thing),
    line("get", "/v1/runs/{id}/images/{kind}", Permission("run:read"), Thing),
    line("get", "/v1/interface-files", Permission("run:read"), Plain),
    line("get", "/v1/rejections", Permission("run:read"), Plain),
    line("get", "/v1/events", Permission("run:read"), Plain),
    line("get", "/v1/stations", Permission("run:read"), Plain),
    line("get", "/v1/stations/{id}", Permission("run:read"), Thing),
    line("post", "/v1/stations/{id}/revoke", Permission("station:admin"), Thing),
    line("get", "/v1/enrol-codes", Permission("station:admin"), Plain),
    line("post", "/v1/enrol-codes", Permission("station:admin"), Plain),
    line("delete", "/v1/enrol-codes/{id}", Permission("station:admin"), Thing),
    line("get", "/v1/quarantine", Permission("sync:admin"), Plain),
    line("post", "/v1/quarantine/retry", Permission("sync:admin"), Plain),
    line("post", "/v1/quarantine/{station}/{incarnation}/{seq}/retry", Permission("sync:admin"), Thing),
    line("post", "/v1/quarantine/{station}/{incarnation}/{seq}/drop", Permission("sync:admin"), Thing),
    line("post", "/v1/enrol", Nothing, Plain),
    line("post", "/v1/stations/{id}/challenge", Nothing, Plain),
    line("post", "/v1/stations/{id}/token", Nothing, Plain),
    line("post", "/v1/stations/{id}/contact", Station, Thing),
    line("post", "/v1/stations/{id}/log", Station, Thing),
    line("post", "/v1/stations/{id}/incarnation", Station, Thing),
    line("get", "/v1/stations/{id}/feed", Station, Thing),
    line("get", "/v1/stations/{id}/snapshot", Station, Thing),
    line("head", "/v1/stations/{id}/blobs/{sha256}", Station, Thing),
    line("get", "/v1/stations/{id}/blobs/{sha256}", Station, Thing),
    line("put", "/v1/stations/{id}/blobs/{sha256}", Station, Thing),
];

/// What each of the roles holds that every organization starts with, written down a second time on purpose.
pub(crate) fn holds(role: &str, permission: &str) -> bool {
    let held: &[&str] = match role {
        "admin" => return true,
        "supervisor" => &["audit:read", "run:correct", "run:read"],
        "operator" | "viewer" => &["run:read"],
        _ => &[],
    };
    held.contains(&permission)
}

/// A body that a path takes, where it takes one; as harmless as it can be.
pub(crate) fn body(method: &str, path: &str, run: &str, number: usize) -> Option<Value> {
    let password = "another good password";
    Some(match (method, path) {
        ("post", "/v1/auth/login") => json!({ "organization": "nowhere", "name": "nobody", "password": password }),
        ("post", "/v1/auth/refresh") => json!({ "refresh_token": "nowhere.AAAA" }),
        ("post", "/v1/auth/forgot") => json!({ "organization": "nowhere", "name": "nobody" }),
        ("post", "/v1/auth/reset") => json!({ "token": "nowhere.AAAA", "password": password }),
        ("post", "/v1/auth/verify-email") => json!({ "token": "nowhere.AAAA" }),
        ("post", "/v1/auth/send-verification" | "/v1/auth/logout" | "/v1/quarantine/retry" | "/v1/enrol-codes")
        | ("patch", _)
        | ("delete", "/v1/roles/{name}") => json!({}),
        ("post", "/v1/auth/password") => json!({ "old": "wrong", "new": password }),
        ("post", "/v1/users") => json!({ "username": format!("new{number}"), "password": password,
            "email": format!("new{number}@alpha.example"), "roles": ["viewer"] }),
        ("post", "/v1/users/{id}/unlock" | "/v1/layouts/{id}/{version}/retire") => json!({ "why": "matrix" }),
        ("put", "/v1/users/{id}/password") => json!({ "password": password }),
        ("post", "/v1/roles") => json!({ "name": format!("role {number}"), "permissions": ["run:read"] }),
        ("post", "/v1/assays") => json!({ "toml": "no assay" }),
        ("post", "/v1/layouts") => json!({ "id": "x", "version": 1, "name": "x", "plate_format": "6", "wells": {} }),
        ("put", "/v1/config/{key}") => json!({ "value": 3 }),
        ("post", "/v1/models") => json!({ "name": "x", "files": {} }),
        ("post", "/v1/corrections") => {
            json!({ "run_id": run, "decision": { "decision": "accept" }, "reason_code": "confirmed" })
        }
        ("post", "/v1/stations/{id}/revoke" | "/v1/quarantine/{station}/{incarnation}/{seq}/drop") => {
            json!({ "why": "matrix" })
        }
        ("post", "/v1/enrol") => json!({ "code": "nowhere-AAAA-AAAA-AAAA", "station_id": run, "name": "x",
            "public_key": "", "app_version": "1" }),
        ("post", "/v1/stations/{id}/token") => json!({ "challenge": "x", "signature": "x" }),
        ("post", "/v1/stations/{id}/contact") => json!({ "incarnation": 1, "log_head": null, "audit_head": null,
            "pending": 0, "oldest_age_ms": null, "blobs_pending": 0, "feed_seq": 0, "clock_ms": 0, "app_version": "1" }),
        ("post", "/v1/stations/{id}/incarnation") => json!({ "incarnation": 1, "heads": [], "why": "matrix" }),
        _ => return None,
    })
}

/// A push of one record that chains up, of an epoch that there is not.
pub(crate) fn push() -> Vec<u8> {
    let payload = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
    let record =
        Record { kind: "run".to_owned(), schema_version: 2, actor: "x".to_owned(), at_ms: 0, offset_min: 0, payload };
    let after = Sha256([0; 32]);
    let last = record.link(1).hash(&after);
    let batch = Batch { epoch: uuid::Uuid::nil(), incarnation: 1, first_seq: 1, after, last, records: vec![record] };
    pack(&batch).unwrap()
}

/// The table against what is served: what either lacks.
pub(crate) fn differences(served: &BTreeSet<(String, String)>) -> Vec<String> {
    let known: BTreeSet<(String, String)> =
        TABLE.iter().map(|line| (line.method.to_owned(), line.path.to_owned())).collect();
    let missing = served
        .difference(&known)
        .map(|(method, path)| format!("{method} {path} is served, and nobody has said who may: add it to the table"));
    let stale =
        known.difference(served).map(|(method, path)| format!("{method} {path} is in the table and not served"));
    missing.chain(stale).collect()
}
