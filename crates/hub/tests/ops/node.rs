//! The program itself: as a node that serves, and as a command.

use crate::{place::Place, until::until};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wellread-hub");

/// A process that serves.
pub(crate) struct Node {
    child: Child,
    pub(crate) url: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// The program with everything of this place in its environment, and nothing else of it.
pub(crate) fn program(place: &Place) -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("WELLREAD_HUB_")) {
            command.env_remove(name);
        }
    }
    command
        .env("WELLREAD_HUB_DATABASE_URL", place.database.app_url())
        .env("WELLREAD_HUB_OWNER_URL", place.database.owner_url())
        .env("WELLREAD_HUB_OBJECTS", place.objects())
        .env("WELLREAD_HUB_LISTEN", "127.0.0.1:0")
        .env("WELLREAD_HUB_RATE_PER_S", "0")
        .env("WELLREAD_HUB_RATE_LOGIN_PER_MIN", "0")
        .env("WELLREAD_HUB_LOG", "info");
    command
}

/// What a verb answers.
pub(crate) fn verb(place: &Place, args: &[&str]) -> Output {
    program(place).args(args).output().unwrap()
}

/// The JSON that a verb answers; it must have gone well.
pub(crate) fn verb_json(place: &Place, args: &[&str]) -> serde_json::Value {
    let done = verb(place, &[args, &["--json"]].concat());
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

impl Node {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.arg("serve").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let url = loop {
            let Some(Ok(line)) = lines.next() else { panic!("it did not start:\n{said}") };
            said += &line;
            said.push('\n');
            if let Some((_, after)) = line.split_once("serving at ") {
                break after.split(|c: char| c.is_whitespace() || c == '"').next().unwrap().to_owned();
            }
        };
        let log = Arc::new(Mutex::new(said));
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, url, log, reader: Some(reader) }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it has logged until now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it logs this.
    pub(crate) async fn logs(&self, text: &str) {
        until(&format!("'{text}' is in the log"), async || self.log().contains(text).then_some(())).await;
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An organization with an administrator, made as operators do.
pub(crate) fn organization(place: &Place, slug: &str) -> serde_json::Value {
    let email = format!("admin@{slug}.example");
    verb_json(place, &["org", "create", slug, "--email", &email, "--password", crate::place::PASSWORD])
}
