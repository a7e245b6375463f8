//! The real hub: a process of `wellread-hub serve` on a database of its own, started, killed and started again.

use crate::sql::Sql;
use anyhow::{Context as _, bail};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};
use tempfile::TempDir;
use wellread_testdb::Database;

/// The short name of the organization that everything here belongs to.
pub const ORGANIZATION: &str = "proof";

/// The hub's places to die at: what its own source lists.
pub fn failpoints() -> Vec<&'static str> {
    let source = include_str!("../../crates/hub/src/failpoint.rs");
    let list = source.split_once("NAMES: &[&str] = &[").and_then(|(_, rest)| rest.split_once("];"));
    let names = list.map_or("", |(list, _)| list);
    names.split('"').skip(1).step_by(2).collect()
}

/// A hub, running or not.
#[derive(Debug)]
pub struct Hub {
    program: PathBuf,
    database: Database,
    place: TempDir,
    address: SocketAddr,
    settings: Vec<(String, String)>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// The last of what it said, for when it dies unasked.
    said: Arc<Mutex<Vec<String>>>,
}

/// What it says at most is kept.
const MOST_LINES: usize = 400;

impl Hub {
    /// A hub on a database of its own: migrated, with one organization, and serving.
    pub fn new(database: Database, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        // Free now, and this hub's from here on, also after it was killed.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut hub = Self { program: program()?, database, place: TempDir::new()?, address, settings, running: None };
        std::fs::create_dir_all(hub.objects())?;
        hub.command(&["migrate"])?;
        let password = "a password for the proof";
        hub.command(&["org", "create", ORGANIZATION, "--email", "admin@example.org", "--password", password])?;
        hub.start()?;
        Ok(hub)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Where it keeps contents.
    pub fn objects(&self) -> PathBuf {
        self.place.path().join("objects")
    }

    /// Another setting from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it, and waits until it serves.
    pub fn start(&mut self) -> anyhow::Result<()> {
        self.start_to_die(None)
    }

    /// Starts it so that it dies at a place, the `n`th time it comes there (`name` or `name:n`).
    pub fn start_to_die(&mut self, failpoint: Option<&str>) -> anyhow::Result<()> {
        let tells = self.place.path().join("address");
        let _ = std::fs::remove_file(&tells);
        let mut command = self.prepared_command(&["serve"]);
        if let Some(name) = failpoint {
            command.env("WELLREAD_FAILPOINT", name);
        }
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let said = Arc::new(Mutex::new(Vec::new()));
        let (told, listens) = std::sync::mpsc::channel();
        let own = Arc::clone(&said);
        let errors = child.stderr.take().context("its standard error is ours")?;
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                if line.contains("serving at") {
                    let _ = told.send(());
                }
                let mut said = own.lock().unwrap_or_else(PoisonError::into_inner);
                if said.len() < MOST_LINES {
                    said.push(line);
                }
            }
        });
        self.running = Some(Running { child, said });
        // The channel closes when the process ends.
        if listens.recv().is_err() {
            let said = self.said();
            self.kill()?;
            bail!("the hub did not start:\n{said}");
        }
        Ok(())
    }

    /// Kills it as a power cut does.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut running) = self.running.take() {
            running.child.kill()?;
            running.child.wait()?;
        }
        Ok(())
    }

    /// Waits for the end of one that was started to die.
    pub fn wait_for_death(&mut self) -> anyhow::Result<ExitStatus> {
        let mut running = self.running.take().context("the hub does not run")?;
        Ok(running.child.wait()?)
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.running.as_mut().is_some_and(|running| matches!(running.child.try_wait(), Ok(None)))
    }

    /// Its process.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// What it has said since its start.
    pub fn said(&self) -> String {
        let said = self.running.as_ref().map(|running| Arc::clone(&running.said));
        said.map_or_else(String::new, |said| said.lock().unwrap_or_else(PoisonError::into_inner).join("\n"))
    }

    /// A code with which a station becomes known.
    pub fn enrol_code(&self) -> anyhow::Result<String> {
        let said = self.command(&["enrol-code", "create", ORGANIZATION])?;
        let begins = format!("{ORGANIZATION}-");
        let mut words = said.split(|c: char| c.is_whitespace() || c == '"');
        let code = words.find(|word| word.to_ascii_lowercase().starts_with(&begins));
        code.map(str::to_owned).with_context(|| format!("no code in: {said}"))
    }

    /// The history that its database is.
    pub fn epoch(&self) -> anyhow::Result<String> {
        self.sql()?.text("SELECT epoch::text FROM public.hub_state")
    }

    /// Its database, past the hub.
    pub fn sql(&self) -> anyhow::Result<Sql> {
        Sql::connect(&self.database.superuser_url())
    }

    /// Publishes layouts, as headquarters would through the API, but many at once.
    pub fn publish_layouts(&self, first: u64, count: u64) -> anyhow::Result<()> {
        let last = first + count;
        let wells = r#"{"A1":"sample","A2":"sample","A3":"sample","B1":"sample","B2":"sample","B3":"sample"}"#;
        self.sql()?.batch(&format!(
            "BEGIN;
             INSERT INTO microplates.plate_layout (org_id, id, version, name, plate_format, definition)
             SELECT o.org_id, 'hq-' || n, 1, 'Layout ' || n, '6', jsonb_build_object('wells', '{wells}'::jsonb)
             FROM auth.organizations o, generate_series({first} + 1, {last}) AS n WHERE o.slug = '{ORGANIZATION}';
             INSERT INTO microplates.org_feed (org_id, seq, kind, key, body)
             SELECT c.org_id, c.feed_seq + n - {first}, 'layout', 'hq-' || n || ' 1', jsonb_build_object('id', 'hq-' || n,
               'version', 1, 'name', 'Layout ' || n, 'plate_format', '6', 'wells', '{wells}'::jsonb, 'retired', false)
             FROM microplates.org_counter c JOIN auth.organizations o USING (org_id),
               generate_series({first} + 1, {last}) AS n WHERE o.slug = '{ORGANIZATION}';
             UPDATE microplates.org_counter SET feed_seq = feed_seq + {count}
             WHERE org_id = (SELECT org_id FROM auth.organizations WHERE slug = '{ORGANIZATION}');
             COMMIT;
             -- As the server does by itself within a minute: headquarters' rows are seldom so new.
             ANALYZE microplates.plate_layout; ANALYZE microplates.org_feed"
        ))
    }

    /// What a command of the hub's says.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = self.prepared_command(arguments);
        let done = command.stdin(Stdio::null()).output()?;
        let mut said = String::new();
        done.stdout.as_slice().read_to_string(&mut said)?;
        if !done.status.success() {
            bail!("wellread-hub {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr));
        }
        Ok(said)
    }

    fn prepared_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        command.env("WELLREAD_HUB_LISTEN", self.address.to_string());
        command.env("WELLREAD_HUB_DATABASE_URL", self.database.app_url());
        command.env("WELLREAD_HUB_LISTEN_URL", self.database.app_url());
        command.env("WELLREAD_HUB_OWNER_URL", self.database.owner_url());
        command.env("WELLREAD_HUB_OBJECTS", self.objects());
        // Every request would be a line; what matters here is that it serves, and why it does not.
        command.env("WELLREAD_HUB_LOG", "warn,wellread_hub::serve=info");
        // Load comes from one address here.
        command.env("WELLREAD_HUB_RATE_PER_S", "0").env("WELLREAD_HUB_RATE_LOGIN_PER_MIN", "0");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The hub that was built: `WELLREAD_HUB`, or the one beside this program.
fn program() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("WELLREAD_HUB") {
        return Ok(PathBuf::from(named));
    }
    let own = std::env::current_exe()?;
    // A test lies one folder deeper than a program.
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("wellread-hub"));
    let found = beside.into_iter().find(|path| path.is_file());
    found.context(
        "there is no wellread-hub: cargo build -p wellread-hub --features failpoints, or name one in WELLREAD_HUB",
    )
}
