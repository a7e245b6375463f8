//! Accounts at the command line: who may do what, and how the program ends when somebody may not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use std::{collections::BTreeSet, fs};
use tempfile::TempDir;
use wellread_journeys::{
    Ran, command, ran,
    station::{PASSWORD as GOOD, Station, plates, put},
};

const PASSWORD: &str = "correct horse";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.0.path().join("inbox")).unwrap();
        place
    }

    fn run(&self, who: &str, args: &[&str]) -> Ran {
        let mut command = command(["--json"].iter().chain(args));
        command.env("WELLREAD_DATA", self.0.path().join("data")).env("WELLREAD_PASSWORD", PASSWORD);
        command.env("WELLREAD_NEW_PASSWORD", PASSWORD).env("WELLREAD_USER", who);
        ran(&command.output().unwrap())
    }

    fn init(&self) {
        let inbox = self.0.path().join("inbox");
        let args =
            ["init", "--station", "Bench 1", "--inbox", inbox.to_str().unwrap(), "--admin", "admin", "--unencrypted"];
        self.run("", &args).ended_with(0);
    }
}

#[test]
fn without_a_keyring_init_asks_how_the_key_is_kept() {
    let place = Place::new();
    let inbox = place.0.path().join("inbox");
    let init = ["init", "--station", "Bench 1", "--inbox", inbox.to_str().unwrap()];
    let mut command = command(init);
    // A session bus that is not there: no keyring answers.
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").env("WELLREAD_DATA", place.0.path().join("data"));
    let told = ran(&command.output().unwrap()).ended_with(1);
    assert!(told.err.contains("--key-file") && told.err.contains("--unencrypted"), "it says what to do: {}", told.err);
    let key = place.0.path().join("wellread.key");
    place.run("", &[&init[..], &["--key-file", key.to_str().unwrap()]].concat()).ended_with(0);
    place.run("", &["status"]).ended_with(0);
    let header = std::fs::read(place.0.path().join("data/wellread.db")).unwrap();
    assert!(!header.starts_with(b"SQLite format 3"), "and the file is encrypted");
}

#[test]
fn a_role_ends_where_its_permissions_end() {
    let place = Place::new();
    place.init();
    place.run("admin", &["users", "add", "anong", "--role", "operator"]).ended_with(0);
    place.run("anong", &["config", "set", "intake.rest_ms", "200"]).ended_with(4);
    place.run("anong", &["audit"]).ended_with(4);
    place.run("anong", &["users", "add", "mole", "--role", "admin"]).ended_with(4);
    place.run("nobody", &["audit"]).ended_with(4);
    place.run("admin", &["config", "set", "intake.rest_ms", "200"]).ended_with(0);
    place.run("admin", &["config", "set", "intake.rest_ms", "never"]).ended_with(2);
    let audit = place.run("admin", &["audit", "--limit", "3"]).ended_with(0).lines();
    assert_eq!(audit.len(), 3, "the newest three");
    assert_eq!(
        audit[2]["action"], "UPDATE",
        "the change is in the trail, before the logins of who failed and who reads"
    );
    let verified = place.run("", &["verify"]).ended_with(0).lines();
    assert_eq!(verified[0]["ok"], true, "and the trail is whole");
}

/// Who there is: accounts of every role, and three who get nowhere.
const WHO: [&str; 7] = ["vera", "olga", "sam", "ada", "nobody", "locked", "retired"];

