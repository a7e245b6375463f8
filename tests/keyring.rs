//! The database's key in the keyring of a desktop session, tried with a real one.
//!
//! Runs where `dbus-run-session` and `gnome-keyring-daemon` are, as `./dev test` sees to on Debian.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};
use wellread_journeys::{
    command, ran,
    station::{PASSWORD, capture, plates, put},
};

/// What happens in one session with a keyring; `$1` is the folder of the test, `$WELLREAD` the program.
const SESSION: &str = r#"
set -eu
printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
cd "$1"
"$WELLREAD" init --station 'bench 1' --inbox inbox --admin ada
"$WELLREAD" config set intake.rest_ms 200
"$WELLREAD" watch --once
"$WELLREAD" backup copy.db --recovery-key recovery.key
"$WELLREAD" verify
"#;

fn installed(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn outside(data: &Path, args: &[&str]) -> wellread_journeys::Ran {
    let mut command = command(args);
    command.env("WELLREAD_DATA", data).env("WELLREAD_USER", "ada").env("WELLREAD_PASSWORD", PASSWORD);
    // A session bus that is not there: no keyring answers.
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    ran(&command.output().unwrap())
}

#[test]
fn the_key_lies_in_the_keyring_and_the_recovery_key_opens_without_it() {
    if !["dbus-run-session", "gnome-keyring-daemon"].into_iter().all(installed) {
        eprintln!("skipped: dbus-run-session and gnome-keyring-daemon are not installed");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    for folder in ["inbox", "home", "run"] {
        fs::create_dir(path(folder)).unwrap();
    }
    put(&path("inbox").join(capture("S-1", 1)), &plates(1)[0]);
    let program = command(["--version"]);
    let mut session = Command::new("dbus-run-session");
    session.args(["--", "bash", "-c", SESSION, "session"]).arg(place.path()).stdin(Stdio::null());
    session.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    session.env("WELLREAD", program.get_program()).env("WELLREAD_DATA", path("data"));
    session.env("WELLREAD_USER", "ada").env("WELLREAD_PASSWORD", PASSWORD);
    // A keyring of its own, that nobody else's session sees and that leaves nothing behind.
    session.env("HOME", path("home")).env("XDG_RUNTIME_DIR", path("run"));
    for inherited in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        session.env_remove(inherited);
    }
    ran(&session.output().unwrap()).ended_with(0);

    let opening = fs::read_to_string(path("data/station.toml")).unwrap();
    assert!(opening.contains("keyring"), "nobody named another place, so the key is in the keyring: {opening}");
    let key = fs::read_to_string(path("recovery.key")).unwrap();
    assert_eq!(key.trim().len(), 64, "the recovery key is written out");
    assert!(!opening.contains(key.trim()), "and lies nowhere beside the data");
    assert!(!fs::read(path("data/wellread.db")).unwrap().starts_with(b"SQLite format 3"), "the file is encrypted");

    let told = outside(&path("data"), &["runs"]).ended_with(1);
    assert!(told.err.contains("keyring"), "without the keyring nobody reads it, and it says why: {}", told.err);
    let other = path("other");
    let (copy, recovery) = (path("copy.db"), path("recovery.key"));
    let key = ["--key-file", recovery.to_str().unwrap()];
    outside(&other, &[&["restore", copy.to_str().unwrap()], &key[..]].concat()).ended_with(0);
    let runs = outside(&other, &["runs", "--json"]).ended_with(0).lines();
    assert_eq!((runs.len(), &runs[0]["sample_no"]), (1, &"S-1".into()), "the day the keyring is gone, this opens it");
    outside(&other, &["verify"]).ended_with(0);
}
