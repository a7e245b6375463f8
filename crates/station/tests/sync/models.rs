//! Offered models: fetched where they were left, one that is bad keeping no other away, and never used by themselves.

use crate::{
    bench::{BUDGET, Bench},
    downlink::role,
};
use std::{collections::BTreeMap, fs, path::PathBuf};
use wellread_station::{
    store::{ModelOffer, OfferState},
    sync::{Budget, Engine},
};
use wellread_wire::{
    chain::Sha256,
    downlink::{Item, ModelFile, ModelSet},
};

/// No set that anything could be read with: what is fetched, in what order, is seen all the same.
fn set(bench: &Bench, name: &str, model: &[u8]) -> ModelSet {
    let manifest = format!("# {name}\n[[models]]\nthis is no manifest").into_bytes();
    let file = |bytes: &[u8]| ModelFile { sha256: Sha256::of(bytes), size: bytes.len() as u64 };
    let files = BTreeMap::from([("manifest.toml".to_owned(), file(&manifest)), ("wells.onnx".to_owned(), file(model))]);
    let mut state = bench.hub.state();
    for bytes in [&manifest[..], model] {
        state.blobs.insert(Sha256::of(bytes).to_string(), bytes.to_vec());
    }
    let (sha256, note) = (Sha256::of(&manifest), "for the new camera".to_owned());
    ModelSet { sha256, name: name.to_owned(), files, note, withdrawn: false }
}

fn offers(bench: &Bench) -> Vec<ModelOffer> {
    bench.station.read(|r| Ok(r.model_offers()?)).unwrap()
}

fn fetched(bench: &Bench) -> Vec<String> {
    bench.hub.state().asked.iter().filter(|what| what.starts_with("Get") && what.contains("blobs/")).cloned().collect()
}

fn unfinished(bench: &Bench, set: &ModelSet) -> PathBuf {
    let id: String = set.sha256.to_string().chars().take(16).collect();
    bench.place.path().join("data/models").join(format!("{id}.offered"))
}

#[test]
fn a_set_that_cannot_be_read_with_is_told_with_its_reason_and_nothing_is_switched() {
    let bench = Bench::new();
    bench.sync();
    let set = set(&bench, "spring", b"model");
    let mut outside = set.clone();
    outside.files.insert("../station.toml".to_owned(), ModelFile { sha256: Sha256::of(b"evil"), size: 4 });
    bench.hub.say(&Item::Model(outside));
    bench.sync();
    assert_eq!(bench.state().left.len(), 1, "a file that lies elsewhere is never written: {:?}", bench.state().left);
    bench.hub.say(&Item::Model(set));
    bench.sync();
    let known = offers(&bench);
    assert_eq!((known.len(), known[0].state), (1, OfferState::Failed), "what is no manifest is no offer: {known:?}");
    let left = bench.state().left;
    assert!(
        left.len() == 1 && left[0].contains("'spring'"),
        "newer word took the bad one's place, and is told: {left:?}"
    );
    assert_eq!(bench.station.settings().unwrap().models, "", "and nothing is switched");
    bench.assert_sound();
}

