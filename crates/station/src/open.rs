//! A station, open: what every use case takes.

use crate::{
    Clock, Folder, Settings,
    blobs::Blobs,
    folder::{Lock, Opening},
    keys::KeyPlace,
    problem::{Code, Problem},
};
use anyhow::Context as _;
use serde_json::Value;
use wellread_plate::assay::Assay;
use wellread_store::{Actor, Database, Key, Reading, Stamp, StationId, StoredAssay, Writing};
use zeroize::Zeroizing;

/// A station, open.
#[derive(Debug)]
pub struct Station {
    folder: Folder,
    clock: Clock,
    identity: wellread_store::Station,
    database: Database,
    blobs: Blobs,
    /// Held while this process is the one that takes pictures in.
    lock: Option<Lock>,
}

/// A station to make.
#[derive(Clone, Debug)]
pub struct NewStation {
    /// What people call it.
    pub name: String,
    /// Where its key is kept; `None` for an entry of its own in the keyring.
    pub key: Option<KeyPlace>,
    /// Its first settings, by dotted name.
    pub settings: Vec<(String, Value)>,
}

impl Station {
    /// Makes a station in a folder that has none.
    pub fn init(folder: &Folder, new: &NewStation, clock: Clock) -> anyhow::Result<Self> {
        if folder.has_station() {
            let told = format!("there is a station in {} already: choose another folder", folder.path().display());
            return Err(Problem::new(Code::DataFolder, told).into());
        }
        let mut settings = Settings::default();
        for (name, value) in &new.settings {
            settings = settings.with(name, value)?;
        }
        folder.create()?;
        let id: StationId = clock.id()?;
        let place = new.key.clone().unwrap_or_else(|| KeyPlace::Keyring { entry: format!("station {id}") });
        let key = new_key(&place)?;
        let stamp = Stamp { at: clock.now(), by: Actor::Station };
        let made = wellread_store::NewStation { id, name: new.name.clone() };
        let database = Database::create(&folder.database(), key.as_ref(), &made, &stamp)?;
        database.write(&stamp, |writing| {
            keep_shipped_assays(writing)?;
            new.settings.iter().try_for_each(|(name, value)| writing.set_config(name, value, "first start"))?;
            anyhow::Ok(())
        })?;
        // From here on the folder has a station.
        folder.put_opening(&Opening { key: place })?;
        Self::with(folder.clone(), clock, database, None)
    }

    /// Opens the station of a folder, beside whatever else is at work there.
    pub fn open(folder: &Folder, clock: Clock) -> anyhow::Result<Self> {
        let database = open_database(folder)?;
        Self::with(folder.clone(), clock, database, None)
    }

    /// Opens the station of a folder as the one process that takes pictures in.
    pub fn open_service(folder: &Folder, clock: Clock) -> anyhow::Result<Self> {
        folder.opening()?;
        let lock = folder.lock()?;
        let database = open_database(folder)?;
        let station = Self::with(folder.clone(), clock, database, Some(lock))?;
        // What an earlier process left half-written is nobody's now.
        station.blobs.clear_incoming()?;
        station.write(keep_shipped_assays)?;
        Ok(station)
    }

