//! Accounts.

use crate::place::{PASSWORD, Place};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_changed_and_closed_and_stations_learn_of_each() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let body = json!({
        "username": "ann", "password": PASSWORD, "email": "ann@alpha.example", "first_name": "Ann",
        "last_name": "Wong", "roles": ["operator", "viewer"], "why": "new at the bench"
    });
    let made = node.post(admin, "/v1/users", &body).await.with(201);
    let (id, path) = (made["id"].as_str().unwrap(), format!("/v1/users/{}", made["id"].as_str().unwrap()));
    assert_eq!(made["roles"], json!(["operator", "viewer"]), "as asked");
    assert!(!made.to_string().contains("argon2"), "a verifier is told to stations alone");
    let entry = &place.trail(&org, "CREATE").await[0];
    assert_eq!(
        (entry["resource"].as_str(), entry["why"].as_str()),
        (Some("users"), Some("new at the bench")),
        "{entry}"
    );
    assert!(entry["old"].is_null() && entry["new"]["username"] == "ann", "what it became: {entry}");

    let change = json!({ "last_name": "Wong-Smith", "roles": ["supervisor"], "why": "promoted" });
    let changed = node.patch(admin, &path, &change).await.with(200);
    assert_eq!(
        (&changed["last_name"], &changed["first_name"]),
        (&json!("Wong-Smith"), &json!("Ann")),
        "the rest stays"
    );
    let entry = &place.trail(&org, "UPDATE").await[0];
    assert_eq!(entry["old"]["roles"], json!(["operator", "viewer"]), "what it was: {entry}");
    assert_eq!(entry["new"]["roles"], json!(["supervisor"]), "what it became: {entry}");
    node.patch(admin, &path, &change).await.with(200);
    assert_eq!(place.trail(&org, "UPDATE").await.len(), 1, "the same again is no change");

    assert_eq!(node.delete(admin, &path).await.status, 204, "closed");
    assert_eq!(node.patch(admin, &path, &change).await.refused(409), "user-closed", "for good");
    node.login("alpha", "ann", PASSWORD).await.refused(401);
    assert!(node.walk(admin, "/v1/users?text=ann", 10).await.is_empty(), "it is no longer listed");
    assert_eq!(node.walk(admin, "/v1/users?text=ann&deleted=true", 10).await.len(), 1, "unless asked for");
    let again = node
        .post(
            admin,
            "/v1/users",
            &json!({ "username": "ANN", "password": PASSWORD, "email": "other@alpha.example",
        "roles": ["viewer"] }),
        )
        .await;
    assert_eq!(again.refused(409), "user-exists", "its name is never anybody else's");

    let feed = place.feed(&org, &format!("user:{id}")).await;
    let state = |entry: &Value| (entry["is_active"].as_bool().unwrap(), entry["roles"].as_array().unwrap().len());
    assert_eq!(
        feed.iter().map(state).collect::<Vec<_>>(),
        [(true, 2), (true, 1), (false, 1)],
        "each change once: {feed:?}"
    );
    assert_eq!(feed[0]["offline_days"], 30, "and for how long a verifier holds without a network");
    assert!(feed[0]["password_phc"].as_str().unwrap().starts_with("$argon2id$"), "the verifier");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_account_is_refused_with_words() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let good = json!({ "username": "ann", "password": PASSWORD, "email": "ann@alpha.example", "roles": ["viewer"] });
    for (field, value) in [
        ("username", json!("a@b.example")),
        ("username", json!("")),
        ("password", json!("short")),
        ("password", json!(12)),
        ("email", json!("nowhere")),
        ("roles", json!([])),
        ("roles", json!(["king"])),
        ("first_name", json!("x".repeat(101))),
        ("colour", json!("red")),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        assert_eq!(node.post(admin, "/v1/users", &body).await.refused(400), "invalid", "{field}: {value}");
    }
    node.post(admin, "/v1/users", &good).await.with(201);
    let mut same = good.clone();
    same["username"] = json!("bob");
    same["email"] = json!("ANN@alpha.example");
    assert_eq!(node.post(admin, "/v1/users", &same).await.refused(409), "email-taken", "one address, one person");
    let feed = place.rows("SELECT count(*) FROM microplates.org_feed WHERE kind = 'user'").await;
    assert_eq!(feed[0].get::<_, i64>(0), 2, "nothing of what was refused is told to stations");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_always_administers() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let (admin, own) = (&org.admin.access, format!("/v1/users/{}", org.admin.id));
    for body in [json!({ "is_active": false }), json!({ "roles": ["viewer"] })] {
        assert_eq!(node.patch(admin, &own, &body).await.refused(409), "last-admin", "{body}");
    }
    assert_eq!(node.delete(admin, &own).await.refused(409), "last-admin", "nor closed");
    let no_right = json!({ "permissions": ["run:read"] });
    assert_eq!(node.patch(admin, "/v1/roles/admin", &no_right).await.refused(409), "last-admin", "nor by the role");
    node.get(admin, "/v1/auth/me").await.with(200);

    let two = node.person(&org, "two", &["admin"]).await;
    let other = format!("/v1/users/{}", two.id);
    let down = json!({ "roles": ["viewer"] });
    let (one, both) = tokio::join!(node.patch(admin, &other, &down), node.patch(&two.access, &own, &down));
    let mut statuses = [one.status, both.status];
    statuses.sort_unstable();
    assert!(
        statuses[0] == 200 && statuses[1] > 400,
        "two who take each other's rights: one of them keeps them: {statuses:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_page_by_page_and_as_a_sheet() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let other = node.org("beta").await;
    let admin = &org.admin.access;
    place
        .sql(&format!(
            "INSERT INTO auth.users (org_id, id, email, username, password)
               SELECT '{}', gen_random_uuid(), 'u' || n || '@alpha.example', CASE WHEN n % 2 = 0 THEN 'U' ELSE 'u' END || n,
                 '$argon2id$none' FROM generate_series(1, 25) n",
            org.id
        ))
        .await;
    let names = |items: &[Value]| -> Vec<String> {
        items.iter().map(|item| item["username"].as_str().unwrap().to_lowercase()).collect()
    };
    let all = node.walk(admin, "/v1/users", 1_000).await;
    assert_eq!(all.len(), 26, "with the admin");
    for limit in [1, 7, 26] {
        let walked = node.walk(admin, "/v1/users", limit).await;
        assert_eq!(names(&walked), names(&all), "pages of {limit} are the list");
    }
    assert!(names(&all).is_sorted(), "by name, in any case");
    assert_eq!(names(&node.walk(admin, "/v1/users?role=admin", 10).await), ["admin"], "of a role");
    let sheet = node.get(admin, "/v1/users?format=csv").await;
    assert_eq!(sheet.text.lines().count(), 27, "a sheet has all, and a header");
    assert!(!sheet.text.contains("argon2"), "and no verifier");
    assert_eq!(node.walk(&other.admin.access, "/v1/users", 10).await.len(), 1, "another organization sees its own");
    let path = format!("/v1/users/{}", org.admin.id);
    let stranger = &other.admin.access;
    for told in [
        node.get(stranger, &path).await,
        node.patch(stranger, &path, &json!({ "is_active": false })).await,
        node.delete(stranger, &path).await,
        node.post(stranger, &format!("{path}/unlock"), &json!({})).await,
        node.put(stranger, &format!("{path}/password"), &json!({ "password": PASSWORD })).await,
    ] {
        assert_eq!(told.refused(404), "not-found", "what is another's is not there");
    }
}
