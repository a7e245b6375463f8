//! From the camera's folder to a reviewed, signed, delivered and backed-up sample, at the command line.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{fs, path::Path};
use tempfile::TempDir;
use wellread_journeys::{Camera, Ran, command, ran};

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
