//! `models/manifest.toml`: which models there are, what each takes and gives, and the hash it must have.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// All models of one folder.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The folder the files lie in.
    pub folder: PathBuf,
    /// The models, in the file's order.
    pub models: Vec<ModelSpec>,
}

/// One model as the manifest describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Its name, the one that runs carry.
    pub name: String,
    /// What it does.
    pub kind: ModelKind,
    /// Its version, raised with every training.
    pub version: String,
    /// The ONNX file, beside the manifest.
    pub file: PathBuf,
    /// SHA-256 of that file in lower-case hex.
    pub sha256: String,
    /// The picture it takes.
    pub input: InputSpec,
    /// Class names in the order of its output; for a locator none.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Divisor of the logits under which its confidence is calibrated.
    #[serde(default = "one")]
    pub temperature: f32,
    /// Terms under which it may be used.
    pub license: String,
    /// The model card, beside the manifest.
    pub card: PathBuf,
    /// Detectors: the least score of a box.
    #[serde(default = "quarter")]
    pub box_threshold: f32,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// A picture to a map of well centres.
    Locator,
    /// A well's crop to classes.
    WellClassifier,
    /// A square beside the wells to the label that stands there.
    Landmark,
    /// A laboratory's own YOLO export: a picture to boxes.
    Detector,
}

impl ModelKind {
    /// Its name, as the manifest writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locator => "locator",
            Self::WellClassifier => "well-classifier",
            Self::Landmark => "landmark",
            Self::Detector => "detector",
        }
    }
}

/// The picture a model takes: RGB planes, each value (v / 255 - mean) / std.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Width in pixels; for a locator the longer side.
    pub width: usize,
    /// Height in pixels; for a locator the longer side.
    pub height: usize,
    /// Subtracted.
    pub mean: f32,
    /// Divided by.
    pub std: f32,
}

fn one() -> f32 {
    1.0
}

fn quarter() -> f32 {
    0.25
}

/// What is wrong with a folder of models or with one of them.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No readable manifest.
    #[error("cannot read {}: {why}; give a folder that holds manifest.toml and the models it names", path.display())]
    NoManifest {
        /// The file looked for.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// A manifest that says something impossible.
    #[error("{}: {why}", path.display())]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// Key and what would be right.
        why: String,
    },
    /// The manifest has no model of a kind that is needed.
    #[error("{} names no model of kind '{kind}'; add one, or use the models that came with Wellread", path.display())]
    Missing {
        /// The manifest.
        path: PathBuf,
        /// The kind.
        kind: &'static str,
    },
    /// A file whose hash is not the manifest's.
    #[error("{} is not the file its manifest names (sha256 {found}, expected {expected}); put the original back, or enter the new hash once the model is checked", path.display())]
    WrongHash {
        /// The model's file.
        path: PathBuf,
        /// The hash in the manifest.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// A file that cannot be read or is no model.
    #[error("cannot load {}: {why}; put the original model file back", path.display())]
    Unreadable {
        /// The model's file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// ONNX Runtime is not there.
    #[error(
        "ONNX Runtime was not found ({why}); run ./dev setup, or set WELLREAD_ONNXRUNTIME to libonnxruntime's path"
    )]
    NoRuntime {
        /// Where it was looked for, or why it does not load.
        why: String,
    },
    /// The model ran and failed, or gave something of another shape.
    #[error("model {name} failed: {why}; use the models that came with Wellread, or ask who made this one")]
    Run {
        /// The model.
        name: String,
        /// The reason.
        why: String,
    },
}

impl ModelError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoManifest { .. } => "no-manifest",
            Self::BadManifest { .. } => "bad-manifest",
            Self::Missing { .. } => "model-missing",
            Self::WrongHash { .. } => "model-hash-mismatch",
            Self::Unreadable { .. } => "model-unreadable",
            Self::NoRuntime { .. } => "no-onnx-runtime",
            Self::Run { .. } => "model-failed",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    model: Vec<ModelSpec>,
}

impl Manifest {
    /// Reads `manifest.toml` of a folder. Model files are looked at only when they are loaded.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("manifest.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|e| ModelError::NoManifest { path: path.clone(), why: e.to_string() })?;
        let models = parse(&text).map_err(|why| ModelError::BadManifest { path, why })?;
        Ok(Self { folder: folder.to_owned(), models })
    }

    /// The first model of a kind.
    pub fn first(&self, kind: ModelKind) -> Option<&ModelSpec> {
        self.models.iter().find(|m| m.kind == kind)
    }
}

fn parse(text: &str) -> Result<Vec<ModelSpec>, String> {
    let document: Document = toml::from_str(text).map_err(|e| at_line(text, &e))?;
    for (index, model) in document.model.iter().enumerate() {
        check(model).map_err(|why| format!("model '{}': {why}", model.name))?;
        if document.model.iter().take(index).any(|m| m.name == model.name) {
            return Err(format!(
                "two models have the name '{}'; runs store the name, so give each its own",
                model.name
            ));
        }
    }
    Ok(document.model)
}

/// The parser's reason on one line, with the line of the file it is about.
fn at_line(text: &str, error: &toml::de::Error) -> String {
    let why = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    line.map_or_else(|| why.clone(), |line| format!("line {line}: {why}"))
}

fn check(model: &ModelSpec) -> Result<(), String> {
    if model.name.trim().is_empty() || model.version.trim().is_empty() {
        return Err("name and version must not be empty, because runs store them".into());
    }
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if model.sha256.len() != 64 || !model.sha256.chars().all(hex) {
        return Err("sha256 must be 64 lower-case hex digits (sha256sum prints them)".into());
    }
    if model.input.width == 0 || model.input.height == 0 || model.input.width.max(model.input.height) > 4096 {
        return Err("input.width and input.height must be from 1 to 4096".into());
    }
    if !(model.input.std > 0.0 && model.input.std.is_finite() && model.input.mean.is_finite()) {
        return Err("input.std must be above 0 and input.mean a number".into());
    }
    if !(0.05..=20.0).contains(&model.temperature) {
        return Err("temperature must be from 0.05 to 20".into());
    }
    if !(0.0..=1.0).contains(&model.box_threshold) {
        return Err("box_threshold must be from 0 to 1".into());
    }
    if model.kind != ModelKind::Locator && model.classes.is_empty() {
        return Err("classes must name what the output stands for, in its order".into());
    }
    Ok(())
}
