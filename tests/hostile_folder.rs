//! A folder full of what is no plate: each file gets its reason, nothing hangs, and the plate between them is read.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{
    env, fs,
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
    process::Command,
};
use wellread_journeys::station::{Station, capture, plates, put};

/// How many files that are no picture; `./dev bench crash` is not the place for ten thousand of them, this is.
fn letters() -> usize {
    env::var("WELLREAD_HOSTILE_FILES").ok().and_then(|text| text.parse().ok()).unwrap_or(400)
}

#[test]
fn every_file_gets_its_reason_and_nothing_hangs() {
    let station = Station::new();
    let at = |name: &str| station.inbox().join(name);
    for n in 0..letters() {
        put(&at(&format!("letter-{n}.jpg")), format!("letter {n}").as_bytes());
    }
    fs::File::create(at("sparse.jpg")).unwrap().set_len(20 << 30).unwrap();
    put(&at("two\nlines \u{202e}gpj.jpg"), b"not a picture either");
    put(&at("empty.jpg"), b"");
    assert!(Command::new("mkfifo").arg(at("pipe.jpg")).status().unwrap().success(), "a pipe");
    let _socket = UnixListener::bind(at("socket.jpg")).unwrap();
    fs::create_dir(at("folder.jpg")).unwrap();
    symlink("/etc/passwd", at("link.jpg")).unwrap();
    symlink(station.inbox(), at("loop")).unwrap();
    for ignored in ["~lock.jpg", ".hidden.jpg", "half.jpg.part", "half.tmp"] {
        put(&at(ignored), b"left by some program");
    }
    station.receive(&plates(1)[0], &capture("S-ü-ก", 1));
    let told = station.drain();
    let count = |event: &str, code: &str| {
        told.iter().filter(|line| line["event"] == event && (code.is_empty() || line["code"] == code)).count()
    };
    assert_eq!(count("run", ""), 1, "the plate is read");
    assert_eq!(count("rejected", "not-an-image"), letters() + 1, "each letter has its reason");
    assert_eq!(count("rejected", "too-large"), 1, "the sparse file is not read through");
    assert_eq!(count("rejected", "empty-file"), 1, "the empty file is waited for, then refused");
    assert_eq!(count("rejected", ""), letters() + 3, "and nothing else was touched");
    assert!(told.iter().all(|line| !line["file"].as_str().unwrap_or("").contains('\n')), "one line a file");
    let run = &station.runs()[0];
    assert_eq!(run["sample_no"], "S-ü-ก", "names are Unicode");
    assert!(station.drain().is_empty(), "what was refused is not looked at again");
    station.assert_sound();
}

#[test]
fn a_refused_file_is_looked_at_again_when_it_changes_and_not_before() {
    let station = Station::new();
    let path = station.inbox().join(capture("LATER", 1));
    put(&path, b"not a picture yet");
    assert_eq!(station.drain()[0]["code"], "not-an-image", "it is refused with its reason");
    assert!(station.drain().is_empty(), "once");
    put(&path, &plates(1)[0]);
    let told = station.drain();
    assert_eq!(told[0]["event"], "run", "as a picture it is read: {told:?}");
    put(&path, b"and now it is a letter");
    assert_eq!(station.drain()[0]["code"], "not-an-image", "and refused when it is none any more");
    assert_eq!(station.runs().len(), 1, "what was read stays");
    station.assert_sound();
}

#[test]
fn a_file_that_may_not_be_read_is_named_and_taken_as_soon_as_it_may() {
    let station = Station::new();
    station.set("intake.scan_every_ms", "1000");
    let pictures = plates(2);
    let shut = station.inbox().join(capture("SHUT", 1));
    // Shut before it gets its name, so that nobody reads it in between.
    let part = shut.with_extension("part");
    put(&part, &pictures[0]);
    fs::set_permissions(&part, fs::Permissions::from_mode(0o0)).unwrap();
    fs::rename(part, &shut).unwrap();
    station.receive(&pictures[1], &capture("OPEN", 1));
    if !station.is_used_by_a_common_account() {
        return;
    }
    let ended = station.run(["watch", "--once", "--json"]).ended_with(3);
    assert!(
        ended.err.contains("SHUT") && ended.err.contains("the right to read it"),
        "it says what to do: {}",
        ended.err
    );
    let mut service = station.watch();
    let told = service.hears_state("inbox", "degraded");
    assert!(told.contains("SHUT"), "the service names it too: {told}");
    assert_eq!(station.health("inbox")["status"], "degraded", "and who asks is told");
    // Rights change neither size nor time: a file refused for good would stay away for ever.
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o644)).unwrap();
    let runs = service.hears_runs(1);
    assert_eq!(runs[0]["sample_no"], "SHUT", "once it may be read it is");
    service.hears_state("inbox", "healthy");
    assert_eq!(service.stops(), 0, "it never fell over");
    assert_eq!(station.runs().len(), 2, "each picture is one run");
    station.assert_sound();
}
