//! The simulated camera: puts a rendered plate into the watched folder now and then, to try the station with.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use wellread_phantom::{Family, FileKind, Request, Scene, Style, encode};

/// Time between two plates.
const EVERY: Duration = Duration::from_secs(6);
/// Seeds from here on were never trained on.
const FIRST_SEED: u64 = 1 << 63;

/// A camera at work until it is dropped.
pub(crate) struct Camera {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Camera {
    /// Starts taking pictures of plates of an assay into a folder; `begun_ms` names the first of them.
    pub(crate) fn start(inbox: PathBuf, assay: &str, begun_ms: i64) -> Self {
        let family = Family::of_assay(assay).unwrap_or(Family::HaemTilted);
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut number = 0;
            while !stopping.load(Ordering::Relaxed) {
                number += 1;
                // A folder that is away is what a real camera meets too: the next picture tries again.
                let _ = take(&inbox, family, begun_ms, number);
                thread::park_timeout(EVERY);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Takes one picture, under another name until it is whole.
fn take(inbox: &Path, family: Family, begun_ms: i64, number: u64) -> std::io::Result<()> {
    let seed = FIRST_SEED | u64::try_from(begun_ms).unwrap_or_default().wrapping_add(number);
    let request = Request { seed, family, style: Style::Bench, size: (1700, 1200), format: None };
    let picture = encode(&Scene::draw(&request).render(), FileKind::Jpeg(90)).map_err(std::io::Error::other)?;
    let name = format!("capture_SIM{:04}_{begun_ms}_{number:04}.jpg", number.div_ceil(4));
    let part = inbox.join(format!("{name}.part"));
    fs::write(&part, picture)?;
    fs::rename(part, inbox.join(name))
}
