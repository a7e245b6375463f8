//! The processes around a window, and the protocol spoken to its driver (W3C `WebDriver`, plain JSON over HTTP).

use image::RgbImage;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine; reaching it is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(30);
/// One answer may take so long: a script waits inside it.
const LONGEST_ANSWER: Duration = Duration::from_secs(90);
const NEEDED: [&str; 3] = ["Xvfb", "WebKitWebDriver", "dbus-run-session"];

/// Whether a window can be driven here. Where it cannot, it says so; where everything must run, the journey fails.
pub(crate) fn can_drive() -> bool {
    let installed = |program: &&str| {
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|at| at.join(program).is_file()))
    };
    let missing: Vec<_> = NEEDED.iter().filter(|program| !installed(program)).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing:?} must be installed where everything is tested");
    eprintln!("skipped: {missing:?} are not installed, so no window can be driven");
    false
}

/// Looks until something is there. `look` answers why not, which is what a failure says.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(why) if begun.elapsed() > PATIENCE => panic!("not within {PATIENCE:?}: {what}\n{why}"),
            Err(_) => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// An X server without a screen.
struct Display {
    server: Child,
    name: String,
    /// Where the server keeps what it shows.
    shown: TempDir,
}

impl Display {
    fn start() -> Self {
        let mut server = Command::new("Xvfb");
        // It writes the number of the display it took to its own output.
        server.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let shown = tempfile::tempdir().expect("a temporary folder");
        server.arg("-fbdir").arg(shown.path());
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("Xvfb starts");
        let mut number = String::new();
        let told = BufReader::new(server.stdout.take().expect("its output")).read_line(&mut number);
        assert!(told.is_ok() && !number.trim().is_empty(), "Xvfb took no display");
        Self { server, name: format!(":{}", number.trim()), shown }
    }

    /// What it shows now. The driver's own picture is not asked for: without GL layers it never comes.
    fn picture(&self) -> Option<RgbImage> {
        let bytes = fs::read(self.shown.path().join("Xvfb_screen0")).ok()?;
        // The format of `xwd`: numbers of 32 bits, the most significant byte first.
        let number = |at: usize| Some(u32::from_be_bytes(bytes.get(4 * at..4 * at + 4)?.try_into().ok()?));
        let (header, width, height) = (number(0)?, number(4)?, number(5)?);
        let (line, colours) = (number(12)? as usize, number(19)?);
        let pixels = bytes.get((header + 12 * colours) as usize..)?;
        let mut picture = RgbImage::new(width, height);
        for (x, y, to) in picture.enumerate_pixels_mut() {
            let at = y as usize * line + 4 * x as usize;
            let &[blue, green, red, _] = pixels.get(at..at + 4)? else { return None };
            *to = image::Rgb([red, green, blue]);
        }
        Some(picture)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A driver with the window it drives, in a display and on a session bus of their own.
pub(crate) struct Driver {
    process: Child,
    /// Ended after what shows in it.
    display: Display,
    agent: ureq::Agent,
    base: String,
    session: String,
}

impl Driver {
    /// Starts the program with these variables and arguments under a driver.
    pub(crate) fn start(program: &Path, variables: &BTreeMap<OsString, OsString>, arguments: &[&str]) -> Self {
        let display = Display::start();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a free port").port();
        // On a bus of its own: a Wellread that runs on this desktop is another one.
        let mut command = Command::new("dbus-run-session");
        command.args(["--", "WebKitWebDriver", "--host=127.0.0.1", &format!("--port={port}")]);
        for (name, _) in std::env::vars_os() {
            if ["XDG_", "WAYLAND_", "DBUS_", "LC_"].iter().any(|theirs| name.to_string_lossy().starts_with(theirs)) {
                command.env_remove(name);
            }
        }
        command.envs(variables).env("DISPLAY", &display.name).env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1");
        command.env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
        // A group of its own, so that all of it can be ended at once.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("the driver starts");
        let settings = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LONGEST_ANSWER));
        let agent = settings.build().into();
        let base = format!("http://127.0.0.1:{port}");
        let mut driver = Self { process, display, agent, base, session: String::new() };
        until("the driver answers", || driver.send("GET", "/status", &Value::Null));
        let options = json!({ "binary": program, "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let opened = driver.send("POST", "/session", &wanted).expect("the window opens");
        opened["sessionId"].as_str().expect("the session's id").clone_into(&mut driver.session);
        driver.ask("POST", "/timeouts", &json!({ "script": PATIENCE.as_millis() as u64 })).expect("it takes the limit");
        driver
    }

    /// Asks about the window.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.send(method, &format!("/session/{}{path}", self.session), body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.base);
        let sent = match method {
            "GET" => self.agent.get(&url).call(),
            "DELETE" => self.agent.delete(&url).call(),
            _ => self.agent.post(&url).send_json(body),
        };
        let mut answer = sent.map_err(|why| format!("{method} {path}: {why}"))?;
        let is_good = answer.status().is_success();
        let mut told: Value = answer.body_mut().read_json().map_err(|why| format!("{method} {path}: {why}"))?;
        let value = told["value"].take();
        if is_good { Ok(value) } else { Err(format!("{method} {path}: {} {}", value["error"], value["message"])) }
    }

    /// What the display shows now.
    pub(crate) fn picture(&self) -> Option<RgbImage> {
        self.display.picture()
    }

    /// The process that leads the group of all that was started.
    pub(crate) fn group(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.group());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.process.wait();
    }
}
