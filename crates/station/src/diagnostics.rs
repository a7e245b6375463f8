//! What somebody who helps must know: versions, places, sizes, states and the newest lines of the logs, in one file to send.
//!
//! No picture and no result goes into it. The logs name files, and files are named after samples: the file says so.

use crate::{
    Folder, Problem, Station,
    people::{Permission, Session},
};
use anyhow::Context as _;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};
use wellread_store::{Health, newest_schema};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The most bytes of one log that are looked at, from its end.
const LOG_END: u64 = 1 << 20;
/// The most lines shown.
const MOST_LINES: usize = 5_000;

/// How this station is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Diagnostics {
    /// Its id.
    pub station_id: String,
    /// Programs and formats, by name.
    pub versions: BTreeMap<String, String>,
    /// Folders and files, by name.
    pub paths: BTreeMap<String, String>,
    /// Sizes in bytes, and counts, by name.
    pub sizes: BTreeMap<String, u64>,
    /// How its parts are.
    pub health: Vec<Health>,
}

impl Station {
    /// How this station is made.
    pub fn diagnostics(&self, session: &Session) -> anyhow::Result<Diagnostics> {
        let settings = self.settings()?;
        let health = self.ask(session, Permission::RunRead, |reading| Ok(reading.health()?))?;
        let mut versions = BTreeMap::from([
            ("wellread".to_owned(), Self::app_version().to_owned()),
            ("database schema".to_owned(), newest_schema().to_string()),
            ("system".to_owned(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ]);
        if let Some(set) = self.model_sets().unwrap_or_default().into_iter().find(|set| set.active) {
            versions.extend(set.models.into_iter().map(|model| (model.name, model.version)));
        }
        let shown = |path: &Path| path.display().to_string();
        let mut paths = BTreeMap::from([("data".to_owned(), shown(self.folder().path()))]);
        let named = [("watched folder", settings.intake.inbox), ("delivery folder", settings.deliver.folder)];
        paths.extend(named.into_iter().filter_map(|(name, path)| Some((name.to_owned(), shown(&path?)))));
        let size = |path: PathBuf| fs::metadata(path).map_or(0, |found| found.len());
        let database = self.folder().database();
        let sizes = BTreeMap::from([
            ("database".to_owned(), size(database.clone())),
            ("database log".to_owned(), size(database.with_extension("db-wal"))),
            ("pictures".to_owned(), self.read(|reading| Ok(reading.blob_count()?))?),
            ("free disk".to_owned(), fs4::available_space(self.folder().path()).unwrap_or(0)),
        ]);
        Ok(Diagnostics { station_id: self.identity().id.to_string(), versions, paths, sizes, health })
    }

    /// The newest lines of the logs, oldest first.
    pub fn log_lines(&self, session: &Session, lines: usize) -> anyhow::Result<Vec<String>> {
        self.ask(session, Permission::RunRead, |_| Ok(()))?;
        let mut newest: Vec<String> = Vec::new();
        for log in logs(self.folder())?.iter().rev() {
            let mut earlier: Vec<String> = end_of(log)?.lines().map(str::to_owned).collect();
            earlier.append(&mut newest);
            newest = earlier;
            if newest.len() >= lines {
                break;
            }
        }
        let surplus = newest.len().saturating_sub(lines.min(MOST_LINES));
        Ok(newest.split_off(surplus))
    }

    /// Writes everything into one zip file.
    pub fn write_bundle(&self, session: &Session, to: &Path) -> anyhow::Result<()> {
        let about = self.diagnostics(session)?;
        let settings: serde_json::Map<_, _> = self.settings()?.pairs().into_iter().collect();
        let files = [
            ("diagnostics.json", serde_json::to_vec_pretty(&about)?),
            ("status.json", serde_json::to_vec_pretty(&self.status()?)?),
            ("settings.json", serde_json::to_vec_pretty(&settings)?),
        ];
        write(to, &files, &logs(self.folder())?)
    }
}

/// The bundle of a station that cannot be opened: why, and the logs.
pub fn write_bare_bundle(folder: &Folder, why: &str, to: &Path) -> anyhow::Result<()> {
    write(to, &[("fault.txt", why.as_bytes().to_vec())], &logs(folder)?)
}

fn write(to: &Path, files: &[(&str, Vec<u8>)], logs: &[PathBuf]) -> anyhow::Result<()> {
    let file = fs::File::create_new(to).map_err(|why| {
        Problem::invalid(format!("cannot make {} ({why}): choose a new name in a folder you may write", to.display()))
    })?;
    let mut bundle = ZipWriter::new(file);
    let mut add = |name: &str, content: &[u8]| -> anyhow::Result<()> {
        bundle.start_file(name, SimpleFileOptions::default())?;
        Ok(bundle.write_all(content)?)
    };
    add("README.txt", README.as_bytes())?;
    for (name, content) in files {
        add(name, content)?;
    }
    for log in logs {
        let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
        add(&format!("logs/{name}"), end_of(log)?.as_bytes())?;
    }
    bundle.finish().context("cannot finish the bundle")?.sync_all().context("cannot flush the bundle")
}

/// The logs, oldest first.
fn logs(folder: &Folder) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder.logs()) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.context("cannot list the logs")?,
    };
    let mut logs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    logs.sort();
    Ok(logs)
}

/// The end of a log, from the beginning of a line.
fn end_of(log: &Path) -> anyhow::Result<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = fs::File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(LOG_END)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, whole)) if size > LOG_END => whole.to_owned(),
        _ => text,
    })
}

const README: &str = "\
Diagnostics of a Wellread station, for whoever helps its laboratory.

It holds versions, settings, folders, sizes, the state of the station's parts and the end of its logs. It holds no
picture, no result, no password and no key. The logs and paths name files, and a laboratory's files are often named
after its samples: send it only to people who may see those names.
";
