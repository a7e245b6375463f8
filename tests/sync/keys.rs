//! The station's own key: kept where the database's key is, read by nobody else, in no backup, and made anew with a code.

use crate::{
    driver::until,
    hub::Hub,
    journeys::{enrolled, sync},
};
use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use wellread_journeys::{
    command, ran,
    station::{PASSWORD, Station, capture, plates, put},
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_key_in_a_file_is_its_owners_alone_and_in_no_backup() {
    let Some(hub) = Hub::start() else { return };
    let station = Station::encrypted();
    station.run(["enrol", &hub.url(), &hub.code()]).ended_with(0);
    let key = PathBuf::from(format!("{}.sync", station.key_file().display()));
    assert_eq!(mode(&key), 0o600, "nobody else reads it");
    let text = fs::read_to_string(&key).unwrap().trim().to_owned();
    assert_eq!(text.len(), 64, "a key");
    assert_ne!(text, fs::read_to_string(station.key_file()).unwrap().trim(), "and another than the database's");
    sync(&station);

    let copies = station.data().with_file_name("copies");
    fs::create_dir(&copies).unwrap();
    let (copy, recovery) = (copies.join("copy.db"), copies.join("recovery.key"));
    station.run(["backup", copy.to_str().unwrap(), "--recovery-key", recovery.to_str().unwrap()]).ended_with(0);
    let bytes: Vec<u8> =
        (0..32).map(|n| u8::from_str_radix(text.get(2 * n..2 * n + 2).unwrap(), 16).unwrap()).collect();
    for file in files(&copies) {
        let content = fs::read(&file).unwrap();
        let holds = |what: &[u8]| content.windows(what.len()).any(|window| window == what);
        assert!(!holds(text.as_bytes()) && !holds(&bytes), "{} does not carry it", file.display());
    }
    // The database is encrypted, so that looking for the key in it shows nothing; opened elsewhere it would be there.
    let other = station.data().with_file_name("other");
    let elsewhere = |args: &[&str]| {
        let mut command = station.command(args);
        ran(&command.env("WELLREAD_DATA", &other).output().unwrap())
    };
    elsewhere(&["restore", copy.to_str().unwrap(), "--key-file", recovery.to_str().unwrap()]).ended_with(0);
    let told = elsewhere(&["sync"]).ended_with(1);
    assert!(told.err.contains("new code") && told.err.contains("wellread enrol"), "it says what to do: {}", told.err);
    let id = station.status()["sync"]["station_id"].as_str().unwrap().to_owned();
    assert!(told.err.contains(&id), "and names the station that the code must be for: {}", told.err);
    let refused = elsewhere(&["enrol", &hub.url(), &hub.code()]).ended_with(1);
    assert!(refused.err.contains("--station"), "any code would let a copy in: {}", refused.err);
    elsewhere(&["enrol", &hub.url(), &hub.code_for(&id)]).ended_with(0);
    elsewhere(&["sync"]).ended_with(0);
    assert_eq!(mode(&copies.join("recovery.key.sync")), 0o600, "with a key of its own");
    let shut_out = station.run(["sync"]).ended_with(1);
    assert!(shut_out.err.contains("enrol"), "the key of before opens nothing any more: {}", shut_out.err);
}

#[test]
fn a_key_that_is_gone_is_made_anew_with_a_code_and_the_service_goes_on_by_itself() {
    let Some(hub) = Hub::start() else { return };
    let station = enrolled(&hub);
    station.set("sync.every_s", "1");
    let key = station.data().join("station.key");
    assert_eq!(mode(&key), 0o600, "also where the database has no key");
    sync(&station);
    let made = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let mut service = station.watch();
    let words = service.hears_state("sync", "degraded");
    assert!(words.contains("station.key") && words.contains("new code"), "which key, and what to do: {words}");
    station.receive(&plates(1)[0], &capture("S1", 1));
    service.hears_runs(1);
    assert!(!key.exists(), "a key that nobody asked for would open nothing");

    put(&key, b"not a key");
    let refused = station.run(["enrol", &hub.url(), &hub.code()]).ended_with(1);
    assert!(refused.err.contains("move away"), "what is there is never written over: {}", refused.err);
    fs::remove_file(&key).unwrap();
    let id = station.status()["sync"]["station_id"].as_str().unwrap().to_owned();
    station.run(["enrol", &hub.url(), &hub.code_for(&id)]).ended_with(0);
    assert_ne!(fs::read(&key).unwrap(), made, "another key");
    until("what waited is told", || match hub.samples_of_runs().len() {
        1 => Ok(()),
        _ => Err(station.status()["sync"].to_string()),
    });
    assert_eq!(service.stops(), 0, "the service never noticed");
    station.assert_sound();
}

/// What happens in one session with a keyring; `$1` is the folder of the test, `$WELLREAD` the program, `$URL` and `$CODE`
/// the way to headquarters.
#[cfg(target_os = "linux")]
const SESSION: &str = r#"
set -eu
printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
cd "$1"
"$WELLREAD" init --station 'bench 1' --inbox inbox --admin ada
"$WELLREAD" config set intake.rest_ms 200
"$WELLREAD" enrol "$URL" "$CODE"
"$WELLREAD" watch --once
"$WELLREAD" sync
"$WELLREAD" sync
"$WELLREAD" backup copy.db --recovery-key recovery.key
mv data lost
"$WELLREAD" --data other restore copy.db --key-file recovery.key
if "$WELLREAD" --data other sync; then exit 9; fi
"#;

#[cfg(target_os = "linux")]
#[test]
fn a_key_in_the_keyring_serves_each_run_of_the_program_and_lies_in_no_file() {
    let installed = |program: &str| {
        env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
    };
    if !["dbus-run-session", "gnome-keyring-daemon"].into_iter().all(installed) {
        eprintln!("skipped: dbus-run-session and gnome-keyring-daemon are not installed");
        return;
    }
    let Some(hub) = Hub::start() else { return };
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
    session.env("URL", hub.url()).env("CODE", hub.code());
    // A keyring of its own, that nobody else's session sees and that leaves nothing behind.
    session.env("HOME", path("home")).env("XDG_RUNTIME_DIR", path("run"));
    for inherited in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
        session.env_remove(inherited);
    }
    let told = ran(&session.output().unwrap()).ended_with(0);
    assert_eq!(hub.samples_of_runs(), ["S-1"], "enrolled in one run of the program, told in the next");
    assert!(told.err.contains("new code"), "a copy elsewhere has no key, and says what to do: {}", told.err);
    for folder in ["lost", "other"] {
        let keys: Vec<PathBuf> =
            files(&path(folder)).into_iter().filter(|file| file.to_string_lossy().ends_with("key")).collect();
        assert!(keys.is_empty(), "nothing of it lies beside the data: {keys:?}");
    }
    assert!(!path("recovery.key.sync").exists(), "nor beside the recovery key");
}
