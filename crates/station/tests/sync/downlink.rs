//! What headquarters say is taken up once, page by page; what cannot be, waits and holds up nothing.

use crate::{
    bench::{BUDGET, Bench, PASSWORD},
    hub::Fault,
    people::user,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;
use wellread_station::{
    Settings,
    people::NewPerson,
    review::{Change, Reason, ReasonCode},
    store::{Direction, Disposition, Origin},
    sync::{Budget, Engine},
};
use wellread_wire::{
    downlink::{Assay, Config, Correction, CorrectionDecision, Item, Layout, Role},
    event::Event,
};

fn own_assay(version: u32) -> Item {
    let toml = include_str!("../../../../assays/hi.toml").replacen("id = \"hi\"", "id = \"own\"", 1).replacen(
        "version = 1",
        &format!("version = {version}"),
        1,
    );
    Item::Assay(Assay { id: "own".to_owned(), version, name: "Ours".to_owned(), toml })
}

pub(crate) fn role(name: &str) -> Item {
    Item::Role(Role {
        name: name.to_owned(),
        description: String::new(),
        permissions: BTreeSet::from(["run:read".to_owned()]),
        is_active: true,
    })
}

fn value(item: &Item) -> Value {
    serde_json::to_value(item).unwrap()
}

fn feed_seq(bench: &Bench) -> i64 {
    bench.station.read(|r| Ok(r.sync_state(Direction::Downlink)?.feed_seq)).unwrap()
}

#[test]
fn everything_they_say_is_taken_up_and_not_told_back() {
    let bench = Bench::new();
    bench.sync();
    let told = bench.hub.kinds().len();
    let layout = Layout {
        id: "plain".to_owned(),
        version: 1,
        name: "All samples".to_owned(),
        plate_format: "2x3".to_owned(),
        wells: ["A1", "A2", "A3", "B1", "B2", "B3"].map(|well| (well.to_owned(), "sample".to_owned())).into(),
        retired: false,
    };
    let rest = Config { key: "intake.rest_ms".to_owned(), value: json!(450) };
    for item in [
        own_assay(1),
        Item::Layout(layout.clone()),
        Item::Config(rest),
        role("inspector"),
        Item::User(user(50, "mali")),
    ] {
        bench.hub.say(&item);
    }
    let report = bench.sync();
    assert_eq!((report.items, report.left), (5, 0), "all of it: {:?}", bench.state().left);
    assert_eq!(bench.station.settings().unwrap().intake.rest_ms, 450, "a setting");
    let line = bench.station.assay_lines().unwrap().into_iter().find(|line| line.id == "own");
    assert!(line.is_some_and(|line| !line.shipped), "an assay");
    let rest = |bench: &Bench| {
        let lines = bench.station.read(Settings::lines).unwrap();
        lines.into_iter().find(|line| line.name == "intake.rest_ms").unwrap().origin
    };
    assert_eq!(rest(&bench), Origin::Hub, "which is theirs");
    let refused = bench.station.configure(&bench.ada, "intake.rest_ms", Some(&json!(300)), "").unwrap_err();
    assert!(refused.to_string().contains("headquarters"), "and changed by them: {refused}");
    bench.hub.say(&Item::Layout(Layout { retired: true, ..layout }));
    bench.hub.say(&Item::Config(Config { key: "intake.rest_ms".to_owned(), value: Value::Null }));
    bench.sync();
    assert_eq!(bench.station.settings().unwrap().intake.rest_ms, 1_000, "null takes a setting back");
    assert_eq!(rest(&bench), Origin::Station, "and the station's people decide again");
    let retired = bench.station.read(|r| Ok(r.layouts()?)).unwrap();
    assert!(retired.is_empty(), "a layout that is no longer offered is not");
    assert_eq!(bench.hub.kinds().len(), told, "they know it already");
    bench.assert_sound();
}

#[test]
fn one_bad_item_loses_no_other_and_is_taken_up_once_it_can_be() {
    let bench = Bench::new();
    bench.sync();
    bench.hub.say(&Item::User(user(50, "ada")));
    bench.hub.state().feed.push(json!({ "kind": "user", "body": { "id": "nonsense" } }));
    bench.hub.state().feed.push(json!({ "kind": "weather", "body": { "rain": true } }));
    let hi = Assay { id: "hi".to_owned(), version: 99, name: "HI".to_owned(), toml: assays_hi(99) };
    bench.hub.say(&Item::Assay(hi));
    bench.hub.say(&Item::Config(Config { key: "models".to_owned(), value: json!("abcd") }));
    bench.hub.say(&role("inspector"));
    bench.sync();
    assert!(bench.station.roles().unwrap().iter().any(|role| role.name == "inspector"), "the last one is there");
    let left = bench.state().left;
    assert_eq!(left.len(), 4, "what a later hub says to later stations is passed over, the rest waits: {left:#?}");
    assert!(left.iter().any(|line| line.contains("deactivate")), "with what to do: {left:#?}");
    assert_eq!(feed_seq(&bench), 6, "the feed goes on behind them");
    let own = NewPerson {
        username: "boss".to_owned(),
        password: PASSWORD.to_owned(),
        roles: vec!["admin".to_owned()],
        ..NewPerson::default()
    };
    bench.station.create_user(&bench.ada, &own).unwrap();
    let boss = bench.station.login("boss", PASSWORD).unwrap();
    bench.station.set_active(&boss, "ada", false, "has an account at headquarters").unwrap();
    bench.sync();
    let state = bench.station.sync_state(&boss).unwrap();
    assert_eq!(state.left.len(), 3, "the name is free, so the account is there: {:#?}", state.left);
    bench.station.login("ada", PASSWORD).expect("with their password");
    bench.assert_sound();
}

fn assays_hi(version: u32) -> String {
    include_str!("../../../../assays/hi.toml").replacen("version = 1", &format!("version = {version}"), 1)
}

#[test]
fn a_snapshot_is_taken_where_the_feed_does_not_reach_and_resumes_where_it_was_cut() {
    let bench = Bench::new();
    let pages = |names: [&str; 3]| names.iter().map(|name| vec![value(&role(name))]).collect::<Vec<_>>();
    bench.hub.state().snapshot = pages(["one", "two", "three"]);
    bench.hub.fault("snapshot?cursor=1", Fault::Lost);
    assert!(bench.round().is_err(), "cut after the first page");
    let snapshots = |bench: &Bench| bench.hub.state().asked.iter().filter(|what| what.contains("snapshot")).count();
    let before = snapshots(&bench);
    bench.sync();
    assert_eq!(snapshots(&bench) - before, 2, "the second and third page, and not the first again");
    let names: Vec<String> = bench.station.roles().unwrap().into_iter().map(|role| role.name).collect();
    assert!(["one", "two", "three"].iter().all(|name| names.iter().any(|known| known == name)), "all of it: {names:?}");
    for n in 0..5 {
        bench.hub.say(&role(&format!("role {n}")));
    }
    bench.hub.state().feed_horizon = 4;
    bench.hub.state().snapshot = pages(["four", "five", "six"]);
    bench.sync();
    assert_eq!(feed_seq(&bench), 5, "the feed goes on where the snapshot ends");
    bench.assert_sound();
}

#[test]
fn a_page_that_does_not_come_through_is_asked_for_in_smaller_ones() {
    let bench = Bench::new();
    bench.sync();
    for n in 0..30 {
        bench.hub.say(&role(&format!("role {n}")));
    }
    let engine = Engine::new(&bench.station, &bench.hub, &|| false).unwrap();
    let budget = Budget { whatever_failed: true, ..BUDGET };
    for _ in 0..10 {
        bench.hub.fault("feed?", Fault::Lost);
        assert!(engine.round(budget).is_err(), "it is cut each time");
    }
    engine.round(budget).unwrap();
    let state = bench.hub.state();
    let limits = |what: &str| state.asked.iter().filter(|asked| asked.ends_with(what)).count();
    assert!(limits("limit=200") > 0 && limits("limit=100") > 0, "half as many each time: {:?}", state.asked);
    assert!(limits("limit=5") > 1 && limits("limit=2") == 0, "but not fewer than makes sense: {:?}", state.asked);
    drop(state);
    assert_eq!(feed_seq(&bench), 30, "and all of it comes");
}

#[test]
fn a_feed_that_never_reaches_back_to_the_snapshot_ends_the_round_and_not_the_station() {
    let bench = Bench::new();
    bench.hub.state().snapshot = vec![vec![value(&role("one"))]];
    for _ in 0..20 {
        bench.hub.fault("feed?", Fault::Refused(410, wellread_wire::problem::code::SNAPSHOT, None));
    }
    let report = bench.round().unwrap();
    assert_eq!(report.failures.len(), 1, "it is told, and tried again later: {:?}", report.failures);
    let snapshots = bench.hub.state().asked.iter().filter(|what| what.contains("snapshot")).count();
    assert!(snapshots <= 2, "not asked for again and again: {snapshots}");
    bench.assert_sound();
}

#[test]
fn a_page_that_comes_twice_changes_nothing_the_second_time() {
    let bench = Bench::new();
    bench.sync();
    bench.hub.say(&own_assay(1));
    bench.hub.say(&Item::User(user(50, "mali")));
    bench.hub.fault("feed", Fault::Unanswered);
    assert!(bench.round().is_err(), "the page never came");
    bench.sync();
    bench.station.write(|w| Ok(w.note_feed(0)?)).unwrap();
    bench.sync();
    assert_eq!(feed_seq(&bench), 2, "it comes again, and is the same");
    bench.assert_sound();
}

fn correction(id: u128, bench: &Bench, run: wellread_station::store::RunId, decision: CorrectionDecision) -> Item {
    Item::Correction(Correction {
        id: Uuid::from_u128(id),
        station_id: bench.station.identity().id.uuid(),
        run_id: run.uuid(),
        decision,
        reason_code: "misread".to_owned(),
        reason_text: "seen at headquarters".to_owned(),
        user_id: Uuid::from_u128(90),
        username: "chief".to_owned(),
        at_ms: 5,
    })
}

#[test]
fn a_correction_is_an_event_of_their_account_with_the_results_after_it() {
    let bench = Bench::new();
    let run = bench.plate(1, "S1", b"picture");
    bench.sync();
    let reason = Reason { code: ReasonCode::Confirmed, text: String::new() };
    bench.station.review(&bench.ada, run, &Change::Accept, &reason, None).unwrap();
    let before = bench.station.run(run).unwrap().results.unwrap();
    let well = CorrectionDecision::Override { well: "A4".to_owned(), class: None, label: "negative".to_owned() };
    bench.hub.say(&correction(500, &bench, run, well));
    bench.hub.say(&correction(501, &bench, run, CorrectionDecision::Reject));
    bench.sync();
    bench.sync();
    let now = bench.station.run(run).unwrap();
    assert_eq!(now.state.disposition, Disposition::Rejected, "it holds here too");
    assert!(!now.state.conflict, "who has seen the newest event contradicts nobody");
    let events: Vec<(&str, Uuid)> = now.events.iter().map(|event| (event.actor.as_str(), event.id.uuid())).collect();
    assert_eq!(
        events[1..],
        [("chief", Uuid::from_u128(500)), ("chief", Uuid::from_u128(501))],
        "in their name, by its id"
    );
    assert_ne!(now.results.unwrap().distribution, before.distribution, "with the end points after it");
    let reviews = bench.hub.kinds().iter().filter(|kind| *kind == "review").count();
    assert_eq!(reviews, 3, "and the hub is told that it holds now");
    bench.station.write(|w| Ok(w.note_feed(0)?)).unwrap();
    bench.sync();
    assert_eq!(bench.station.run(run).unwrap().events.len(), 3, "once, however often it is said");
    let last = bench.hub.events().into_iter().rev().find_map(|event| match event {
        Event::RunState(state) => Some(state),
        _ => None,
    });
    assert_eq!(last.map(|state| state.disposition), Some("rejected".to_owned()), "with what follows");
    bench.assert_sound();
}

#[test]
fn a_correction_of_a_run_that_is_not_here_waits() {
    let bench = Bench::new();
    bench.sync();
    let unknown = wellread_station::store::RunId::new(Uuid::from_u128(9));
    bench.hub.say(&correction(500, &bench, unknown, CorrectionDecision::Accept));
    let report = bench.sync();
    assert_eq!(report.left, 1, "this copy may be older than the run: {:?}", bench.state().left);
    bench.assert_sound();
}
