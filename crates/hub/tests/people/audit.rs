//! The trail.

use crate::place::Place;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_read_by_those_who_may_and_never_another_organizations() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let other = node.org("beta").await;
    let ann = node.person(&org, "ann", &["supervisor"]).await;
    let bob = node.person(&org, "bob", &["operator"]).await;
    node.login("alpha", "nobody\u{7}", "wrong password").await.refused(401);
    node.get(&bob.access, "/v1/audit-logs").await.refused(403);

    let all = node.walk(&ann.access, "/v1/audit-logs", 1_000).await;
    let places: Vec<i64> = all.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
    assert!(places.is_sorted_by(|a, b| a > b), "the newest first: {places:?}");
    let pages = node.walk(&ann.access, "/v1/audit-logs", 3).await;
    assert_eq!(pages, all, "pages of three are the list");
    let actions: Vec<&str> = all.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["LOGIN_FAILED", "LOGIN", "CREATE", "LOGIN", "CREATE", "LOGIN", "CREATE", "CREATE"],
        "everything that was done"
    );
    assert_eq!(
        all[0]["resource_id"], "nobody",
        "a name that somebody made up is kept, without what would spoil a list"
    );
    assert_eq!(all[7]["actor"], "test", "who founded it: {}", all[7]);
    assert!(all[1]["request_id"].is_string(), "with the request's id");

    let of = async |filter: &str| node.walk(&ann.access, &format!("/v1/audit-logs?{filter}"), 100).await.len();
    assert_eq!(of(&format!("user={}", ann.id)).await, 1, "of somebody");
    assert_eq!(of("resource=users&action=CREATE").await, 3, "of a kind");
    assert_eq!(of(&format!("resource_id={}", bob.id)).await, 2, "about somebody");
    assert_eq!(of("to=2020-01-01").await, 0, "before a day");
    assert_eq!(of("from=2020-01-01").await, all.len(), "since a day");
    node.get(&ann.access, "/v1/audit-logs?from=yesterday").await.refused(400);
    node.get(&ann.access, "/v1/audit-logs?colour=red").await.refused(400);

    let sheet = node.get(&ann.access, "/v1/audit-logs?format=csv").await;
    assert_eq!(sheet.text.lines().count(), all.len() + 1, "as a sheet");
    let theirs = node.walk(&other.admin.access, "/v1/audit-logs", 100).await;
    assert!(
        theirs.iter().all(|entry| !entry.to_string().contains("ann")),
        "another organization's shows nothing of it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_does_not_happen_leaves_no_entry() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let before = node.walk(&org.admin.access, "/v1/audit-logs", 100).await.len();
    let own = format!("/v1/users/{}", org.admin.id);
    node.patch(&org.admin.access, &own, &json!({ "is_active": false })).await.refused(409);
    let entries: Vec<Value> = node.walk(&org.admin.access, "/v1/audit-logs", 100).await;
    assert_eq!(entries.len(), before, "trail and change are one transaction: {entries:?}");
    let feed = place.feed(&org, &format!("user:{}", org.admin.id)).await;
    assert_eq!(feed.len(), 1, "and the feed is in it too");
}
