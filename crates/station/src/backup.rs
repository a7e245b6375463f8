//! Copies of a station in use, and the way back; and the key, for the day when the keyring is gone.

use crate::{
    Clock, Code, Folder, Problem, Station,
    blobs::Blobs,
    folder::Opening,
    keys::{self, KeyPlace},
    people::{Permission, Session},
};
use serde::Serialize;
use std::path::{Path, PathBuf};
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
    pub fn backup(&self, session: &Session, file: &Path, pictures: bool) -> anyhow::Result<BackedUp> {
        self.act(session, Permission::BackupCreate, |writing| Ok(writing.audit(&entry("BACKUP", file))?))?;
        let database = self.database().backup(file)?;
        let mut copied = BackedUp { database, blobs: 0, blobs_missing: 0 };
        if pictures {
            copy_blobs(self.database(), self.blobs(), &Blobs::open(&blobs_beside(file))?, &mut copied)?;
        }
        Ok(copied)
    }

    /// Writes the database's key into a file, which opens the data and every backup on any machine: keep it apart.
    pub fn export_key(&self, session: &Session, file: &Path) -> anyhow::Result<()> {
        let Some(key) = self.folder().opening()?.key.fetch()? else {
            return Err(Problem::refused("the station is not encrypted: there is no key to export").into());
        };
        self.act(session, Permission::BackupCreate, |writing| {
            writing.audit(&entry("EXPORT_KEY", file))?;
            keys::export(&key, file)
        })
    }
}

/// Makes a station of a backup, in a folder without one. `key` says where its key is, where the folder does not.
pub fn restore(file: &Path, folder: &Folder, key: Option<KeyPlace>, clock: &Clock) -> anyhow::Result<BackedUp> {
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
    if folder.database().exists() {
        make_room(folder, secret.as_ref())?;
    }
    let database = Database::restore(file, secret.as_ref(), &folder.database())?;
    let mut copied = BackedUp { database, blobs: 0, blobs_missing: 0 };
    folder.put_opening(&Opening { key: place })?;
    let station = Station::open(folder, clock.clone())?;
    let from = blobs_beside(file);
    if from.is_dir() {
        copy_blobs(station.database(), &Blobs::open(&from)?, station.blobs(), &mut copied)?;
    }
    station.write(|writing| Ok(writing.audit(&entry("RESTORE", file))?))?;
    Ok(copied)
}

/// Puts a damaged database aside. One that can be opened, or may be whole under another key, is nothing to replace.
fn make_room(folder: &Folder, key: Option<&Key>) -> anyhow::Result<()> {
    if let Err(wellread_store::Error::Damaged(_)) = Database::open(&folder.database(), key) {
        return folder.set_database_aside().map(drop);
    }
    let told = format!(
        "there is a database in {} already: move it away, or restore into another folder with --data",
        folder.path().display()
    );
    Err(Problem::new(Code::DataFolder, told).into())
}

fn entry(action: &'static str, file: &Path) -> NewAudit {
    NewAudit { action, resource: "backup", resource_id: file.display().to_string(), ..NewAudit::default() }
}

fn blobs_beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".blobs");
    PathBuf::from(name)
}

fn copy_blobs(database: &Database, from: &Blobs, to: &Blobs, copied: &mut BackedUp) -> anyhow::Result<()> {
    let mut last: Option<Sha256> = None;
    loop {
        let page = database.read(|reading| reading.blobs(last.as_ref(), 500))?;
        let Some(end) = page.last() else { return Ok(()) };
        last = Some(end.sha256);
        for blob in &page {
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
