//! Admission: a file that rests becomes one run to be made, a noted duplicate, or an explained rejection.
//!
//! The picture is kept before the database promises a run of it, and both what was decided and the waiting run are one
//! transaction. So a crash leaves a file that is looked at again, never one that is lost or taken twice.

use super::{
    arrival::{self, Arrival},
    identity::Claim,
    name_pattern::NamePattern,
    next_plate,
    scan::Found,
};
use crate::{Settings, Station, failpoint};
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use wellread_plate::assay::Assay;
use wellread_store::{
    Admission, AssayKey, FileId, Identity, IntakeFile, IntakeState, NewRun, Reading, RunId, SeenFile, Sha256,
};
use wellread_vision::decode::{Format, Limits};

/// What files are admitted under. Made anew when settings change.
#[derive(Clone, Debug)]
pub struct Admitting {
    /// The watched folder.
    pub inbox: PathBuf,
    /// Whether its sub-folders are looked at.
    pub sub_folders: bool,
    /// How names are read.
    pub pattern: NamePattern,
    /// The assay of new plates.
    pub assay: AssayKey,
    /// What a picture may be.
    pub limits: Limits,
}

/// A run that waits to be made, and its picture.
#[derive(Clone, Debug)]
pub struct Plate {
    /// The run.
    pub run: NewRun,
    /// Whose plate it is, and who said so.
    pub claim: Claim,
    /// The file's name, for people.
    pub file_name: String,
    /// The picture.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: Format,
    /// What a person must be told whatever the picture shows.
    pub notes: Vec<String>,
}

/// What became of a file.
#[derive(Debug)]
pub enum Admitted {
    /// It is a plate to read.
    Plate(Box<Plate>),
    /// Its content was there already.
    Duplicate {
        /// The file that had it first.
        of: FileId,
    },
    /// It is no picture that can be read.
    Rejected {
        /// The reason, for programs.
        code: &'static str,
        /// The reason, for people.
        reason: String,
    },
    /// Something was decided about it before.
    Known,
    /// It is still written, or its end has not come: look again.
    NotYet,
    /// It is gone.
    Gone,
    /// The system does not let it be read: look again.
    Unreadable(String),
}

/// How a file is taken.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// It came while the station watched: what was entered for the next plate is meant for it.
    pub fresh: bool,
    /// It has been given time enough for its end to come.
    pub last_call: bool,
}

impl Admitting {
    /// What holds under these settings.
    pub fn of(station: &Station, settings: &Settings, limits: Limits) -> anyhow::Result<Self> {
        let inbox = settings.intake.inbox.clone();
        let inbox = inbox.context("no folder is watched yet: name one with `wellread config set intake.inbox DIR`")?;
        Ok(Self {
            inbox,
            sub_folders: settings.intake.sub_folders,
            pattern: NamePattern::parse(&settings.intake.name_pattern)?,
            assay: station.read(|reading| Ok(newest_assay(reading, &settings.assay)?.0))?,
            limits,
        })
    }

    /// Decides about a file that rests.
    pub fn admit(&self, station: &Station, found: &Found, manner: Manner) -> anyhow::Result<Admitted> {
        let arrival = arrival::read(&self.inbox, found, self.sub_folders, &self.limits);
        failpoint::reach("file-read");
        match arrival {
            Arrival::Picture { whole: false, .. } if !manner.last_call => Ok(Admitted::NotYet),
            Arrival::Refused(error) if arrival::may_still_come(&error) && !manner.last_call => Ok(Admitted::NotYet),
            Arrival::Picture { bytes, format, .. } => self.take(station, found, bytes, format, manner.fresh),
            Arrival::Refused(error) => {
                let (code, reason) = (error.code(), error.to_string());
                reject(station, found, code, &reason)
            }
            Arrival::Changed => Ok(Admitted::NotYet),
            Arrival::Gone => Ok(Admitted::Gone),
            Arrival::Unreadable(why) => Ok(Admitted::Unreadable(format!(
                "{} cannot be read ({why}): close it elsewhere, or give this account the right to read it",
                shown(&found.path)
            ))),
        }
    }

