//! A station's way to headquarters: enrolled, synced, copied away and brought back, over real HTTP.

use crate::{
    plates::Plates,
    station::{Pictures, StationInHand, copy_folder},
};
use anyhow::{Context as _, ensure};
use rusqlite::{Connection, OpenFlags, params};
use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use wellread_station::{
    Clock, Folder, Station, Steps, backup,
    backup::Present,
    keys::KeyPlace,
    store::{Actor, Head, OutboxRecord, RejectedRecord, Sha256},
    sync::SyncReport,
};

/// Between two looks at whether all is told.
const LOOK: Duration = Duration::from_millis(20);

/// A backup of a station.
#[derive(Debug)]
pub struct BackUp {
    place: TempDir,
}

impl BackUp {
    fn file(&self) -> PathBuf {
        self.place.path().join("station.backup")
    }
}

impl StationInHand {
    /// Joins headquarters.
    pub fn enrol(&self, url: &str, code: &str) -> anyhow::Result<()> {
        self.station.enrol(&self.session, url, code).map(drop)
    }

    /// One round of the sync, by real HTTP.
    pub fn sync(&self) -> anyhow::Result<()> {
        self.report().map(drop)
    }

    /// The same, and what it says it did.
    pub fn report(&self) -> anyhow::Result<SyncReport> {
        let report = self.station.sync_once(&|| false)?;
        ensure!(report.failures.is_empty(), "{}", report.failures.join("; "));
        ensure!(report.fenced.is_empty(), "fenced: {}", report.fenced);
        Ok(report)
    }

