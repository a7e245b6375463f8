//! Lists and searches of a station that has worked for years: each is to stay under 50 ms.
//!
//! Makes a database of `WELLREAD_BENCH_RUNS` runs of 96 wells (100 000 if not said) in a temporary folder, by the
//! store's own calls; encrypted, unless `WELLREAD_BENCH_PLAIN` is set. About 5 GB and some minutes; with
//! `WELLREAD_BENCH_FOLDER` it is made there, kept, and found again. `--include-ignored` also times a whole backup and a
//! whole verification.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a benchmark tells how far it is, and stops where it fails"
)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the tests' plates are used")]
#![allow(clippy::redundant_closure_for_method_calls, reason = "the method alone is not general enough")]

#[path = "../tests/store/support.rs"]
mod support;

use divan::Bencher;
use std::{
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex},
    time::Instant,
};
use support::{completion, new_run, new_station, raw_image, station_at};
use tempfile::TempDir;
use wellread_store::{
    AuditFilter, Completion, Database, Disposition, Error, Key, Page, RunFailure, RunFilter, RunOrder, RunStatus,
    StoredAssay,
};

/// Runs of one transaction while the database is made.
const TOGETHER: u64 = 500;
const PAGE: u32 = 50;

struct Made {
    db: Database,
    runs: u64,
    path: PathBuf,
    /// Taken when all is measured, because nobody drops a static.
    folder: Mutex<Option<TempDir>>,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let runs = std::env::var("WELLREAD_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let key = std::env::var_os("WELLREAD_BENCH_PLAIN").is_none().then(|| Key::new([7; 32]));
    let kept = std::env::var_os("WELLREAD_BENCH_FOLDER").map(PathBuf::from);
    let folder = kept.is_none().then(|| TempDir::new().expect("there is a temporary folder"));
    let place = kept.as_deref().or(folder.as_ref().map(TempDir::path)).expect("one of the two");
    std::fs::create_dir_all(place).expect("its folder can be made");
    let path = place.join("station.db");
    let db = if path.exists() {
        Database::open(&path, key.as_ref()).expect("it was made before")
    } else {
        make(&path, key.as_ref(), runs)
    };
    // One that was found may have another size.
    let newest = db.read(|r| r.runs(&RunFilter::default(), Page::first(1))).expect("a page");
    let runs = newest.rows.first().map_or(0, |run| run.seq as u64);
    eprintln!("{runs} runs of {} wells", support::hi().format.wells());
    Made { db, runs, path, folder: Mutex::new(folder) }
});

fn make(path: &Path, key: Option<&Key>, runs: u64) -> Database {
    let db = Database::create(path, key, &new_station(), &station_at(0)).expect("a new database");
    let assay =
        StoredAssay { id: "hi".into(), version: support::hi().version, name: "HI".into(), toml: "id = 'hi'".into() };
    db.write(&station_at(0), |w| w.add_assay(&assay, "")).expect("the assay is added");
    let plates: Vec<Completion> = (0..=12).map(|end_point| completion([end_point; 8], false)).collect();
    let started = Instant::now();
    for first in (1..=runs).step_by(TOGETHER as usize) {
        db.write(&station_at(first as i64), |w| {
            (first..(first + TOGETHER).min(runs + 1)).try_for_each(|n| record(w, n, &plates))
        })
        .expect("runs are recorded");
    }
    let size = std::fs::metadata(path).expect("it is there").len() / 1_000_000;
    let encrypted = if key.is_some() { "encrypted" } else { "plain" };
    eprintln!("{runs} runs in {:.0} s, {size} MB, {encrypted}", started.elapsed().as_secs_f64());
    db
}

/// Four plates a sample; one run in a hundred fails, one in twenty wants a person.
fn record(w: &wellread_store::Writing<'_>, n: u64, plates: &[Completion]) -> Result<(), Error> {
    let sample = format!("S-2026-{:06}", n / 4);
    let new = new_run(n, &sample, &(n % 4).to_string());
    let image = raw_image(n, &format!("capture_{sample}_{}_20260101_120000.jpg", n % 4));
    if n.is_multiple_of(100) {
        let message = "There is no plate in the picture.".to_owned();
        return w.record_failure(
            &new,
            &RunFailure { code: "no-plate".into(), message, processing_time_ms: 30, images: vec![image] },
        );
    }
    let mut made = plates[n as usize % plates.len()].clone();
    made.needs_review = n % 20 == 1;
    made.images.push(image);
    w.record_run(&new, &made)
}

