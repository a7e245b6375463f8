//! Who is at the window: wrong passwords, lock-out, and what a locked window hides.

use crate::{
    commands::{Needs, expected, unknown_ids},
    window::{Window, comes_true},
};
use serde_json::{Value, json};
use std::time::Instant;
use wellread_journeys::station::{PASSWORD, Station, capture, plates};

#[test]
fn wrong_passwords_lock_an_account_until_an_admin_opens_it() {
    let station = Station::new();
    station.add("olga", "operator");
    station.set("people.lock_after", "3");
    let Some(window) = Window::open("lock-out", &station) else { return };
    window.click("button", "olga");
    for told in ["User name or password is wrong", "User name or password is wrong", "Too many wrong passwords"] {
        window.tries_to_sign_in("olga", "not her password");
        window.find("alert", told);
    }
    window.tries_to_sign_in("olga", PASSWORD);
    window.find("alert", "Too many wrong passwords");
    window.find("button", "Sign in");
    let locked = user(&station, "olga");
    assert!(!locked["locked_until_ms"].is_null(), "the right password does not help now: {locked}");

    window.sign_in("ada");
    window.click("link", "People");
    window.sees("Locked out");
    window.click("button", "Unlock");
    window.find("dialog", "Unlock olga?");
    window.fill("Reason", "she has a new keyboard");
    window.click("button", "Unlock");
    window.sees_no_more("Locked out");
    window.click("button", "Lock");
    window.sign_in("olga");
    window.sees("olga");
    let audit = station.run(["audit", "--json"]).ended_with(0).out;
    assert!(audit.contains("she has a new keyboard"), "the reason is in the audit trail: {audit}");
    let absent = window.script("return page.find('link', 'People') && page.find('button', 'New account');", &json!([]));
    assert!(absent.is_null(), "an operator makes no accounts");
}

fn user(station: &Station, name: &str) -> Value {
    let users = station.run(["users", "list", "--json"]).ended_with(0).lines();
    users.into_iter().find(|user| user["username"] == name).unwrap()
}

#[test]
fn a_locked_window_holds_nothing_of_anybody() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("S-SECRET", 1));
    let Some(window) = Window::open("locked", &station) else { return };
    window.sign_in("ada");
    window.sees("S-SECRET");
    comes_true("it is in the list", || !station.runs().is_empty());
    let picture = station.runs()[0]["image_sha256"].as_str().unwrap().to_owned();
    assert_eq!(status_of(&window, &picture), 200, "who is signed in sees the picture");
    assert_eq!(status_of(&window, &"0".repeat(64)), 404, "one that is not there is not found");
    assert_eq!(status_of(&window, "../wellread.db"), 404, "and nothing but pictures is served");

    window.click("button", "Lock");
    window.find("button", "Sign in");
    let left = "const all = document.documentElement.outerHTML + JSON.stringify(localStorage) + \
                JSON.stringify(sessionStorage) + document.title; return [...arguments].filter((one) => all.includes(one));";
    assert_eq!(window.script(left, &json!(["S-SECRET", picture])), json!([]), "nothing of the sample is in the page");
    assert_eq!(status_of(&window, &picture), 403, "no picture without a person");
    for (command, arguments, needs) in expected(&unknown_ids(&station)) {
        if needs == Needs::Nobody {
            continue;
        }
        let fault = window.calls(&command, &arguments).expect_err("nobody is signed in");
        assert_eq!(fault.code, "locked", "{command} answers nobody: {fault:?}");
    }
}

#[test]
fn a_window_that_nobody_touches_locks_itself() {
    let station = Station::new();
    station.set("people.idle_lock_min", "1");
    let Some(window) = Window::open("idle", &station) else { return };
    window.sign_in("ada");
    let begun = Instant::now();
    window.sees("No plate has come yet");
    // The shortest time there is: one minute, of which half is waited here.
    comes_true("half the time is over", || begun.elapsed().as_secs() >= 30);
    assert!(window.invoke("bench", &json!({})).is_ok(), "half the time locks nothing");
    window.find("button", "Sign in");
    let waited = begun.elapsed().as_secs();
    assert!((55..=90).contains(&waited), "after the minute of the setting: {waited} s");
    assert_eq!(window.invoke("bench", &json!({})).unwrap_err().code, "locked", "and the station holds nobody");
}

/// What the window's own page is answered at the address of a picture.
fn status_of(window: &Window, sha256: &str) -> Value {
    let script = "const [sha256, done] = arguments;
        fetch(window.__TAURI_INTERNALS__.convertFileSrc(sha256, 'wellread-blob'), { cache: 'reload' })
          .then((answer) => done(answer.status), (why) => done(String(why)));";
    window.later(script, &json!([sha256]))
}