/// Every verb that a person does, and who may: v(iewer), o(perator), s(upervisor), a(dmin).
const ACTS: [(&[&str], &str); 33] = [
    (&["next", "--sample", "S-9"], "osa"),
    (&["next", "--clear"], "osa"),
    (&["reprocess", "{run}"], "osa"),
    (&["review", "{run}", "--accept"], "osa"),
    (&["review", "{run}", "--well", "A1=negative", "--reason", "misread"], "osa"),
    (&["review", "{run}", "--sample", "S-1", "--reason", "wrong-number"], "osa"),
    (&["sign", "{run}", "--meaning", "performed"], "osa"),
    (&["sign", "{run}", "--meaning", "reviewed"], "osa"),
    (&["sign", "{run}", "--meaning", "approved"], "sa"),
    (&["interface", "create", "S-1"], "osa"),
    (&["interface", "retry", "{run}"], "osa"),
    (&["export", "S-1", "--template", "summary", "--out", "{place}/{who}.csv"], "vosa"),
    (&["audit", "--limit", "1"], "sa"),
    (&["backup", "{place}/{who}.db", "--no-pictures"], "a"),
    (&["backup", "--recovery-key", "{place}/{who}.key"], "a"),
    (&["users", "list"], "a"),
    (&["users", "add", "mole-{who}", "--role", "admin"], "a"),
    (&["users", "passwd", "target"], "a"),
    (&["users", "role", "target", "--role", "viewer"], "a"),
    (&["users", "deactivate", "target"], "a"),
    (&["users", "activate", "target"], "a"),
    (&["users", "unlock", "target"], "a"),
    (&["users", "permit", "viewer", "run:read"], "a"),
    (&["config", "set", "people.lock_min", "20"], "a"),
    (&["config", "unset", "people.lock_min"], "a"),
    (&["assays", "add", "{place}/own.toml"], "a"),
    (&["models", "try", "shipped", "--runs", "1"], "a"),
    (&["models", "use", "shipped", "--why", "as before"], "a"),
    (&["models", "add", "{place}"], "a"),
    (&["enrol", "http://127.0.0.1:9", "lab-7K3F-9QXP-2MTD"], "a"),
    (&["sync", "--pause", "drill"], "a"),
    (&["sync", "--resume"], "a"),
    (&["sync", "--take-over", "drill"], "a"),
];

/// Every verb that only reads.
const READS: [&[&str]; 15] = [
    &["runs"],
    &["show", "{run}"],
    &["samples"],
    &["samples", "--sample", "S-1"],
    &["next"],
    &["interface", "list"],
    &["config", "list"],
    &["config", "get", "assay"],
    &["users", "roles"],
    &["assays", "list"],
    &["assays", "layouts"],
    &["models", "list"],
    &["status"],
    &["verify", "--look-only"],
    &["verify"],
];

/// What no account is asked for: what the station does by itself, what makes one, and what needs none. (`restore
/// --replace` over a station asks; its own journey shows it.)
const FREE: [&str; 7] = ["read", "simulate", "evaluate", "watch", "init", "restore", "help"];

/// A station with a plate to review, an account of every role, one locked out and one that has left.
fn staffed() -> (Station, String) {
    let station = Station::new();
    station.set("deliver.automatic", "false");
    for (name, role) in [("vera", "viewer"), ("olga", "operator"), ("sam", "supervisor"), ("target", "operator")] {
        station.add(name, role);
    }
    for name in ["locked", "retired"] {
        station.add(name, "admin");
    }
    station.run(["users", "deactivate", "retired", "--why", "has left"]).ended_with(0);
    for _ in 0..5 {
        let mut guess = station.command(["audit"]);
        ran(&guess.env("WELLREAD_USER", "locked").env("WELLREAD_PASSWORD", "wrong horse").output().unwrap())
            .ended_with(4);
    }
    let run = station.accepted(&plates(1)[0], "S-1");
    let hi = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../assays/hi.toml")).unwrap();
    let own = hi.replace("id = \"hi\"", "id = \"hi-own\"");
    put(&station.data().with_file_name("own.toml"), own.as_bytes());
    (station, run)
}

fn filled(args: &[&str], station: &Station, run: &str, who: &str) -> Vec<String> {
    let place = station.data().with_file_name("");
    let place = place.to_str().unwrap().trim_end_matches('/');
    args.iter().map(|arg| arg.replace("{run}", run).replace("{who}", who).replace("{place}", place)).collect()
}

