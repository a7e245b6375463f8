use crate::support::{Bench, completion, new_run, raw_image, run_id, station, station_at};
use proptest::prelude::*;
use wellread_store::{Decision, Disposition, Page, RunFailure, RunFilter, RunLine, RunOrder, RunStatus};

const RUNS: u64 = 60;

/// A station with runs of every kind.
fn everything() -> Bench {
    let bench = station(None);
    let made = completion([5; 8], false);
    let failure =
        RunFailure { code: "x".into(), message: "No plate.".into(), processing_time_ms: 1, images: Vec::new() };
    for n in 1..=RUNS {
        let sample = if n % 7 == 0 { String::new() } else { format!("LAB-{:03}", n % 11) };
        let new = new_run(n, &sample, &(n % 3).to_string());
        bench
            .db
            .write(&station_at(n as i64), |w| {
                if n % 13 == 0 {
                    return w.record_failure(&new, &failure);
                }
                let mut made = made.clone();
                made.needs_review = n % 5 == 0;
                made.images.push(raw_image(n, &format!("capture_{n}.jpg")));
                w.record_run(&new, &made)
            })
            .expect("a run is recorded");
    }
    bench
}

/// Every line that pages of this length lead to.
fn all(bench: &Bench, filter: &RunFilter, limit: u32) -> Vec<RunLine> {
    let (mut lines, mut page) = (Vec::new(), Page::first(limit));
    loop {
        let listed = bench.db.read(|r| r.runs(filter, page)).expect("a page");
        assert!(listed.rows.len() <= limit as usize, "no page is longer than asked");
        lines.extend(listed.rows);
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return lines,
        }
    }
}

/// What the filter means, said row by row.
fn matches(filter: &RunFilter, line: &RunLine) -> bool {
    let at = line.predict_at.utc_ms;
    let text = filter.text.as_deref().unwrap_or_default().to_lowercase();
    let name = format!(
        " {} T{} {}",
        line.identity.sample_no,
        line.identity.sample_no,
        line.file_name.as_deref().unwrap_or_default()
    );
    let found = name.to_lowercase().split([' ', '-', '_', '.']).any(|word| word.starts_with(&text));
    found
        && filter.status.is_none_or(|status| line.status == status)
        && filter.disposition.is_none_or(|disposition| line.disposition == disposition)
        && filter.sample_no.as_ref().is_none_or(|sample| line.identity.sample_no == *sample)
        && filter.needs_review.is_none_or(|needs| line.needs_review == needs)
        && filter.assay.as_ref().is_none_or(|assay| line.assay_id == *assay)
        && filter.from_ms.is_none_or(|from| at >= from)
        && filter.to_ms.is_none_or(|to| at < to)
}

fn filter() -> impl Strategy<Value = RunFilter> {
    let word = prop_oneof![Just("lab"), Just("00"), Just("capture"), Just("4"), Just("zzz")];
    let order = prop::sample::select(vec![RunOrder::Newest, RunOrder::Oldest, RunOrder::Sample]);
    let minute = || prop::option::weighted(0.3, 0..=RUNS as i64).prop_map(|m| m.map(|m| station_at(m).at.utc_ms));
    (
        prop::option::weighted(0.4, word),
        prop::option::weighted(0.3, prop::sample::select(RunStatus::ALL)),
        prop::option::weighted(0.3, prop::sample::select(Disposition::ALL)),
        prop::option::weighted(0.3, 0..12u64),
        prop::option::weighted(0.3, any::<bool>()),
        prop::option::weighted(0.2, prop_oneof![Just("hi"), Just("ha")]),
        (minute(), minute(), order),
    )
        .prop_map(|(text, status, disposition, sample, needs_review, assay, (from_ms, to_ms, order))| RunFilter {
            text: text.map(str::to_owned),
            status,
            disposition,
            sample_no: sample.map(|n| format!("LAB-{n:03}")),
            needs_review,
            assay: assay.map(str::to_owned),
            from_ms,
            to_ms,
            order,
        })
}

#[test]
fn lines_are_newest_first_and_complete() {
    let bench = everything();
    let lines = all(&bench, &RunFilter::default(), 1000);
    let expected: Vec<_> = (1..=RUNS).rev().map(run_id).collect();
    assert_eq!(lines.iter().map(|line| line.run_id).collect::<Vec<_>>(), expected, "every run, the last one first");
    let counts = bench.db.read(|r| r.run_counts()).unwrap();
    assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), RUNS, "each has one disposition");
}

#[test]
fn samples_come_in_pages_too() {
    let bench = everything();
    let (mut found, mut page) = (Vec::new(), Page::first(4));
    loop {
        let listed = bench.db.read(|r| r.samples(Some("lab"), page)).unwrap();
        found.extend(listed.rows.into_iter().map(|sample| sample.sample_no));
        let Some(next) = listed.next else { break };
        page.after = Some(next);
    }
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!((found.len(), once.len()), (11, 11), "every sample exactly once: {found:?}");
}