    /// Does some work while the station's own loop runs beside it, as another process would, and ends the loop with that.
    pub fn beside_the_sync<T>(&mut self, work: impl FnOnce(&mut Self) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let other = Station::open(self.station.folder(), self.clock.clone())?;
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| other.keep_syncing(&|| stop.load(Ordering::SeqCst)));
            let done = work(self);
            stop.store(true, Ordering::SeqCst);
            done
        })
    }

    /// Waits until all is told. False where that does not come to be in time.
    pub fn wait_until_told(&self, limit: Duration) -> anyhow::Result<bool> {
        let began = Instant::now();
        while !self.is_told()? {
            if began.elapsed() > limit {
                return Ok(false);
            }
            // What waits is in a file; nobody tells when it changes.
            std::thread::park_timeout(LOOK);
        }
        Ok(true)
    }

    /// The end of its log.
    pub fn log_head(&self) -> anyhow::Result<Option<Head>> {
        self.station.read(|r| Ok(r.outbox_head()?))
    }

    /// Whether headquarters have all records, and all pictures where there are any.
    pub fn is_told(&self) -> anyhow::Result<bool> {
        let kept = self.pictures.kept;
        self.station.read(|r| Ok(r.pending()?.records == 0 && (!kept || r.blobs_pending()?.0 == 0)))
    }

    /// What headquarters put aside, as the station knows it.
    pub fn rejected(&self) -> anyhow::Result<Vec<RejectedRecord>> {
        self.station.read(|r| Ok(r.rejected_records()?))
    }

    /// Somebody says that this disk is the one that goes on.
    pub fn want_take_over(&self, why: &str) -> anyhow::Result<()> {
        self.station.take_over(&self.session, why)
    }

    /// Its newest completed run.
    pub fn newest_run(&self) -> anyhow::Result<String> {
        Ok(self.runs.last().context("nothing was completed")?.to_string())
    }

    /// How many layouts of headquarters it has.
    pub fn hub_layouts(&self) -> anyhow::Result<u64> {
        let file = self.look()?;
        Ok(file.query_row("SELECT count(*) FROM plate_layout WHERE id LIKE 'hq-%'", [], |row| row.get(0))?)
    }

    /// Sets its clock, which then stands there.
    pub fn set_clock(&self, utc_ms: i64) {
        self.clock.advance(utc_ms - self.clock.now().utc_ms);
    }

    /// Appends a record that no release would make, as a mistake of the program or of a disk might.
    pub fn slip_in(&self, kind: &str, schema_version: i64, payload: &str) -> anyhow::Result<i64> {
        let head = self.log_head()?.context("the log is empty")?;
        let mut record = OutboxRecord {
            seq: head.seq + 1,
            kind: kind.to_owned(),
            schema_version,
            payload: payload.to_owned(),
            hash: head.hash,
            actor: "station".to_owned(),
            at: self.clock.now(),
        };
        record.hash = record.computed(&head.hash);
        self.look()?.execute(
            "INSERT INTO outbox (seq, kind, schema_version, payload, hash, actor, created_at, offset_min)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                record.seq,
                record.kind,
                record.schema_version,
                record.payload,
                record.hash.to_string(),
                record.actor,
                record.at.utc_ms,
                record.at.offset_min
            ],
        )?;
        Ok(record.seq)
    }

    /// Past the program, as another one would look.
    fn look(&self) -> anyhow::Result<Connection> {
        let file = Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.busy_timeout(Duration::from_secs(10))?;
        Ok(file)
    }

    /// Records that are quickly made: so many files that are no pictures.
    pub fn small_records(&mut self, count: u64) -> anyhow::Result<()> {
        let mut files = Vec::new();
        for _ in 0..count {
            self.made += 1;
            files.push((self.file_id(), format!("note-{}.txt", self.made)));
        }
        let mtime_ns = self.clock.now().utc_ms * 1_000_000;
        self.write(Actor::Station, |w| {
            for (id, name) in files {
                let content = Sha256::of(name.as_bytes());
                let path = name.clone().into_bytes();
                w.see_file(&wellread_station::store::SeenFile { id, path, path_text: name, size: 9, mtime_ns })?;
                w.record_rejection(id, Some(&content), "not-a-picture", "It is a text.")?;
            }
            Ok(())
        })
    }

    /// Copies it away, as people do every evening.
    pub fn back_up(&self) -> anyhow::Result<BackUp> {
        let made = BackUp { place: TempDir::new()? };
        self.station.backup(&self.session, &made.file(), true, &Steps::unwatched())?;
        Ok(made)
    }

    /// The station of a backup, on a new disk of the machine that `lost` was on.
    pub fn restored(from: &BackUp, lost: &Self, seed: u64) -> anyhow::Result<Self> {
        let place = TempDir::new()?;
        let folder = Folder::new(place.path().join("data"));
        let clock = lost.clock.clone();
        let told = backup::restore(
            &from.file(),
            &folder,
            Some(KeyPlace::Unencrypted),
            Present::Keep,
            (&clock, &Steps::unwatched()),
        )?;
        ensure!(told.blobs_missing == 0, "the backup has all pictures");
        // The keyring is the machine's and not the disk's.
        for key in std::fs::read_dir(lost.data())?.flatten().filter(|entry| entry.file_name() == "station.key") {
            std::fs::copy(key.path(), folder.path().join(key.file_name()))?;
        }
        Self::opened(place, lost, seed)
    }

    /// The station in a folder that goes on with the numbers of another.
    pub(crate) fn opened(place: TempDir, like: &Self, seed: u64) -> anyhow::Result<Self> {
        let station = Station::open(&Folder::new(place.path().join("data")), like.clock.clone())?;
        Ok(Self {
            station,
            clock: like.clock.clone(),
            plates: Plates::new(seed)?,
            pictures: like.pictures,
            number: like.number,
            // Names that the other gives meanwhile are not given twice.
            made: like.made + 1_000,
            session: like.session.clone(),
            runs: like.runs.clone(),
            place,
        })
    }

    /// Switches it off, copies its disk and switches both on: one log that two go on with.
    pub fn copy(self, seed: u64) -> anyhow::Result<(Self, Self)> {
        let other = TempDir::new()?;
        let own = self.restarted(|place| copy_folder(place, other.path()))?;
        let copied = Self::opened(other, &own, seed)?;
        Ok((own, copied))
    }

    /// A new station whose clock is the system's.
    pub fn in_real_time(number: u64, seed: u64, pictures: Pictures) -> anyhow::Result<Self> {
        Self::with_clock(number, seed, pictures, Clock::system())
    }
}
