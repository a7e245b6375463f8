//! A station of its own for a journey: data folder, inbox, drop folder, and the program at work on them.

use crate::{Ran, command, ran};
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine; reaching it is a failure.
const PATIENCE: Duration = Duration::from_mins(2);
/// Of every account that journeys make.
pub const PASSWORD: &str = "correct horse battery";

/// A station in a temporary folder.
pub struct Station {
    folder: TempDir,
}

/// The service at work, and what it says.
pub struct Watching {
    child: Child,
    events: Receiver<Value>,
    heard: Vec<Value>,
}

impl Station {
    /// A new station without encryption, whose account `ada` is an admin, and whose files rest quickly.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let station = Self { folder };
        fs::create_dir(station.inbox()).expect("an inbox");
        fs::create_dir(station.drop_folder()).expect("a drop folder");
        let (inbox, out) = (station.inbox(), station.drop_folder());
        let named = ["init", "--station", "bench 1", "--unencrypted", "--admin", "ada", "--inbox"].map(OsStr::new);
        station
            .run(named.into_iter().chain([inbox.as_os_str(), OsStr::new("--deliver"), out.as_os_str()]))
            .ended_with(0);
        station.set("intake.rest_ms", "200");
        station
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The watched folder.
    pub fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    /// Where interface files go.
    pub fn drop_folder(&self) -> PathBuf {
        self.folder.path().join("lims")
    }

    /// The program on this station's data, as `ada`.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = command(args);
        command.env("WELLREAD_DATA", self.data()).env("WELLREAD_USER", "ada").env("WELLREAD_PASSWORD", PASSWORD);
        command.env("WELLREAD_NEW_PASSWORD", PASSWORD);
        command
    }

    /// Runs it to its end as somebody else.
    pub fn run_as<S: AsRef<OsStr>>(&self, who: &str, args: impl IntoIterator<Item = S>) -> Ran {
        ran(&self.command(args).env("WELLREAD_USER", who).output().expect("the program starts"))
    }

    /// Runs it as it would be run so many seconds later.
    pub fn run_later<S: AsRef<OsStr>>(&self, seconds: i64, args: impl IntoIterator<Item = S>) -> Ran {
        let mut command = self.command(args);
        ran(&command.env("WELLREAD_CLOCK_OFFSET_S", seconds.to_string()).output().expect("the program starts"))
    }

    /// Makes an account of a role.
    pub fn add(&self, name: &str, role: &str) {
        self.run(["users", "add", name, "--role", role]).ended_with(0);
    }

    /// Takes in a plate of a sample and has it accepted; gives the run.
    #[track_caller]
    pub fn accepted(&self, picture: &[u8], sample: &str) -> String {
        self.receive(picture, &capture(sample, 1));
        self.drain();
        let run = self.runs().remove(0).get("run_id").and_then(Value::as_str).expect("a run has an id").to_owned();
        self.run(["review", &run, "--accept"]).ended_with(0);
        run
    }

    /// Runs it to its end.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        ran(&self.command(args).output().expect("the program starts"))
    }

    /// Changes a setting.
    pub fn set(&self, name: &str, value: &str) {
        self.run(["config", "set", name, value]).ended_with(0);
    }

    /// Takes in what is there, and ends well.
    #[track_caller]
    pub fn drain(&self) -> Vec<Value> {
        self.run(["watch", "--once", "--json"]).ended_with(0).lines()
    }

    /// All runs, newest first.
    #[track_caller]
    pub fn runs(&self) -> Vec<Value> {
        self.run(["runs", "--json"]).ended_with(0).lines()
    }

    /// Stops the test unless everything verifies and nothing lies about that nobody refers to.
    #[track_caller]
    pub fn assert_sound(&self) {
        let verified = self.run(["verify", "--json"]).ended_with(0).lines();
        let orphans: u64 = verified.iter().filter_map(|line| line.get("orphan_blobs")?.as_u64()).sum();
        assert_eq!(orphans, 0, "a crash leaves no picture behind that no run has: {verified:?}");
    }

    /// Puts a picture into the inbox the way a careful camera does: under another name first.
    pub fn receive(&self, bytes: &[u8], name: &str) {
        let (part, path) = (self.inbox().join(format!("{name}.part")), self.inbox().join(name));
        put(&part, bytes);
        fs::rename(part, path).expect("it gets its name");
    }

    /// Starts the service.
    pub fn watch(&self) -> Watching {
        let mut child = self.command(["watch", "--json"]).stdout(Stdio::piped()).spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, events) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Watching { child, events, heard: Vec::new() }
    }
}

impl Default for Station {
    fn default() -> Self {
        Self::new()
    }
}

impl Watching {
    /// Waits until the service has said something that fits; returns it.
    #[track_caller]
    pub fn hears(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    self.heard.push(event.clone());
                    if fits(&event) {
                        return event;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("the service never said: {what}; it said {:?}", self.heard)
                }
            }
        }
    }

    /// Waits for so many runs to end.
    #[track_caller]
    pub fn hears_runs(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.hears("another run", |event| event["event"] == "run")).collect()
    }

    /// What it says within a time; for the pauses of a slow writer.
    pub fn listens_for(&mut self, time: Duration) -> Vec<Value> {
        let until = Instant::now() + time;
        let mut heard = Vec::new();
        loop {
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => heard.push(event),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => panic!("the service has ended"),
            }
        }
        self.heard.extend(heard.iter().cloned());
        heard
    }

    /// Asks it to stop, as a service manager does; its exit code.
    pub fn stops(mut self) -> i32 {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.expect("kill is there").success(), "the service is there to be stopped");
        self.child.wait().expect("it ends").code().unwrap_or(-1)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // After a failed assertion nobody else ends it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a file.
pub fn put(path: &Path, bytes: &[u8]) {
    fs::File::create(path).and_then(|mut file| file.write_all(bytes)).expect("a file is written");
}

/// `count` pictures of plates as JPEG files, each another content.
pub fn plates(count: usize) -> Vec<Vec<u8>> {
    let distinct = count.clamp(1, 4).to_string();
    let camera = crate::Camera::take(&["--plates", &distinct, "--seed", "11", "--quality", "90", "--size", "600x450"]);
    let pictures: Vec<Vec<u8>> = camera.pictures().iter().map(|path| fs::read(path).expect("a picture")).collect();
    let numbered = |(n, mut picture): (usize, Vec<u8>)| {
        // What follows the end of a JPEG changes its content and not what it shows.
        picture.extend(format!("plate {n}").bytes());
        picture
    };
    pictures.into_iter().cycle().take(count).enumerate().map(numbered).collect()
}

/// The name a camera gives the plate of a sample.
pub fn capture(sample: &str, plate: usize) -> String {
    format!("capture_{sample}_T-{sample}_{plate}_20261121_094500.jpg")
}
