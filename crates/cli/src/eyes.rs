//! The eyes as the commands use them: one picture seen, timed, failures with their codes.

use crate::{
    args::EyesArgs,
    failure::{Failure, Stop},
    record::{ModelRecord, Timing},
};
use std::{collections::BTreeMap, time::Instant};
use wellread_plate::{
    class::{Call, WellClass},
    reading::{Grid, Reading},
};
use wellread_station::eyes::{self, EyesError, Unseen as Why, ms};
use wellread_vision::raster::Raster;

/// Models loaded.
pub(crate) struct Eyes(eyes::Eyes);

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
    args.jobs.map_or_else(eyes::cores, usize::from).min(pictures.max(1))
}

/// Runs the work on one picture so that a panic in it fails that picture alone.
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    eyes::contained(work).map_err(|why| failure(&why))
}

fn failure(why: &Why) -> Failure {
    Failure::new(&why.code, &why.message)
}

impl Eyes {
    /// Loads ONNX Runtime and the models, for so many pictures at once.
    pub(crate) fn open(args: &EyesArgs, jobs: usize) -> Result<Self, Stop> {
        let stop = |error: EyesError| Stop::usage(error.code(), error);
        eyes::Eyes::open(args.model.as_deref(), jobs).map(Self).map_err(stop)
    }

    /// The largest file that is read.
    pub(crate) fn most_bytes(&self) -> u64 {
        self.0.limits().file_bytes
    }

    /// The models in use.
    pub(crate) fn models(&self) -> Vec<ModelRecord> {
        let record = |id: &wellread_vision::runtime::ModelId| ModelRecord {
            name: id.name.clone(),
            version: id.version.clone(),
            sha256: id.sha256.clone(),
        };
        self.0.models().into_iter().map(record).collect()
    }

    /// Decodes a file, finds its plate and classifies every well.
    pub(crate) fn see(
        &self,
        bytes: &[u8],
        classes: &BTreeMap<WellClass, Call>,
        calibration: Option<&Grid>,
    ) -> Result<Sight, Unseen> {
        let begun = Instant::now();
        let decoded = self.0.decode(bytes).map_err(|why| Unseen { failure: failure(&why), size: None })?;
        let (raster, decode) = (decoded.raster, ms(begun.elapsed()));
        let size = Some((raster.width(), raster.height()));
        let seen = self.0.look(&raster, classes, calibration).map_err(|why| Unseen { failure: failure(&why), size })?;
        let (locate, classify) = (ms(seen.locate), ms(seen.classify));
        let timing = Timing { decode, locate, classify, total: decode + locate + classify };
        Ok(Sight { reading: seen.reading, raster, timing })
    }
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
}
