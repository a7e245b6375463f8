//! A day of a watched folder: pictures come, and each becomes one run or one explained refusal.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    process::{Command, Stdio},
};
use wellread_journeys::station::{Station, capture, plates, put};

fn events<'e>(all: &'e [Value], kind: &str) -> Vec<&'e Value> {
    all.iter().filter(|event| event["event"] == kind).collect()
}

#[test]
fn what_lies_in_the_folder_is_taken_in_once() {
    let station = Station::new();
    let pictures = plates(3);
    for (n, picture) in pictures.iter().enumerate() {
        station.receive(picture, &capture("S1", n + 1));
    }
    station.receive(&pictures[0], "copy.jpg");
    station.receive(b"Dear colleague, the plates are in the post.", "letter.jpg");
    let told = station.drain();
    assert_eq!(events(&told, "run").len(), 3, "each picture is one run: {told:?}");
    assert_eq!(events(&told, "duplicate").len(), 1, "the copy is noted");
    assert_eq!(events(&told, "rejected")[0]["code"], "not-an-image", "and the letter refused with its reason");
    let runs = station.runs();
    assert_eq!(runs.len(), 3, "no more, no fewer");
    for run in &runs {
        for key in ["run_id", "sample_no", "plate_no", "status", "image_sha256", "needs_review"] {
            assert!(!run[key].is_null(), "scripts rely on {key}: {run}");
        }
        assert_eq!((&run["sample_no"], &run["status"]), (&"S1".into(), &"completed".into()), "by its name, read");
    }
    assert!(station.drain().is_empty(), "looking again finds nothing new");
    for (n, picture) in pictures.iter().enumerate() {
        let there = fs::read(station.inbox().join(capture("S1", n + 1))).unwrap();
        assert!(there == *picture, "the source is as the camera left it");
    }
    station.assert_sound();
}

#[test]
fn the_service_takes_what_comes_and_stops_when_asked() {
    let station = Station::new();
    let pictures = plates(2);
    let mut service = station.watch();
    for (n, picture) in pictures.iter().enumerate() {
        station.receive(picture, &capture("S2", n + 1));
        let run = &service.hears_runs(1)[0];
        assert_eq!(run["plate_no"], (n + 1).to_string(), "this plate, and nothing before it");
    }
    let second = station.run(["watch", "--once"]).ended_with(1);
    assert!(second.err.starts_with("in-use: "), "two services would take everything twice: {}", second.err);
    assert_eq!(service.stops(), 0, "a stop that was asked for is no failure");
    station.assert_sound();
}

#[test]
fn a_name_that_says_nothing_waits_and_new_content_is_looked_at() {
    let station = Station::new();
    let pictures = plates(3);
    station.receive(&pictures[0], "IMG_0001.jpg");
    station.receive(&pictures[1], &capture("S3", 1));
    station.drain();
    station.receive(&pictures[2], &capture("S3", 1));
    station.drain();
    let runs = station.runs();
    assert_eq!(runs.len(), 3, "the new content is a run of its own: {runs:?}");
    assert_eq!(runs[0]["needs_review"], true, "and a person decides which one holds");
    let waiting: Vec<&Value> = runs.iter().filter(|run| run["disposition"] == "waiting-sample").collect();
    assert_eq!(waiting.len(), 1, "nobody said whose plate that is: {runs:?}");
}

#[test]
fn pictures_from_before_the_station_can_be_left_alone() {
    let station = Station::new();
    let pictures = plates(2);
    station.receive(&pictures[0], &capture("OLD", 1));
    assert!(station.run(["watch", "--once", "--existing", "seen"]).ended_with(0).out.is_empty(), "none is imported");
    station.receive(&pictures[1], &capture("NEW", 1));
    station.drain();
    let runs = station.runs();
    assert_eq!(runs.len(), 1, "only the one that came later: {runs:?}");
    assert_eq!(runs[0]["sample_no"], "NEW", "and the choice is not asked for again");
}

