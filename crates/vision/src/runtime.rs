//! ONNX Runtime: found, loaded once, and the sessions over it.

use crate::manifest::{ModelError, ModelSpec};
use ndarray::{ArrayD, ArrayViewD};
use ort::{
    environment::Environment,
    session::{Session, builder::GraphOptimizationLevel},
    value::TensorRef,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    env,
    fmt::Write,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, PoisonError},
};

/// The version of ONNX Runtime that `./dev setup` brings.
const LIBRARY: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.1.31.1.dylib"
} else {
    "libonnxruntime.so.1.31.1"
};

/// A process may make one environment in its life, so whoever opens the library again shares it: a trial of other models
/// beside those at work, and those that replace them.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// The loaded library.
pub struct Runtime {
    environment: Environment,
}

/// How many pictures a model works on at once, and with how many threads each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPlan {
    /// Sessions; a caller beyond that many waits.
    pub sessions: usize,
    /// Threads within each.
    pub threads_each: usize,
}

impl Runtime {
    /// Loads ONNX Runtime: from `library`, else from `WELLREAD_ONNXRUNTIME` or `ORT_DYLIB_PATH`, else from beside the executable or from
    /// the `.onnxruntime` folder of it or of a folder above it.
    pub fn open(library: Option<&Path>) -> Result<Self, ModelError> {
        let named = || {
            ["WELLREAD_ONNXRUNTIME", "ORT_DYLIB_PATH"]
                .iter()
                .find_map(|key| env::var_os(key).filter(|v| !v.is_empty()))
                .map(PathBuf::from)
        };
        let path = library.map(Path::to_owned).or_else(named);
        let Some(path) = path.or_else(installed) else {
            return Err(ModelError::NoRuntime { why: format!("no {LIBRARY} beside the program") });
        };
        // A name without a folder would be looked for by the system's loader, wherever that looks.
        let path =
            path.canonicalize().map_err(|e| ModelError::NoRuntime { why: format!("{}: {e}", path.display()) })?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, environment) = match loaded.take() {
            Some(loaded) => loaded,
            None => (path.clone(), load(&path)?),
        };
        *loaded = Some((from.clone(), environment.clone()));
        if from != path {
            let why = format!("{} is loaded already, in place of {}: start again", from.display(), path.display());
            return Err(ModelError::NoRuntime { why });
        }
        Ok(Self { environment })
    }

    /// Loads a model whose file must have the manifest's hash.
    pub fn model(&self, folder: &Path, spec: &ModelSpec, plan: SessionPlan) -> Result<Model, ModelError> {
        let path = folder.join(&spec.file);
        let unreadable = |why: String| ModelError::Unreadable { path: path.clone(), why };
        let bytes = std::fs::read(&path).map_err(|e| unreadable(e.to_string()))?;
        let found = hex_sha256(&bytes);
        if found != spec.sha256 {
            return Err(ModelError::WrongHash { path, expected: spec.sha256.clone(), found });
        }
        let mut sessions = Vec::with_capacity(plan.sessions.max(1));
        for _ in 0..plan.sessions.max(1) {
            sessions.push(self.session(&bytes, plan.threads_each).map_err(|e| unreadable(one_line(&e)))?);
        }
        let id = ModelId { name: spec.name.clone(), version: spec.version.clone(), sha256: found };
        Ok(Model { id, spec: spec.clone(), idle: Mutex::new(sessions), returned: Condvar::new() })
    }

    fn session(&self, model: &[u8], threads: usize) -> ort::Result<Session> {
        // Waiting threads sleep instead of spinning: the same cores decode the next picture.
        Session::builder(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads.max(1))?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .commit_from_memory(model)
    }
}

fn load(path: &Path) -> Result<Environment, ModelError> {
    let failed = |why: String| ModelError::NoRuntime { why: format!("{}: {why}", path.display()) };
    let builder = ort::environment::init_from(path).map_err(|e| failed(one_line(&e)))?;
    builder.with_telemetry(false).build().map_err(|e| failed(one_line(&e)))
}

/// SHA-256 in lower-case hex.
pub fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn installed() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let here = program.parent()?;
    let beside = [here.to_owned(), here.join("../lib/wellread"), here.join("../Resources")].map(|at| at.join(LIBRARY));
    let above = here.ancestors().map(|folder| folder.join(".onnxruntime").join(LIBRARY));
    beside.into_iter().chain(above).find(|path| path.is_file())
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Which model it was, as every run stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelId {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: String,
}

/// A loaded model. Several threads may run it at once, as many as it has sessions.
pub struct Model {
    id: ModelId,
    spec: ModelSpec,
    idle: Mutex<Vec<Session>>,
    returned: Condvar,
}

impl Model {
    /// Which model it is.
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// What the manifest says of it.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Runs it on one input and returns its first output.
    #[expect(clippy::needless_pass_by_value, reason = "a view is passed as one passes a slice")]
    pub fn run(&self, input: ArrayViewD<'_, f32>) -> Result<ArrayD<f32>, ModelError> {
        let mut session = self.take();
        let output = infer(&mut session, &input);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        self.returned.notify_one();
        output.map_err(|e| self.failed(one_line(&e)))
    }

    /// An error of this model.
    pub fn failed(&self, why: impl Into<String>) -> ModelError {
        ModelError::Run { name: self.id.name.clone(), why: why.into() }
    }

    fn take(&self) -> Session {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match idle.pop() {
                Some(session) => return session,
                None => idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

fn infer(session: &mut Session, input: &ArrayViewD<'_, f32>) -> ort::Result<ArrayD<f32>> {
    let input = input.as_standard_layout();
    let tensor = TensorRef::from_array_view(input.view())?;
    let outputs = session.run(ort::inputs![tensor])?;
    let first = outputs.values().next();
    let value = first.ok_or_else(|| ort::Error::new("the model has no output"))?;
    Ok(value.try_extract_array::<f32>()?.into_owned())
}
