//! From nothing to the first plate.

use crate::window::{Window, comes_true};
use serde_json::json;
use std::fs;
use wellread_journeys::station::{PASSWORD, Station};

/// Whether something is drawn where the ring of each well is to be: at four tenths of its width from its centre.
const OUTLINED: &str = "const marks = document.querySelector('canvas[data-marks]'); \
    const plate = marks.getBoundingClientRect(); const seen = marks.getContext('2d'); \
    return page.all('well', '').every((well) => { const box = well.getBoundingClientRect(); \
        const x = box.left + box.width * 0.9 - plate.left - 1; const y = box.top + box.height / 2 - plate.top; \
        return seen.getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data[3] > 100; });";

#[test]
fn a_first_start_leads_to_the_first_plate() {
    let station = Station::empty();
    let Some(window) = Window::open("first-start", &station) else { return };
    window.sees("Set up this station");
    window.click("button", "Start the station");
    window.sees("The station needs a name.");
    assert!(!station.database().exists(), "a form that is not filled in makes nothing");

    window.fill("Name of the station", "Bench 7");
    window.click("choice", "Try it with a simulated camera");
    window.fill("Delivery folder", station.drop_folder().to_str().unwrap());
    window.fill("User name", "ada");
    window.fill("Password again", PASSWORD);
    window.fill("Password", "short");
    window.sees("The password needs at least 8 characters.");
    window.fill("Password", PASSWORD);
    window.click("choice", "Keep it in a file of yours");
    window.fill("Key file", station.key_file().to_str().unwrap());
    window.click("button", "Start the station");

    window.sees("Plate just read");
    window.sees("Simulated camera");
    let wells = window.script("return page.names('well');", &json!([]));
    assert_eq!(wells.as_array().unwrap().len(), 96, "the plate is on the bench with every well: {wells}");
    assert!(wells[0].as_str().unwrap().starts_with("A1, "), "each says what it is: {}", wells[0]);
    let across = "const wells = page.all('well', ''); const [a, h] = [wells[0], wells.at(-1)].map((one) => \
                  one.getBoundingClientRect()); return h.right - a.left;";
    let across_px = window.script(across, &json!([])).as_f64().unwrap();
    assert!(across_px > 450.0, "large enough to be read from where one stands: {across_px} of 1280 pixels");
    window.becomes("each well is outlined", OUTLINED, &json!([]));
    let picture = "const drawn = document.querySelector('canvas[data-shows]'); \
                   return drawn?.dataset.shows.startsWith('wellread-blob:') && drawn.width > 450;";
    window.becomes("the photograph lies under the wells", picture, &json!([]));
    let overflow = "return document.documentElement.scrollWidth - innerWidth + [...document.querySelectorAll('main')]\
                    .reduce((most, one) => Math.max(most, one.scrollWidth - one.clientWidth), 0);";
    assert_eq!(window.script(overflow, &json!([])), 0, "nothing hangs over the edge of the window");
    window.sees("1:");

    let runs = station.runs();
    assert!(!runs.is_empty(), "the plate on the bench is a run in the database");
    assert!(!runs[0]["sample_no"].as_str().unwrap().is_empty(), "and knows its sample by its name: {}", runs[0]);
    comes_true("more plates come by themselves", || station.runs().len() > runs.len());
    assert!(!fs::read(station.database()).unwrap().starts_with(b"SQLite format 3"), "the database is encrypted");
    drop(window);
    station.run(["verify"]).ended_with(0);
}
