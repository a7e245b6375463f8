//! A station in a temporary folder, and plates to record.
#![allow(dead_code, reason = "the bench uses some of it, the tests all")]

use serde_json::json;
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;
use wellread_plate::{
    assay::Assay,
    class::WellClass,
    format::PlateFormat,
    interpret::{Interpretation, interpret},
    reading::{BBox, Grid, Orientation, OrientationBy, Reading, WellReading},
};
use wellread_store::{
    Actor, AssayKey, Completion, Database, Decision, EventId, FileId, FinalResults, Identity, Image, ImageKind, Key,
    ModelRef, NewReview, NewRun, NewStation, NewUser, Now, Options, RunId, SeenFile, Sha256, SignatureId, Stamp,
    StationId, StoredAssay, TitreScale, UserId,
};

/// The first moment of every test.
pub(crate) const START_MS: i64 = 1_790_000_000_000;

/// The `n`th id: each number its own, in time order.
pub(crate) fn uuid(kind: u8, n: u64) -> Uuid {
    let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
    uuid::Builder::from_unix_timestamp_millis(START_MS as u64 + n, &[kind, 0, a, b, c, d, e, f, g, h]).into_uuid()
}

pub(crate) fn run_id(n: u64) -> RunId {
    RunId::new(uuid(1, n))
}

pub(crate) fn file_id(n: u64) -> FileId {
    FileId::new(uuid(2, n))
}

pub(crate) fn event_id(n: u64) -> EventId {
    EventId::new(uuid(3, n))
}

pub(crate) fn user_id(n: u64) -> UserId {
    UserId::new(uuid(4, n))
}

pub(crate) fn signature_id(n: u64) -> SignatureId {
    SignatureId::new(uuid(5, n))
}

pub(crate) const fn now(minute: i64) -> Now {
    Now { utc_ms: START_MS + minute * 60_000, offset_min: 420 }
}

/// The station acting at a minute.
pub(crate) fn station_at(minute: i64) -> Stamp {
    Stamp { at: now(minute), by: Actor::Station }
}

/// The `n`th person acting at a minute.
pub(crate) fn person_at(n: u64, minute: i64) -> Stamp {
    Stamp { at: now(minute), by: Actor::User { id: user_id(n), name: format!("person{n}") } }
}

pub(crate) fn hi() -> Assay {
    Assay::shipped("hi").expect("hi is shipped")
}

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) db: Database,
}

impl Bench {
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("station.db")
    }

    /// A second way in, past the program: what `sqlite3` on the command line would be.
    pub(crate) fn behind(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).expect("the database is plain")
    }
}

pub(crate) fn patient() -> Options {
    Options { readers: 2, patience: std::time::Duration::from_millis(50) }
}

pub(crate) fn new_station() -> NewStation {
    NewStation { id: StationId::new(uuid(9, 0)), name: "Bench 1".to_owned() }
}

/// A station with the assay HI and two people who may do anything.
pub(crate) fn station(key: Option<&Key>) -> Bench {
    let folder = TempDir::new().expect("there is a temporary folder");
    let path = folder.path().join("station.db");
    let db = Database::create_with(&path, key, &new_station(), &station_at(0), patient()).expect("a new database");
    db.write(&station_at(0), |w| {
        w.add_assay(
            &StoredAssay { id: "hi".into(), version: hi().version, name: hi().name, toml: "id = 'hi'".into() },
            "",
        )?;
        for n in [1, 2] {
            w.create_user(&NewUser {
                id: user_id(n),
                username: format!("person{n}"),
                password_phc: "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA".into(),
                email: None,
                first_name: String::new(),
                last_name: String::new(),
                roles: vec!["supervisor".into()],
                verifier_expires_ms: None,
            })?;
        }
        Ok::<_, wellread_store::Error>(())
    })
    .expect("a station is set up");
    Bench { folder, db }
}

/// A plate whose row `r` is positive in its first `end_points[r]` wells.
pub(crate) fn interpretation(end_points: [u8; 8]) -> (Grid, Interpretation) {
    let format = PlateFormat::WELLS_96;
    let grid = Grid {
        format,
        homography: [100.0, 0.0, 150.0, 0.0, 100.0, 140.0, 0.0, 0.0, 1.0],
        rms_residual_px: 0.5,
        orientation: Orientation { known: true, by: OrientationBy::Letters },
    };
    let wells = format.iter().map(|well| {
        let [x, y] = grid.project(well.col() as f64, well.row() as f64);
        let p = if well.col() < usize::from(end_points[well.row()]) { 0.98 } else { 0.0125 };
        WellReading {
            well,
            center_px: [x, y],
            bbox: BBox { xmin: x - 50.0, ymin: y - 50.0, xmax: x + 50.0, ymax: y + 50.0 },
            probabilities: vec![(WellClass::TEARDROP, p), (WellClass::BUTTON, 1.0 - p)],
            flags: Vec::new(),
        }
    });
    let reading = Reading { wells: wells.collect(), grid: grid.clone() };
    (grid, interpret(&reading, &hi()).expect("it is an HI plate"))
}