#[test]
fn nobody_does_through_the_program_what_the_role_may_not() {
    let (station, run) = staffed();
    for (args, may) in ACTS {
        for who in WHO {
            let allowed = match who {
                "vera" => may.contains('v'),
                "olga" => may.contains('o'),
                "sam" => may.contains('s'),
                "ada" => may.contains('a'),
                _ => false,
            };
            let before = if allowed { String::new() } else { outbox(&station) };
            let args = filled(args, &station, &run, who);
            let told = station.run_as(who, &args);
            assert_eq!(told.code != 4, allowed, "{who}: {args:?} ended with {}: {}", told.code, told.err);
            if !allowed {
                assert_eq!(outbox(&station), before, "{who}: {args:?} has changed nothing");
            }
        }
    }
    for denied in ["vera", "olga", "sam", "nobody", "locked", "retired"] {
        for made in ["db", "key"] {
            let made = station.data().with_file_name(format!("{denied}.{made}"));
            assert!(!made.exists(), "{} was not made either", made.display());
        }
    }
    station.assert_sound();
}

/// How long the log for the hub is: it grows with everything that anybody changes.
fn outbox(station: &Station) -> String {
    station.run(["status", "--json"]).ended_with(0).lines()[0]["outbox_records"].to_string()
}

#[test]
fn reading_asks_for_nobody_unless_the_station_says_so() {
    let (station, run) = staffed();
    for args in READS {
        let args = filled(args, &station, &run, "");
        let mut command = station.command(&args);
        command.env_remove("WELLREAD_USER").env_remove("WELLREAD_PASSWORD");
        ran(&command.output().unwrap()).ended_with(0);
    }
    station.set("people.login_to_read", "true");
    for args in READS {
        for who in WHO {
            let args = filled(args, &station, &run, who);
            let code = if ["nobody", "locked", "retired"].contains(&who) { 4 } else { 0 };
            station.run_as(who, &args).ended_with(code);
        }
        let mut command = station.command(filled(args, &station, &run, ""));
        ran(&command.env_remove("WELLREAD_USER").output().unwrap()).ended_with(4);
    }
    station.run(["users", "permit", "viewer", "audit:read", "--why", "an auditor"]).ended_with(0);
    station.run_as("vera", ["runs"]).ended_with(4);
    station.run_as("vera", ["audit"]).ended_with(0);
}

#[test]
fn the_tables_here_name_every_verb_that_there_is() {
    let help = wellread_journeys::wellread(["--help"]).ended_with(0).out;
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let is_verb = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    let verbs: BTreeSet<&str> =
        commands.lines().filter(is_verb).filter_map(|line| line.split_whitespace().next()).collect();
    let named = ACTS.iter().map(|(args, _)| args[0]).chain(READS.iter().map(|args| args[0]));
    let named: BTreeSet<&str> = named.chain(FREE).chain(["interface"]).collect();
    assert_eq!(verbs, named, "a new verb says here who may do it");
}

#[test]
fn wrong_passwords_lock_for_longer_each_time_and_an_admin_unlocks() {
    const MINUTE_S: i64 = 60;
    let station = Station::new();
    station.add("olga", "operator");
    let login = |password: &str, later_s: i64| {
        station.set_clock(later_s);
        let mut command = station.command(["next", "--clear"]);
        ran(&command.env("WELLREAD_USER", "olga").env("WELLREAD_PASSWORD", password).output().unwrap())
    };
    for _ in 0..4 {
        assert!(login("wrong horse", 0).ended_with(4).err.contains("is wrong"), "four are forgiven");
    }
    assert!(login("wrong horse", 0).ended_with(4).err.contains("wait 1"), "the fifth locks, for a quarter of an hour");
    assert!(login(GOOD, 14 * MINUTE_S).ended_with(4).err.contains("unlock"), "also for the right one");
    login("wrong horse", 16 * MINUTE_S).ended_with(4);
    login(GOOD, 45 * MINUTE_S).ended_with(4);
    login(GOOD, 47 * MINUTE_S).ended_with(0);
    for _ in 0..5 {
        login("wrong horse", 0).ended_with(4);
    }
    station.run(["users", "unlock", "olga", "--why", "she is here"]).ended_with(0);
    login(GOOD, 0).ended_with(0);
    let trail = station.run(["audit", "--action", "login_failed", "--json"]).ended_with(0).lines();
    assert_eq!(trail.len(), 11, "each wrong one is in the trail; what was not even tried is not");
    station.assert_sound();
}

