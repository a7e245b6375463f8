//! A station of its own for a journey: data folder, inbox, drop folder, and the program at work on them.

use crate::{Ran, command, mounted::Mounted, ran};
use serde_json::Value;
use std::{
    cell::Cell,
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
    /// The account that the program runs as, if it is not this one.
    account: Cell<Option<u32>>,
    // Before the folder: what is mounted below it goes first.
    mounts: Vec<Mounted>,
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
        Self::empty().made(&[OsStr::new("--unencrypted")])
    }

    /// The same, encrypted with a key in a file.
    pub fn encrypted() -> Self {
        let station = Self::empty();
        let key = station.key_file();
        station.made(&[OsStr::new("--key-file"), key.as_os_str()])
    }

    /// The same, its data on a disk of its own of so many mebibytes; `None` where this account may not mount one.
    pub fn on_small_disk(size_mib: u32) -> Option<Self> {
        let mut station = Self::empty();
        fs::create_dir(station.data()).expect("a data folder");
        station.mounts.push(Mounted::disk(&station.data(), size_mib)?);
        Some(station.made(&[OsStr::new("--unencrypted")]))
    }

    /// Only the folders: nothing is made in its data folder yet.
    pub fn empty() -> Self {
        let station = Self {
            account: Cell::new(None),
            mounts: Vec::new(),
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        fs::create_dir(station.inbox()).expect("an inbox");
        fs::create_dir(station.drop_folder()).expect("a drop folder");
        station
    }

    fn made(self, key: &[&OsStr]) -> Self {
        let (inbox, out) = (self.inbox(), self.drop_folder());
        let named = ["init", "--station", "bench 1", "--admin", "ada", "--inbox"].map(OsStr::new);
        let folders = [inbox.as_os_str(), OsStr::new("--deliver"), out.as_os_str()];
        self.run(named.into_iter().chain(folders).chain(key.iter().copied())).ended_with(0);
        self.set("intake.rest_ms", "200");
        self
    }

    /// From now on the program runs as an account that rights bind, which root's do not; false, and a line that says
    /// so, where that cannot be.
    #[cfg(unix)]
    pub fn is_used_by_a_common_account(&self) -> bool {
        const NOBODY: u32 = 65_534;
        use std::os::unix::fs::MetadataExt as _;
        if fs::metadata(self.folder.path()).expect("the folder").uid() != 0 {
            return true;
        }
        let given = Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(self.folder.path()).status();
        assert!(given.expect("chown is there").success(), "root gives its files away");
        self.account.set(Some(NOBODY));
        let can = self.command(["--version"]).output().is_ok_and(|ran| ran.status.success());
        if !can {
            eprintln!("skipped: another account may not run the program here, so rights cannot be shown");
        }
        can
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.data().join("wellread.db")
    }

    /// Where the key is, if it is encrypted.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("bench.key")
    }

    /// Makes its clock wrong by so many seconds, also for the service at work.
    pub fn set_clock(&self, wrong_by_s: i64) {
        let (file, new) = (self.clock_file(), self.clock_file().with_extension("new"));
        put(&new, wrong_by_s.to_string().as_bytes());
        fs::rename(new, file).expect("the clock is set");
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
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
        command.env("WELLREAD_CLOCK_OFFSET_FILE", self.clock_file());
        #[cfg(unix)]
        if let Some(account) = self.account.get() {
            std::os::unix::process::CommandExt::uid(&mut command, account);
            std::os::unix::process::CommandExt::gid(&mut command, account);
        }
        command
    }

    /// Runs it to its end as somebody else.
    pub fn run_as<S: AsRef<OsStr>>(&self, who: &str, args: impl IntoIterator<Item = S>) -> Ran {
        ran(&self.command(args).env("WELLREAD_USER", who).output().expect("the program starts"))
    }

    /// Runs it as it would be run so many seconds later.
    pub fn run_later<S: AsRef<OsStr>>(&self, seconds: i64, args: impl IntoIterator<Item = S>) -> Ran {
        self.set_clock(seconds);
        let ran = self.run(args);
        self.set_clock(0);
        ran
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

    /// Where the picture of a run is kept.
    pub fn blob(&self, run: &Value) -> PathBuf {
        let sha256 = run.get("image_sha256").and_then(Value::as_str).expect("its picture's hash");
        let (first, rest) = sha256.split_at(2);
        self.data().join("blobs").join(first).join(rest)
    }

    /// How it is.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.run(["status", "--json"]).ended_with(0).lines().remove(0)
    }

    /// How a part of it is, as last noted.
    #[track_caller]
    pub fn health(&self, part: &str) -> Value {
        let status = self.status();
        let noted = status
            .get("health")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .find(|health| health.get("service").is_some_and(|name| name == part));
        noted.unwrap_or_else(|| panic!("nothing is noted of {part}: {status}")).clone()
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

    /// Waits until it has said that a part is in this state; returns its words.
    #[track_caller]
    pub fn hears_state(&mut self, part: &str, status: &str) -> String {
        let what = format!("{part} is {status}");
        let event = self.hears(&what, |event| event["part"] == part && event["status"] == status);
        event.get("message").and_then(Value::as_str).expect("its words").to_owned()
    }

    /// Sends it a signal: `STOP` freezes it, `CONT` lets it go on.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success(), "the service is there to be told");
    }

    /// Asks it to stop, as a service manager does; its exit code.
    pub fn stops(mut self) -> i32 {
        self.signal("TERM");
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
