use crate::support::{Bench, station, station_at};
use wellread_store::{BlobState, Sha256};

fn waiting(bench: &Bench) -> Vec<Sha256> {
    bench.db.read(|r| r.blobs_to_send(10)).unwrap().into_iter().map(|blob| blob.sha256).collect()
}

#[test]
fn pictures_of_runs_wait_until_the_hub_says_that_it_has_them() {
    let bench = station(None);
    bench.db.write(&station_at(1), |w| w.add_blob(&Sha256::of(b"of nobody"), 9, "image/jpeg")).unwrap();
    assert!(waiting(&bench).is_empty(), "a picture that no run has is nobody's business yet");
    bench.record(1, "S1", "1", [5; 8], false);
    bench.record(2, "S1", "2", [5; 8], false);
    let all = waiting(&bench);
    assert_eq!(all.len(), 2, "one of each run");
    bench.db.write(&station_at(5), |w| w.note_blob_verified(&all[0])).unwrap();
    assert_eq!(waiting(&bench), [all[1]], "until the hub has it");
    bench.db.write(&station_at(6), |w| w.set_blob_state(&all[1], BlobState::Missing, "gone")).unwrap();
    assert!(waiting(&bench).is_empty(), "what is not here cannot be sent");
    assert_eq!(bench.db.read(|r| r.blobs_pending()).unwrap(), (0, 1), "and is counted apart");
    bench.db.write(&station_at(7), |w| w.add_blob(&all[1], 9, "image/jpeg")).unwrap();
    assert_eq!(waiting(&bench), [all[1]], "until it is back");
    bench.db.write(&station_at(8), |w| w.doubt_blobs()).unwrap();
    assert_eq!(bench.db.read(|r| r.blobs_pending()).unwrap(), (2, 0), "a restored hub is asked about all of them");
    bench.assert_sound();
}
