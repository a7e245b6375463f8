//! Setting passwords.

use crate::place::{PASSWORD, Place};
use serde_json::json;

const OTHER: &str = "staple battery horse";

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let here = node.person(&org, "ann", &["viewer"]).await;
    let elsewhere = node.enter("alpha", "ann", PASSWORD).await;
    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    let set = async |body| node.post(&here.access, "/v1/auth/password", &body).await;
    assert_eq!(set(change("wrong password", OTHER)).await.refused(400), "password-wrong", "not without the old one");
    assert_eq!(set(change(PASSWORD, "short")).await.refused(400), "invalid", "a short one is none");
    assert_eq!(set(change(PASSWORD, PASSWORD)).await.refused(400), "invalid", "nor the same one");
    assert_eq!(set(change(PASSWORD, OTHER)).await.status, 204, "set");
    node.get(&here.access, "/v1/auth/me").await.with(200);
    node.get(&elsewhere.access, "/v1/auth/me").await.refused(401);
    node.login("alpha", "ann", PASSWORD).await.refused(401);
    node.login("alpha", "ann", OTHER).await.with(200);

    let feed = place.feed(&org, &format!("user:{}", here.id)).await;
    assert_eq!(feed.len(), 2, "stations learn of the account, and of its password");
    let verifier = |at: usize| feed[at]["password_phc"].as_str().unwrap().to_owned();
    assert!(verifier(1).starts_with("$argon2id$") && verifier(0) != verifier(1), "by its verifier");
    let entry = &place.trail(&org, "PASSWORD_CHANGE").await[0];
    assert!(!entry.to_string().contains("argon2"), "which is in no trail: {entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_screen_is_no_place_to_guess() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let ann = node.person(&org, "ann", &["viewer"]).await;
    let guess = json!({ "old": "wrong password", "new": OTHER });
    for _ in 0..5 {
        node.post(&ann.access, "/v1/auth/password", &guess).await.refused(400);
    }
    let right = json!({ "old": PASSWORD, "new": OTHER });
    assert_eq!(node.post(&ann.access, "/v1/auth/password", &right).await.refused(400), "password-wrong", "locked");
    node.login("alpha", "ann", PASSWORD).await.refused(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sets_a_password_and_lets_in_again() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let ann = node.person(&org, "ann", &["viewer"]).await;
    for _ in 0..5 {
        node.login("alpha", "ann", "wrong password").await.refused(401);
    }
    let path = format!("/v1/users/{}/password", ann.id);
    let short = json!({ "password": "short" });
    assert_eq!(
        node.put(&org.admin.access, &path, &short).await.refused(400),
        "invalid",
        "the rules hold for admins too"
    );
    assert_eq!(
        node.put(&org.admin.access, &path, &json!({ "password": OTHER, "why": "forgot" })).await.status,
        204,
        "set"
    );
    node.get(&ann.access, "/v1/auth/me").await.refused(401);
    node.login("alpha", "ann", OTHER).await.with(200);
    assert_eq!(place.feed(&org, &format!("user:{}", ann.id)).await.len(), 2, "stations learn it");
}
