//! A station that is enrolled with the scripted hub, and plates for it.

use crate::hub::{CODE, Hub};
use std::time::Duration;
use tempfile::TempDir;
use wellread_plate::{
    assay::Assay,
    class::WellClass,
    format::PlateFormat,
    interpret::interpret,
    reading::{Grid, Orientation, OrientationBy, Reading, WellReading},
};
use wellread_station::{
    Clock, Folder, NewStation, Station,
    keys::KeyPlace,
    people::Session,
    store::{
        AssayKey, Completion, Direction, FinalResults, Identity, Image, ImageKind, ModelRef, NewRun, RunId, Sha256,
        TitreScale,
    },
    sync::{Budget, Engine, SyncError, SyncReport, SyncState},
};

pub(crate) const START_MS: i64 = 1_790_000_000_000;
pub(crate) const PASSWORD: &str = "correct horse battery";

/// More than anything here takes on a busy machine.
pub(crate) const BUDGET: Budget = Budget { each: Duration::from_mins(5), whatever_failed: false };

pub(crate) struct Bench {
    pub(crate) place: TempDir,
    pub(crate) station: Station,
    pub(crate) ada: Session,
    pub(crate) hub: Hub,
}

impl Bench {
    /// A station that belongs to nobody, and a hub that would take it.
    pub(crate) fn alone() -> Self {
        let place = tempfile::tempdir().unwrap();
        let new = NewStation { name: "bench 1".to_owned(), key: Some(KeyPlace::Unencrypted), settings: Vec::new() };
        let folder = Folder::new(place.path().join("data"));
        let station = Station::init(&folder, &new, Clock::standing(START_MS)).unwrap();
        let ada = station.first_admin("ada", PASSWORD).unwrap();
        Self { place, station, ada, hub: Hub::new() }
    }

    /// An enrolled station that has told nothing yet.
    pub(crate) fn new() -> Self {
        let bench = Self::alone();
        bench.enrol();
        bench
    }

    pub(crate) fn enrol(&self) -> SyncState {
        self.station.enrol_over(&self.ada, &self.hub, "http://hub.example/", CODE).unwrap()
    }

    pub(crate) fn round(&self) -> Result<SyncReport, SyncError> {
        Engine::new(&self.station, &self.hub, &|| false).unwrap().round(BUDGET)
    }

    /// A round that goes well.
    #[track_caller]
    pub(crate) fn sync(&self) -> SyncReport {
        let report = self.round().unwrap();
        assert_eq!(report.failures, Vec::<String>::new(), "nothing stands in the way");
        report
    }

    pub(crate) fn state(&self) -> SyncState {
        self.station.sync_state(&self.ada).unwrap()
    }

    pub(crate) fn acked(&self) -> i64 {
        self.station.read(|r| Ok(r.sync_state(Direction::Uplink)?.acked_seq)).unwrap()
    }

    pub(crate) fn head(&self) -> i64 {
        self.station.read(|r| Ok(r.outbox_head()?.map_or(0, |head| head.seq))).unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let found = self.station.database().verify().unwrap();
        assert_eq!(found.findings, [], "what the sync wrote verifies");
    }

    /// Records a plate of a sample, its picture kept; gives the run.
    pub(crate) fn plate(&self, n: u32, sample: &str, picture: &[u8]) -> RunId {
        let id = self.station.clock().id().unwrap();
        let sha256: Sha256 = self.station.blobs().put(picture).unwrap().parse().unwrap();
        let version = Assay::shipped("hi").unwrap().version;
        let new = NewRun {
            id,
            intake: None,
            identity: Identity {
                sample_no: sample.to_owned(),
                submission_no: format!("T{sample}"),
                plate_no: n.to_string(),
            },
            description: String::new(),
            image_sha256: sha256,
            raw_image_path: None,
            assay: AssayKey { id: "hi".to_owned(), version },
            app_version: Station::app_version().to_owned(),
            supersedes: None,
        };
        let mut made = completion(n);
        made.images = [ImageKind::Raw].map(|kind| image(kind, n, sha256, picture.len() as u64)).to_vec();
        self.station.write(|writing| Ok(writing.record_run(&new, &made)?)).unwrap();
        id
    }
}

pub(crate) fn image(kind: ImageKind, n: u32, sha256: Sha256, size: u64) -> Image {
    let hex = sha256.to_string();
    let (first, rest) = hex.split_at(2);
    Image {
        kind,
        file_name: format!("capture_S{n}_20261121_{:06}.jpg", n * 37),
        file_path: format!("blobs/{first}/{rest}"),
        size,
        mime_type: "image/jpeg".to_owned(),
        width_px: Some(1700),
        height_px: Some(1200),
        sha256,
    }
}

/// Chance that is the same each time.
pub(crate) fn chance(n: u64) -> f64 {
    let hash = Sha256::of(&n.to_be_bytes());
    let bytes: [u8; 8] = hash.as_bytes()[..8].try_into().unwrap();
    (u64::from_be_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A plate as a camera and a model give it: no number of it is round.
pub(crate) fn completion(n: u32) -> Completion {
    let format = PlateFormat::WELLS_96;
    let c = |k: u64| chance(u64::from(n) * 1_000 + k);
    let grid = Grid {
        format,
        homography: [
            108.0 + c(0),
            c(1),
            150.0 + 40.0 * c(2),
            c(3),
            107.0 + c(4),
            140.0 + 40.0 * c(5),
            1e-5 * c(6),
            1e-5 * c(7),
            1.0,
        ],
        rms_residual_px: c(8),
        orientation: Orientation { known: true, by: OrientationBy::Letters },
    };
    let wells = format.iter().zip(10_u64..).map(|(well, k)| {
        let positive = well.col() < 3 + (n as usize + well.row()) % 6;
        let sure = 1.0 - 0.04 * c(k) * c(k + 200);
        let p = if positive { sure } else { 1.0 - sure };
        WellReading {
            well,
            center_px: grid.bbox(well).center(),
            bbox: grid.bbox(well),
            probabilities: vec![(WellClass::TEARDROP, p), (WellClass::BUTTON, 1.0 - p)],
            flags: Vec::new(),
        }
    });
    let reading = Reading { wells: wells.collect(), grid: grid.clone() };
    let hi = Assay::shipped("hi").unwrap();
    let made = interpret(&reading, &hi).unwrap();
    let model = |kind: &str, sha: &[u8]| ModelRef {
        kind: kind.to_owned(),
        name: format!("{kind} hi"),
        version: "0.3.0".to_owned(),
        sha256: Sha256::of(sha),
    };
    Completion {
        judge: model("well-classifier", b"classifier"),
        models: vec![model("locator", b"locator"), model("well-classifier", b"classifier")],
        processing_time_ms: 180 + u64::from(n % 60),
        confidence_threshold: Some(hi.review_threshold),
        grid,
        scale: TitreScale::of(&hi),
        needs_review: made.needs_review,
        review_reasons: made.review_reasons.clone(),
        reading_key: None,
        results: FinalResults::of(&made),
        wells: made.wells,
        images: Vec::new(),
    }
}
