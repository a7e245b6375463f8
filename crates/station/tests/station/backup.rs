//! A copy of a station in use is a station again.

use crate::bench::{Bench, code};
use wellread_station::{
    Code, Folder, Station, Steps,
    backup::{Present, restore},
    keys::KeyPlace,
    verify::Mend,
};

#[test]
fn a_backup_is_a_station_again_with_its_pictures() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let file = bench.path("copy.db");
    let copied = bench.station.backup(&bench.admin, &file, true, &Steps::unwatched()).unwrap();
    assert_eq!((copied.blobs, copied.blobs_missing), (1, 0), "with its picture");
    assert!(
        bench.station.backup(&bench.admin, &file, true, &Steps::unwatched()).is_err(),
        "an earlier copy is not overwritten"
    );
    let folder = Folder::new(bench.path("other"));
    let unsaid = restore(&file, &folder, None, Present::Keep, (&bench.clock, &Steps::unwatched()));
    assert_eq!(code(unsaid), Some(Code::Key), "where the key is must be said");
    restore(&file, &folder, Some(KeyPlace::Unencrypted), Present::Keep, (&bench.clock, &Steps::unwatched())).unwrap();
    let again = Station::open(&folder, bench.clock.clone()).unwrap();
    assert_eq!(again.identity(), bench.station.identity(), "the same station");
    assert_eq!(again.run(run).unwrap().wells.len(), 96, "with its runs");
    assert!(again.verify(Mend::No, &Steps::unwatched()).unwrap().ok, "and sound");
    let twice =
        restore(&file, &folder, Some(KeyPlace::Unencrypted), Present::Keep, (&bench.clock, &Steps::unwatched()));
    assert_eq!(code(twice), Some(Code::DataFolder), "over which no backup is restored");
}

#[test]
fn a_truncated_backup_is_refused_and_leaves_nothing() {
    let bench = Bench::new();
    let file = bench.path("copy.db");
    bench.station.backup(&bench.admin, &file, false, &Steps::unwatched()).unwrap();
    let length = std::fs::metadata(&file).unwrap().len();
    std::fs::File::options().write(true).open(&file).unwrap().set_len(length / 2).unwrap();
    let folder = Folder::new(bench.path("other"));
    assert!(
        restore(&file, &folder, Some(KeyPlace::Unencrypted), Present::Keep, (&bench.clock, &Steps::unwatched()))
            .is_err(),
        "half a copy is none"
    );
    assert!(!folder.has_station() && !folder.database().exists(), "and makes no station");
}
