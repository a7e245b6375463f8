//! Results on their way to the laboratory's system, as the program brings them into a drop folder.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};
use wellread_journeys::station::{Station, plates, put};

/// Later than any pause between two tries of one delivery.
const LATER_S: i64 = 600;

fn station() -> Station {
    let station = Station::new();
    station.set("deliver.automatic", "false");
    station
}

/// Asks for a file of a sample; gives its id.
fn asked(station: &Station, sample: &str, template: &str) -> String {
    let asked = station.run(["interface", "create", sample, "--template", template, "--json"]).ended_with(0).lines();
    asked[0]["id"].as_str().unwrap().to_owned()
}

/// An accepted plate of a sample whose number no camera writes into a file's name; gives the run.
fn renamed(station: &Station, picture: &[u8], sample: &str) -> String {
    let run = station.accepted(picture, "S");
    station.run(["review", &run, "--sample", sample, "--reason", "wrong-number"]).ended_with(0);
    run
}

fn file(station: &Station, id: &str) -> Value {
    let all = station.run(["interface", "list", "--json"]).ended_with(0).lines();
    all.into_iter().find(|file| file["id"] == id).unwrap()
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What the LIMS was promised: the header, the total, then every end point from 0 to 12.
fn labware(sample: &Value, test: &str) -> String {
    let number = word(sample, "sample_no");
    let count = |step: usize| sample["distribution"][step.to_string()].as_u64().unwrap_or(0);
    let total = (0..=12).map(count).sum::<u64>();
    let mut lines =
        vec!["SAMPLE_NUMBER,TEST_NUMBER,REPORTED_NAME,ENTRY".to_owned(), format!("{number},{test},No.,{total}")];
    lines.extend((0..=12).map(|step| format!("{number},{test},{step},{}", count(step))));
    lines.join("\n") + "\n"
}

#[test]
fn every_format_reaches_the_drop_folder_with_its_marker() {
    let station = station();
    station.accepted(&plates(1)[0], "S-1");
    fs::create_dir_all(station.data().join("templates")).unwrap();
    put(
        &station.data().join("templates/bangkok.toml"),
        b"name = \"bangkok\"\nformat = \"labware\"\nfile_name = \"bkk_{sample}_{revision}.csv\"\nseparator = \";\"\n\
          line_end = \"crlf\"\n[columns]\nENTRY = \"RESULT\"\n",
    );
    let templates = ["labware", "detailed", "summary", "hl7", "astm", "xlsx", "pdf", "bangkok"];
    let ids: Vec<String> = templates.iter().map(|template| asked(&station, "S-1", template)).collect();
    let round = station.run(["interface", "deliver", "--json"]).ended_with(0).lines();
    assert_eq!(round[0]["delivered"], 8, "each has a name of its own, so none waits for another: {round:?}");
    for (template, id) in templates.iter().zip(&ids) {
        let file = file(&station, id);
        assert_eq!(word(&file, "status"), "delivered", "{template}: {file}");
        let bytes = fs::read(station.drop_folder().join(word(&file, "file_name"))).unwrap();
        let marker =
            fs::read_to_string(station.drop_folder().join(format!("{}.ok", word(&file, "file_name")))).unwrap();
        let digits = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        let lines: Vec<&str> = marker.lines().collect();
        assert_eq!(
            lines[0],
            format!("sha256={}", digits.concat()),
            "{template}: the marker tells the whole file from half of it"
        );
        assert_eq!(lines[2], format!("bytes={}", bytes.len()), "{template}: and its length");
        let rows = match *template {
            "labware" | "bangkok" => 14,
            "detailed" => 96,
            "summary" | "pdf" => 1,
            _ => lines[1].strip_prefix("rows=").unwrap().parse().unwrap(),
        };
        assert!(rows > 0 && lines[1] == format!("rows={rows}"), "{template}: and what it holds: {marker}");
    }
    assert_eq!(names(&station.drop_folder()).len(), 16, "files and markers, and nothing unfinished");
    labware_is_what_was_agreed(&station, &file(&station, &ids[0]), &file(&station, &ids[7]));
    station.assert_sound();
}

fn labware_is_what_was_agreed(station: &Station, shipped: &Value, own: &Value) {
    let sample = station.run(["samples", "--sample", "S-1", "--json"]).ended_with(0).lines().remove(0);
    let expected = labware(&sample, "T-S-1");
    let sent = fs::read_to_string(station.drop_folder().join(word(shipped, "file_name"))).unwrap();
    assert_eq!(sent, expected, "to the byte: LF, no mark in front, the submission number where no test is named");
    let name = word(shipped, "file_name");
    let (date, time) =
        name.strip_prefix("interface_S-1_").unwrap().strip_suffix(".csv").unwrap().split_once('_').unwrap();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    assert!(date.len() == 8 && time.len() == 6 && digits(date) && digits(time), "named by its moment: {name}");
    let bangkok = fs::read_to_string(station.drop_folder().join("bkk_S-1_1.csv")).unwrap();
    let spelled = expected.replace(',', ";").replace("ENTRY", "RESULT").replace('\n', "\r\n");
    assert_eq!(bangkok, spelled, "the same as the station's own template spells it: {own}");
    let out = station.data().join("../preview.csv");
    station.run(["export", "S-1", "--template", "labware", "--out", out.to_str().unwrap()]).ended_with(0);
    assert_eq!(fs::read_to_string(out).unwrap(), expected, "and what a person sees before is what goes out");
}

#[test]
fn a_correction_goes_out_as_a_revision_and_overwrites_nothing() {
    let station = Station::new();
    let run = station.accepted(&plates(1)[0], "S-1");
    station.run(["interface", "deliver"]).ended_with(0);
    let first = names(&station.drop_folder());
    assert_eq!(first.len(), 2, "an accepted plate goes out by itself: {first:?}");
    let before = fs::read(station.drop_folder().join(&first[0])).unwrap();
    let wells = ["A1", "B1", "C1", "D1", "E1", "F1", "G1", "H1"].map(|well| format!("{well}=invalid"));
    let row = wells.iter().flat_map(|well| ["--well", well]);
    station.run(["review", &run, "--reason", "handling"].into_iter().chain(row)).ended_with(0);
    station.run_later(LATER_S, ["interface", "deliver"]).ended_with(0);
    let both = names(&station.drop_folder());
    assert_eq!(both.len(), 4, "the correction has a name of its own: {both:?}");
    assert_eq!(fs::read(station.drop_folder().join(&first[0])).unwrap(), before, "the first stays as it was");
    let files = station.run(["interface", "list", "--sample", "S-1", "--json"]).ended_with(0).lines();
    assert_eq!(
        (&files[0]["revision"], &files[0]["status"]),
        (&2.into(), &"delivered".into()),
        "as the second revision"
    );
    station.assert_sound();
}

#[test]
fn the_receivers_answer_decides_where_it_is_waited_for() {
    let station = station();
    station.set("deliver.wait_for_ack", "true");
    station.accepted(&plates(1)[0], "S-1");
    for folder in ["ack", "err"] {
        fs::create_dir(station.drop_folder().join(folder)).unwrap();
    }
    let taken = asked(&station, "S-1", "labware");
    let refused = asked(&station, "S-1", "summary");
    station.run(["interface", "deliver"]).ended_with(0);
    assert_eq!(word(&file(&station, &taken), "status"), "generated", "dropped, and no word of it yet");
    let answer = |id: &str, kind: &str, text: &[u8]| {
        let name = format!("{}.{kind}", word(&file(&station, id), "file_name"));
        put(&station.drop_folder().join(kind).join(name), text);
    };
    answer(&taken, "ack", b"");
    answer(&refused, "err", b"sample unknown");
    let round = station.run_later(LATER_S, ["interface", "deliver", "--json"]).ended_with(1).lines();
    assert_eq!((&round[0]["delivered"], &round[0]["failed"]), (&1.into(), &1.into()), "each as the receiver said");
    assert_eq!(word(&file(&station, &taken), "status"), "delivered", "the one it took");
    let told = file(&station, &refused);
    assert!(word(&told, "error_msg").contains("sample unknown"), "the other in its own words: {told}");
    // Somebody clears it up there, and it is brought again.
    fs::remove_dir_all(station.drop_folder().join("err")).unwrap();
    answer(&refused, "ack", b"");
    station.run(["interface", "retry", &refused]).ended_with(0);
    station.run_later(LATER_S, ["interface", "deliver"]).ended_with(0);
    assert_eq!(word(&file(&station, &refused), "status"), "delivered", "then that one too");
    station.assert_sound();
}

#[test]
fn nothing_said_for_too_long_is_a_failure_that_shows() {
    let station = station();
    station.set("deliver.wait_for_ack", "true");
    station.set("deliver.ack_within_s", "3600");
    station.accepted(&plates(1)[0], "S-1");
    let id = asked(&station, "S-1", "labware");
    station.run(["interface", "deliver"]).ended_with(0);
    station.run_later(3_000, ["interface", "deliver"]).ended_with(0);
    assert_eq!(word(&file(&station, &id), "status"), "generated", "an hour is an hour");
    station.run_later(4_000, ["interface", "deliver"]).ended_with(1);
    let told = file(&station, &id);
    assert!(word(&told, "error_msg").contains("did not acknowledge"), "then somebody must look: {told}");
    let status = station.run(["status", "--json"]).ended_with(0).lines();
    assert_eq!(status[0]["interface_failed"], 1, "and the station says so");
}

#[test]
fn a_share_that_is_away_is_tried_again_until_it_is_back() {
    let station = station();
    station.accepted(&plates(1)[0], "S-1");
    let away = station.drop_folder().with_extension("away");
    fs::rename(station.drop_folder(), &away).unwrap();
    let ids = [asked(&station, "S-1", "labware"), asked(&station, "S-1", "summary")];
    put(&away.join(".wellread-4711-0.part"), b"half of a file, left by a power cut");
    let service = station.watch();
    let status = || station.run(["status", "--json"]).ended_with(0).lines().remove(0);
    let shown = |status: &Value, what: &str| {
        status["health"]
            .as_array()
            .unwrap()
            .iter()
            .any(|part| part["service"] == "delivery" && word(part, "status") == what)
    };
    until("the share's absence shows", || shown(&status(), "degraded"));
    for id in &ids {
        let told = file(&station, id);
        assert!(word(&told, "error_msg").contains("cannot be reached"), "why each of them waits: {told}");
    }
    fs::rename(&away, station.drop_folder()).unwrap();
    until("both arrive", || ids.iter().all(|id| word(&file(&station, id), "status") == "delivered"));
    until("and all is well again", || shown(&status(), "healthy"));
    assert_eq!(service.stops(), 0, "the service ends as asked");
    station.drain();
    assert_eq!(names(&station.drop_folder()).len(), 4, "each once, with its marker, and what a crash had left is gone");
    station.assert_sound();
}

/// Asks again and again; each question is a process of its own, so this is no busy loop.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_mins(2);
    while !holds() {
        assert!(std::time::Instant::now() < end, "never: {what}");
    }
}