#[test]
fn a_script_that_says_nothing_imports_what_lies_there_and_is_told_so() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("OLD", 1));
    let first = station.run(["watch", "--once"]).ended_with(0);
    assert!(first.err.contains("1 files") && first.err.contains("--existing"), "it is said once: {}", first.err);
    assert_eq!(station.runs().len(), 1, "scripts rely on it");
    let second = station.run(["watch", "--once"]).ended_with(0);
    assert!(!second.err.contains("--existing"), "the choice is made: {}", second.err);
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_the_first_start_asks() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("OLD", 1));
    // `script` gives the program a terminal of its own. `exec`: a shell left in between would die of the Ctrl-C too.
    let watch = station.command(["watch"]);
    let mut in_terminal = Command::new("script");
    in_terminal.args(["-qec", &format!("exec '{}' watch", watch.get_program().display()), "/dev/null"]);
    in_terminal.envs(watch.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(mut running) = in_terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        eprintln!("skipped: without the program `script` there is no terminal to ask at");
        return;
    };
    let (mut keys, mut screen) = (running.stdin.take().unwrap(), running.stdout.take().unwrap());
    let mut seen = read_until(&mut screen, "? ");
    assert!(seen.contains("holds 1 files") && seen.contains("[s]een"), "it asks: {seen}");
    keys.write_all(b"s\n").unwrap();
    seen = read_until(&mut screen, "watching ");
    keys.write_all(b"\x03").unwrap();
    assert!(running.wait().unwrap().success(), "it stops when asked, having said {seen}");
    assert!(station.runs().is_empty(), "the picture was not imported");
    let files = &station.status()["files"];
    assert_eq!(files[0][0], "ignored", "but noted: {files}");
    assert!(station.drain().is_empty(), "and the question is not asked again");
}

/// What comes until `end` has come.
#[cfg(target_os = "linux")]
fn read_until(from: &mut impl Read, end: &str) -> String {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(end.as_bytes()) && from.read(&mut byte).unwrap() > 0 {
        seen.extend(byte);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn a_folder_that_goes_away_is_told_and_comes_back_by_itself() {
    let station = Station::new();
    let picture = plates(1).remove(0);
    let aside = station.inbox().with_extension("aside");
    let mut service = station.watch();
    fs::rename(station.inbox(), &aside).unwrap();
    put(&aside.join(capture("S4", 1)), &picture);
    service.hears("the inbox is offline", |event| event["part"] == "inbox" && event["status"] == "unhealthy");
    fs::rename(&aside, station.inbox()).unwrap();
    service.hears("the inbox is back", |event| event["part"] == "inbox" && event["status"] == "healthy");
    service.hears_runs(1);
    station.receive(&plates(2)[1], &capture("S4", 2));
    service.hears_runs(1);
    assert_eq!(service.stops(), 0, "it never fell over");
}

#[test]
fn a_disk_below_its_reserve_pauses_intake_and_loses_nothing() {
    let station = Station::new();
    station.receive(&plates(1)[0], &capture("S5", 1));
    station.set("intake.disk_reserve_mib", "1000000000");
    let full = station.run(["watch", "--once"]).ended_with(1);
    assert!(full.err.contains("disk-full: ") && full.err.contains("reserve"), "it says so: {}", full.err);
    station.set("intake.disk_reserve_mib", "0");
    station.drain();
    assert_eq!(station.runs().len(), 1, "with room again the picture is still there");
}

#[test]
fn a_plate_that_cannot_be_read_is_a_failed_run_with_its_reason() {
    let station = Station::new();
    let picture = plates(1).remove(0);
    let mut torn = picture[..picture.len() / 2].to_vec();
    torn.extend(b"\xff\xd9");
    station.receive(&torn, &capture("S6", 1));
    let told = station.drain();
    let runs = events(&told, "run");
    assert_eq!(runs.len(), 1, "it is one run: {told:?}");
    assert_eq!(runs[0]["status"], "failed", "without results");
    assert!(!runs[0]["error_msg"].as_str().unwrap().is_empty(), "and says why: {}", runs[0]);
    station.assert_sound();
}
