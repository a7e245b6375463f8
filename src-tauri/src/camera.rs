//! The simulated camera: puts a rendered plate into the watched folder now and then, to try the station with.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use wellread_phantom::{Family, FileKind, Request, Scene, Style, encode};
use wellread_station::folder::put_file;
use wellread_station::{Clock, clock::readable};

/// Time between two plates.
const EVERY: Duration = Duration::from_secs(6);
/// Plates of one sample.
const PLATES: u64 = 4;
/// Seeds from here on were never trained on.
const FIRST_SEED: u64 = 1 << 63;

/// A camera at work until it is dropped.
pub(crate) struct Camera {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Camera {
    /// Starts taking pictures of plates of an assay into a folder, named as a station expects it until it is told.
    pub(crate) fn start(inbox: PathBuf, assay: &str, clock: Clock) -> Self {
        let family = Family::of_assay(assay).unwrap_or(Family::HaemTilted);
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let begun = clock.now();
            let seed = FIRST_SEED | u64::try_from(begun.utc_ms).unwrap_or_default();
            // Other samples after another start: these plates replace none of an earlier one.
            let day_and_time: String = digits(&readable(begun)).chars().skip(4).take(8).collect();
            let mut number = 0;
            while !stopping.load(Ordering::Relaxed) {
                let (sample, plate) = (number / PLATES + 1, number % PLATES + 1);
                let taken: String = digits(&readable(clock.now())).chars().take(14).collect();
                let (day, time) = taken.split_at_checked(8).unwrap_or_default();
                let name = format!("capture_{day_and_time}-{sample}_SIM_{plate}_{day}_{time}.jpg");
                // A folder that is away is what a real camera meets too: the next picture tries again.
                let _ = take(&inbox, family, seed.wrapping_add(number), &name);
                number += 1;
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

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Takes one picture, under another name until it is whole.
fn take(inbox: &Path, family: Family, seed: u64, name: &str) -> anyhow::Result<()> {
    let request = Request { seed, family, style: Style::Bench, size: (1700, 1200), format: None };
    let picture = encode(&Scene::draw(&request).render(), FileKind::Jpeg(90)).map_err(anyhow::Error::msg)?;
    put_file(&inbox.join(name), &picture)
}
