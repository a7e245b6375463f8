//! Manifests, and models through the real ONNX Runtime.

use ndarray::{Array4, ArrayD, IxDyn};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    thread,
};
use tempfile::TempDir;
use wellread_vision::{
    manifest::{Manifest, ModelError, ModelKind},
    runtime::{Model, Runtime, SessionPlan},
};

/// One session of one thread.
pub(crate) const ONE: SessionPlan = SessionPlan { sessions: 1, threads_each: 1 };

/// All tests share it.
pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::open(None).unwrap_or_else(|error| panic!("these tests need ONNX Runtime: {error}")));

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// A manifest's entry for a file of `tests/data`, with its true hash.
pub(crate) fn entry(file: &str, kind: &str, classes: &str, more: &str) -> String {
    let hash = sha256(&fs::read(data().join(file)).unwrap());
    format!(
        "[[model]]\nname = \"tiny\"\nkind = \"{kind}\"\nversion = \"1\"\nfile = \"{file}\"\nsha256 = \"{hash}\"\n\
         classes = {classes}\nlicense = \"none\"\ncard = \"tiny.md\"\n{more}\n\
         [model.input]\nwidth = 64\nheight = 64\nmean = 0.0\nstd = 1.0\n"
    )
}

/// A folder with a manifest and the models of `tests/data`.
pub(crate) fn folder(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("manifest.toml"), manifest.as_bytes());
    for file in ["detector.onnx", "mean-colour.onnx"] {
        fs::copy(data().join(file), folder.path().join(file)).unwrap();
    }
    folder
}

fn put(path: &Path, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a test's scratch file")]
    fs::write(path, bytes).unwrap();
}

/// The first model of a folder, loaded.
pub(crate) fn loaded(folder: &Path, plan: SessionPlan) -> Result<Model, ModelError> {
    let manifest = Manifest::load(folder)?;
    RUNTIME.model(folder, &manifest.models[0], plan)
}

fn mean_colour() -> String {
    entry("mean-colour.onnx", "well-classifier", "[\"red\", \"green\", \"blue\"]", "")
}

fn pixels(count: usize, red: f32) -> ArrayD<f32> {
    Array4::from_shape_fn((count, 3, 4, 4), |(_, channel, _, _)| if channel == 0 { red } else { 0.0 }).into_dyn()
}

#[test]
fn a_model_runs_and_tells_which_it_is() {
    let folder = folder(&mean_colour());
    let model = loaded(folder.path(), ONE).unwrap();
    let output = model.run(pixels(5, 0.5).view()).unwrap();
    assert_eq!(output.shape(), [5, 3], "five pictures, three means");
    assert!((output[IxDyn(&[4, 0])] - 0.5).abs() < 1e-6 && output[IxDyn(&[4, 1])].abs() < 1e-6, "red is 0.5");
    assert_eq!((model.id().name.as_str(), model.id().version.as_str()), ("tiny", "1"), "as runs store it");
    assert_eq!(model.id().sha256, model.spec().sha256, "and by its hash");
}

#[test]
fn an_input_need_not_be_contiguous() {
    let folder = folder(&mean_colour());
    let model = loaded(folder.path(), ONE).unwrap();
    let mut planes = pixels(1, 0.25);
    planes.swap_axes(2, 3);
    let output = model.run(planes.view()).unwrap();
    assert!((output[IxDyn(&[0, 0])] - 0.25).abs() < 1e-6, "a view with its axes swapped is copied into order");
}

#[test]
fn several_threads_share_a_model_and_get_their_own_answers() {
    let folder = folder(&mean_colour());
    for sessions in [1, 2] {
        let model = loaded(folder.path(), SessionPlan { sessions, threads_each: 1 }).unwrap();
        thread::scope(|scope| {
            for caller in 0..6u8 {
                let model = &model;
                scope.spawn(move || {
                    let red = f32::from(caller) / 10.0;
                    for _ in 0..50 {
                        let output = model.run(pixels(3, red).view()).unwrap();
                        assert!((output[IxDyn(&[2, 0])] - red).abs() < 1e-6, "caller {caller} got another's answer");
                    }
                });
            }
        });
    }
}

#[test]
fn a_failed_run_gives_its_session_back() {
    let folder = folder(&mean_colour());
    let model = loaded(folder.path(), ONE).unwrap();
    let wrong = ArrayD::zeros(IxDyn(&[2, 2]));
    for _ in 0..3 {
        let error = model.run(wrong.view()).unwrap_err();
        assert_eq!(error.code(), "model-failed", "two dimensions where four are wanted: {error}");
        assert!(!error.to_string().contains('\n'), "one line: {error}");
    }
    assert!(model.run(pixels(1, 0.5).view()).is_ok(), "the only session is back in its place");
}

