//! A delivery folder that is lost and found.

use crate::{
    review::delivered,
    window::{Window, comes_true, handed_to_the_viewer},
};
use serde_json::json;
use std::fs;
use wellread_journeys::station::{Station, plates};

#[test]
fn a_lost_delivery_folder_is_said_loudly_and_served_once_it_is_back() {
    let station = Station::new();
    let Some(window) = Window::open("delivery", &station) else { return };
    window.sign_in("ada");
    window.sees("No plate has come yet");
    fs::remove_dir(station.drop_folder()).unwrap();
    let run = a_plate_is_accepted(&station);
    let lost = "Results cannot be delivered: the delivery folder does not answer.";
    window.sees(lost);
    let loud = "const told = page.find('link', arguments[0]); const looks = getComputedStyle(told);
                const box = told.getBoundingClientRect();
                return { width: box.width, top: box.top, size: parseFloat(getComputedStyle(told.children[1]).fontSize),
                         edge: parseFloat(looks.borderTopWidth) };";
    let looks = window.script(loud, &json!([lost]));
    let more_than = |key: &str, px: f64| assert!(looks[key].as_f64().unwrap() > px, "loud is large: {looks}");
    more_than("width", 900.0);
    more_than("size", 18.0);
    more_than("edge", 1.0);
    assert!(looks["top"].as_f64().unwrap() < 200.0, "and above everything else: {looks}");
    assert!(delivered(&station, "S-1").is_none(), "nothing can have gone out");
    assert_eq!(station.health("delivery")["status"], "degraded", "the command line says the same");

    fs::create_dir(station.drop_folder()).unwrap();
    comes_true("the file is delivered by itself", || delivered(&station, "S-1").is_some());
    window.sees_no_more(lost);
    window.click("link", "Interface files");
    window.sees("Delivered");
    let shown = station.run(["show", &run, "--json"]).ended_with(0).lines().remove(0);
    assert_eq!(shown["state"]["disposition"], "accepted", "all the while nobody decided anything anew");
}

#[test]
fn a_report_is_handed_to_the_viewer_that_prints_it() {
    let station = Station::new();
    let Some(window) = Window::open("printing", &station) else { return };
    window.sign_in("ada");
    window.sees("No plate has come yet");
    a_plate_is_accepted(&station);
    window.click("link", "Samples");
    window.click("row", "S-1");
    window.click("button", "Print report");
    comes_true("the viewer is started", || !handed_to_the_viewer(&station).is_empty());
    let handed = handed_to_the_viewer(&station);
    assert_eq!(handed.len(), 1, "once: {handed:?}");
    assert!(fs::read(&handed[0]).unwrap().starts_with(b"%PDF-"), "with the whole report: {handed:?}");
    let first = window.script("return page.names('alert');", &json!([]));
    assert_eq!(first, json!([]), "and nothing went wrong on the way");
}

/// A plate of S-1 comes and is accepted beside the window, at the command line; gives its run.
pub(crate) fn a_plate_is_accepted(station: &Station) -> String {
    station.receive(&plates(1)[0], &wellread_journeys::station::capture("S-1", 1));
    comes_true("the plate is read", || {
        station.runs().first().is_some_and(|run| run["status"] == "completed" && run["sample_no"] == "S-1")
    });
    let run = station.runs()[0]["run_id"].as_str().unwrap().to_owned();
    station.run(["review", &run, "--accept"]).ended_with(0);
    run
}
