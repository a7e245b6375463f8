//! Clusters: the shared one, and those of a test's own.

use crate::template::{self, Database};
use anyhow::{Context as _, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

const VARIABLE: &str = "WELLREAD_TEST_POSTGRES";
const FOLDERS: &str = "wellread-pg-";

/// Whether a cluster waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: what was committed survives [`Postgres::kill`].
    Durable,
    /// Quick, for tests that do not break it.
    Fast,
}

/// A PostgreSQL cluster. A private one ends when the last copy of this is dropped.
#[derive(Clone, Debug)]
pub struct Postgres {
    url: String,
    private: Option<Arc<Private>>,
}

#[derive(Debug)]
struct Private {
    folder: PathBuf,
    durability: Durability,
}

impl Postgres {
    /// The cluster that `WELLREAD_TEST_POSTGRES` names, as a superuser's URL without a database; else one of this
    /// process.
    pub fn shared() -> anyhow::Result<Self> {
        static OF_THIS_PROCESS: OnceLock<Postgres> = OnceLock::new();
        if let Ok(url) = env::var(VARIABLE)
            && !url.is_empty()
        {
            return Ok(Self { url: url.trim_end_matches('/').to_owned(), private: None });
        }
        if let Some(cluster) = OF_THIS_PROCESS.get() {
            return Ok(cluster.clone());
        }
        let cluster = Self::private(Durability::Fast)?;
        Ok(OF_THIS_PROCESS.get_or_init(|| cluster).clone())
    }

    /// A cluster of its own, in a temporary folder.
    pub fn private(durability: Durability) -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        sweep();
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("{FOLDERS}{}-{next}", process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let private = Private { folder, durability };
        let url = private.start()?;
        Ok(Self { url, private: Some(Arc::new(private)) })
    }

    /// A new database with all migrations. It is dropped with the value returned.
    pub fn database(&self) -> anyhow::Result<Database> {
        template::copy(self)
    }

    /// A new database with nothing in it, owned by [`crate::OWNER`].
    pub fn empty_database(&self) -> anyhow::Result<Database> {
        template::empty(self)
    }

    /// A role's URL of a database.
    pub fn url(&self, role: &str, database: &str) -> String {
        let place = self.url.split_once('@').map_or(self.url.as_str(), |(_, place)| place);
        format!("postgres://{role}@{place}/{database}")
    }

    /// The superuser's URL of a database.
    pub fn superuser_url(&self, database: &str) -> String {
        format!("{}/{database}", self.url)
    }

    /// Stops it, with connections cut and what they have begun rolled back.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.own()?.stop("fast")
    }

    /// Stops it as when the power goes: nothing is written any more, and the next start recovers from the log.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.own()?.stop("immediate")
    }

    /// Starts it again, at the same address.
    pub fn start(&self) -> anyhow::Result<()> {
        self.own()?.start().map(drop)
    }

    fn own(&self) -> anyhow::Result<&Private> {
        self.private.as_deref().context("the shared cluster is not this test's to stop: take a private one")
    }
}

impl Private {
    fn start(&self) -> anyhow::Result<String> {
        let how = match self.durability {
            Durability::Durable => "durable",
            Durability::Fast => "fast",
        };
        script("start", &self.folder, how)
    }

    fn stop(&self, how: &str) -> anyhow::Result<()> {
        script("stop", &self.folder, how).map(drop)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // Its files go with it: nothing of them needs to be whole.
        drop(self.stop("immediate"));
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Ends the clusters of test processes that are gone without having ended them.
fn sweep() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(FOLDERS)?.split_once('-')).map(|(owner, _)| owner);
        if owner.is_some_and(|pid| pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()) {
            drop(script("stop", &entry.path(), "immediate"));
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

fn script(what: &str, folder: &Path, how: &str) -> anyhow::Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/postgres.sh");
    let mut command = Command::new("bash");
    command.arg(&script).args([what.as_ref(), folder.as_os_str(), how.as_ref()]);
    let done = command.stderr(Stdio::inherit()).output().context("bash cannot be run")?;
    ensure!(done.status.success(), "{} {what} {} failed: what it says is above", script.display(), folder.display());
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}