    fn take(
        &self,
        station: &Station,
        found: &Found,
        bytes: Vec<u8>,
        format: Format,
        fresh: bool,
    ) -> anyhow::Result<Admitted> {
        let sha256: Sha256 = station.blobs().put(&bytes)?.parse()?;
        failpoint::reach("blob-kept");
        let (file_id, run_id): (FileId, RunId) = (station.clock().id()?, station.clock().id()?);
        let name = file_name(&found.path);
        let admitted = station.write(|writing| {
            let file = writing.see_file(&seen(found, file_id))?;
            if !is_open(&file) {
                return Ok(Admitted::Known);
            }
            if let Admission::Duplicate(of) = writing.admit(file.id, &sha256)? {
                return Ok(Admitted::Duplicate { of });
            }
            writing.add_blob(&sha256, bytes.len() as u64, mime(format))?;
            let entered = if fresh { next_plate::take(writing)? } else { None };
            let claim = Claim::of(entered, &name, &self.pattern);
            let run = self.new_run(run_id, &file, &claim.identity, sha256);
            writing.queue_run(&run)?;
            failpoint::reach("in-admission");
            let notes = revision_note(&file).into_iter().collect();
            Ok(Admitted::Plate(Box::new(Plate { run, claim, file_name: name, bytes: Vec::new(), format, notes })))
        })?;
        failpoint::reach("admitted");
        Ok(match admitted {
            Admitted::Plate(mut plate) => {
                plate.bytes = bytes;
                Admitted::Plate(plate)
            }
            other => other,
        })
    }

    fn new_run(&self, id: RunId, file: &IntakeFile, identity: &Identity, sha256: Sha256) -> NewRun {
        NewRun {
            id,
            intake: Some(file.id),
            identity: identity.clone(),
            description: String::new(),
            image_sha256: sha256,
            raw_image_path: Some(blob_path(&sha256)),
            assay: self.assay.clone(),
            app_version: Station::app_version().to_owned(),
            supersedes: None,
        }
    }
}

fn reject(station: &Station, found: &Found, code: &'static str, reason: &str) -> anyhow::Result<Admitted> {
    let id: FileId = station.clock().id()?;
    station.write(|writing| {
        let file = writing.see_file(&seen(found, id))?;
        if !is_open(&file) {
            return Ok(Admitted::Known);
        }
        writing.record_rejection(file.id, None, code, reason)?;
        Ok(Admitted::Rejected { code, reason: reason.to_owned() })
    })
}

/// A file as the store notes it.
pub fn seen(found: &Found, id: FileId) -> SeenFile {
    SeenFile {
        id,
        path: found.path.as_os_str().as_encoded_bytes().to_vec(),
        path_text: shown(&found.path),
        size: found.stamp.size,
        mtime_ns: found.stamp.mtime_ns,
    }
}

/// Whether the store has decided about a file of this size and time.
pub fn is_decided(reading: &Reading<'_>, found: &Found) -> anyhow::Result<bool> {
    let known = reading.latest_file(found.path.as_os_str().as_encoded_bytes())?;
    Ok(known
        .is_some_and(|file| !is_open(&file) && file.size == found.stamp.size && file.mtime_ns == found.stamp.mtime_ns))
}

fn is_open(file: &IntakeFile) -> bool {
    matches!(file.state, IntakeState::Seen | IntakeState::Settling)
}

/// What a person must be told of a picture under a name that another had.
pub(crate) fn revision_note(file: &IntakeFile) -> Option<String> {
    (file.revision > 1).then(|| {
        format!(
            "Another picture came under the name {} (revision {}): check which one holds.",
            file.path_text, file.revision
        )
    })
}

/// The newest version of an assay the station knows.
pub fn newest_assay(reading: &Reading<'_>, id: &str) -> anyhow::Result<(AssayKey, Assay)> {
    let newest = reading.assays()?.into_iter().filter(|stored| stored.id == id).max_by_key(|stored| stored.version);
    let stored = newest.ok_or_else(|| crate::Problem::not_found("assay", id))?;
    let assay = Assay::from_toml(&stored.id, &stored.toml).with_context(|| format!("the stored assay '{id}'"))?;
    Ok((AssayKey { id: stored.id, version: stored.version }, assay))
}

/// Where a blob lies, relative to the data folder.
pub fn blob_path(sha256: &Sha256) -> String {
    let hex = sha256.to_string();
    let (first, rest) = hex.split_at_checked(2).unwrap_or((&hex, ""));
    format!("blobs/{first}/{rest}")
}

/// The type of a picture, by its content.
pub const fn mime(format: Format) -> &'static str {
    match format {
        Format::Jpeg => "image/jpeg",
        Format::Png => "image/png",
        Format::Tiff => "image/tiff",
        Format::Bmp => "image/bmp",
        Format::Webp => "image/webp",
    }
}

