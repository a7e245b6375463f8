//! What goes on when the page dies, and what a second start does.

use crate::window::{Window, comes_true, program, variables};
use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
};
use wellread_journeys::station::{Station, capture, plates};

#[test]
fn plates_are_read_while_the_page_is_dead_and_the_next_start_shows_them() {
    let station = Station::new();
    let pictures = plates(2);
    let Some(window) = Window::open("page-dead", &station) else { return };
    window.sign_in("ada");
    station.receive(&pictures[0], &capture("S-1", 1));
    window.sees("S-1");
    let pages = window.processes("WebKitWebProces");
    assert!(!pages.is_empty(), "the page has a process of its own");
    for page in &pages {
        assert!(Command::new("kill").args(["-KILL", &page.to_string()]).status().unwrap().success(), "it was there");
    }
    comes_true("another page is loaded by itself", || {
        let now = window.processes("WebKitWebProces");
        !now.is_empty() && now.iter().all(|page| !pages.contains(page))
    });
    station.receive(&pictures[1], &capture("S-2", 1));
    comes_true("the next plate is read without it", || {
        station.runs().iter().any(|run| run["sample_no"] == "S-2" && run["status"] == "completed")
    });
    assert_eq!(window.processes("wellread-deskto").len(), 1, "the program itself lives");
    drop(window);

    let window = Window::open("page-again", &station).unwrap();
    window.sign_in("ada");
    window.sees("S-2");
    station.assert_sound();
}

#[test]
fn a_second_start_hands_its_link_to_the_first_and_ends() {
    let station = Station::new();
    let pictures = plates(2);
    let Some(window) = Window::open("link", &station) else { return };
    window.find("button", "Sign in");
    for (picture, sample) in pictures.iter().zip(["S-1", "S-2"]) {
        station.receive(picture, &capture(sample, 1));
    }
    comes_true("both are read", || station.runs().iter().filter(|run| run["status"] == "completed").count() == 2);
    let id_of = |sample: &str| {
        let runs = station.runs();
        let run = runs.iter().find(|run| run["sample_no"] == sample).unwrap();
        run["run_id"].as_str().unwrap().to_owned()
    };
    start_again(&station, &window, &format!("wellread://run/{}", id_of("S-1")));
    window.find("button", "Sign in");
    window.sign_in("ada");
    window.find("heading", "S-1 · plate 1");
    start_again(&station, &window, &format!("wellread://run/{}", id_of("S-2")));
    window.find("heading", "S-2 · plate 1");
    start_again(&station, &window, "wellread://run/nonsense");
    assert_eq!(window.processes("wellread-deskto").len(), 1, "one program, however often it is started");
    window.find("heading", "S-2 · plate 1");
    drop(window);

    let link = format!("wellread://run/{}", id_of("S-1"));
    let window = Window::open_with("link-first", &station, &[&link]).unwrap();
    window.find("button", "Sign in");
    assert!(!window.text().contains("S-1"), "a link shows nothing to nobody");
    window.sign_in("ada");
    window.find("heading", "S-1 · plate 1");
}

/// Starts the program beside the window that is open, as a click on a link does; it must end by itself.
fn start_again(station: &Station, window: &Window, link: &str) {
    let first = window.processes("wellread-deskto")[0];
    let environment = fs::read_to_string(format!("/proc/{first}/environ")).unwrap();
    let environment: BTreeMap<&str, &str> = environment.split('\0').filter_map(|one| one.split_once('=')).collect();
    let mut second = Command::new(program());
    second.arg(link).envs(variables(station)).stdout(Stdio::null()).stderr(Stdio::null());
    for shared in ["DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "GDK_BACKEND"] {
        second.env(shared, environment[shared]);
    }
    let mut second = second.spawn().unwrap();
    comes_true("the second start ends by itself", || match second.try_wait().unwrap() {
        None => false,
        Some(ended) => {
            assert!(ended.success(), "and ends well: {ended}");
            true
        }
    });
}
