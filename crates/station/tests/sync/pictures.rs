//! Pictures arrive whole, in parts that suit the network, and one that is lost here holds up no other.

use crate::{bench::Bench, hub::Fault};
use wellread_station::store::BlobState;
use wellread_wire::{FEWEST_PART_BYTES, chain::Sha256, problem::code};

fn picture(n: u8, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8 ^ n).collect()
}

#[test]
fn a_picture_goes_in_parts_and_is_there_when_the_hub_says_so() {
    let bench = Bench::new();
    let bytes = picture(1, 3 << 20);
    bench.plate(1, "S1", &bytes);
    bench.sync();
    let state = bench.hub.state();
    let name = Sha256::of(&bytes).to_string();
    assert_eq!(state.blobs[&name], bytes, "byte for byte");
    assert!(state.part_sizes.len() > 2, "in several parts: {:?}", state.part_sizes);
    let grows = state.part_sizes.windows(2).take(2).all(|two| two[1] >= two[0]);
    assert!(grows, "that grow while the network is good: {:?}", state.part_sizes);
    assert!(state.part_sizes.iter().all(|size| *size <= 4 << 20), "up to what may be");
}

#[test]
fn small_pictures_that_go_well_make_no_small_parts() {
    let bench = Bench::new();
    for n in 0..30 {
        bench.plate(n, "S1", &picture(u8::try_from(n).unwrap(), 70_000));
    }
    bench.plate(30, "S1", &picture(31, 600_000));
    bench.sync();
    let state = bench.hub.state();
    assert_eq!(state.verified.len(), 31, "all are there");
    let parts: Vec<_> = state.part_sizes.iter().filter(|size| **size != 70_000).collect();
    assert!(parts.len() <= 2, "a network this good needs no more: {parts:?}");
}

#[test]
fn after_a_cut_one_part_at_most_goes_again() {
    let bench = Bench::new();
    let bytes = picture(1, 2 << 20);
    bench.plate(1, "S1", &bytes);
    bench.hub.fault("offset=262144", Fault::Lost);
    bench.hub.fault("offset=262144", Fault::Unanswered);
    bench.sync();
    let state = bench.hub.state();
    let sent: usize = state.part_sizes.iter().sum();
    assert_eq!(sent, bytes.len(), "what the hub has is asked for, and not sent again: {:?}", state.part_sizes);
    assert_eq!(state.verified.len(), 1, "and it is whole");
}

#[test]
fn a_restored_hub_is_asked_before_a_picture_goes_again() {
    let bench = Bench::new();
    let (kept, lost) = (picture(1, 9_000), picture(2, 9_000));
    bench.plate(1, "S1", &kept);
    bench.plate(2, "S1", &lost);
    bench.sync();
    let name = Sha256::of(&kept).to_string();
    bench.hub.restore(0);
    // Its pictures are not in the database that was restored: most are still there.
    let mut state = bench.hub.state();
    state.part_sizes.clear();
    state.blobs.insert(name.clone(), kept.clone());
    state.verified.insert(name);
    drop(state);
    bench.sync();
    let state = bench.hub.state();
    assert_eq!(state.verified.len(), 2, "both are there again");
    assert_eq!(state.part_sizes, [lost.len()], "and only the one that was not there was sent");
}

#[test]
fn a_network_that_cuts_every_large_part_gets_small_ones() {
    let bench = Bench::new();
    bench.plate(1, "S1", &picture(1, 1 << 20));
    bench.hub.fault("offset=0", Fault::Lost);
    bench.hub.fault("offset=0", Fault::Lost);
    bench.sync();
    let first = bench.hub.state().part_sizes[0];
    assert!((FEWEST_PART_BYTES..=2 * FEWEST_PART_BYTES).contains(&first), "each cut halves it: {first}");
}

