//! What is in the records, and how many there are.

use super::{Given, Outcome};
use crate::{checker::Found, station::StationInHand, world::World};
use anyhow::ensure;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use serde_json::json;
use wellread_wire::{MOST_RECORDS, MOST_RUNS};

/// Records that are no rows, each in its own way: kind, version, payload, and the code that the hub gives it.
fn poisons(run: &str) -> [(&'static str, i64, String, &'static str); 8] {
    let missing = "0190aaaa-0000-7000-8000-00000000dead";
    let review = |run: &str, reason: &str| {
        json!({ "run_id": run, "results": null, "event": {
            "seq": 999, "id": missing, "decision": { "kind": "accept" }, "reason_code": "misread", "reason_text": reason,
            "actor": "noi", "user": null, "at": { "utc_ms": 1_790_000_000_000_i64, "offset_min": 0 }, "based_on_seq": 0,
            "conflict": false, "undone": false,
        } })
        .to_string()
    };
    let state = |status: &str| {
        json!({ "run_id": run, "status": status, "disposition": "accepted", "identity": { "sample_no": "", "submission_no":
            "", "plate_no": "" }, "needs_review": false, "conflict": false, "signed": "", "last_event_seq": 0,
            "distribution": {} })
        .to_string()
    };
    [
        ("horoscope", 1, json!({ "sign": "crab" }).to_string(), "kind-unknown"),
        ("config", 99, json!({ "key": "a", "value": 1 }).to_string(), "schema-newer"),
        ("config", 0, json!({ "key": "a", "value": 1 }).to_string(), "schema-too-old"),
        ("config", 1, json!({ "cley": "a" }).to_string(), "payload"),
        ("run", 1, json!({}).to_string(), "payload"),
        // PostgreSQL takes no NUL in a text.
        ("config", 1, json!({ "key": "a\u{0}b", "value": "c\u{0}d" }).to_string(), ""),
        ("review", 1, review(missing, "of a run that nobody has made"), ""),
        ("run-state", 1, state("nonsense"), ""),
    ]
}

/// Each kind of poison between good records, alone in a batch and with fifty runs.
pub(super) fn poison(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut station = world.station(1)?;
    let mut outcome = Outcome::default();
    let mut excused = Vec::new();
    station.work(10)?;
    world.settle(&station)?;
    let run = station.newest_run()?;
    for (kind, version, payload, code) in poisons(&run) {
        if outcome.runs % 3 == 2 {
            station.backlog(given.size.of(55, 5))?;
        } else {
            station.work(3)?;
        }
        let seq = station.slip_in(kind, version, &payload)?;
        station.work(3)?;
        world.settle(&station)?;
        // What was put aside is told at the next contact.
        station.sync()?;
        let told = station.rejected()?;
        let one = told.iter().find(|one| one.seq == seq);
        ensure!(one.is_some(), "a '{kind}' at {seq} is not among what the hub rejected: {told:?}");
        ensure!(one.is_some_and(|one| code.is_empty() || one.code == code), "'{kind}' v{version}: {one:?}, not {code}");
        ensure!(one.is_some_and(|one| !one.reason.is_empty()), "without a reason nobody knows what to do");
        excused.push(seq);
        outcome.runs += 1;
    }
    outcome.add(world.compare(&[&station])?);
    // To the letter in the quarantine, and nowhere else.
    let kept = world.hub.sql()?.number(
        "SELECT count(*) FROM microplates.sync_quarantine q JOIN microplates.station_log l
           ON (l.org_id, l.station_id, l.incarnation, l.seq) = (q.org_id, q.station_id, q.incarnation, q.seq)
         WHERE q.state = 'open' AND l.outcome = 'quarantined' AND q.reason <> '' AND q.payload <> ''",
    )?;
    ensure!(kept == excused.len() as i64, "{kept} records are in the quarantine, not {}", excused.len());
    Ok(outcome)
}

