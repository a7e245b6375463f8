//! Roles.

use crate::place::Place;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_changed_and_taken_away() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let body = json!({ "name": "auditor", "description": "Reads the trail", "permissions": ["audit:read"] });
    node.post(admin, "/v1/roles", &body).await.with(201);
    assert_eq!(node.post(admin, "/v1/roles", &body).await.refused(409), "role-exists", "once");
    let ann = node.person(&org, "ann", &["auditor"]).await;
    node.get(&ann.access, "/v1/audit-logs").await.with(200);

    let less = json!({ "permissions": ["run:read"], "why": "no more" });
    assert_eq!(
        node.patch(admin, "/v1/roles/auditor", &less).await.with(200)["permissions"],
        json!(["run:read"]),
        "less"
    );
    node.get(&ann.access, "/v1/audit-logs").await.refused(403);
    let off = json!({ "is_active": false });
    node.patch(admin, "/v1/roles/auditor", &off).await.with(200);
    assert_eq!(
        node.get(&ann.access, "/v1/auth/me").await.with(200)["permissions"],
        json!([]),
        "switched off, it allows nothing"
    );
    let why = json!({ "why": "not needed" });
    let delete = async || node.ask(reqwest::Method::DELETE, "/v1/roles/auditor", admin, Some(&why)).await;
    assert_eq!(delete().await.refused(409), "role-in-use", "while somebody has it it stays");
    node.patch(admin, &format!("/v1/users/{}", ann.id), &json!({ "roles": ["viewer"] })).await.with(200);
    assert_eq!(delete().await.status, 204, "now it may go");
    assert_eq!(delete().await.refused(404), "not-found", "it is gone");
    node.post(admin, "/v1/roles", &body).await.with(201);

    let feed = place.feed(&org, "role:auditor").await;
    let state =
        |entry: &Value| (entry["is_active"].as_bool().unwrap(), entry["permissions"][0].as_str().unwrap().to_owned());
    let told: Vec<_> = feed.iter().map(state).collect();
    let (audit, read) = ("audit:read".to_owned(), "run:read".to_owned());
    assert_eq!(
        told,
        [(true, audit.clone()), (true, read.clone()), (false, read.clone()), (false, read), (true, audit)],
        "stations learn each change"
    );
    let entry = place.trail(&org, "UPDATE").await;
    assert!(
        entry.iter().any(|entry| entry["why"] == "no more" && entry["resource"] == "roles"),
        "and the trail: {entry:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_holds_known_permissions_alone() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let strange = json!({ "name": "x", "permissions": ["run:read", "run:destroy"] });
    let told = node.post(admin, "/v1/roles", &strange).await;
    assert_eq!(told.refused(400), "invalid", "a stranger");
    assert!(told.text.contains("run:destroy") && told.text.contains("run:approve"), "says which and what there is");
    node.patch(admin, "/v1/roles/viewer", &json!({ "permissions": ["everything"] })).await.refused(400);
    let roles = node.walk(admin, "/v1/roles", 2).await;
    let names: Vec<&str> = roles.iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["admin", "operator", "supervisor", "viewer"], "those that every organization starts with");
    let all = roles[0]["permissions"].as_array().unwrap();
    for known in wellread_hub::auth::permission::ALL {
        assert!(all.contains(&json!(known)), "an admin holds {known}");
    }
    assert_eq!(all.len(), wellread_hub::auth::permission::ALL.len(), "and nothing that this release does not know");
}