#[test]
fn a_picture_that_the_hub_finds_to_be_another_is_sent_again() {
    let bench = Bench::new();
    let bytes = picture(1, 300_000);
    let name = Sha256::of(&bytes).to_string();
    bench.plate(1, "S1", &bytes);
    // A part of something else lies there under its name.
    bench.hub.state().blobs.insert(name.clone(), vec![0; 100_000]);
    bench.sync();
    assert_eq!(bench.hub.state().blobs[&name], bytes, "the hub threw the other away");
}

#[test]
fn what_is_lost_here_is_told_and_holds_up_no_other() {
    let bench = Bench::new();
    let (gone, changed, good) = (picture(1, 9_000), picture(2, 9_000), picture(3, 9_000));
    for (n, bytes) in [&gone, &changed, &good].into_iter().enumerate() {
        bench.plate(n as u32, "S1", bytes);
    }
    let path = |bytes: &[u8]| bench.station.blobs().path(&Sha256::of(bytes).to_string()).unwrap();
    std::fs::remove_file(path(&gone)).unwrap();
    let mut file = std::fs::File::create(path(&changed)).unwrap();
    std::io::Write::write_all(&mut file, b"something else").unwrap();
    bench.sync();
    assert_eq!(bench.hub.state().verified.len(), 1, "the good one is there");
    let state_of = |bytes: &[u8]| {
        let sha256 = Sha256::of(bytes).to_string().parse().unwrap();
        bench.station.read(|r| Ok(r.blob(&sha256)?)).unwrap().unwrap().state
    };
    assert_eq!(state_of(&gone), BlobState::Missing, "the first is known to be missing");
    assert_eq!(state_of(&changed), BlobState::Quarantined, "the second was put aside");
    let state = bench.state();
    assert_eq!((state.blobs_pending, state.blobs_missing), (0, 2), "and both are counted");
    bench.station.blobs().put(&gone).unwrap();
    let sha256 = Sha256::of(&gone).to_string().parse().unwrap();
    bench.station.write(|w| Ok(w.add_blob(&sha256, 9_000, "image/jpeg")?)).unwrap();
    bench.sync();
    assert_eq!(bench.hub.state().verified.len(), 2, "one that is back goes too");
}

#[test]
fn a_hub_that_takes_no_pictures_is_told_records_all_the_same() {
    let bench = Bench::new();
    bench.plate(1, "S1", &picture(1, 9_000));
    bench.hub.fault("blobs/", Fault::Refused(503, code::UNAVAILABLE, None));
    let report = bench.round().expect("the round goes on");
    assert_eq!(
        (report.runs, report.failures.len()),
        (1, 1),
        "the plate is told, and the failure: {:?}",
        report.failures
    );
    bench.plate(2, "S1", &picture(2, 9_000));
    let report = bench.sync();
    assert_eq!((report.runs, report.blobs), (1, 0), "pictures wait for their own time, records do not");
    bench.station.clock().advance(600_000);
    assert_eq!(bench.sync().blobs, 2, "which comes");
}

#[test]
fn pictures_stay_where_somebody_wants_them_to() {
    let bench = Bench::new();
    bench.station.configure(&bench.ada, "sync.blobs", Some(&serde_json::json!(false)), "").unwrap();
    bench.plate(1, "S1", &picture(1, 9_000));
    let report = bench.sync();
    assert_eq!((report.runs, report.blobs), (1, 0), "records alone go");
}

#[test]
fn a_picture_that_the_hub_never_takes_holds_up_no_other() {
    let bench = Bench::new();
    for n in 0..3 {
        bench.plate(u32::from(n), "S1", &picture(n, 9_000));
    }
    bench.hub.fault("offset=0", Fault::Refused(422, code::INVALID, None));
    let report = bench.round().expect("the round goes on");
    assert_eq!(report.failures.len(), 1, "it is said: {:?}", report.failures);
    assert_eq!(bench.hub.state().verified.len(), 2, "and the others are there");
    bench.station.clock().advance(600_000);
    bench.sync();
    assert_eq!(bench.hub.state().verified.len(), 3, "and tried again in its own time");
}