fn main() {
    LazyLock::force(&MADE);
    divan::main();
    drop(MADE.folder.lock().expect("nobody panicked").take());
}

#[divan::bench(ignore, sample_count = 1, sample_size = 1)]
fn whole_verification() {
    let found = MADE.db.verify().expect("it ends");
    assert!(found.is_sound(), "{:?}", found.findings);
}

#[divan::bench(ignore, sample_count = 1, sample_size = 1)]
fn whole_backup() {
    let to = MADE.path.with_extension("backup");
    MADE.db.backup(&to).expect("it is verified");
    std::fs::remove_file(to).expect("it is there");
}

fn list(bencher: Bencher, filter: &RunFilter, after: Option<i64>) {
    let page = Page { after, limit: PAGE };
    bencher.bench_local(|| MADE.db.read(|r| r.runs(filter, page)).expect("a page"));
}

fn text(text: &str) -> RunFilter {
    RunFilter { text: Some(text.into()), ..RunFilter::default() }
}

#[divan::bench]
fn page_first(bencher: Bencher) {
    list(bencher, &RunFilter::default(), None);
}

#[divan::bench]
fn page_middle(bencher: Bencher) {
    list(bencher, &RunFilter::default(), Some(MADE.runs as i64 / 2));
}

#[divan::bench]
fn page_last(bencher: Bencher) {
    list(bencher, &RunFilter::default(), Some(30));
}

#[divan::bench]
fn filter_failed(bencher: Bencher) {
    list(bencher, &RunFilter { status: Some(RunStatus::Failed), ..RunFilter::default() }, None);
}

#[divan::bench]
fn filter_to_review_middle(bencher: Bencher) {
    let filter = RunFilter { disposition: Some(Disposition::ToReview), ..RunFilter::default() };
    list(bencher, &filter, Some(MADE.runs as i64 / 2));
}

#[divan::bench]
fn filter_needs_review(bencher: Bencher) {
    list(bencher, &RunFilter { needs_review: Some(true), ..RunFilter::default() }, None);
}

#[divan::bench]
fn filter_sample(bencher: Bencher) {
    let sample_no = Some(format!("S-2026-{:06}", MADE.runs / 8));
    list(bencher, &RunFilter { sample_no, status: Some(RunStatus::Completed), ..RunFilter::default() }, None);
}

/// Nothing matches.
#[divan::bench]
fn filter_absent_assay(bencher: Bencher) {
    list(bencher, &RunFilter { assay: Some("mic".into()), ..RunFilter::default() }, None);
}

#[divan::bench]
fn filter_first_hour(bencher: Bencher) {
    let (from, to) = (station_at(0).at.utc_ms, station_at(60).at.utc_ms);
    list(bencher, &RunFilter { from_ms: Some(from), to_ms: Some(to), ..RunFilter::default() }, None);
}

#[divan::bench]
fn search_one_sample(bencher: Bencher) {
    list(bencher, &text(&format!("{:06}", MADE.runs / 8)), None);
}

#[divan::bench]
fn search_what_every_run_has(bencher: Bencher) {
    list(bencher, &text("capture"), None);
}

#[divan::bench]
fn search_one_letter_middle(bencher: Bencher) {
    list(bencher, &text("c"), Some(MADE.runs as i64 / 2));
}

#[divan::bench]
fn search_half_a_number(bencher: Bencher) {
    list(bencher, &text("s-2026-0000"), None);
}

/// Every run is found, none matches.
#[divan::bench]
fn search_and_absent_filter(bencher: Bencher) {
    list(bencher, &RunFilter { disposition: Some(Disposition::Rejected), ..text("capture") }, None);
}

/// Every run is found by three of four, one in a hundred by the last.
#[divan::bench]
fn search_and_rare_filter_middle(bencher: Bencher) {
    let filter = RunFilter { status: Some(RunStatus::Failed), assay: Some("hi".into()), ..text("capture s") };
    list(bencher, &filter, Some(MADE.runs as i64 / 2));
}

