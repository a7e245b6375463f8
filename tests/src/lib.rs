//! What the journeys share: the real binary, run as a person or a script would run it.
//!
//! Never calls the crates directly: what a journey cannot see from outside, it does not test.
#![allow(clippy::unwrap_used, clippy::return_self_not_must_use, reason = "a test stops where it fails")]

pub mod mounted;
pub mod station;

use serde_json::Value;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};
use tempfile::TempDir;

/// What one run of the program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Standard output as one JSON object a line.
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}\n{}", self.err));
        self.out.lines().map(parse).collect()
    }

    /// Stops the test unless the program ended with this code.
    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }
}

/// Runs `wellread` with these arguments.
pub fn wellread<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    let output = command(args).output().expect("the program starts");
    ran(&output)
}

/// The command itself, for journeys that do more than wait for its end.
pub fn command<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program());
    command.args(args).stdin(Stdio::null());
    command.env("WELLREAD_MODELS", models_folder());
    if env::var_os("WELLREAD_ONNXRUNTIME").is_none() {
        command.env("WELLREAD_ONNXRUNTIME", root().join(runtime()));
    }
    command
}

/// The result of a finished process.
pub fn ran(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // A process ended by a signal has no code; none of ours is negative.
    Ran { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// The models that the journeys read with: those of the repository, unless `WELLREAD_MODELS` names others.
pub fn models_folder() -> PathBuf {
    env::var_os("WELLREAD_MODELS").map_or_else(|| root().join("models"), PathBuf::from)
}

/// The top of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_owned()
}

fn runtime() -> &'static str {
    if cfg!(target_os = "macos") { ".onnxruntime/libonnxruntime.dylib" } else { ".onnxruntime/libonnxruntime.so" }
}

/// The program: named by `WELLREAD_PROGRAM`, as `./dev test` does with the one it has just built together with all
/// tests; else built here, because a journey through a stale one proves nothing.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(named) = env::var_os("WELLREAD_PROGRAM") {
            return PathBuf::from(named);
        }
        let test = env::current_exe().expect("this test has a path");
        let profile = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--locked", "--package", "wellread-cli", "--features", "failpoints"])
            .current_dir(root());
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.status().expect("cargo starts");
        assert!(built.success(), "wellread-cli does not build");
        profile.join(format!("wellread{}", env::consts::EXE_SUFFIX))
    })
}

/// A folder with simulated pictures and their truth.
pub struct Camera {
    folder: TempDir,
}

impl Camera {
    /// Simulates with these further arguments.
    pub fn take(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let out = folder.path().to_str().expect("its name is text").to_owned();
        wellread(["simulate", "--out", &out].iter().chain(args)).ended_with(0);
        Self { folder }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The pictures, in order.
    pub fn pictures(&self) -> Vec<PathBuf> {
        let listing = self.path().read_dir().expect("the folder can be read");
        let mut pictures: Vec<PathBuf> = listing.map(|entry| entry.expect("an entry").path()).collect();
        pictures.retain(|path| path.extension().is_some_and(|ending| ending != "json"));
        pictures.sort();
        pictures
    }

    /// The truth beside a picture.
    pub fn truth(picture: &Path) -> Value {
        let text = std::fs::read_to_string(picture.with_extension("truth.json")).expect("the truth lies beside it");
        serde_json::from_str(&text).expect("it is JSON")
    }
}
