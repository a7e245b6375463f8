//! The eyes as the commands use them: models found, one picture seen, failures with their codes.

use crate::{
    args::EyesArgs,
    failure::{Failure, Stop},
    record::{ModelRecord, Timing},
};
use std::{
    collections::BTreeMap,
    env, panic,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};
use wellread_plate::{
    class::{Call, WellClass},
    reading::{Grid, Reading},
};
use wellread_vision::{
    decode::{self, Limits},
    eyes::Ask,
    manifest::ModelError,
    raster::Raster,
    runtime::{Runtime, SessionPlan},
};

/// The file that names the models of a folder.
const MANIFEST: &str = "manifest.toml";

/// Models loaded, and what a picture may be.
pub(crate) struct Eyes {
    inner: wellread_vision::eyes::Eyes,
    limits: Limits,
    // Declared last, because the library must outlive the models that run in it.
    _runtime: Runtime,
}

/// A picture seen.
pub(crate) struct Sight {
    pub reading: Reading,
    pub raster: Raster,
    pub timing: Timing,
}

/// A picture in which no reading could be made.
pub(crate) struct Unseen {
    pub failure: Failure,
    /// Width and height, when it could be decoded.
    pub size: Option<(usize, usize)>,
}

/// How many pictures to read at once.
pub(crate) fn jobs(args: &EyesArgs, pictures: usize) -> usize {
    args.jobs.map_or_else(cores, usize::from).min(pictures.max(1))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs the work on one picture so that a panic in it fails that picture alone.
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    // What the work shares with others is the models, which keep no state between pictures.
    panic::catch_unwind(panic::AssertUnwindSafe(work)).map_err(|_| {
        let advice = "the program failed on this picture: please report it with the picture; the others are still read";
        Failure::new("internal-error", advice)
    })
}

impl Eyes {
    /// Loads ONNX Runtime and the models, for so many pictures at once.
    pub(crate) fn open(args: &EyesArgs, jobs: usize) -> Result<Self, Stop> {
        let stop = |error: ModelError| Stop::usage(error.code(), error);
        let folder = match &args.model {
            // A manifest and the folder that holds it mean the same.
            Some(path) if path.is_file() => path.parent().unwrap_or(Path::new(".")).to_owned(),
            Some(path) => path.clone(),
            None => installed_models().ok_or_else(|| {
                let wanted = "name their folder with --model or WELLREAD_MODELS";
                Stop::usage("no-models", format!("the models were not found beside the program: {wanted}"))
            })?,
        };
        let runtime = Runtime::open(None).map_err(stop)?;
        let plan = SessionPlan { sessions: jobs, threads_each: (cores() / jobs).max(1) };
        let inner = wellread_vision::eyes::Eyes::open(&runtime, &folder, plan).map_err(stop)?;
        Ok(Self { inner, limits: Limits::default(), _runtime: runtime })
    }

    /// The largest file that is read.
    pub(crate) fn most_bytes(&self) -> u64 {
        self.limits.file_bytes
    }

    /// The models in use.
    pub(crate) fn models(&self) -> Vec<ModelRecord> {
        let record = |id: &wellread_vision::runtime::ModelId| ModelRecord {
            name: id.name.clone(),
            version: id.version.clone(),
            sha256: id.sha256.clone(),
        };
        self.inner.models().into_iter().map(record).collect()
    }

    /// Decodes a file, finds its plate and classifies every well.
    pub(crate) fn see(
        &self,
        bytes: &[u8],
        classes: &BTreeMap<WellClass, Call>,
        calibration: Option<&Grid>,
    ) -> Result<Sight, Unseen> {
        let begun = Instant::now();
        let raster = match decode::decode(bytes, &self.limits) {
            Ok(decoded) => decoded.raster,
            Err(error) => return Err(Unseen { failure: Failure::new(error.code(), &error), size: None }),
        };
        let decode = begun.elapsed().as_secs_f64() * 1e3;
        let classes: Vec<WellClass> = classes.keys().cloned().collect();
        match self.inner.see(&raster, &Ask { classes: &classes, calibration }) {
            Ok(seen) => {
                let (locate, classify) = (seen.locate.as_secs_f64() * 1e3, seen.classify.as_secs_f64() * 1e3);
                let timing = Timing { decode, locate, classify, total: decode + locate + classify };
                Ok(Sight { reading: seen.reading, raster, timing })
            }
            Err(error) => Err(Unseen {
                failure: Failure::new(error.code(), &error),
                size: Some((raster.width(), raster.height())),
            }),
        }
    }
}

/// The folder of the models: `WELLREAD_MODELS`, else `models` beside the program, where packages put shared files, or
/// in a folder above it, as in a working copy.
fn installed_models() -> Option<PathBuf> {
    if let Some(named) = env::var_os("WELLREAD_MODELS") {
        return Some(PathBuf::from(named));
    }
    let program = env::current_exe().ok()?;
    let here = program.parent()?;
    let shared = here.join("../share/wellread/models");
    let above = here.ancestors().map(|folder| folder.join("models"));
    std::iter::once(shared).chain(above).find(|folder| folder.join(MANIFEST).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_jobs_than_pictures() {
        let args = |jobs| EyesArgs { model: None, jobs };
        assert_eq!(jobs(&args(Some(8)), 3), 3, "an idle job would only cost memory");
        assert_eq!(jobs(&args(Some(8)), 0), 1, "there is always one, to say that there is nothing");
        assert!(jobs(&args(None), 1000) >= 1, "one a core unless told");
    }

    #[test]
    fn a_panic_fails_its_picture_alone() {
        let quiet = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let result = contained(|| panic!("index out of bounds"));
        panic::set_hook(quiet);
        let failure: Result<(), Failure> = result;
        assert_eq!(failure.unwrap_err().code, "internal-error", "the others must still be read");
    }
}