    fn with(folder: Folder, clock: Clock, database: Database, lock: Option<Lock>) -> anyhow::Result<Self> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is not general enough")]
        let identity = database.read(|reading| reading.station())?;
        let blobs = Blobs::open(&folder.blobs())?;
        Ok(Self { folder, clock, identity, database, blobs, lock })
    }

    /// Its data folder.
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Its clock.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Who it is.
    pub const fn identity(&self) -> &wellread_store::Station {
        &self.identity
    }

    /// Its database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Its content-addressed files.
    pub const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Whether this process is the one that takes pictures in.
    pub const fn is_service(&self) -> bool {
        self.lock.is_some()
    }

    /// Its settings, as they are now.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        self.database.read(Settings::load)
    }

    /// The version of this program.
    pub const fn app_version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// Answers a question from one moment of the database.
    pub fn read<T>(&self, work: impl FnOnce(&Reading<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.database.read(work)
    }

    /// Does all of `work` in the station's own name, or none of it.
    pub fn write<T>(&self, work: impl FnOnce(&Writing<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.write_by(Actor::Station, work)
    }

    /// Does all of `work` in somebody's name, or none of it.
    pub(crate) fn write_by<T>(
        &self,
        by: Actor,
        work: impl FnOnce(&Writing<'_>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        self.database.write(&Stamp { at: self.clock.now(), by }, work)
    }
}

fn open_database(folder: &Folder) -> anyhow::Result<Database> {
    let key = folder.opening()?.key.fetch()?;
    Ok(Database::open(&folder.database(), key.as_ref())?)
}

fn new_key(place: &KeyPlace) -> anyhow::Result<Option<Key>> {
    if *place == KeyPlace::Unencrypted {
        return Ok(None);
    }
    let mut bytes = Zeroizing::new([0; 32]);
    crate::clock::random_bytes(bytes.as_mut())?;
    let key = Key::new(*bytes);
    place.put(&key)?;
    Ok(Some(key))
}

/// Keeps the assays that come with the program, so that runs made under them can be read for ever.
fn keep_shipped_assays(writing: &Writing<'_>) -> anyhow::Result<()> {
    for (id, toml) in Assay::shipped_texts() {
        let assay = Assay::from_toml(id, toml).with_context(|| format!("the shipped assay '{id}'"))?;
        let stored = StoredAssay { id: assay.id, version: assay.version, name: assay.name, toml: toml.to_owned() };
        writing.add_assay(&stored, "")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code_of;
    use serde_json::json;
    use tempfile::tempdir;

    fn plain() -> NewStation {
        let settings = vec![("intake.rest_ms".to_owned(), json!(200))];
        NewStation { name: "bench 1".to_owned(), key: Some(KeyPlace::Unencrypted), settings }
    }

    #[test]
    fn a_station_is_made_once_and_opens_again() {
        let place = tempdir().unwrap();
        let folder = Folder::new(place.path().join("data"));
        let clock = Clock::standing(1_700_000_000_000);
        assert_eq!(code_of(&Station::open(&folder, clock.clone()).unwrap_err()), Some(Code::DataFolder), "none yet");
        let id = Station::init(&folder, &plain(), clock.clone()).unwrap().identity().id;
        let station = Station::open(&folder, clock.clone()).unwrap();
        assert_eq!(station.identity().id, id, "the same station");
        assert_eq!(station.settings().unwrap().intake.rest_ms, 200, "with its first settings");
        assert!(station.database().verify().unwrap().is_sound(), "and a sound database");
        assert_eq!(code_of(&Station::init(&folder, &plain(), clock).unwrap_err()), Some(Code::DataFolder), "but once");
    }

    #[test]
    fn an_encrypted_station_opens_with_its_key_file_alone() {
        let place = tempdir().unwrap();
        let folder = Folder::new(place.path().join("data"));
        let file = place.path().join("wellread.key");
        let new = NewStation { key: Some(KeyPlace::File { path: file.clone() }), ..plain() };
        let clock = Clock::system();
        drop(Station::init(&folder, &new, clock.clone()).unwrap());
        Station::open(&folder, clock.clone()).unwrap();
        std::fs::rename(&file, place.path().join("elsewhere")).unwrap();
        assert!(Station::open(&folder, clock).is_err(), "without the key nobody reads it");
    }

    #[test]
    fn one_process_takes_pictures_in_and_others_may_look() {
        let place = tempdir().unwrap();
        let folder = Folder::new(place.path());
        let clock = Clock::system();
        Station::init(&folder, &plain(), clock.clone()).unwrap();
        let service = Station::open_service(&folder, clock.clone()).unwrap();
        assert!(service.is_service(), "this one");
        assert_eq!(code_of(&Station::open_service(&folder, clock.clone()).unwrap_err()), Some(Code::InUse), "not two");
        assert!(!Station::open(&folder, clock).unwrap().is_service(), "who looks, reviews or signs need not wait");
    }
}
