//! A change behind the program's back is named; a damaged picture is read again.

use crate::bench::{Bench, put};
use std::fs;
use wellread_station::{Steps, verify::Mend};

#[test]
fn a_damaged_picture_is_named_put_aside_and_read_again() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let name = bench.station.run(run).unwrap().images[0].sha256.to_string();
    let path = bench.station.blobs().path(&name).unwrap();
    put(&path, b"damaged");
    let looked = bench.station.verify(Mend::No, &Steps::unwatched()).unwrap();
    assert!(!looked.ok, "it is found");
    assert!(looked.findings[0].place.contains(&name), "by name: {:?}", looked.findings[0]);
    let mended = bench.station.verify(Mend::Yes, &Steps::unwatched()).unwrap();
    assert!(!mended.ok && mended.mended == 1, "told once more, and mended from the source folder");
    assert!(bench.place.path().join("data/blobs/quarantine").is_dir(), "what was damaged is kept");
    assert!(bench.station.verify(Mend::Yes, &Steps::unwatched()).unwrap().ok, "then all is well");
    bench.assert_sound();
}

#[test]
fn a_lost_picture_whose_source_changed_stays_named() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], false);
    let image = bench.station.run(run).unwrap().images.remove(0);
    fs::remove_file(bench.station.blobs().path(&image.sha256.to_string()).unwrap()).unwrap();
    put(&bench.path("inbox").join(&image.file_name), &vec![b'x'; image.size as usize]);
    for _ in 0..2 {
        let found = bench.station.verify(Mend::Yes, &Steps::unwatched()).unwrap();
        assert!(!found.ok && found.mended == 0, "other content of the same size is not the picture");
    }
}

#[test]
fn a_blob_that_nothing_refers_to_is_counted() {
    let bench = Bench::new();
    bench.station.blobs().put(b"left by a crash").unwrap();
    let found = bench.station.verify(Mend::Yes, &Steps::unwatched()).unwrap();
    assert!(found.ok && found.orphan_blobs == 1, "it is nothing wrong, but it is seen");
}

#[test]
fn an_edit_of_the_database_file_is_named() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5; 8], false);
    let file = bench.station.folder().database();
    let place = bench.path("copy.db");
    bench.station.backup(&bench.admin, &place, false, &Steps::unwatched()).unwrap();
    drop(bench.station);
    // Another number wherever it stands, as somebody would do it who wants another sample to have this plate.
    let bytes = fs::read(&place).unwrap();
    let mut edited = bytes.clone();
    for at in (0..bytes.len() - 2).filter(|at| &bytes[*at..at + 3] == b"S-1") {
        edited[at + 2] = b'2';
    }
    put(&file, &edited);
    for log in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{log}", file.display()));
    }
    let folder = wellread_station::Folder::new(bench.place.path().join("data"));
    let station = wellread_station::Station::open(&folder, bench.clock.clone()).unwrap();
    assert!(!station.verify(Mend::No, &Steps::unwatched()).unwrap().ok, "the seals do not fit");
}
