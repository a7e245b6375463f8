//! What both benchmarks read, and with which models.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use wellread_plate::{assay::Assay, class::WellClass};
use wellread_vision::{
    eyes::Eyes,
    runtime::{Runtime, SessionPlan},
};

/// As many threads as the machine that the figures are stated for has cores.
pub(crate) const PLAN: SessionPlan = SessionPlan { sessions: 1, threads_each: 2 };

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file or folder named by a variable of the environment, else one in the repository; `./dev bench` makes it.
pub(crate) fn made(variable: &str, default: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from)
}

pub(crate) fn image_bytes() -> Vec<u8> {
    let path = made("WELLREAD_BENCH_IMAGE", "target/bench/plate.jpg");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}: run ./dev bench, which makes it", path.display()))
}

/// ONNX Runtime, which a process opens once.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::open(None).expect("run ./dev setup first"))
}

pub(crate) fn eyes() -> Eyes {
    Eyes::open(runtime(), &made("WELLREAD_MODELS", "models"), PLAN).expect("the shipped models load")
}

pub(crate) fn classes() -> Vec<WellClass> {
    Assay::shipped("hi").expect("hi is shipped").classes.into_keys().collect()
}