#[test]
fn a_page_is_not_disturbed_by_what_arrives_meanwhile() {
    let bench = station(None);
    for n in 1..=4 {
        bench.record(n, "S1", "1", [5; 8], false);
    }
    let page = |after| bench.db.read(|r| r.runs(&RunFilter::default(), Page { after, limit: 2 })).unwrap();
    let first = page(None);
    bench.record(5, "S1", "1", [5; 8], false);
    let second = page(first.next);
    let seen: Vec<i64> = first.rows.iter().chain(&second.rows).map(|line| line.seq).collect();
    assert_eq!(seen, [4, 3, 2, 1], "none twice, none missed");
}

#[test]
fn pages_cover_every_matching_run_exactly_once() {
    let bench = everything();
    let lines = all(&bench, &RunFilter::default(), 1000);
    proptest!(ProptestConfig::with_cases(200), |(filter in filter(), limit in 1..20u32)| {
        let mut expected: Vec<&RunLine> = lines.iter().filter(|line| matches(&filter, line)).collect();
        match filter.order {
            RunOrder::Newest => {}
            RunOrder::Oldest => expected.reverse(),
            RunOrder::Sample => expected.sort_by_key(|line| (&line.identity.sample_no, &line.identity.plate_no, line.seq)),
        }
        let expected: Vec<i64> = expected.into_iter().map(|line| line.seq).collect();
        let found: Vec<i64> = all(&bench, &filter, limit).iter().map(|line| line.seq).collect();
        prop_assert_eq!(found, expected, "{:?}", filter);
    });
}

#[test]
fn what_is_typed_is_never_a_facet_and_a_facet_never_a_word() {
    let bench = station(None);
    bench.record(1, "completed", "1", [5; 8], false);
    bench.record(2, "S\u{e000}stfailed", "1", [5; 8], false);
    let found = |filter: RunFilter| -> Vec<i64> { all(&bench, &filter, 10).iter().map(|line| line.seq).collect() };
    let text = |text: &str| RunFilter { text: Some(text.into()), ..RunFilter::default() };
    assert_eq!(found(text("completed")), [1], "a status is no word: this is the sample's name");
    assert_eq!(found(text("stcompleted")), [] as [i64; 0], "nor is what stands for it in the index");
    assert_eq!(found(text("\u{e000}stcompleted")), [] as [i64; 0], "however it is typed");
    let failed = RunFilter { status: Some(RunStatus::Failed), ..RunFilter::default() };
    assert_eq!(found(failed), [] as [i64; 0], "a name that looks like a status is none");
    let dash = RunFilter { needs_review: Some(false), ..text("-") };
    assert_eq!(found(dash), [] as [i64; 0], "a text without letters finds nothing, with a filter too");
    bench.assert_sound();
}

#[test]
fn filters_follow_what_people_decide() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], true);
    let to_review = |text: &str| {
        let filter =
            RunFilter { text: Some(text.into()), disposition: Some(Disposition::ToReview), ..RunFilter::default() };
        all(&bench, &filter, 10).len()
    };
    assert_eq!(to_review("s1"), 1, "it waits for a person");
    bench.decide(1, 1, 1, Decision::Accept).unwrap();
    assert_eq!(to_review("s1"), 0, "and does not any more");
    let moved = Decision::Sample(crate::support::identity("S2", "1"));
    bench.decide(1, 1, 2, moved).unwrap();
    let of =
        |sample: &str| all(&bench, &RunFilter { sample_no: Some(sample.into()), ..RunFilter::default() }, 10).len();
    assert_eq!((of("S1"), of("S2")), (0, 1), "it is found under the number it has now");
    bench.assert_sound();
}

#[test]
fn tabs_are_counted_as_the_lists_are() {
    let bench = everything();
    for n in 1..=RUNS {
        // A failed run cannot be decided about; the others are moved through the dispositions.
        let _ = bench.decide(1, n, n, if n % 2 == 0 { Decision::Accept } else { Decision::Reject });
    }
    for tally in bench.db.read(|r| r.run_tallies()).unwrap() {
        let filter = RunFilter {
            status: Some(tally.status),
            disposition: Some(tally.disposition),
            needs_review: Some(tally.needs_review),
            ..RunFilter::default()
        };
        assert_eq!(all(&bench, &filter, 1000).len() as u64, tally.runs, "{tally:?}");
    }
    let counted: u64 = bench.db.read(|r| r.run_tallies()).unwrap().iter().map(|tally| tally.runs).sum();
    assert_eq!(counted, RUNS, "and none is left out");
}