#[test]
fn a_fetch_that_was_cut_goes_on_where_it_ended() {
    let bench = Bench::new();
    bench.sync();
    let model: Vec<u8> = (0..2_500_000_u32).map(|n| (n % 251) as u8).collect();
    let set = set(&bench, "spring", &model);
    let name = Sha256::of(&model).to_string();
    bench.hub.say(&Item::Model(set.clone()));
    // Its first part is there to be had.
    bench.hub.state().blobs.get_mut(&name).unwrap().truncate(1 << 20);
    let cut = bench.round().unwrap();
    assert_eq!(cut.failures.len(), 1, "told: {:?}", cut.failures);
    let file = unfinished(&bench, &set).join("wells.onnx");
    assert_eq!(fs::metadata(&file).unwrap().len(), 1 << 20, "what came is kept");
    bench.hub.state().blobs.insert(name, model.clone());
    let before = fetched(&bench).len();
    bench.round().unwrap();
    let parts: Vec<String> =
        fetched(&bench).split_off(before).iter().map(|what| what.rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(parts, ["1048576-2097151", "2097152-2499999"], "the rest alone, part by part");
    assert_eq!(fs::read(&file).unwrap(), model, "and it is whole");
}

#[test]
fn a_file_that_came_otherwise_is_begun_again_and_a_set_that_the_hub_lacks_keeps_no_other_away() {
    let bench = Bench::new();
    bench.sync();
    let (first, second) = (set(&bench, "a first", b"one"), set(&bench, "b second", b"two"));
    bench.hub.state().blobs.remove(&Sha256::of(b"one").to_string());
    for set in [&first, &second] {
        bench.hub.say(&Item::Model(set.clone()));
    }
    let report = bench.round().unwrap();
    assert!(report.failures.iter().any(|why| why.contains("not-found")), "told: {:?}", report.failures);
    let states = |bench: &Bench| offers(bench).into_iter().map(|offer| offer.state).collect::<Vec<_>>();
    assert_eq!(states(&bench), [OfferState::Wanted, OfferState::Failed], "the second was fetched and looked at");

    bench.hub.state().blobs.insert(Sha256::of(b"one").to_string(), b"eno".to_vec());
    let report = bench.round().unwrap();
    assert!(report.failures.iter().any(|why| why.contains("another hash")), "told: {:?}", report.failures);
    assert!(!unfinished(&bench, &first).join("wells.onnx").exists(), "what is another file is thrown away");
    bench.hub.state().blobs.insert(Sha256::of(b"one").to_string(), b"one".to_vec());
    bench.round().unwrap();
    assert_eq!(states(&bench), [OfferState::Failed; 2], "and fetched again, whole");
}

#[test]
fn a_file_that_comes_otherwise_each_time_is_waited_for_longer_and_longer_though_the_feed_goes_well() {
    let bench = Bench::new();
    bench.sync();
    let set = set(&bench, "spring", b"one");
    let name = Sha256::of(b"one").to_string();
    bench.hub.state().blobs.insert(name.clone(), b"eno".to_vec());
    bench.hub.say(&Item::Model(set));
    let engine = Engine::new(&bench.station, &bench.hub, &|| false).unwrap();
    let times = || fetched(&bench).iter().filter(|what| what.contains(&name)).count();
    let mut waits = Vec::new();
    for time in 1..=4 {
        let failed = engine.round(BUDGET).unwrap();
        assert!(failed.failures.iter().any(|why| why.contains("another hash")), "told: {:?}", failed.failures);
        assert_eq!(times(), time, "fetched once more");
        let next_ms = bench.state().next_attempt_ms.expect("it says when it is tried again");
        waits.push(next_ms - bench.station.clock().now().utc_ms);
        bench.hub.say(&role(&format!("role {time}")));
        let meanwhile = engine.round(BUDGET).unwrap();
        assert_eq!((meanwhile.items, times()), (1, time), "the feed goes on, and the file is left alone");
        let state = bench.state();
        assert!(state.last_error.is_some_and(|why| why.contains("another hash")), "people still see why");
        assert_eq!(state.next_attempt_ms, Some(next_ms), "and when it is tried again");
        bench.station.clock().advance(waits[time - 1]);
    }
    assert!(waits[3] > waits[1] && waits[2] > waits[0], "each wait is longer but for chance: {waits:?}");

    engine.round(BUDGET).unwrap();
    bench.hub.state().blobs.insert(name.clone(), b"one".to_vec());
    engine.round(Budget { whatever_failed: true, ..BUDGET }).unwrap();
    assert_eq!(
        (times(), offers(&bench)[0].state),
        (6, OfferState::Failed),
        "who asks waits for nothing; it came whole"
    );
    assert_eq!(bench.state().last_error, None, "and that trouble is over");
    bench.assert_sound();
}

#[test]
fn what_was_fetched_of_a_set_that_is_taken_back_is_removed() {
    let bench = Bench::new();
    bench.sync();
    let set = set(&bench, "spring", b"model");
    bench.hub.state().blobs.remove(&Sha256::of(b"model").to_string());
    bench.hub.say(&Item::Model(set.clone()));
    bench.round().unwrap();
    assert!(unfinished(&bench, &set).is_dir(), "half of it is here");
    bench.hub.say(&Item::Model(ModelSet { withdrawn: true, ..set.clone() }));
    bench.sync();
    assert!(!unfinished(&bench, &set).exists(), "and nobody will want it");
    assert!(bench.state().left.is_empty(), "nothing is left to be said of it");
}