#[test]
fn other_content_under_the_name_is_never_overwritten() {
    let station = station();
    station.accepted(&plates(1)[0], "S-1");
    fs::create_dir_all(station.data().join("templates")).unwrap();
    let fixed = b"name = \"fixed\"\nformat = \"labware\"\nfile_name = \"{sample}_{revision}.csv\"\n";
    put(&station.data().join("templates/fixed.toml"), fixed);
    put(&station.drop_folder().join("S-1_1.csv"), b"somebody else's");
    let id = asked(&station, "S-1", "fixed");
    station.run(["interface", "deliver"]).ended_with(1);
    let told = file(&station, &id);
    assert!(word(&told, "error_msg").contains("nothing is overwritten"), "a person has to look: {told}");
    assert_eq!(fs::read(station.drop_folder().join("S-1_1.csv")).unwrap(), b"somebody else's", "it is as it was");
    assert_eq!(names(&station.drop_folder()), ["S-1_1.csv"], "and has got no marker of ours");
}

#[test]
fn numbers_that_could_do_harm_are_refused_for_machines_and_quoted_for_people() {
    let station = station();
    let pictures = plates(2);
    for (sample, picture) in ["=SUM(1,2)", "A|B"].into_iter().zip(&pictures) {
        renamed(&station, picture, sample);
    }
    for (sample, template, told) in [
        ("=SUM(1,2)", "labware", "formula"),
        ("=SUM(1,2)", "hl7", "formula"),
        ("A|B", "hl7", "divides fields"),
        ("A|B", "astm", "divides fields"),
    ] {
        let id = asked(&station, sample, template);
        station.run(["interface", "deliver"]).ended_with(1);
        let file = file(&station, &id);
        assert_eq!(word(&file, "status"), "failed", "{sample} as {template}");
        assert!(word(&file, "error_msg").contains(told), "{sample} as {template} says why: {file}");
    }
    assert!(names(&station.drop_folder()).is_empty(), "no machine sees any of it");
    let id = asked(&station, "A|B", "labware");
    station.run(["interface", "deliver"]).ended_with(0);
    let text = fs::read_to_string(station.drop_folder().join(word(&file(&station, &id), "file_name"))).unwrap();
    assert!(text.starts_with("SAMPLE_NUMBER,") && text.contains("\nA|B,"), "a bar divides nothing in that table");
    let id = asked(&station, "=SUM(1,2)", "detailed");
    station.run(["interface", "deliver"]).ended_with(0);
    let text = fs::read_to_string(station.drop_folder().join(word(&file(&station, &id), "file_name"))).unwrap();
    let second = text.lines().nth(1).unwrap();
    assert!(second.starts_with("\"'=SUM(1,2)\","), "people see the number, and no spreadsheet computes it: {second}");
}

#[test]
fn a_page_that_cannot_print_a_character_says_so() {
    let station = station();
    let run = renamed(&station, &plates(1)[0], "ตัวอย่าง-1");
    let out = station.data().join("../report.pdf");
    let export = |sample: &str| {
        let _ = fs::remove_file(&out);
        station.run(["export", sample, "--out", out.to_str().unwrap(), "--json"]).ended_with(0)
    };
    let thai = export("ตัวอย่าง-1");
    assert_eq!(thai.lines()[0]["notes"], serde_json::json!([]), "Thai and Latin are printed");
    station.run(["review", &run, "--sample", "様本-1", "--reason", "wrong-number"]).ended_with(0);
    let boxes = export("様本-1");
    assert!(boxes.err.contains('様') && boxes.err.contains("xlsx"), "what is not, and where it is: {}", boxes.err);
}
