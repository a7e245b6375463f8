//! The files that a hub is installed with: what they name is what the program reads.

use crate::{node::program, place::Place};
use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

fn file(name: &str) -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    (path, text)
}

/// The variables that a text names in full.
fn variables(text: &str) -> BTreeSet<String> {
    let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c: char| !letter(c)).filter(|word| word.starts_with("WELLREAD_HUB_"));
    words.filter(|word| !word.ends_with('_')).map(ToOwned::to_owned).collect()
}

/// The variables that the program says it reads, and those of them that are secrets: these may be in files.
fn read() -> (BTreeSet<String>, BTreeSet<String>) {
    let place = Place::new();
    let (mut all, mut secret) = (BTreeSet::from(["WELLREAD_HUB_LOG".to_owned()]), BTreeSet::new());
    for verb in [&["serve"][..], &["migrate"], &["org", "create"], &["key", "rotate"]] {
        let shown = program(&place).args(verb).arg("--help").env("COLUMNS", "10000").output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        // A value that must not be shown is none in the help: `[env: NAME]`, and `[env: NAME=]` for others.
        for named in shown.split("[env: ").skip(1).filter_map(|rest| rest.split(']').next()) {
            let (name, shows) = named.split_once('=').map_or((named, false), |(name, _)| (name, true));
            all.insert(name.to_owned());
            if !shows {
                secret.insert(name.to_owned());
            }
        }
    }
    assert!(secret.contains("WELLREAD_HUB_SMTP_URL"), "an address with a password is a secret: {secret:?}");
    assert!(!secret.contains("WELLREAD_HUB_LISTEN"), "where it listens is none: {secret:?}");
    (all, secret)
}

#[test]
fn every_variable_that_is_written_down_is_read() {
    let (all, secret) = read();
    let in_files: BTreeSet<String> = secret.iter().map(|name| format!("{name}_FILE")).collect();
    for name in ["hub.md", "hub/compose.yaml", "hub/wellread-hub.service", "hub/pgbouncer.ini"] {
        let unknown: Vec<_> = variables(&file(name).1)
            .into_iter()
            .filter(|name| !all.contains(name) && !in_files.contains(name))
            .collect();
        assert!(unknown.is_empty(), "docs/{name} names what nothing reads: {unknown:?}");
    }
}

#[test]
fn every_secret_of_the_containers_is_given_and_used() {
    let compose = file("hub/compose.yaml").1;
    let (services, given) = compose.split_once("\nsecrets:\n").expect("secrets at the end");
    let given: BTreeSet<&str> =
        given.lines().filter_map(|line| line.trim().split_once(": {")).map(|(name, _)| name).collect();
    let used: BTreeSet<&str> = services
        .split("/run/secrets/")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next())
        .collect();
    assert_eq!(given, used, "what is given is what is used");
    for service in services.split("\n\n") {
        let listed: BTreeSet<&str> = service
            .lines()
            .filter_map(|line| line.trim().strip_prefix("secrets: [")?.strip_suffix(']'))
            .flat_map(|names| names.split(", "))
            .collect();
        let used: BTreeSet<&str> = service
            .split(": /run/secrets/")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next())
            .collect();
        assert_eq!(listed, used, "each service lists what it uses:\n{service}");
    }
}

/// What reads the file, from the best there is: docker itself, else whatever knows YAML.
fn reader() -> Option<Command> {
    let works = |command: &mut Command| command.output().is_ok_and(|done| done.status.success());
    if works(Command::new("docker").args(["compose", "version"])) {
        // It wants the file before the verb.
        let mut command = Command::new("sh");
        command.args(["-c", "docker compose --file \"$0\" config --quiet"]);
        return Some(command);
    }
    if works(Command::new("python3").args(["-c", "import yaml"])) {
        let services = "import sys, yaml; print(list(yaml.safe_load(open(sys.argv[1]))['services']))";
        let mut command = Command::new("python3");
        command.args(["-c", services]);
        return Some(command);
    }
    None
}

#[test]
fn the_compose_file_is_one() {
    let Some(mut reader) = reader() else {
        eprintln!("skipped: there is neither docker compose nor a python3 with yaml");
        return;
    };
    let done = reader.arg(file("hub/compose.yaml").0).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn systemd_knows_every_line_of_the_unit() {
    let (_, text) = file("hub/wellread-hub.service");
    let folder = tempfile::TempDir::new().unwrap();
    // Where nothing is installed there is no program at its place.
    let text = text.replace("/usr/bin/wellread-hub", "/bin/true");
    let unit = folder.path().join("wellread-hub.service");
    fs::write(&unit, text).unwrap();
    match Command::new("systemd-analyze").arg("verify").arg(&unit).output() {
        Ok(done) => {
            let told = String::from_utf8_lossy(&done.stderr);
            let about: Vec<&str> = told.lines().filter(|line| line.contains("wellread-hub.service")).collect();
            assert!(about.is_empty(), "{told}");
        }
        Err(why) => eprintln!("skipped: systemd-analyze cannot be run ({why})"),
    }
}
