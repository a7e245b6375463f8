//! Thai and dark.

use crate::window::{Window, comes_true};
use serde_json::{Value, json};
use std::{fs, path::Path};
use wellread_journeys::station::{Station, capture, plates};

/// Names and data that are the same in every language: what the page shows of the station itself, and units.
const SAME: [&str; 5] = ["Wellread", "bench 1", "ada", "S-1", "/"];

#[test]
fn the_window_is_thai_and_dark_and_stays_so() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("S-1", 1));
    let thai = messages("th");
    let say = |key: &str| thai[key].as_str().unwrap_or_else(|| panic!("no message {key}")).to_owned();
    let Some(window) = Window::open("thai-light", &station) else { return };
    window.sees("Locked");
    window.click("button", "ไทย");
    window.sees(&say("locked_hint"));
    sign_in_thai(&window, &say);
    window.sees("S-1");
    for place in ["bench", "review", "runs", "samples", "files", "sync", "assays", "models", "people", "settings"] {
        window.find("link", &say(&format!("nav_{place}")));
    }
    window.becomes("the wells speak Thai", "return page.names('well').length === 96;", &json!([]));
    assert_eq!(foreign(&window), json!([]), "no English is left on the bench");
    let before = brightness(&window);
    assert!(before.0 > 0.8 && before.1 < 0.3, "light: {before:?}");

    window.click("button", &say("look_and_language"));
    window.click("choice", &say("theme_dark"));
    comes_true("the ground is dark", || brightness(&window).0 < 0.1);
    let after = brightness(&window);
    assert!(after.1 > 0.7, "and what is written on it is bright: {after:?}");
    // Ended as a person ends it; the page's own store is then on the disk.
    let _ = window.try_invoke("quit", &json!({}));
    comes_true("the program ends", || window.processes("wellread-deskto").is_empty());
    drop(window);

    let window = Window::open("thai-dark", &station).unwrap();
    window.sees(&say("locked_hint"));
    assert!(brightness(&window).0 < 0.1, "dark at once after a restart: {:?}", brightness(&window));
    sign_in_thai(&window, &say);
    window.sees("S-1");
    window.becomes("the wells are there", "return page.names('well').length === 96;", &json!([]));
    assert_eq!(foreign(&window), json!([]), "and Thai throughout");
}

fn sign_in_thai(window: &Window, say: &dyn Fn(&str) -> String) {
    window.fill(&say("username"), "ada");
    window.fill(&say("password"), wellread_journeys::station::PASSWORD);
    window.click("button", &say("sign_in"));
    window.find("link", &say("nav_bench"));
}

fn messages(locale: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../ui/messages/{locale}.json"));
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Every text of the page with Latin words in it that are neither data nor names; labels that are only heard as well.
fn foreign(window: &Window) -> Value {
    let script = "const [same] = arguments;
        const texts = [...document.querySelectorAll('body *')].flatMap((one) => [
          ...[...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent),
          one.getAttribute('aria-label'), one.getAttribute('title'), one.getAttribute('placeholder')]);
        const isEnglish = (text) => /[A-Za-z]{2,}/.test(same.reduce((rest, own) => rest.replaceAll(own, ''), text));
        const isPlace = (text) => text.trim().startsWith('/');
        return [...new Set(texts.filter((text) => text && !isPlace(text) && isEnglish(text)))];";
    window.script(script, &json!([SAME]))
}

/// How bright the ground of the page and its text are, from 0 to 1, as they are really painted.
fn brightness(window: &Window) -> (f64, f64) {
    let script = "const draw = document.createElement('canvas').getContext('2d');
        const bright = (colour) => { draw.fillStyle = colour; draw.fillRect(0, 0, 1, 1);
          const [r, g, b] = draw.getImageData(0, 0, 1, 1).data; return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255; };
        let ground = document.querySelector('#content') ?? document.querySelector('main');
        const clear = (one) => /^(transparent|rgba\\(.*, 0\\))$/.test(getComputedStyle(one).backgroundColor);
        while (ground.parentElement && clear(ground)) ground = ground.parentElement;
        return [bright(getComputedStyle(ground).backgroundColor), bright(getComputedStyle(document.body).color)];";
    let found = window.script(script, &json!([]));
    (found[0].as_f64().unwrap(), found[1].as_f64().unwrap())
}
