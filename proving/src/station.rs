//! A real station: its own database and blobs in a temporary folder, at work on made-up plates.

use crate::plates::{self, Plates};
use anyhow::Context as _;
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use uuid::Uuid;
use wellread_station::{
    Clock, Folder, NewStation, Station,
    keys::KeyPlace,
    people::Session,
    store::{
        Actor, AssayKey, EventId, FileId, Identity, Image, ImageKind, InterfaceFileId, NewRun, Now, RunId, Sha256,
        SignatureId, Stamp,
    },
};

/// How its pictures are made.
#[derive(Clone, Copy, Debug)]
pub struct Pictures {
    /// Bytes of a camera's picture; the annotated one has half as many.
    pub raw_bytes: usize,
    /// Whether their bytes are there, or their rows alone.
    pub kept: bool,
}

impl Pictures {
    /// Rows alone: the names of pictures that nobody took.
    pub const NONE: Self = Self { raw_bytes: 1_800_000, kept: false };
    /// Small ones.
    pub const SMALL: Self = Self { raw_bytes: 3_000, kept: true };
}

/// A station in a temporary folder.
#[derive(Debug)]
pub struct StationInHand {
    pub(crate) station: Station,
    pub(crate) clock: Clock,
    pub(crate) plates: Plates,
    pub(crate) pictures: Pictures,
    /// Keeps its samples apart from those of others.
    pub(crate) number: u64,
    /// Counts what was made, for names and ids.
    pub(crate) made: u64,
    pub(crate) session: Session,
    /// Completed runs, oldest first.
    pub(crate) runs: Vec<RunId>,
    pub(crate) place: TempDir,
}

impl StationInHand {
    /// A new station. Its clock stands at this moment and goes on with its work.
    pub fn new(number: u64, seed: u64, pictures: Pictures) -> anyhow::Result<Self> {
        Self::new_at(number, seed, pictures, Clock::system().now().utc_ms)
    }

    /// A new station whose clock shows another moment.
    pub fn new_at(number: u64, seed: u64, pictures: Pictures, utc_ms: i64) -> anyhow::Result<Self> {
        Self::with_clock(number, seed, pictures, Clock::standing(utc_ms))
    }

    pub(crate) fn with_clock(number: u64, seed: u64, pictures: Pictures, clock: Clock) -> anyhow::Result<Self> {
        let place = TempDir::new()?;
        let settings = vec![("sync.blobs".to_owned(), json!(pictures.kept))];
        let new = NewStation { name: format!("station {number}"), key: Some(KeyPlace::Unencrypted), settings };
        let station = Station::init(&Folder::new(place.path().join("data")), &new, clock.clone())?;
        let session = station.first_admin("noi", "a long enough password")?;
        let plates = Plates::new(seed)?;
        Ok(Self { station, clock, plates, pictures, number, made: 0, session, runs: Vec::new(), place })
    }

    /// The open station.
    pub const fn station(&self) -> &Station {
        &self.station
    }

    /// Its clock.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its number, which its samples bear.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        self.station.identity().id.uuid()
    }

    /// Its database's file.
    pub fn database(&self) -> PathBuf {
        self.station.folder().database()
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.station.folder().path()
    }

    /// Switches it off, does something to its disk, and switches it on.
    pub(crate) fn restarted(self, meanwhile: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        let Self { station, clock, plates, pictures, number, made, session, runs, place } = self;
        drop(station);
        meanwhile(place.path())?;
        let station = Station::open(&Folder::new(place.path().join("data")), clock.clone())?;
        Ok(Self { station, clock, plates, pictures, number, made, session, runs, place })
    }

    /// The next id: in time order by the station's clock, and the same for the same seed.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let random: [u8; 10] = rand::Rng::random(self.plates.chance());
        let millis = u64::try_from(self.clock.now().utc_ms).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    pub(crate) fn file_id(&mut self) -> FileId {
        FileId::new(self.uuid())
    }

    pub(crate) fn event_id(&mut self) -> EventId {
        EventId::new(self.uuid())
    }

    pub(crate) fn signature_id(&mut self) -> SignatureId {
        SignatureId::new(self.uuid())
    }

    pub(crate) fn interface_file_id(&mut self) -> InterfaceFileId {
        InterfaceFileId::new(self.uuid())
    }

    /// Who works here.
    pub(crate) fn person(&self) -> Actor {
        Actor::User { id: self.session.user(), name: self.session.name().to_owned() }
    }

    pub(crate) fn write<T>(
        &self,
        by: Actor,
        work: impl FnOnce(&wellread_station::store::Writing<'_>) -> wellread_station::store::Result<T>,
    ) -> anyhow::Result<T> {
        let at = Now { offset_min: 420, ..self.clock.now() };
        Ok(self.station.database().write(&Stamp { at, by }, work)?)
    }

    /// A run to be, for the next plate.
    pub(crate) fn new_run(&mut self, intake: Option<FileId>, identity: Identity, raw: &Image) -> NewRun {
        NewRun {
            id: RunId::new(self.uuid()),
            intake,
            identity,
            description: String::new(),
            image_sha256: raw.sha256,
            raw_image_path: Some(raw.file_path.clone()),
            assay: AssayKey { id: "hi".into(), version: self.plates.assay().version },
            app_version: Station::app_version().into(),
            supersedes: None,
        }
    }

    /// The pictures of the next plate, the camera's first.
    pub(crate) fn pictures(&mut self, identity: &Identity) -> anyhow::Result<Vec<Image>> {
        let n = self.made;
        let stem = format!("capture_{}_{}_{n:06}", identity.sample_no, identity.plate_no);
        let raw = self.pictures.raw_bytes;
        let kinds = [
            (ImageKind::Raw, format!("{stem}.jpg"), raw, (4000, 3000)),
            (ImageKind::Annotated, format!("{stem}.annotated.jpg"), raw / 2, (2000, 1500)),
            (ImageKind::Thumbnail, format!("{stem}.thumbnail.jpg"), 9_000.min(raw), (320, 240)),
        ];
        kinds.into_iter().map(|(kind, name, size, side)| self.picture(kind, name, size, side)).collect()
    }

    pub(crate) fn picture(
        &mut self,
        kind: ImageKind,
        name: String,
        size: usize,
        side: (u32, u32),
    ) -> anyhow::Result<Image> {
        let sha256 = if self.pictures.kept {
            let bytes = self.plates.bytes(size);
            self.station.blobs().put(&bytes)?.parse()?
        } else {
            Sha256::of(&self.plates.bytes(32))
        };
        // What a photograph weighs differs from one to the next.
        let size = if self.pictures.kept { size } else { size - self.made as usize % 90_001 % size };
        Ok(Image {
            kind,
            file_name: name,
            file_path: blob_path(&sha256),
            size: size as u64,
            mime_type: "image/jpeg".into(),
            width_px: Some(side.0),
            height_px: Some(side.1),
            sha256,
        })
    }

    /// Whose the next plate is.
    pub(crate) fn identity(&self) -> Identity {
        plates::identity(self.number, self.made)
    }
}

fn blob_path(sha256: &Sha256) -> String {
    let hex = sha256.to_string();
    let (first, rest) = hex.split_at_checked(2).unwrap_or((&hex, ""));
    format!("blobs/{first}/{rest}")
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}