#[test]
fn a_login_expires_offline_and_locks_no_station_for_ever() {
    const DAY_S: i64 = 86_400;
    let station = Station::new();
    station.set("people.password_expires_days", "30");
    station.add("olga", "operator");
    station.run(["users", "passwd", "ada"]).ended_with(2);
    let new_password = |who: &str, later_s: i64| {
        station.set_clock(later_s);
        let mut command = station.command(["users", "passwd", who]);
        ran(&command.env("WELLREAD_USER", who).env("WELLREAD_NEW_PASSWORD", "another horse").output().unwrap())
    };
    new_password("ada", 0).ended_with(0);
    let as_ada = |password: &str, later_s: i64, args: &[&str]| {
        station.set_clock(later_s);
        ran(&station.command(args).env("WELLREAD_PASSWORD", password).output().unwrap())
    };
    as_ada("another horse", 29 * DAY_S, &["audit", "--limit", "1"]).ended_with(0);
    let told = as_ada("another horse", 31 * DAY_S, &["audit", "--limit", "1"]).ended_with(4);
    assert!(told.err.contains("expired"), "it says so: {}", told.err);
    assert!(
        new_password("olga", 31 * DAY_S).ended_with(4).err.contains("an admin sets a new one"),
        "for olga an admin"
    );
    // The only admin would be locked out for ever.
    station.set_clock(31 * DAY_S);
    let mut command = station.command(["users", "passwd", "ada"]);
    command.env("WELLREAD_PASSWORD", "another horse").env("WELLREAD_NEW_PASSWORD", GOOD);
    ran(&command.output().unwrap()).ended_with(0);
    as_ada(GOOD, 31 * DAY_S, &["users", "passwd", "olga"]).ended_with(0);
    let mut command = station.command(["next", "--clear"]);
    station.set_clock(32 * DAY_S);
    ran(&command.env("WELLREAD_USER", "olga").output().unwrap()).ended_with(0);
    station.assert_sound();
}

#[test]
fn the_audit_trail_answers_who_did_what_and_when() {
    let (station, run) = staffed();
    station.run_as("olga", ["review", &run, "--well", "A1=negative", "--reason", "misread", "--why", "a bubble"]);
    let ask = |args: &[&str]| station.run_as("sam", [&["audit", "--json"], args].concat()).ended_with(0).lines();
    let by_olga = ask(&["--user", "olga"]);
    assert!(!by_olga.is_empty() && by_olga.iter().all(|entry| entry["username"] == "olga"), "who: {by_olga:?}");
    let decided = ask(&["--user", "olga", "--resource", "well_review"]);
    assert_eq!(decided.len(), 1, "what: {decided:?}");
    assert_eq!(decided[0]["why"], "a bubble", "and why");
    let logins = ask(&["--action", "LOGIN_FAILED"]);
    assert_eq!(logins.len(), 5, "every failed login of the one locked out");
    assert!(ask(&["--until", "2026-01-01"]).is_empty(), "when: nothing is from before the station was");
    assert_eq!(
        ask(&["--from", "2026-01-01"]).len(),
        ask(&[]).len() - 1,
        "and all since, but for this question's login"
    );
    station.run_as("sam", ["audit", "--user", "mole"]).ended_with(1);
    station.run_as("sam", ["audit", "--from", "yesterday"]).ended_with(2);
}
