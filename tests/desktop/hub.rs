//! Headquarters for a journey: the real hub over a real PostgreSQL, stopped and started as a network is lost and found.

use crate::driver::until;
use serde_json::{Value, json};
use std::{
    env, fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};
use tempfile::TempDir;
use wellread_journeys::station::put;
use wellread_testdb::{Database, Postgres};

/// The organization of every journey.
pub(crate) const ORGANIZATION: &str = "lab";
/// Of its administrator.
const PASSWORD: &str = "a password for headquarters";
/// One answer of the hub may take so long.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// A hub with one organization.
pub(crate) struct Hub {
    running: Option<Child>,
    address: SocketAddr,
    agent: ureq::Agent,
    database: Database,
    place: TempDir,
    tls: bool,
}

impl Hub {
    /// A hub that serves; `None` where no PostgreSQL can be had, which it says.
    pub(crate) fn start() -> Option<Self> {
        let database = match Postgres::shared().and_then(|cluster| cluster.database()) {
            Ok(database) => database,
            Err(why) => {
                assert!(
                    env::var("CI").as_deref() != Ok("true"),
                    "PostgreSQL must be there where all is tested: {why:#}"
                );
                eprintln!("skipped: there is no PostgreSQL for a hub: {why:#}");
                return None;
            }
        };
        // Free now, and this hub's from here on, also while it is away.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a free port");
        let settings = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(LONGEST_ANSWER));
        let place = tempfile::tempdir().expect("a temporary folder");
        let mut hub = Self { running: None, address, agent: settings.build().into(), database, place, tls: false };
        let name = "Regional laboratories";
        hub.runs(&["org", "create", ORGANIZATION, "--name", name, "--email", "hq@lab.example", "--password", PASSWORD]);
        hub.comes_back();
        Some(hub)
    }

    /// Where stations find it.
    pub(crate) fn url(&self) -> String {
        if self.tls { format!("https://localhost:{}", self.address.port()) } else { format!("http://{}", self.address) }
    }

    /// It goes on at the same address over TLS, with this certificate and its key; without any, in clear.
    pub(crate) fn speaks_tls(&mut self, certificate: Option<(&str, &str)>) {
        self.goes_away();
        self.tls = certificate.is_some();
        for (name, pem) in certificate.into_iter().flat_map(|(chain, key)| [("chain.pem", chain), ("key.pem", key)]) {
            put(&self.place.path().join(name), pem.as_bytes());
        }
        self.comes_back();
    }

    /// A one-time code.
    pub(crate) fn code(&self) -> String {
        self.code_with(&[])
    }

    /// One for a station that they know and that has lost its key.
    pub(crate) fn code_for(&self, station_id: &str) -> String {
        self.code_with(&["--station", station_id])
    }

    fn code_with(&self, more: &[&str]) -> String {
        let made = self.runs(&[&["enrol-code", "create", ORGANIZATION, "--json"], more].concat());
        let made: Value = serde_json::from_str(&made).expect("JSON");
        made["code"].as_str().expect("a code").to_owned()
    }

    /// The network to it is lost: nobody listens there any more.
    pub(crate) fn goes_away(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().and_then(|()| running.wait()).expect("it was there");
        }
    }

    /// It is found again, at the same address.
    pub(crate) fn comes_back(&mut self) {
        let told = self.place.path().join("address");
        let _ = fs::remove_file(&told);
        let mut serve = self.command(&["serve"]);
        serve.env("WELLREAD_HUB_ADDR_FILE", &told).env("WELLREAD_HUB_NAME", "Central hub");
        let log = fs::File::create(self.place.path().join("log")).expect("a log");
        self.running = Some(serve.stdout(Stdio::null()).stderr(log).spawn().expect("the hub starts"));
        until("the hub serves", || {
            if told.is_file() {
                Ok(())
            } else {
                Err(fs::read_to_string(self.place.path().join("log")).unwrap_or_default())
            }
        });
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log")).unwrap_or_default()
    }

    /// Asks it as its administrator; the answer must be a success.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let login = json!({ "organization": ORGANIZATION, "name": "admin", "password": PASSWORD });
        let tokens = self.send("POST", "/v1/auth/login", None, &login);
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        self.send(method, path, Some(&token), body)
    }

    /// Brings it a file of models, in parts as it takes them.
    #[track_caller]
    pub(crate) fn bring_file(&self, sha256: &str, bytes: &[u8]) {
        let login = json!({ "organization": ORGANIZATION, "name": "admin", "password": PASSWORD });
        let tokens = self.send("POST", "/v1/auth/login", None, &login);
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("a token"));
        let mut offset = 0;
        for part in bytes.chunks(1 << 20) {
            let url = format!("{}/v1/models/blobs/{sha256}?offset={offset}&size={}", self.url(), bytes.len());
            let put = self.agent.put(&url).header("Authorization", &bearer);
            let mut answer = put.header("Content-Type", "application/octet-stream").send(part).expect("an answer");
            let said = answer.body_mut().read_to_string().unwrap_or_default();
            assert!(answer.status().is_success(), "a part of {sha256}: {} {said}", answer.status());
            offset += part.len();
        }
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
        let url = format!("{}{path}", self.url());
        let bearer = token.map(|token| format!("Bearer {token}")).unwrap_or_default();
        let sent = match method {
            "GET" => self.agent.get(&url).header("Authorization", &bearer).call(),
            "PUT" => self.agent.put(&url).header("Authorization", &bearer).send_json(body),
            "PATCH" => self.agent.patch(&url).header("Authorization", &bearer).send_json(body),
            _ => self.agent.post(&url).header("Authorization", &bearer).send_json(body),
        };
        let mut answer = sent.unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        let is_good = answer.status().is_success();
        let text = answer.body_mut().read_to_string().expect("an answer");
        assert!(is_good, "{method} {path}: {} {text}", answer.status());
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// The samples of all runs that it has, in the order of their names.
    pub(crate) fn samples_of_runs(&self) -> Vec<String> {
        let runs = self.ask("GET", "/v1/runs?limit=1000", &Value::Null);
        let mut samples: Vec<String> =
            runs["items"].as_array().unwrap().iter().map(|run| run["sample_no"].as_str().unwrap().to_owned()).collect();
        samples.sort_unstable();
        samples
    }

    /// Runs it to its end; what it said.
    #[track_caller]
    fn runs(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).output().expect("the hub's program starts");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(done.status.success(), "wellread-hub {arguments:?}: {}", said(&done.stderr));
        said(&done.stdout)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).stdin(Stdio::null());
        command.env("WELLREAD_HUB_LISTEN", self.address.to_string());
        command.env("WELLREAD_HUB_DATABASE_URL", self.database.app_url());
        command.env("WELLREAD_HUB_OBJECTS", self.place.path().join("objects"));
        if self.tls {
            command.env("WELLREAD_HUB_TLS_CERT", self.place.path().join("chain.pem"));
            command.env("WELLREAD_HUB_TLS_KEY", self.place.path().join("key.pem"));
        }
        command
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.goes_away();
        if std::thread::panicking() {
            eprintln!("the hub said:\n{}", self.log());
        }
    }
}

/// The program: named by `WELLREAD_HUB`, else built here, beside this test.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(named) = env::var_os("WELLREAD_HUB") {
            return PathBuf::from(named);
        }
        let test = env::current_exe().expect("this test has a path");
        let profile = test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "--package", "wellread-hub", "--bin", "wellread-hub"]);
        build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo starts").success(), "wellread-hub does not build");
        profile.join("wellread-hub")
    })
}
