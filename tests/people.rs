//! Accounts at the command line: who may do what, and how the program ends when somebody may not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use tempfile::TempDir;
use wellread_journeys::{Ran, command, ran};

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
