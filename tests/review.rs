//! From the camera's folder to a reviewed, signed, delivered and backed-up sample, at the command line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;
use wellread_journeys::{
    Camera, Ran, command, ran,
    station::{Station, capture, plates, put},
};

const PASSWORD: &str = "correct horse";

fn run(place: &TempDir, who: &str, args: &[&str]) -> Ran {
    let mut command = command(["--json"].iter().chain(args));
    command.env("WELLREAD_DATA", place.path().join("data")).env("WELLREAD_PASSWORD", PASSWORD);
    command.env("WELLREAD_NEW_PASSWORD", PASSWORD).env("WELLREAD_USER", who);
    ran(&command.output().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_plate_is_read_corrected_signed_delivered_and_kept() {
    let place = tempfile::tempdir().unwrap();
    let (inbox, out) = (place.path().join("inbox"), place.path().join("out"));
    fs::create_dir(&inbox).unwrap();
    fs::create_dir(&out).unwrap();
    let camera = Camera::take(&["--plates", "1", "--size", "600x450", "--seed", "5"]);
    fs::copy(&camera.pictures()[0], inbox.join("capture_S-1_T-1_1_20260131_140509.jpg")).unwrap();
    let init = ["init", "--station", "Bench 1", "--inbox", text(&inbox), "--deliver", text(&out)];
    run(&place, "", &[&init[..], &["--admin", "admin", "--unencrypted"]].concat()).ended_with(0);
    run(&place, "admin", &["config", "set", "intake.rest_ms", "50"]).ended_with(0);
    run(&place, "admin", &["users", "add", "anong", "--role", "operator"]).ended_with(0);
    run(&place, "admin", &["users", "add", "boss", "--role", "supervisor"]).ended_with(0);
    run(&place, "", &["watch", "--once"]).ended_with(0);

    let runs = run(&place, "", &["runs"]).ended_with(0).lines();
    assert_eq!(runs.len(), 1, "one picture, one run");
    assert_eq!(runs[0]["sample_no"], "S-1", "named by its file");
    let id = runs[0]["run_id"].as_str().unwrap();
    let (a1, why) = ("A1=negative", ["--reason", "misread", "--why", "a bubble"]);
    run(&place, "anong", &[&["review", id, "--well", a1, "--accept"][..], &why].concat()).ended_with(0);
    let shown = run(&place, "", &["show", id]).ended_with(0).lines().remove(0);
    let a1 = &shown["wells"][0];
    assert_eq!(a1["final_label"], "negative", "what holds");
    assert!(a1["label"].is_string() && a1["review"]["actor"] == "anong", "beside what was seen, and who said so");
    assert_eq!(shown["state"]["disposition"], "accepted", "it counts");

    run(&place, "anong", &["sign", id, "--meaning", "performed"]).ended_with(0);
    run(&place, "anong", &["sign", id, "--meaning", "approved"]).ended_with(4);
    run(&place, "boss", &["sign", id, "--meaning", "approved"]).ended_with(0);

    // A name carries the second, so a revision made within one waits for the next.
    let delivered =
        (0..200).any(|_| run(&place, "", &["interface", "deliver"]).ended_with(0).lines()[0]["delivered"] == 1);
    assert!(delivered, "the corrected sample goes out");
    let files = run(&place, "", &["interface", "list", "--sample", "S-1"]).ended_with(0).lines();
    assert_eq!(files[0]["status"], "delivered", "the LIMS has it: {:?}", files[0]);
    let name = files[0]["file_name"].as_str().unwrap();
    assert!(out.join(name).is_file() && out.join(format!("{name}.ok")).is_file(), "with its marker");
    run(&place, "anong", &["export", "S-1", "--out", text(place.path())]).ended_with(0);

    let copy = place.path().join("copy.db");
    run(&place, "admin", &["backup", text(&copy)]).ended_with(0);
    run(&place, "anong", &["backup", text(&place.path().join("mine.db"))]).ended_with(4);
    let other = place.path().join("other");
    run(&place, "", &["--data", text(&other), "restore", text(&copy), "--unencrypted"]).ended_with(0);
    let restored = run(&place, "", &["--data", text(&other), "verify"]).ended_with(0).lines();
    assert_eq!(restored[0]["runs"], 1, "the copy is the station again");

    let blob = runs[0]["image_sha256"].as_str().unwrap();
    let (head, tail) = blob.split_at(2);
    fs::File::create(place.path().join("data/blobs").join(head).join(tail)).unwrap();
    let found = run(&place, "", &["verify"]).ended_with(1).lines();
    assert!(found[0]["findings"][0]["place"].as_str().unwrap().contains(blob), "the damaged picture is named");
    run(&place, "", &["verify"]).ended_with(0);
}

fn shown(station: &Station, run: &str) -> Value {
    station.run(["show", run, "--json"]).ended_with(0).lines().remove(0)
}

fn sample(station: &Station, number: &str) -> Value {
    station.run(["samples", "--sample", number, "--json"]).ended_with(0).lines().remove(0)
}

fn series(sample: &Value) -> u64 {
    sample["distribution"].as_object().unwrap().values().filter_map(Value::as_u64).sum()
}

#[test]
fn two_who_decide_without_knowing_of_each_other_are_both_kept_and_flagged() {
    let station = Station::new();
    station.add("olga", "operator");
    station.add("sam", "supervisor");
    let run = station.accepted(&plates(1)[0], "S-1");
    let seen = shown(&station, &run)["state"]["last_event_seq"].to_string();
    let decide = |who: &str, well: &str| {
        let args = ["review", &run, "--well", well, "--reason", "misread", "--seen", &seen];
        station.run_as(who, args).ended_with(0)
    };
    decide("olga", "A1=invalid");
    let second = decide("sam", "A1=negative");
    assert!(second.out.contains("look again"), "who comes second is told at once: {}", second.out);
    let both = shown(&station, &run);
    let events = both["events"].as_array().unwrap();
    let in_conflict: Vec<&str> =
        events.iter().filter(|e| e["conflict"] == true).filter_map(|e| e["actor"].as_str()).collect();
    assert_eq!(in_conflict, ["olga", "sam"], "both are kept, and both show it");
    assert_eq!((&both["state"]["conflict"], &both["state"]["disposition"]), (&true.into(), &"to-review".into()));
    // Somebody who knows of both undoes one of them and accepts what is left.
    let olgas = events.iter().find(|event| event["actor"] == "olga").unwrap()["seq"].to_string();
    let undo = ["review", &run, "--undo", &olgas, "--accept", "--reason", "mistake"];
    station.run_as("sam", undo).ended_with(0);
    let settled = shown(&station, &run);
    assert_eq!(settled["wells"][0]["final_label"], "negative", "what was not undone holds");
    let events = settled["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["undone"] == true), "and what was undone stays to be seen");
    assert_eq!(settled["state"]["disposition"], "accepted", "it counts again");
    station.assert_sound();
}

#[test]
fn a_plate_filed_under_another_number_leaves_one_sample_and_joins_the_other() {
    let station = Station::new();
    let pictures = plates(3);
    let run = station.accepted(&pictures[0], "S-1");
    station.accepted(&pictures[1], "S-2");
    let before = series(&sample(&station, "S-2"));
    let of_plate =
        |run: &str| series(&serde_json::json!({ "distribution": shown(&station, run)["results"]["distribution"] }));
    station.run(["interface", "deliver"]).ended_with(0);
    let args = ["review", &run, "--sample", "S-2", "--plate", "2", "--reason", "wrong-number"];
    let told = station.run(args).ended_with(0);
    station.run(["samples", "--sample", "S-1"]).ended_with(1);
    assert!(told.err.contains("interface_S-1_"), "what S-1's receiver believes, a person must take back: {}", told.err);
    let joined = sample(&station, "S-2");
    assert_eq!(
        (series(&joined), &joined["counted_runs"]),
        (before + of_plate(&run), &2.into()),
        "and it counts where it is"
    );

    // The same plate of the same sample again: the newer one stands for it.
    station.receive(&pictures[2], &capture("S-2", 1));
    station.drain();
    let again = station.runs().remove(0)["run_id"].as_str().unwrap().to_owned();
    station.run(["review", &again, "--accept"]).ended_with(0);
    let rescanned = sample(&station, "S-2");
    assert_eq!(series(&rescanned), of_plate(&run) + of_plate(&again), "a plate scanned twice is one plate");
    assert_eq!((&rescanned["counted_runs"], &rescanned["total_runs"]), (&2.into(), &3.into()), "of three readings");
    station.run(["review", &again, "--reject", "--reason", "artefact"]).ended_with(0);
    let rejected = sample(&station, "S-2");
    assert!(rejected["counted"].as_array().unwrap().iter().all(|run| *run != again.as_str()), "unless it is rejected");
    assert_eq!(series(&rejected), before + of_plate(&run), "then the earlier reading stands again");
    station.assert_sound();
}

#[test]
fn a_grid_laid_by_hand_is_read_anew_and_replaces_the_run() {
    let station = Station::new();
    let run = station.accepted(&plates(1)[0], "S-1");
    let before = shown(&station, &run);
    let center = |well: &str| {
        let wells = before["wells"].as_array().unwrap();
        wells.iter().find(|seen| seen["well"] == well).unwrap()["center_px"].to_string()
    };
    // The plate lay the other way round: what was A1 is H12.
    let corners = [("A1", "H12"), ("A12", "H1"), ("H1", "A12"), ("H12", "A1")];
    let lines = corners.map(|(well, at)| format!("{well} = {}\n", center(at)));
    let file = station.data().with_file_name("grid.toml");
    put(&file, format!("format = 96\n{}", lines.concat()).as_bytes());
    let args = ["review", &run, "--grid", file.to_str().unwrap(), "--reason", "wrong-grid", "--json"];
    let told = station.run(args).ended_with(0).lines();
    let other = told[0]["run_id"].as_str().unwrap().to_owned();
    assert_eq!(told[0]["supersedes"], run.as_str(), "a run of its own: {told:?}");
    station.run(["review", &other, "--accept"]).ended_with(0);
    let turned = shown(&station, &other);
    let at = |shown: &Value, index: usize, key: &str| shown["wells"][index][key].clone();
    let near =
        |a: &Value, b: &Value| (0..2).all(|axis| (a[axis].as_f64().unwrap() - b[axis].as_f64().unwrap()).abs() < 3.0);
    assert!(near(&at(&turned, 0, "center_px"), &at(&before, 95, "center_px")), "A1 is where H12 was");
    let same = (0..96).filter(|index| at(&turned, *index, "class") == at(&before, 95 - index, "class")).count();
    assert!(same > 90, "and the wells are called as they were, the other way round: {same} of 96");
    assert_eq!(
        shown(&station, &run)["state"]["disposition"],
        "superseded",
        "the first reading stays, and counts no more"
    );
    assert_eq!(sample(&station, "S-1")["counted_runs"], 1, "one of them does");
    station.assert_sound();
}

#[test]
fn who_worked_on_a_plate_approves_it_only_where_the_assay_says_so() {
    let station = Station::new();
    station.add("sam", "supervisor");
    station.add("sue", "supervisor");
    let pictures = plates(2);
    let hi = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../assays/hi.toml")).unwrap();
    let own = station.data().with_file_name("own.toml");
    let refused =
        station.run(["assays", "add", concat!(env!("CARGO_MANIFEST_DIR"), "/../assays/hi.toml")]).ended_with(2);
    assert!(refused.err.contains("another `id`"), "the shipped ids are not a laboratory's: {}", refused.err);
    put(
        &own,
        format!("{}\n[review]\napprove_own_work = true\n", hi.replace("id = \"hi\"", "id = \"hi-own\"")).as_bytes(),
    );

    let sign = |who: &str, run: &str, meaning: &str| station.run_as(who, ["sign", run, "--meaning", meaning]);
    let run = station.accepted(&pictures[0], "S-1");
    sign("sam", &run, "reviewed").ended_with(0);
    let told = sign("sam", &run, "approved").ended_with(1);
    assert!(told.err.contains("approve_own_work"), "it says what would allow it: {}", told.err);
    sign("sue", &run, "approved").ended_with(0);
    assert_eq!(shown(&station, &run)["state"]["signed"], "approved", "somebody else may");
    station.run_as("sam", ["review", &run, "--well", "A1=invalid", "--reason", "artefact"]).ended_with(0);
    let void = shown(&station, &run);
    assert_eq!(void["state"]["signed"], "void", "a later review voids every signature");
    assert!(
        void["signatures"].as_array().unwrap().iter().all(|signature| signature["void"] == true),
        "and each shows it"
    );

    station.run(["config", "set", "assay", "hi-own"]).ended_with(1);
    station.run(["assays", "add", own.to_str().unwrap()]).ended_with(0);
    station.set("assay", "hi-own");
    let run = station.accepted(&pictures[1], "S-2");
    assert_eq!(
        shown(&station, &run)["assay"]["id"],
        "hi-own",
        "the laboratory's own assay is what plates are read under"
    );
    sign("sam", &run, "reviewed").ended_with(0);
    sign("sam", &run, "approved").ended_with(0);
    station.assert_sound();
}
