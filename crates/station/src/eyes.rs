//! The eyes as the station uses them: models found, a picture decoded, a plate seen, failures with their codes.

use std::{
    collections::BTreeMap,
    env, panic,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use wellread_plate::{
    class::{Call, WellClass},
    reading::Grid,
};
use wellread_store::{ModelRef, Sha256};
use wellread_vision::{
    decode::{self, Decoded, Limits},
    eyes::{Ask, Seen},
    manifest::{ModelError, ModelKind},
    raster::Raster,
    runtime::{ModelId, Runtime, SessionPlan},
};

/// The file that names the models of a folder.
pub(crate) const MANIFEST: &str = "manifest.toml";

/// Models loaded, and what a picture may be.
pub struct Eyes {
    inner: wellread_vision::eyes::Eyes,
    limits: Limits,
    // Declared last, because the library must outlive the models that run in it.
    _runtime: Runtime,
}

/// A picture in which no reading could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// The stable name of the reason, for programs.
    pub code: String,
    /// What is wrong and what to do, on one line.
    pub message: String,
}

/// Why there are no eyes.
#[derive(Debug, thiserror::Error)]
pub enum EyesError {
    /// No folder of models was found.
    #[error("the models were not found beside the program: name their folder with --model or WELLREAD_MODELS")]
    NoModels,
    /// A model, or the library that runs it, cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl EyesError {
    /// The stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoModels => "no-models",
            Self::Model(error) => error.code(),
        }
    }
}

impl Unseen {
    /// A reason; its words are brought onto one line.
    pub fn new(code: &str, message: impl std::fmt::Display) -> Self {
        let words = message.to_string();
        Self { code: code.to_owned(), message: words.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// How many cores there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs the work on one picture so that a panic in it fails that picture alone.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Unseen> {
    // What the work shares with others is the models, which keep no state between pictures.
    panic::catch_unwind(panic::AssertUnwindSafe(work)).map_err(|_| {
        let advice = "the program failed on this picture: please report it with the picture; the others are still read";
        Unseen::new("internal-error", advice)
    })
}

impl Eyes {
    /// Loads ONNX Runtime and the models of a folder (else those installed), for so many pictures at once.
    pub fn open(folder: Option<&Path>, pictures: usize) -> Result<Self, EyesError> {
        let folder = match folder {
            // A manifest and the folder that holds it mean the same.
            Some(path) if path.is_file() => path.parent().unwrap_or(Path::new(".")).to_owned(),
            Some(path) => path.to_owned(),
            None => installed_models().ok_or(EyesError::NoModels)?,
        };
        let runtime = Runtime::open(None)?;
        let plan = SessionPlan { sessions: pictures.max(1), threads_each: (cores() / pictures.max(1)).max(1) };
        let inner = wellread_vision::eyes::Eyes::open(&runtime, &folder, plan)?;
        Ok(Self { inner, limits: Limits::default(), _runtime: runtime })
    }

    /// What a picture may be.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The models in use.
    pub fn models(&self) -> Vec<&ModelId> {
        self.inner.models()
    }

    /// The models in use, as a run keeps them; the one that judges the wells first.
    pub fn model_refs(&self) -> anyhow::Result<(ModelRef, Vec<ModelRef>)> {
        let of = |(kind, id): (ModelKind, &ModelId)| -> anyhow::Result<ModelRef> {
            let sha256: Sha256 = id.sha256.parse()?;
            Ok(ModelRef { kind: kind.as_str().into(), name: id.name.clone(), version: id.version.clone(), sha256 })
        };
        Ok((of(self.inner.judge())?, self.inner.parts().into_iter().map(of).collect::<anyhow::Result<_>>()?))
    }

    /// Decodes a file.
    pub fn decode(&self, bytes: &[u8]) -> Result<Decoded, Unseen> {
        decode::decode(bytes, &self.limits).map_err(|error| Unseen::new(error.code(), &error))
    }

    /// Finds a picture's plate and classifies every well.
    pub fn look(
        &self,
        raster: &Raster,
        classes: &BTreeMap<WellClass, Call>,
        calibration: Option<&Grid>,
    ) -> Result<Seen, Unseen> {
        let classes: Vec<WellClass> = classes.keys().cloned().collect();
        let ask = Ask { classes: &classes, calibration };
        self.inner.see(raster, &ask).map_err(|error| Unseen::new(error.code(), &error))
    }
}

/// Milliseconds, with their fraction.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The folder of the models: `WELLREAD_MODELS`, else `models` beside the program, where packages put shared files, or
/// in a folder above it, as in a working copy.
pub(crate) fn installed_models() -> Option<PathBuf> {
    if let Some(named) = env::var_os("WELLREAD_MODELS") {
        return Some(PathBuf::from(named));
    }
    let program = env::current_exe().ok()?;
    let here = program.parent()?;
    let shared = [here.join("../share/wellread/models"), here.join("../Resources/models")];
    let above = here.ancestors().map(|folder| folder.join("models"));
    shared.into_iter().chain(above).find(|folder| folder.join(MANIFEST).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_fails_its_picture_alone() {
        let quiet = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let result: Result<(), Unseen> = contained(|| panic!("index out of bounds"));
        panic::set_hook(quiet);
        assert_eq!(result.unwrap_err().code, "internal-error", "the others must still be read");
    }
}
