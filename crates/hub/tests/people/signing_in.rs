//! Signing in, and being kept out.

use crate::place::{Node, PASSWORD, Place, config};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_is_known_and_signs_out() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let tokens = node.login("ALPHA", "Admin@Alpha.Example", PASSWORD).await.with(200);
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(tokens["token_type"], "Bearer", "as clients expect");
    assert_eq!(tokens["expires_in_s"], 900, "a quarter of an hour");
    let me = node.get(access, "/v1/auth/me").await.with(200);
    assert_eq!(me["username"], "admin", "by the mail address, in any case");
    assert_eq!(me["organization"]["slug"], "alpha", "of the organization that was named");
    assert_eq!(me["roles"], json!(["admin"]), "with its role");
    assert!(me["permissions"].as_array().unwrap().contains(&json!("user:admin")), "and what it allows");

    assert_eq!(node.post(access, "/v1/auth/logout", &json!({})).await.status, 204, "signed out");
    assert_eq!(
        node.get(access, "/v1/auth/me").await.refused(401),
        "unauthenticated",
        "its access token is void at once"
    );
    let again = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(
        node.post("", "/v1/auth/refresh", &again).await.refused(401),
        "unauthenticated",
        "nothing carries it on"
    );
    assert_eq!(node.get(&org.admin.access, "/v1/auth/me").await.status, 200, "another session of the account goes on");
    let trail = place.trail(&org, "LOGIN").await;
    assert_eq!(trail.len(), 2, "both are in the trail");
    assert_eq!(trail[0]["ip_address"], "127.0.0.1", "with the address");
    assert_eq!(place.trail(&org, "LOGOUT").await.len(), 1, "and the end of one");
}

/// What an answer says, but for the request's id.
fn words(told: &crate::place::Told) -> Value {
    let mut body = told.with(401);
    body.as_object_mut().unwrap().remove("request_id");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_which_names_there_are() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    node.account(&org, "closed", &["viewer"]).await;
    let users = node.walk(&org.admin.access, "/v1/users?text=closed", 10).await;
    let path = format!("/v1/users/{}", users[0]["id"].as_str().unwrap());
    node.patch(&org.admin.access, &path, &json!({ "is_active": false })).await.with(200);
    let wrong = words(&node.login("alpha", "admin", "wrong password").await);
    assert_eq!(wrong["code"], "login-failed", "a stable code");
    for (slug, name, password, what) in [
        ("alpha", "nobody", PASSWORD, "an unknown name"),
        ("beta", "admin", PASSWORD, "an unknown organization"),
        ("alpha", "closed", PASSWORD, "a closed account, even with its password"),
        ("alpha", "closed@alpha.example", PASSWORD, "by its address too"),
        ("", "", "", "nothing"),
        ("alpha", "admin\0", PASSWORD, "what no text of a database is"),
    ] {
        let told = node.login(slug, name, password).await;
        if told.status != 400 {
            assert_eq!(words(&told), wrong, "{what} is answered like a wrong password");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_passwords_close_an_account_for_a_while() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let ann = node.account(&org, "ann", &["viewer"]).await;
    let path = format!("/v1/users/{}", ann["id"].as_str().unwrap());
    for _ in 0..5 {
        node.login("alpha", "ann", "wrong password").await.refused(401);
    }
    assert_eq!(
        node.login("alpha", "ann", PASSWORD).await.refused(401),
        "login-failed",
        "even the right one is refused"
    );
    let seen = node.get(&org.admin.access, &path).await.with(200);
    assert!(seen["locked_until"].is_string() && seen["failed_logins"] == 5, "an admin sees why: {seen}");

    node.post(&org.admin.access, &format!("{path}/unlock"), &json!({ "why": "asked by phone" })).await.with(200);
    node.login("alpha", "ann", PASSWORD).await.with(200);
    assert_eq!(place.trail(&org, "UNLOCK").await[0]["why"], "asked by phone", "the trail says why");

    for _ in 0..5 {
        node.login("alpha", "ann", "wrong password").await.refused(401);
    }
    node.hub.clock.advance(14 * 60_000);
    node.login("alpha", "ann", PASSWORD).await.refused(401);
    node.hub.clock.advance(2 * 60_000);
    node.login("alpha", "ann", "wrong password").await.refused(401);
    node.hub.clock.advance(16 * 60_000);
    node.login("alpha", "ann", PASSWORD).await.refused(401);
    node.hub.clock.advance(15 * 60_000);
    node.login("alpha", "ann", PASSWORD).await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_same_time_are_no_more_than_guesses_in_a_row() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    node.account(&org, "ann", &["viewer"]).await;
    let tries = (0..20).map(|_| node.login("alpha", "ann", "wrong password"));
    for told in futures_util::future::join_all(tries).await {
        told.refused(401);
    }
    let row = place.rows("SELECT failed_logins FROM auth.users WHERE username = 'ann'").await;
    assert_eq!(row[0].get::<_, i32>(0), 5, "five were looked at, the others met a closed account");
    node.login("alpha", "ann", PASSWORD).await.refused(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_counted_by_all_nodes_together() {
    let place = Place::open().await;
    let (one, org) = (&place.node, place.node.org("alpha").await);
    one.account(&org, "ann", &["viewer"]).await;
    let two = Node::start(config(&place.database)).await;
    for node in [one, &two, one, &two, one] {
        node.login("alpha", "ann", "wrong password").await.refused(401);
    }
    for node in [one, &two] {
        assert_eq!(node.login("alpha", "ann", PASSWORD).await.refused(401), "login-failed", "closed on every node");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_is_out_at_once() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let ann = node.person(&org, "ann", &["supervisor"]).await;
    node.get(&ann.access, "/v1/audit-logs").await.with(200);
    node.patch(&org.admin.access, &format!("/v1/users/{}", ann.id), &json!({ "is_active": false })).await.with(200);
    assert_eq!(node.get(&ann.access, "/v1/audit-logs").await.refused(401), "unauthenticated", "its token is void");
    let body = json!({ "refresh_token": ann.refresh });
    assert_eq!(node.post("", "/v1/auth/refresh", &body).await.refused(401), "unauthenticated", "and brings no other");
    node.patch(&org.admin.access, &format!("/v1/users/{}", ann.id), &json!({ "is_active": true })).await.with(200);
    node.get(&ann.access, "/v1/auth/me").await.refused(401);
    node.login("alpha", "ann", PASSWORD).await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organization_is_out_at_once() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let other = node.org("beta").await;
    place.sql("UPDATE auth.organizations SET status = 'suspended' WHERE slug = 'alpha'").await;
    node.get(&org.admin.access, "/v1/auth/me").await.refused(401);
    node.login("alpha", "admin", PASSWORD).await.refused(401);
    node.post("", "/v1/auth/refresh", &json!({ "refresh_token": org.admin.refresh })).await.refused(401);
    node.get(&other.admin.access, "/v1/auth/me").await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_taken_away_is_gone_at_once() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let ann = node.person(&org, "ann", &["supervisor"]).await;
    node.get(&ann.access, "/v1/audit-logs").await.with(200);
    let body = json!({ "roles": ["viewer"] });
    node.patch(&org.admin.access, &format!("/v1/users/{}", ann.id), &body).await.with(200);
    assert_eq!(node.get(&ann.access, "/v1/audit-logs").await.refused(403), "forbidden", "with the same token");
}
