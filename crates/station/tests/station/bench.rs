//! A station in a temporary folder, people of every role, and plates to record.

use std::path::{Path, PathBuf};
use tempfile::TempDir;
use wellread_plate::{
    assay::Assay,
    class::WellClass,
    format::PlateFormat,
    interpret::interpret,
    reading::{BBox, Grid, Orientation, OrientationBy, Reading, WellReading},
};
use wellread_station::{
    Clock, Code, Folder, NewStation, Station, code_of,
    keys::KeyPlace,
    people::{NewPerson, Session},
    review::{Reason, ReasonCode},
    store::{
        AssayKey, Completion, FinalResults, Identity, Image, ImageKind, ModelRef, NewRun, RunId, SeenFile, Sha256,
        TitreScale,
    },
};

/// The first moment of every test.
pub(crate) const START_MS: i64 = 1_790_000_000_000;
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct Bench {
    pub(crate) place: TempDir,
    pub(crate) clock: Clock,
    pub(crate) station: Station,
    pub(crate) admin: Session,
}

pub(crate) fn because(code: ReasonCode) -> Reason {
    Reason { code, text: "looked again".to_owned() }
}

pub(crate) fn code<T: std::fmt::Debug>(outcome: anyhow::Result<T>) -> Option<Code> {
    code_of(&outcome.unwrap_err())
}

impl Bench {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        for folder in ["inbox", "out"] {
            std::fs::create_dir(place.path().join(folder)).unwrap();
        }
        let clock = Clock::standing(START_MS);
        let settings = vec![
            ("intake.inbox".to_owned(), place.path().join("inbox").to_str().unwrap().into()),
            ("deliver.folder".to_owned(), place.path().join("out").to_str().unwrap().into()),
        ];
        let new = NewStation { name: "Bench 1".to_owned(), key: Some(KeyPlace::Unencrypted), settings };
        let station = Station::init(&Folder::new(place.path().join("data")), &new, clock.clone()).unwrap();
        let admin = station.first_admin("admin", PASSWORD).unwrap();
        Self { place, clock, station, admin }
    }

    /// A person of a role, signed in.
    pub(crate) fn person(&self, name: &str, role: &str) -> Session {
        let person = NewPerson {
            username: name.to_owned(),
            password: PASSWORD.to_owned(),
            roles: vec![role.to_owned()],
            ..NewPerson::default()
        };
        self.station.create_user(&self.admin, &person).unwrap();
        self.station.login(name, PASSWORD).unwrap()
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.place.path().join(below)
    }

    /// Records a plate whose row `r` is positive in its first `end_points[r]` wells, from a file in the inbox.
    pub(crate) fn record(&self, sample: &str, plate: &str, end_points: [u8; 8], needs_review: bool) -> RunId {
        let id: RunId = self.clock.id().unwrap();
        let name = format!("capture_{id}.jpg");
        let picture = format!("picture {id}").into_bytes();
        std::fs::File::create(self.path("inbox").join(&name)).unwrap();
        put(&self.path("inbox").join(&name), &picture);
        let sha256: Sha256 = self.station.blobs().put(&picture).unwrap().parse().unwrap();
        let seen = SeenFile {
            id: self.clock.id().unwrap(),
            path: name.as_bytes().to_vec(),
            path_text: name.clone(),
            size: picture.len() as u64,
            mtime_ns: 1,
        };
        let image = Image {
            kind: ImageKind::Raw,
            file_name: name,
            file_path: format!("blobs/{sha256}"),
            size: picture.len() as u64,
            mime_type: "image/jpeg".to_owned(),
            width_px: None,
            height_px: None,
            sha256,
        };
        let assay = Assay::shipped("hi").unwrap();
        let new = NewRun {
            id,
            intake: Some(seen.id),
            identity: Identity {
                sample_no: sample.to_owned(),
                submission_no: format!("T{sample}"),
                plate_no: plate.to_owned(),
            },
            description: String::new(),
            image_sha256: sha256,
            raw_image_path: None,
            assay: AssayKey { id: "hi".to_owned(), version: assay.version },
            app_version: "0.1.0".to_owned(),
            supersedes: None,
        };
        let made = completion(&assay, end_points, needs_review, image);
        self.station
            .write(|writing| {
                writing.see_file(&seen)?;
                writing.add_blob(&sha256, picture.len() as u64, "image/jpeg")?;
                writing.admit(seen.id, &sha256)?;
                Ok(writing.record_run(&new, &made)?)
            })
            .unwrap();
        id
    }

    pub(crate) fn assert_sound(&self) {
        let found =
            self.station.verify(wellread_station::verify::Mend::No, &wellread_station::Steps::unwatched()).unwrap();
        assert_eq!(found.findings, [], "what the program wrote verifies");
    }
}

pub(crate) fn put(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    std::fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

fn completion(assay: &Assay, end_points: [u8; 8], needs_review: bool, image: Image) -> Completion {
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
    let made = interpret(&reading, assay).unwrap();
    let judge = ModelRef {
        kind: "well-classifier".to_owned(),
        name: "wells".to_owned(),
        version: "0.1.0".to_owned(),
        sha256: Sha256::of(b"model"),
    };
    Completion {
        judge: judge.clone(),
        models: vec![judge],
        processing_time_ms: 40,
        confidence_threshold: Some(0.8),
        grid,
        scale: TitreScale::of(assay),
        needs_review,
        review_reasons: if needs_review { vec!["Somebody must look.".to_owned()] } else { Vec::new() },
        reading_key: None,
        results: FinalResults::of(&made),
        wells: made.wells,
        images: vec![image],
    }
}
