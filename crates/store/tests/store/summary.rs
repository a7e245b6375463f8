use crate::support::{identity, run_id, station, station_at};
use proptest::prelude::*;
use std::collections::BTreeMap;
use wellread_store::{Decision, Page};

#[test]
fn a_plate_scanned_again_replaces_itself() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    bench.record(2, "S1", "2", [6; 8], false);
    bench.record(3, "S1", "1", [7; 8], false);
    let sample = bench.db.read(|r| r.sample("S1")).unwrap().unwrap();
    let distribution: Vec<_> = sample.distribution.iter().collect();
    assert_eq!(distribution, [(6, 8), (7, 8)], "plate 1 counts once, as last scanned");
    assert_eq!((sample.total_runs, sample.counted_runs), (3, 2), "three runs were completed, two of them count");
    assert_eq!(sample.last_run, Some(run_id(3)), "the last one is the last recorded");
    let counted = bench.db.read(|r| r.counted_runs("S1")).unwrap();
    assert_eq!(counted, [run_id(2), run_id(3)], "these make the interface file");
    bench.assert_sound();
}

#[test]
fn the_seeds_views_answer() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    let other = bench.behind();
    let (distribution, runs): (String, i64) = other
        .query_row("SELECT distribution, total_runs FROM interface_data WHERE sample_no = 'S1'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((distribution.as_str(), runs), (r#"{"5":8}"#, 1), "as the program that read them before expects");
    let url: Option<String> =
        other.query_row("SELECT raw_image_url FROM prediction_run_details", [], |row| row.get(0)).unwrap();
    assert_eq!(url, None, "a station has no signed addresses");
}

#[test]
fn samples_are_found_by_the_beginning_of_their_numbers() {
    let bench = station(None);
    for (n, sample) in [(1, "AB-100"), (2, "AB-200"), (3, "ซีรั่ม-7"), (4, "AB-100")] {
        bench.record(n, sample, "1", [5; 8], false);
    }
    let found = |text: &str| -> Vec<String> {
        let listed = bench.db.read(|r| r.samples(Some(text), Page::first(10))).unwrap();
        listed.rows.into_iter().map(|sample| sample.sample_no).collect()
    };
    assert_eq!(found("ab"), ["AB-100", "AB-200"], "the one with the newest run first");
    assert_eq!(found("ab-2"), ["AB-200"], "two parts follow each other");
    assert_eq!(found("TAB-10"), ["AB-100"], "by submission number too");
    assert_eq!(found("ซีรั่"), ["ซีรั่ม-7"], "a Thai word is not cut at its marks");
    assert_eq!(found("-"), Vec::<String>::new(), "a text without letters finds nothing, and is no error");
}

#[derive(Clone, Debug)]
enum Step {
    Record { sample: u8, plate: u8, end_point: u8, doubtful: bool },
    Accept(usize),
    Reject(usize),
    Move { run: usize, sample: u8, plate: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3u8, 0..2u8, 0..=12u8, any::<bool>())
            .prop_map(|(sample, plate, end_point, doubtful)| Step::Record { sample, plate, end_point, doubtful }),
        1 => (0..8usize).prop_map(Step::Accept),
        1 => (0..8usize).prop_map(Step::Reject),
        1 => (0..8usize, 0..3u8, 0..2u8).prop_map(|(run, sample, plate)| Step::Move { run, sample, plate }),
    ]
}

/// What a person with paper and pencil would keep of a run. Sample 0 is the one nobody has named.
struct Noted {
    sample: u8,
    plate: u8,
    end_point: u8,
    doubtful: bool,
    decided: Option<bool>,
}

fn name(sample: u8) -> String {
    if sample == 0 { String::new() } else { format!("S{sample}") }
}

/// The end points of a sample by the rule as it is told: go through the plates, take the latest accepted run of each.
fn naive(runs: &[Noted], sample: u8) -> BTreeMap<u8, u64> {
    let mut distribution = BTreeMap::new();
    for plate in 0..2 {
        let accepted = |run: &&Noted| run.decided.unwrap_or(!run.doubtful);
        let mut of_plate = runs.iter().filter(|run| run.sample == sample && run.plate == plate);
        if let Some(latest) = of_plate.rfind(accepted) {
            *distribution.entry(latest.end_point).or_default() += 8;
        }
    }
    distribution
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_summary_follows_the_rule_whatever_happens(steps in prop::collection::vec(step(), 1..14)) {
        let bench = station(None);
        let mut runs: Vec<Noted> = Vec::new();
        for (at, step) in steps.into_iter().enumerate() {
            let event = at as u64;
            match step {
                Step::Record { sample, plate, end_point, doubtful } => {
                    bench.record(runs.len() as u64, &name(sample), &plate.to_string(), [end_point; 8], doubtful);
                    runs.push(Noted { sample, plate, end_point, doubtful, decided: None });
                }
                Step::Accept(run) if run < runs.len() => {
                    let decided = bench.decide(1, run as u64, event, Decision::Accept);
                    prop_assert_eq!(decided.is_ok(), runs[run].sample != 0, "a plate of nobody cannot be accepted");
                    if decided.is_ok() {
                        runs[run].decided = Some(true);
                    }
                }
                Step::Reject(run) if run < runs.len() => {
                    bench.decide(1, run as u64, event, Decision::Reject).unwrap();
                    runs[run].decided = Some(false);
                }
                Step::Move { run, sample, plate } if run < runs.len() => {
                    let to = identity(&name(sample), &plate.to_string());
                    bench.decide(1, run as u64, event, Decision::Sample(to)).unwrap();
                    (runs[run].sample, runs[run].plate) = (sample, plate);
                }
                _ => {}
            }
        }
        for sample in 1..3 {
            let stored = bench.db.read(|r| r.sample(&name(sample))).unwrap();
            let total = runs.iter().filter(|run| run.sample == sample).count() as u64;
            prop_assert_eq!(stored.as_ref().map_or(0, |s| s.total_runs), total, "every completed run is counted");
            let distribution = stored.map(|s| s.distribution.iter().collect()).unwrap_or_default();
            prop_assert_eq!(naive(&runs, sample), distribution, "sample {}", sample);
        }
        bench.assert_sound();
        bench.db.write(&station_at(99), |w| w.set_config("a", &serde_json::json!(1), "")).unwrap();
    }
}