#[test]
fn a_changed_model_is_refused() {
    let folder = folder(&mean_colour());
    let path = folder.path().join("mean-colour.onnx");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    put(&path, &bytes);
    let error = loaded(folder.path(), ONE).err().unwrap();
    assert_eq!(error.code(), "model-hash-mismatch", "{error}");
    assert!(error.to_string().contains("mean-colour.onnx"), "the file is named: {error}");
}

#[test]
fn missing_and_unreadable_models_are_named() {
    let folder = folder(&mean_colour());
    fs::remove_file(folder.path().join("mean-colour.onnx")).unwrap();
    let error = loaded(folder.path(), ONE).err().unwrap();
    assert_eq!(error.code(), "model-unreadable", "no such file: {error}");
    put(&folder.path().join("mean-colour.onnx"), b"no network at all");
    let manifest = mean_colour();
    let hash = Manifest::load(folder.path()).unwrap().models[0].sha256.clone();
    put(&folder.path().join("manifest.toml"), manifest.replace(&hash, &sha256(b"no network at all")).as_bytes());
    let error = loaded(folder.path(), ONE).err().unwrap();
    assert_eq!(error.code(), "model-unreadable", "the right hash of something that is no model: {error}");
}

#[test]
fn the_library_is_opened_again_beside_the_first() {
    LazyLock::force(&RUNTIME);
    let again = Runtime::open(None);
    assert!(again.is_ok(), "other models are tried while some are at work: {:?}", again.err());
}

#[test]
fn a_missing_library_is_named() {
    let error = Runtime::open(Some(Path::new("/nowhere/libonnxruntime.so"))).err().unwrap();
    assert_eq!(error.code(), "no-onnx-runtime", "{error}");
    assert!(error.to_string().contains("/nowhere/libonnxruntime.so"), "where it was looked for: {error}");
}

#[test]
fn a_manifest_is_read() {
    let folder = folder(
        &(mean_colour()
            + &entry("detector.onnx", "detector", "[\"red\"]", "box_threshold = 0.5").replace("tiny\"", "boxes\"")),
    );
    let manifest = Manifest::load(folder.path()).unwrap();
    assert_eq!(manifest.models.len(), 2, "both entries");
    let detector = manifest.first(ModelKind::Detector).unwrap();
    assert!((detector.box_threshold - 0.5).abs() < 1e-6 && (detector.temperature - 1.0).abs() < 1e-6, "and defaults");
    assert!(manifest.first(ModelKind::Locator).is_none(), "none of that kind");
}

#[test]
fn a_wrong_manifest_says_what_would_be_right() {
    let good = mean_colour();
    let cases = [
        ("kind = \"well-classifier\"", "kind = \"oracle\"", "oracle"),
        ("width = 64", "width = 0", "input.width"),
        ("std = 1.0", "std = 0.0", "input.std"),
        ("classes = [\"red\", \"green\", \"blue\"]", "classes = []", "classes"),
        ("license = \"none\"", "", "license"),
        ("version = \"1\"", "version = \"1\"\nspeed = 3", "speed"),
        ("license = \"none\"", "license = \"none\"\ntemperature = 0.0", "temperature"),
        ("license = \"none\"", "license = \"none\"\nbox_threshold = 2.0", "box_threshold"),
        ("sha256 = \"", "sha256 = \"XYZ", "sha256"),
        ("name = \"tiny\"", "name = \" \"", "name"),
        ("kind = \"well-classifier\"", "kind = \"oracle\"", "line 3"),
    ];
    for (from, to, word) in cases {
        assert!(good.contains(from), "the case changes something: {from}");
        let folder = folder(&good.replace(from, to));
        let error = Manifest::load(folder.path()).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.code(), "bad-manifest", "{text}");
        assert!(text.contains("manifest.toml") && text.contains(word), "'{text}' should name the file and {word}");
    }
    let twice = folder(&(good.clone() + &good));
    let error = Manifest::load(twice.path()).unwrap_err();
    assert!(error.to_string().contains("two models have the name 'tiny'"), "a run could not tell them apart: {error}");
    let error = Manifest::load(Path::new("/nowhere")).unwrap_err();
    assert_eq!(error.code(), "no-manifest", "{error}");
}
