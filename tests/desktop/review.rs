//! Review by keyboard, while other plates come.

use crate::window::{ENTER, Window, comes_true};
use serde_json::{Value, json};
use std::fs;
use wellread_journeys::station::{PASSWORD, Station, capture, plates};

/// What a run of a sample is now, as the command line shows it.
fn shown(station: &Station, run: &str) -> Value {
    station.run(["show", run, "--json"]).ended_with(0).lines().remove(0)
}

fn id(run: &Value) -> String {
    run["run_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_doubtful_well_is_overridden_signed_and_delivered() {
    let station = Station::new();
    let pictures = plates(2);
    station.receive(&pictures[0], &capture("S-1", 1));
    let Some(window) = Window::open("review", &station) else { return };
    window.sign_in("ada");
    window.sees("S-1 · plate 1");
    let run = id(&station.runs()[0]);
    let read = shown(&station, &run);
    window.click("link", "Review");
    window.find("well", "A1,");
    let doubtful: Vec<&str> = wells(&read).filter(|(_, well)| is_doubtful(well)).map(|(name, _)| name).collect();
    assert!(!doubtful.is_empty(), "the picture has a well to doubt, or this shows nothing: {read}");
    window.becomes("the keyboard is on a doubtful well", "return page.focused().includes('Below');", &json!([]));
    let name = window.focused().split(',').next().unwrap().to_owned();
    assert!(doubtful.contains(&name.as_str()), "the doubtful come first: {name} of {doubtful:?}");

    a_plate_comes_meanwhile(&station, &window, &pictures[1], &name);

    window.keys("2");
    window.sees("Decided by ada");
    comes_true("the decision is kept", || shown(&station, &run)["events"].as_array().unwrap().len() == 1);
    let decided = shown(&station, &run);
    let (before, after) = (well(&read, &name), well(&decided, &name));
    assert_eq!(after["final_class"], "empty", "the second class of the assay: {after}");
    assert_eq!(after["class"], before["class"], "what was read stays beside it");
    assert_eq!(after["review"]["reason_code"], "misread", "with its reason: {after}");
    window.keys("z");
    window.sees_no_more("Decided by ada");
    window.keys("2");
    window.sees("Decided by ada");
    // One key to go to a doubtful well, and one to confirm it.
    for _ in 0..2 * doubtful.len() {
        if !window.text().contains("No doubtful well is left") {
            window.keys(" ");
        }
    }
    window.sees("No doubtful well is left");
    window.keys(" ");
    window.find("dialog", "Accept S-1");
    window.click("button", "Accept");
    window.sees("Accepted");
    window.click("button", "Sign");
    window.fill("Password", "not the password");
    window.keys(&ENTER.to_string());
    window.find("alert", "User name or password is wrong");
    window.fill("Password", PASSWORD);
    window.keys(&ENTER.to_string());
    comes_true("it is signed", || shown(&station, &run)["state"]["signed"] == "reviewed");
    window.sees("Signed: reviewed");

    comes_true("the interface file is there, and the sign that it is whole", || delivered(&station, "S-1").is_some());
    let text = delivered(&station, "S-1").unwrap();
    assert!(text.contains("S-1"), "it is about the sample: {text}");
    station.assert_sound();
}

/// Another plate is read: the bench shows it, and what is under the fingers stays.
fn a_plate_comes_meanwhile(station: &Station, window: &Window, picture: &[u8], focused: &str) {
    window.script("window.before = document.querySelector('[role=grid]'); return null;", &json!([]));
    station.receive(picture, &capture("S-2", 1));
    comes_true("the other plate is read", || station.runs().len() == 2);
    window.becomes(
        "the menu counts the other plate",
        "return page.find('link', 'Review').textContent.includes('2 plates');",
        &json!([]),
    );
    let heading = window.script("return page.names('heading')[0];", &json!([]));
    assert_eq!(heading, "S-1 · plate 1", "the plate under review is still shown");
    assert!(window.focused().starts_with(&format!("{focused},")), "the keyboard is where it was: {}", window.focused());
    let same = window.script("return window.before.isConnected;", &json!([]));
    assert_eq!(same, true, "nothing was drawn anew under the fingers");
    let reachable = "return page.find('button', 'Previous plate').getAttribute('aria-disabled') === null;";
    window.becomes("the other waits beside it, the newest first", reachable, &json!([]));
}

/// The text of the delivered file of a sample, once its `.ok` is beside it.
pub(crate) fn delivered(station: &Station, sample: &str) -> Option<String> {
    let names = fs::read_dir(station.drop_folder()).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let ok = names.filter(|path| path.extension().is_some_and(|end| end == "ok"));
    let file = ok.map(|path| path.with_extension("")).find(|path| path.to_string_lossy().contains(sample))?;
    fs::read_to_string(file).ok()
}

fn wells(run: &Value) -> impl Iterator<Item = (&str, &Value)> {
    run["wells"].as_array().unwrap().iter().map(|well| (well["well"].as_str().unwrap(), well))
}

fn well<'a>(run: &'a Value, name: &str) -> &'a Value {
    wells(run).find(|(own, _)| *own == name).unwrap().1
}

fn is_doubtful(well: &Value) -> bool {
    well["flags"].as_array().unwrap().iter().any(|flag| flag == "low-confidence")
}
