//! A folder full of what is no plate: each file gets its reason, nothing hangs, and the plate between them is read.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{
    env, fs,
    os::unix::{fs::symlink, net::UnixListener},
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