/// One in twenty and nineteen in twenty, and no run that is both.
#[divan::bench]
fn search_and_filters_that_exclude_each_other(bencher: Bencher) {
    let (needs_review, disposition) = (Some(true), Some(Disposition::Accepted));
    list(bencher, &RunFilter { needs_review, disposition, ..text("c") }, None);
}

#[divan::bench]
fn search_and_absent_sample(bencher: Bencher) {
    list(bencher, &RunFilter { sample_no: Some("S-1999".into()), ..text("capture") }, None);
}

#[divan::bench]
fn search_and_first_hour(bencher: Bencher) {
    let (from_ms, to_ms) = (Some(station_at(0).at.utc_ms), Some(station_at(60).at.utc_ms));
    list(bencher, &RunFilter { from_ms, to_ms, ..text("capture") }, None);
}

/// The dates are those of every run.
#[divan::bench]
fn search_and_absent_filter_of_all_time(bencher: Bencher) {
    let filter = RunFilter { from_ms: Some(0), to_ms: Some(i64::MAX), ..text("capture") };
    list(bencher, &RunFilter { disposition: Some(Disposition::Rejected), ..filter }, None);
}

fn by_sample(filter: RunFilter) -> RunFilter {
    RunFilter { order: RunOrder::Sample, ..filter }
}

#[divan::bench]
fn order_by_sample_middle(bencher: Bencher) {
    list(bencher, &by_sample(RunFilter::default()), Some(MADE.runs as i64 / 2));
}

#[divan::bench]
fn order_by_sample_search_all(bencher: Bencher) {
    list(bencher, &by_sample(text("capture")), None);
}

/// Every run is found and none matches, so every number is gone through.
#[divan::bench]
fn order_by_sample_absent_filter(bencher: Bencher) {
    list(bencher, &by_sample(RunFilter { disposition: Some(Disposition::Rejected), ..text("capture") }), None);
}

/// All of its few runs lie at the end of the order.
#[divan::bench]
fn order_by_sample_rare_filter(bencher: Bencher) {
    let filter = RunFilter { from_ms: Some(station_at(MADE.runs as i64 - 500).at.utc_ms), ..RunFilter::default() };
    list(bencher, &by_sample(RunFilter { status: Some(RunStatus::Failed), ..filter }), None);
}

#[divan::bench]
fn counts_of_tabs(bencher: Bencher) {
    bencher.bench_local(|| MADE.db.read(|r| r.run_tallies()).expect("counts"));
}

fn audit(bencher: Bencher, filter: &AuditFilter) {
    bencher.bench_local(|| MADE.db.read(|r| r.audit_entries(filter, Page::first(PAGE))).expect("a page"));
}

/// A handful of entries, the oldest of all.
#[divan::bench]
fn audit_of_a_rare_resource(bencher: Bencher) {
    audit(bencher, &AuditFilter { resource: Some("roles".into()), ..AuditFilter::default() });
}

#[divan::bench]
fn audit_of_the_first_hour(bencher: Bencher) {
    let (from_ms, to_ms) = (Some(station_at(0).at.utc_ms), Some(station_at(60).at.utc_ms));
    audit(bencher, &AuditFilter { from_ms, to_ms, ..AuditFilter::default() });
}

fn samples(bencher: Bencher, text: Option<&str>, after: Option<i64>) {
    bencher.bench_local(|| MADE.db.read(|r| r.samples(text, Page { after, limit: PAGE })).expect("a page"));
}

#[divan::bench]
fn samples_middle(bencher: Bencher) {
    samples(bencher, None, Some(MADE.runs as i64 / 2));
}

#[divan::bench]
fn samples_search_all(bencher: Bencher) {
    samples(bencher, Some("s"), None);
}

#[divan::bench]
fn samples_search_some(bencher: Bencher) {
    samples(bencher, Some("s-2026-00012"), None);
}

#[divan::bench]
fn open_one_run(bencher: Bencher) {
    let id = support::run_id(MADE.runs / 2 + 1);
    bencher.bench_local(|| {
        MADE.db
            .read(|r| Ok::<_, Error>((r.run(id)?, r.wells(id)?, r.events(id)?, r.final_results(id)?)))
            .expect("a run")
    });
}