/// A path for people: on one line, whatever its bytes.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| shown(Path::new(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Clock, Folder, NewStation,
        intake::{identity::ClaimedBy, scan},
        keys::KeyPlace,
    };
    use serde_json::json;
    use std::{fs::File, io::Write as _};
    use tempfile::TempDir;

    const NAME: &str = "capture_S1_T1_2_20261121_094500.png";

    struct Bench {
        _place: TempDir,
        station: Station,
        admitting: Admitting,
    }

    fn bench() -> Bench {
        let place = tempfile::tempdir().unwrap();
        let inbox = place.path().join("inbox");
        std::fs::create_dir(&inbox).unwrap();
        let settings = vec![("intake.inbox".to_owned(), json!(inbox))];
        let new = NewStation { name: "bench".to_owned(), key: Some(KeyPlace::Unencrypted), settings };
        let clock = Clock::standing(1_700_000_000_000);
        let station = Station::init(&Folder::new(place.path().join("data")), &new, clock).unwrap();
        let admitting = Admitting::of(&station, &station.settings().unwrap(), Limits::default()).unwrap();
        Bench { _place: place, station, admitting }
    }

    /// A picture of one colour as a file's bytes.
    fn png(shade: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_pixel(40, 30, image::Rgb([shade, 120, 200]));
        picture.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        bytes
    }

    impl Bench {
        fn put(&self, name: &str, bytes: &[u8]) -> Found {
            File::create(self.admitting.inbox.join(name)).unwrap().write_all(bytes).unwrap();
            scan::one(&self.admitting.inbox, Path::new(name), false).unwrap()
        }

        fn admit(&self, found: &Found, fresh: bool) -> Admitted {
            self.admitting.admit(&self.station, found, Manner { fresh, last_call: true }).unwrap()
        }

        fn plate(&self, found: &Found, fresh: bool) -> Plate {
            match self.admit(found, fresh) {
                Admitted::Plate(plate) => *plate,
                other => panic!("it is a plate to read: {other:?}"),
            }
        }
    }

    #[test]
    fn a_new_picture_is_kept_and_waits_as_a_run() {
        let bench = bench();
        let found = bench.put(NAME, &png(1));
        let plate = bench.plate(&found, true);
        let expected = Identity { sample_no: "S1".into(), submission_no: "T1".into(), plate_no: "2".into() };
        assert_eq!((&plate.claim.identity, plate.claim.by), (&expected, ClaimedBy::Name), "by its name");
        let waiting = bench.station.read(|reading| Ok(reading.unfinished_runs()?)).unwrap();
        assert_eq!(waiting.len(), 1, "its run is promised");
        bench.station.blobs().verify(&plate.run.image_sha256.to_string()).unwrap();
        assert!(matches!(bench.admit(&found, true), Admitted::Known), "the same file is not decided about twice");
        let decided = bench.station.read(|reading| is_decided(reading, &found)).unwrap();
        assert!(decided, "and a scan passes it over");
    }

    #[test]
    fn the_same_content_is_a_duplicate_and_new_content_a_revision() {
        let bench = bench();
        bench.plate(&bench.put(NAME, &png(1)), true);
        let copy = bench.put("copy.png", &png(1));
        assert!(matches!(bench.admit(&copy, true), Admitted::Duplicate { .. }), "whatever its name");
        let mut larger = png(2);
        larger.extend(b"and more");
        let plate = bench.plate(&bench.put(NAME, &larger), true);
        assert_eq!(plate.notes.len(), 1, "a person must look which one holds: {:?}", plate.notes);
    }

    #[test]
    fn what_was_entered_is_for_the_next_fresh_plate() {
        let bench = bench();
        let next = Identity { sample_no: "S9".into(), ..Identity::default() };
        bench.station.write(|writing| next_plate::enter(writing, next)).unwrap();
        let old = bench.plate(&bench.put(NAME, &png(1)), false);
        assert_eq!(old.claim.by, ClaimedBy::Name, "one that waited is not meant");
        let fresh = bench.plate(&bench.put("IMG_1.png", &png(2)), true).claim;
        assert_eq!((fresh.identity.sample_no.as_str(), fresh.by), ("S9", ClaimedBy::Entered), "this one is");
        let left = bench.station.read(next_plate::waiting).unwrap();
        assert!(left.is_empty(), "and it is used up");
    }

    #[test]
    fn what_is_no_picture_is_refused_once_and_waited_for_before() {
        let bench = bench();
        let empty = bench.put("a.jpg", b"");
        let first = Manner { fresh: true, last_call: false };
        let waited = bench.admitting.admit(&bench.station, &empty, first).unwrap();
        assert!(matches!(waited, Admitted::NotYet), "its content may still come");
        let refused = bench.admit(&empty, true);
        assert!(matches!(refused, Admitted::Rejected { code: "empty-file", .. }), "it did not: {refused:?}");
        assert!(matches!(bench.admit(&empty, true), Admitted::Known), "and is not refused again");
    }
}
