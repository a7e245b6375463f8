//! The window as a person has it: what they see, press and type. Elements are found by what they are and what they are
//! called (`page.js`), never by class or id.

use crate::driver::{Driver, PATIENCE, can_drive, until};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};
use wellread_journeys::station::{PASSWORD, Station};

const PAGE: &str = include_str!("page.js");
/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// Enter, as the protocol names it.
pub(crate) const ENTER: char = '\u{E007}';

/// A window that is open; ended with all it started when it is dropped.
pub(crate) struct Window {
    /// Of the pictures it leaves in `target/journeys`.
    name: &'static str,
    driver: Driver,
}

/// Why a command of the window did nothing.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Window {
    /// Opens it on a station; `None` where no window can be driven.
    pub(crate) fn open(name: &'static str, station: &Station) -> Option<Self> {
        Self::open_with(name, station, &[])
    }

    /// The same, the program started with arguments.
    pub(crate) fn open_with(name: &'static str, station: &Station, arguments: &[&str]) -> Option<Self> {
        can_drive().then(|| Self { name, driver: Driver::start(program(), &variables(station), arguments) })
    }

    /// Runs the body of a function in the page, with the helpers of `page.js`.
    pub(crate) fn try_script(&self, body: &str, arguments: &Value) -> Result<Value, String> {
        self.driver.ask("POST", "/execute/sync", &json!({ "script": format!("{PAGE}{body}"), "args": arguments }))
    }

    /// The same, which cannot fail.
    #[track_caller]
    pub(crate) fn script(&self, body: &str, arguments: &Value) -> Value {
        self.try_script(body, arguments).unwrap_or_else(|why| panic!("{why}\nin {body}"))
    }

    /// Runs a script that answers later, by calling its last argument.
    #[track_caller]
    pub(crate) fn later(&self, script: &str, arguments: &Value) -> Value {
        self.try_later(script, arguments).unwrap_or_else(|why| panic!("{why}\nin {script}"))
    }

    fn try_later(&self, script: &str, arguments: &Value) -> Result<Value, String> {
        self.driver.ask("POST", "/execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// Calls a command as the page does.
    #[track_caller]
    pub(crate) fn invoke(&self, command: &str, arguments: &Value) -> Result<Value, Fault> {
        self.try_invoke(command, arguments).unwrap_or_else(|why| panic!("{command}: {why}"))
    }

    /// The same, where the window may end by it.
    pub(crate) fn try_invoke(&self, command: &str, arguments: &Value) -> Result<Result<Value, Fault>, String> {
        let call = "window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1])";
        Ok(answered(&self.try_later(&settling(call, 2), &json!([command, arguments]))?))
    }

    /// Calls a command as the page does, also the one that takes bytes: a file then that holds no picture.
    #[track_caller]
    pub(crate) fn calls(&self, command: &str, arguments: &Value) -> Result<Value, Fault> {
        if command != "drop_image" {
            return self.invoke(command, arguments);
        }
        let call = "window.__TAURI_INTERNALS__.invoke('drop_image', new Uint8Array([1, 2, 3]), \
                    { headers: { name: 'nothing.jpg' } })";
        answered(&self.later(&settling(call, 0), &json!([])))
    }

    /// From now on the page keeps, in `window.heard`, what it is told of long work.
    #[track_caller]
    pub(crate) fn hear_tasks(&self) {
        let script = "const done = arguments[0]; window.heard = [];
            const handler = window.__TAURI_INTERNALS__.transformCallback(({ payload }) => window.heard.push(payload));
            window.__TAURI_INTERNALS__.invoke('plugin:event|listen', { event: 'task', target: { kind: 'Any' }, handler })
              .then(() => done(true), (why) => done(String(why)));";
        assert_eq!(self.later(script, &json!([])), true, "the page may listen");
    }

    /// The element of a kind and a name, as soon as it is there.
    #[track_caller]
    pub(crate) fn find(&self, kind: &str, name: &str) -> String {
        let found = until(&format!("{kind} '{name}'"), || self.try_find(kind, name));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    fn try_find(&self, kind: &str, name: &str) -> Result<Value, String> {
        let found = self.try_script("return page.find(...arguments);", &json!([kind, name]))?;
        if found.is_null() { Err(format!("the window shows: {}", self.text())) } else { Ok(found) }
    }

    /// Presses it as soon as it is there and nothing lies over it.
    #[track_caller]
    pub(crate) fn click(&self, kind: &str, name: &str) {
        until(&format!("{kind} '{name}' is pressed"), || {
            let found = self.try_find(kind, name)?;
            let element = found[ELEMENT].as_str().ok_or("no element")?;
            self.driver.ask("POST", &format!("/element/{element}/click"), &json!({}))
        });
    }

    /// Writes into a field instead of what is there.
    #[track_caller]
    pub(crate) fn fill(&self, label: &str, text: &str) {
        until(&format!("'{label}' is filled in"), || {
            let found = self.try_find("field", label)?;
            let path = format!("/element/{}", found[ELEMENT].as_str().ok_or("no element")?);
            self.driver.ask("POST", &format!("{path}/clear"), &json!({}))?;
            self.driver.ask("POST", &format!("{path}/value"), &json!({ "text": text }))
        });
    }

    /// Presses keys one after the other, wherever the keyboard is.
    #[track_caller]
    pub(crate) fn keys(&self, keys: &str) {
        let way = |key: char| ["keyDown", "keyUp"].map(|way| json!({ "type": way, "value": key.to_string() }));
        let pressed: Vec<Value> = keys.chars().flat_map(way).collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": pressed }] });
        self.driver.ask("POST", "/actions", &body).unwrap();
    }

    /// All that can be read in the window now.
    pub(crate) fn text(&self) -> String {
        let text = self.try_script("return page.text();", &json!([]));
        text.map_or_else(|why| why, |text| text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until these words can be read.
    #[track_caller]
    pub(crate) fn sees(&self, words: &str) {
        until(&format!("the words '{words}'"), || {
            let text = self.text();
            if text.contains(words) { Ok(()) } else { Err(format!("the window shows: {text}")) }
        });
    }

    /// Waits until these words are gone.
    #[track_caller]
    pub(crate) fn sees_no_more(&self, words: &str) {
        until(&format!("no more of '{words}'"), || {
            let text = self.text();
            if text.contains(words) { Err(format!("the window shows: {text}")) } else { Ok(()) }
        });
    }

    /// Waits until a script answers something that is neither null nor false.
    #[track_caller]
    pub(crate) fn becomes(&self, what: &str, body: &str, arguments: &Value) -> Value {
        until(what, || match self.try_script(body, arguments)? {
            Value::Null | Value::Bool(false) => Err(format!("the window shows: {}", self.text())),
            found => Ok(found),
        })
    }

    /// What the element is called that has the keyboard.
    pub(crate) fn focused(&self) -> String {
        self.script("return page.focused();", &json!([])).as_str().unwrap_or_default().to_owned()
    }

    /// Signs in and waits for the first screen.
    #[track_caller]
    pub(crate) fn sign_in(&self, user: &str) {
        self.tries_to_sign_in(user, PASSWORD);
        self.find("link", "Bench");
    }

    /// Fills the form and sends it.
    #[track_caller]
    pub(crate) fn tries_to_sign_in(&self, user: &str, password: &str) {
        self.fill("User name", user);
        self.fill("Password", password);
        self.click("button", "Sign in");
    }

    /// Keeps a picture of the window.
    pub(crate) fn photograph(&self, name: &str) -> Result<(), String> {
        let folder = folder_of_pictures();
        fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
        let shown = self.driver.picture().ok_or("the display shows nothing")?;
        shown.save(folder.join(format!("{name}.png"))).map_err(|why| why.to_string())
    }

    /// The processes of a name that this window started.
    pub(crate) fn processes(&self, name: &str) -> Vec<u32> {
        let group = self.driver.group().to_string();
        let listed = Command::new("ps").args(["-e", "-o", "pid=,pgid=,comm="]).output().expect("ps is there");
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let of_ours = listed.lines().filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (id, leader, called) = (fields.next()?, fields.next()?, fields.next()?);
            (leader == group && called.starts_with(name)).then(|| id.parse().ok())?
        });
        of_ours.collect()
    }
}

/// A script that settles a call: its last argument, after so many others, is told.
fn settling(call: &str, arguments: usize) -> String {
    format!(
        "const done = arguments[{arguments}];
         {call}.then((ok) => done({{ ok }}),
           (fault) => done({{ fault: typeof fault === 'string' ? {{ code: '', message: fault }} : fault }}));"
    )
}

fn answered(answer: &Value) -> Result<Value, Fault> {
    let text = |key: &str| answer["fault"][key].as_str().unwrap_or_default().to_owned();
    match answer.get("fault") {
        None => Ok(answer["ok"].clone()),
        Some(_) => Err(Fault { code: text("code"), message: text("message") }),
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // After a failure the picture is what tells most; it must not hide the failure by one of its own.
        let name = if std::thread::panicking() { format!("{}-failed", self.name) } else { self.name.to_owned() };
        if let Err(why) = self.photograph(&name) {
            eprintln!("no picture of {name}: {why}");
        }
    }
}

/// The variables that the program runs with: the station's, and a home of its own.
pub(crate) fn variables(station: &Station) -> BTreeMap<OsString, OsString> {
    let home = station.data().with_file_name("home");
    let programs = home.join("bin");
    fs::create_dir_all(&programs).expect("a home");
    // The system's viewer here notes what it is to show.
    let viewer = File::options().write(true).create(true).truncate(true).mode(0o755).open(programs.join("xdg-open"));
    let notes = b"#!/bin/sh\nprintf '%s\\n' \"$1\" >>\"$HOME/opened\"\n";
    viewer.and_then(|mut viewer| viewer.write_all(notes)).expect("a viewer");
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path))).expect("a path");
    let runs = station.command(["--version"]);
    let own = runs.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    own.chain([("HOME".into(), home.into_os_string()), ("PATH".into(), path)]).collect()
}

/// What the window has handed to the system's viewer.
pub(crate) fn handed_to_the_viewer(station: &Station) -> Vec<PathBuf> {
    let noted = fs::read_to_string(station.data().with_file_name("home").join("opened")).unwrap_or_default();
    noted.lines().map(PathBuf::from).collect()
}

/// Where pictures of the windows go.
fn folder_of_pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/journeys")
}

/// The program: named by `WELLREAD_DESKTOP`, as `./dev test` does with the one it has just built; else built here.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(named) = env::var_os("WELLREAD_DESKTOP") {
            return PathBuf::from(named);
        }
        let test = env::current_exe().expect("this test has a path");
        let profile = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--package", "wellread-desktop"]);
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo starts").success(), "wellread-desktop does not build");
        profile.join("wellread-desktop")
    })
}

/// Waits until a look at the station says yes.
#[track_caller]
pub(crate) fn comes_true(what: &str, mut look: impl FnMut() -> bool) {
    until(what, || if look() { Ok(()) } else { Err(format!("still not after {PATIENCE:?}")) });
}