pub(crate) fn completion(end_points: [u8; 8], needs_review: bool) -> Completion {
    let (grid, made) = interpretation(end_points);
    let judge = ModelRef {
        kind: "well-classifier".into(),
        name: "wells".into(),
        version: "0.1.0".into(),
        sha256: Sha256::of(b"model"),
    };
    Completion {
        judge: judge.clone(),
        models: vec![judge],
        processing_time_ms: 40,
        confidence_threshold: Some(0.8),
        grid,
        scale: TitreScale::of(&hi()),
        needs_review,
        review_reasons: if needs_review { vec!["Somebody must look.".into()] } else { Vec::new() },
        reading_key: None,
        results: FinalResults::of(&made),
        wells: made.wells,
        images: Vec::new(),
    }
}

pub(crate) fn identity(sample: &str, plate: &str) -> Identity {
    Identity { sample_no: sample.into(), submission_no: format!("T{sample}"), plate_no: plate.into() }
}

pub(crate) fn new_run(n: u64, sample: &str, plate: &str) -> NewRun {
    NewRun {
        id: run_id(n),
        intake: None,
        identity: identity(sample, plate),
        description: String::new(),
        image_sha256: Sha256::of(&n.to_be_bytes()),
        raw_image_path: None,
        assay: AssayKey { id: "hi".into(), version: hi().version },
        app_version: "0.1.0".into(),
        supersedes: None,
    }
}

pub(crate) fn raw_image(n: u64, name: &str) -> Image {
    let sha256 = Sha256::of(&n.to_be_bytes());
    Image {
        kind: ImageKind::Raw,
        file_name: name.into(),
        file_path: format!("blobs/{sha256}"),
        size: 1234,
        mime_type: "image/jpeg".into(),
        width_px: Some(1700),
        height_px: Some(1200),
        sha256,
    }
}

impl Bench {
    /// Records the `n`th run.
    pub(crate) fn record(&self, n: u64, sample: &str, plate: &str, end_points: [u8; 8], needs_review: bool) {
        let mut made = completion(end_points, needs_review);
        made.images.push(raw_image(n, &format!("capture_{sample}_{n}.jpg")));
        self.db
            .write(&station_at(n as i64), |w| w.record_run(&new_run(n, sample, plate), &made))
            .expect("a run is recorded");
    }

    /// Has a person decide something about a run, having seen everything there is.
    pub(crate) fn decide(&self, person: u64, n: u64, event: u64, decision: Decision) -> wellread_store::Result<()> {
        self.db.write(&person_at(person, event as i64), |w| {
            let based_on_seq = w.run_state(run_id(n))?.last_event_seq;
            w.review(&review(n, event, decision, based_on_seq)).map(drop)
        })
    }

    pub(crate) fn file(n: u64, name: &str) -> SeenFile {
        SeenFile {
            id: file_id(n),
            path: name.as_bytes().to_vec(),
            path_text: name.to_owned(),
            size: 1000 + n,
            mtime_ns: n as i64,
        }
    }

    pub(crate) fn assert_sound(&self) {
        let found = self.db.verify().expect("a verification ends");
        assert_eq!(found.findings, [], "what the program wrote must verify");
    }
}

pub(crate) fn review(n: u64, event: u64, decision: Decision, based_on_seq: i64) -> NewReview {
    // Stands in for the assay: after an override the plate has one end point more at 12.
    let results = matches!(decision, Decision::Override { .. }).then(|| results(&[(12, 1)]));
    NewReview {
        id: event_id(event),
        run: run_id(n),
        decision,
        reason_code: "misread".into(),
        reason_text: "looked again".into(),
        based_on_seq,
        results,
    }
}

pub(crate) fn results(distribution: &[(u8, u64)]) -> FinalResults {
    FinalResults {
        counts: json!({ "positive": 1, "negative": 95, "invalid": 0 }),
        distribution: distribution.iter().copied().collect(),
        results: json!({ "series": [] }),
    }
}