/// A property: however many records of which kind wait, all of them arrive, in batches within the limits.
pub(super) fn boundaries(given: Given<'_>) -> anyhow::Result<Outcome> {
    let world = World::new(given.server, given.seed)?;
    let mut outcome = Outcome::default();
    exact_ones(&world, given, &mut outcome)?;
    pages(&world, given, &mut outcome)?;
    by_chance(&world, given, &mut outcome)?;
    Ok(outcome)
}

/// What is exactly at a limit, one less and one more.
fn exact_ones(world: &World, given: Given<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let (runs, records) = (MOST_RUNS as u64, MOST_RECORDS as u64);
    let mut station = world.station(1)?;
    world.settle(&station)?;
    let mut sizes = vec![(runs - 1, 0), (runs, 0), (runs + 1, 0), (0, records - 1), (0, records), (0, records + 1)];
    sizes.extend([(2 * runs, 0), (runs, records - runs), (runs + 1, records - runs)]);
    if given.size == super::Size::Test {
        sizes = vec![(runs, 0), (runs + 1, 0), (0, records), (0, records + 1)];
    }
    for (runs, others) in sizes {
        push_all(world, &mut station, runs, others)?;
        outcome.runs += 1;
    }
    outcome.add(world.compare(&[&station])?);
    Ok(())
}

fn push_all(world: &World, station: &mut StationInHand, runs: u64, others: u64) -> anyhow::Result<()> {
    station.backlog(runs)?;
    station.small_records(others)?;
    let from = world.network.seen();
    world.settle(station)?;
    let pushes = world.network.seen_from(from).into_iter().filter(|seen| seen.exchange.is_push()).count() as u64;
    let fewest = runs.div_ceil(MOST_RUNS as u64).max((runs + others).div_ceil(MOST_RECORDS as u64));
    ensure!(pushes >= fewest, "{runs} runs and {others} others in {pushes} pushes: more than may be in one");
    Ok(())
}

/// Pages of the feed: whatever the length of a page, entries of just as many, one less and one more all come.
fn pages(world: &World, given: Given<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let station = world.station(2)?;
    world.settle(&station)?;
    let mut published = 0;
    let sizes: &[u64] =
        if given.size == super::Size::Test { &[1, 499, 2] } else { &[1, 99, 100, 101, 499, 500, 501, 999, 1000, 1001] };
    for entries in sizes {
        world.hub.publish_layouts(published, *entries)?;
        published += entries;
        world.settle(&station)?;
        let known = station.hub_layouts()?;
        ensure!(known == published, "{published} layouts were published and the station has {known}");
        outcome.runs += 1;
    }
    Ok(())
}

fn by_chance(world: &World, given: Given<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
    let cases = given.size.of(12, 2) as u32;
    let seed: Vec<u8> = given.seed.to_be_bytes().into_iter().cycle().take(32).collect();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 8, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let parts = prop::collection::vec((0..70_u64, 0..260_u64), 1..4);
    let found = std::cell::RefCell::new((Found::default(), 10_u64));
    let tried = runner.run(&parts, |parts| {
        let number = {
            let mut found = found.borrow_mut();
            found.1 += 1;
            found.1
        };
        let one = || -> anyhow::Result<Found> {
            let mut station = world.station(number)?;
            for (runs, others) in &parts {
                station.backlog(*runs)?;
                station.small_records(*others)?;
            }
            world.settle(&station)?;
            world.compare(&[&station])
        };
        let compared = one().map_err(|why| TestCaseError::fail(format!("{why:#}")))?;
        let is_sound = compared.is_sound();
        let told = compared.to_string();
        // The summary of all stations' samples is one; each case here has samples of its own.
        found.borrow_mut().0.add(compared);
        prop_assert!(is_sound, "{}", told);
        Ok(())
    });
    let (all, _) = found.into_inner();
    outcome.add(all);
    outcome.runs += u64::from(cases);
    tried.map_err(|why| anyhow::anyhow!("{why}"))
}
