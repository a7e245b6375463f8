//! Letters: a forgotten password, and proving an address.

use crate::{
    place::{PASSWORD, Place},
    sink::Sink,
};
use reqwest::Method;
use serde_json::json;

const OTHER: &str = "staple battery horse";

async fn place_with(sink: &Sink) -> Place {
    let url = sink.url.clone();
    Place::with(|config| {
        config.smtp_url = Some(url);
        "https://hub.example/".clone_into(&mut config.base_url);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_chosen_anew_once_with_a_link() {
    let mut sink = Sink::open().await;
    let place = place_with(&sink).await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let forgot = json!({ "organization": "alpha", "name": "ADMIN" });
    assert_eq!(node.post("", "/v1/auth/forgot", &forgot).await.status, 202, "a letter is on its way");
    let letter = sink.next().await;
    assert_eq!(letter.to, "admin@alpha.example", "to the account's address");
    assert!(letter.text.contains("https://hub.example/reset-password?language=en&token=alpha."), "{}", letter.text);
    assert!(letter.subject.contains("password"), "{}", letter.subject);

    let page = node.get("", &letter.link()).await;
    assert!(page.status == 200 && page.text.contains(&letter.token()), "the link leads to a form: {page:?}");
    let rules = page.headers["content-security-policy"].to_str().unwrap();
    assert!(rules.contains("form-action 'self'") && !rules.contains("sandbox"), "whose button works: {rules}");

    let reset = |password: &str| json!({ "token": letter.token(), "password": password });
    assert_eq!(node.post("", "/v1/auth/reset", &reset("short")).await.refused(400), "invalid", "a short one is none");
    assert_eq!(node.post("", "/v1/auth/reset", &reset(OTHER)).await.status, 204, "and does not use the link up");
    assert_eq!(node.post("", "/v1/auth/reset", &reset(PASSWORD)).await.refused(400), "link-invalid", "it works once");
    node.get(&org.admin.access, "/v1/auth/me").await.refused(401);
    node.login("alpha", "admin", PASSWORD).await.refused(401);
    node.login("alpha", "admin", OTHER).await.with(200);
    assert_eq!(place.feed(&org, &format!("user:{}", org.admin.id)).await.len(), 2, "stations learn it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_works_without_a_script_and_in_thai() {
    let mut sink = Sink::open().await;
    let place = place_with(&sink).await;
    let node = &place.node;
    node.org("alpha").await;
    let forgot = json!({ "organization": "alpha", "name": "admin@alpha.example", "language": "th" });
    node.post("", "/v1/auth/forgot", &forgot).await.with(202);
    let letter = sink.next().await;
    assert!(letter.text.contains("รหัสผ่าน") && letter.link().contains("language=th"), "{}", letter.text);
    let body = format!("token={}&language=th&password=staple+battery+horse", letter.token());
    let form = || {
        let request = node.request(Method::POST, "/reset-password").body(body.clone());
        crate::place::told(request.header("content-type", "application/x-www-form-urlencoded"))
    };
    let done = form().await;
    assert!(done.status == 200 && done.text.contains("ตั้งรหัสผ่านใหม่แล้ว"), "{done:?}");
    let again = form().await;
    assert!(again.status == 400 && again.text.contains("ลิงก์นี้"), "the second time it says why not: {again:?}");
    node.login("alpha", "admin", OTHER).await.with(200);
    let hostile = node.get("", "/reset-password?token=%22%3E%3Cscript%3E").await;
    assert!(!hostile.text.contains("<script>"), "what a link says is text: {}", hostile.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_tell_nobody_which_accounts_there_are_and_fill_no_box() {
    let mut sink = Sink::open().await;
    let place = place_with(&sink).await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    node.account(&org, "closed", &["viewer"]).await;
    place.sql("UPDATE auth.users SET is_active = false WHERE username = 'closed'").await;
    let ask = async |slug: &str, name: &str| {
        let told = node.post("", "/v1/auth/forgot", &json!({ "organization": slug, "name": name })).await;
        (told.status, told.text)
    };
    for (slug, name) in [("alpha", "nobody"), ("nowhere", "admin"), ("alpha", "closed")] {
        assert_eq!(ask(slug, name).await, (202, String::new()), "{name} of {slug} is answered like anybody");
    }
    for _ in 0..5 {
        assert_eq!(ask("alpha", "admin").await, (202, String::new()), "the answer never changes");
    }
    let sent = [sink.next().await, sink.next().await, sink.next().await];
    assert!(
        sent.iter().all(|letter| letter.to == "admin@alpha.example"),
        "three at most, and to nobody else: {sent:?}"
    );
    let rows = place.rows("SELECT count(*) FROM auth.password_reset_tokens").await;
    assert_eq!(rows[0].get::<_, i64>(0), 3, "no more links than letters");
    assert!(sink.is_empty(), "nothing else was sent");

    let reset = |token: String| json!({ "token": token, "password": OTHER });
    node.post("", "/v1/auth/reset", &reset(sent[0].token())).await.with(204);
    assert_eq!(
        node.post("", "/v1/auth/reset", &reset(sent[1].token())).await.refused(400),
        "link-invalid",
        "the other links would undo it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_an_hour() {
    let mut sink = Sink::open().await;
    let place = place_with(&sink).await;
    let node = &place.node;
    node.org("alpha").await;
    node.post("", "/v1/auth/forgot", &json!({ "organization": "alpha", "name": "admin" })).await.with(202);
    let token = sink.next().await.token();
    node.hub.clock.advance(3_600_001);
    let body = json!({ "token": token, "password": OTHER });
    assert_eq!(node.post("", "/v1/auth/reset", &body).await.refused(400), "link-invalid", "and not longer");
    node.login("alpha", "admin", PASSWORD).await.with(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_proven_and_a_new_one_anew() {
    let mut sink = Sink::open().await;
    let place = place_with(&sink).await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let ann = node.person(&org, "ann", &["viewer"]).await;
    let send = async || node.post(&ann.access, "/v1/auth/send-verification", &json!({})).await;
    send().await.with(202);
    let old = sink.next().await;
    assert_eq!(old.to, "ann@alpha.example", "to the address itself");
    let path = format!("/v1/users/{}", ann.id);
    let moved = json!({ "email": "ann@elsewhere.example" });
    node.patch(&org.admin.access, &path, &moved).await.with(200);
    let confirm = async |token: String| node.post("", "/v1/auth/verify-email", &json!({ "token": token })).await;
    assert_eq!(confirm(old.token()).await.refused(400), "link-invalid", "it proved another address");

    send().await.with(202);
    let letter = sink.next().await;
    assert_eq!(letter.to, "ann@elsewhere.example", "to the new one");
    assert!(node.get("", &letter.link()).await.text.contains("<form"), "the link leads to a page with a button");
    assert_eq!(confirm(letter.token()).await.status, 204, "confirmed");
    assert_eq!(confirm(letter.token()).await.refused(400), "link-invalid", "once");
    assert_eq!(node.get(&ann.access, "/v1/auth/me").await.with(200)["email_verified"], true, "it shows");
    assert_eq!(send().await.refused(409), "email-verified", "nothing is left to prove");
    node.patch(&org.admin.access, &path, &json!({ "email": "ann@alpha.example" })).await.with(200);
    assert_eq!(node.get(&ann.access, "/v1/auth/me").await.with(200)["email_verified"], false, "for that address alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_a_mail_server_says_so_to_those_it_knows() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let told = node.post(&org.admin.access, "/v1/auth/send-verification", &json!({})).await;
    assert_eq!(told.refused(409), "mail-off", "somebody who is signed in may know");
    node.post("", "/v1/auth/forgot", &json!({ "organization": "alpha", "name": "admin" })).await.with(202);
}
