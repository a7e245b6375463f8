//! Copies of a station in use, and the way back; and the key, for the day when the keyring is gone.

use crate::{
    Clock, Code, Folder, Problem, Station, Steps,
    blobs::Blobs,
    folder::{Opening, sync_folder, with_ending},
    keys::{self, KeyPlace},
    people::{Permission, Session},
};
use anyhow::Context as _;
use serde::Serialize;
use std::{fs, io, path::Path};
use wellread_store::{Copied, Database, Key, NewAudit, Sha256};

/// What a copy holds.
#[derive(Clone, Debug, Serialize)]
pub struct BackedUp {
    /// The database, opened and counted.
    #[serde(flatten)]
    pub database: Copied,
    /// Pictures that the copy has.
    pub blobs: u64,
    /// Pictures that could not be copied because they are missing or corrupt here: `verify` tells more.
    pub blobs_missing: u64,
}

impl Station {
    /// Copies the database into `file`, and the pictures into the folder `file.blobs` beside it; those that are there
    /// from an earlier copy are not copied again.
    pub fn backup(&self, session: &Session, file: &Path, pictures: bool, steps: &Steps) -> anyhow::Result<BackedUp> {
        self.ask(session, Permission::BackupCreate, |_| Ok(()))?;
        steps.reached(0, None)?;
        self.act(session, Permission::BackupCreate, |writing| Ok(writing.audit(&entry("BACKUP", file))?))?;
        let database = self.database().backup_until(file, &|done, total| steps.reached(done, Some(total)).is_ok())?;
        let mut copied = BackedUp { database, blobs: 0, blobs_missing: 0 };
        if pictures {
            let to = Blobs::open(&with_ending(file, ".blobs"))?;
            let pictures = copy_blobs(self.database(), self.blobs(), &to, &mut copied, steps);
            // A copy without its pictures would pass for a whole one; those copied so far serve the next.
            pictures.inspect_err(|_| drop(remove_if_there(file)))?;
        }
        Ok(copied)
    }

    /// Whether somebody may put this station aside for a backup: who may copy it away may bring it back.
    pub fn may_replace(&self, session: &Session) -> anyhow::Result<()> {
        self.ask(session, Permission::BackupCreate, |_| Ok(()))
    }

    /// Writes the database's key into a file, which opens the data and every backup on any machine: keep it apart.
    pub fn export_key(&self, session: &Session, file: &Path) -> anyhow::Result<()> {
        self.act(session, Permission::BackupCreate, |writing| {
            let Some(key) = self.folder().opening()?.key.fetch()? else {
                return Err(Problem::refused("the station is not encrypted: there is no key to export").into());
            };
            writing.audit(&entry("EXPORT_KEY", file))?;
            keys::export(&key, file)
        })
    }
}

/// What becomes of a station that is in the folder already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// It stays: nothing is restored.
    Keep,
    /// Its database is put aside, beside the new one.
    PutAside,
}

/// Makes a station of a backup. `key` says where its key is, where the folder does not.
pub fn restore(
    file: &Path,
    folder: &Folder,
    key: Option<KeyPlace>,
    present: Present,
    (clock, steps): (&Clock, &Steps),
) -> anyhow::Result<BackedUp> {
    folder.create()?;
    let _lock = folder.lock()?;
    let place = match key {
        Some(place) => place,
        None if folder.has_station() => folder.opening()?.key,
        None => {
            let told = "say where the backup's key is: --key-file FILE, or --unencrypted if it has none";
            return Err(Problem::new(Code::Key, told).into());
        }
    };
    let secret = place.fetch()?;
    let damaged = is_damaged(folder, secret.as_ref());
    if folder.database().exists() && present == Present::Keep && !damaged {
        let told = format!(
            "there is a station in {} already, which may know more than the backup: restore into another folder with \
             --data, or put what is there aside with --replace",
            folder.path().display()
        );
        return Err(Problem::new(Code::DataFolder, told).into());
    }
    // Verified under another name first: a backup that is no good must not cost the station that is there.
    let fresh = with_ending(&folder.database(), ".restored");
    remove_if_there(&fresh)?;
    let database = Database::restore(file, secret.as_ref(), &fresh)?;
    // Also where only a log is left, which would be taken for the new database's.
    folder.set_database_aside(if damaged { "damaged" } else { "replaced" })?;
    fs::rename(&fresh, folder.database()).context("cannot give the restored database its name")?;
    sync_folder(folder.path()).context("cannot flush the data folder")?;
    let mut copied = BackedUp { database, blobs: 0, blobs_missing: 0 };
    folder.put_opening(&Opening { key: place })?;
    let station = Station::open(folder, clock.clone())?;
    let from = with_ending(file, ".blobs");
    if from.is_dir() {
        copy_blobs(station.database(), &Blobs::open(&from)?, station.blobs(), &mut copied, steps)?;
    }
    station.write(|writing| {
        writing.audit(&entry("RESTORE", file))?;
        // Headquarters may know more than the backup: without a word they would take this copy for an impostor.
        if writing.sync_connection()?.enrolled.is_some() {
            writing.want_take_over(&format!("restored from {}", file.display()))?;
        }
        Ok(())
    })?;
    Ok(copied)
}

fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => {
            Err(why).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Whether the database that is there is damaged; one that may be whole under another key is not.
fn is_damaged(folder: &Folder, key: Option<&Key>) -> bool {
    let database = folder.database();
    database.exists() && matches!(Database::open(&database, key), Err(wellread_store::Error::Damaged(_)))
}

fn entry(action: &'static str, file: &Path) -> NewAudit {
    NewAudit { action, resource: "backup", resource_id: file.display().to_string(), ..NewAudit::default() }
}

fn copy_blobs(
    database: &Database,
    from: &Blobs,
    to: &Blobs,
    copied: &mut BackedUp,
    steps: &Steps,
) -> anyhow::Result<()> {
    let total = database.read(|reading| reading.blob_count().map_err(anyhow::Error::from))?;
    let mut last: Option<Sha256> = None;
    loop {
        let page = database.read(|reading| reading.blobs(last.as_ref(), 500))?;
        let Some(end) = page.last() else { return Ok(()) };
        last = Some(end.sha256);
        for blob in &page {
            steps.reached(copied.blobs + copied.blobs_missing, Some(total))?;
            let name = blob.sha256.to_string();
            if to.path(&name)?.is_file() {
                copied.blobs += 1;
                continue;
            }
            match from.get(&name) {
                Ok(bytes) => {
                    to.put(&bytes)?;
                    copied.blobs += 1;
                }
                Err(_) => copied.blobs_missing += 1,
            }
        }
    }
}
