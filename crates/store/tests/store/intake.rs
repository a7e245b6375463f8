use crate::support::{Bench, file_id, station, station_at};
use wellread_store::{Admission, Error, IntakeState, Page, SeenFile, Sha256};

#[test]
fn a_file_is_one_row_while_it_grows() {
    let bench = station(None);
    let mut seen = Bench::file(1, "a.jpg");
    let state = |seen: &SeenFile| bench.db.write(&station_at(1), |w| w.see_file(seen)).unwrap();
    assert_eq!(state(&seen).state, IntakeState::Seen, "first it is only there");
    seen.size += 5;
    seen.id = file_id(77);
    let grown = state(&seen);
    assert_eq!((grown.state, grown.id, grown.revision), (IntakeState::Settling, file_id(1), 1), "it still grows");
    assert_eq!(state(&seen).size, seen.size, "seen again as it is, it stays as it is");
}

#[test]
fn the_same_content_is_admitted_once() {
    let bench = station(None);
    let hash = Sha256::of(b"picture");
    let admit = |n, name: &str| {
        let seen = Bench::file(n, name);
        bench
            .db
            .write(&station_at(1), |w| {
                w.see_file(&seen)?;
                w.admit(seen.id, &hash)
            })
            .unwrap()
    };
    assert_eq!(admit(1, "a.jpg"), Admission::Admitted, "new");
    assert_eq!(admit(2, "b.jpg"), Admission::Duplicate(file_id(1)), "the same picture under another name");
    assert_eq!(admit(3, "a.jpg"), Admission::Duplicate(file_id(1)), "the same name written again with the same bytes");
    let again = bench.db.write(&station_at(2), |w| w.admit(file_id(1), &hash));
    assert!(matches!(again, Err(Error::Refused(_))), "what is decided is decided: {again:?}");
    let counts = bench.db.read(|r| r.file_counts()).unwrap();
    assert_eq!(counts, [(IntakeState::Admitted, 1), (IntakeState::Duplicate, 2)], "noted, each of them");
    bench.assert_sound();
}

#[test]
fn new_content_under_an_old_name_is_a_new_revision() {
    let bench = station(None);
    for (n, content) in [(1, b"one"), (2, b"two")] {
        let seen = Bench::file(n, "a.jpg");
        bench
            .db
            .write(&station_at(1), |w| {
                let file = w.see_file(&seen)?;
                assert_eq!(u64::from(file.revision), n, "each content its revision");
                w.admit(seen.id, &Sha256::of(content))
            })
            .unwrap();
    }
    let latest = bench.db.read(|r| r.latest_file(b"a.jpg")).unwrap().unwrap();
    assert_eq!((latest.id, latest.revision), (file_id(2), 2), "the name now means the second");
}

#[test]
fn a_refused_file_says_why_and_the_hub_is_told() {
    let bench = station(None);
    let name = b"x\xff\n.jpg".to_vec();
    let seen = SeenFile { path: name.clone(), path_text: "x\u{fffd}\n.jpg".into(), ..Bench::file(1, "") };
    bench
        .db
        .write(&station_at(1), |w| {
            w.see_file(&seen)?;
            assert!(w.record_rejection(seen.id, None, "", "").is_err(), "not without a reason");
            w.record_rejection(seen.id, Some(&Sha256::of(b"x")), "not-an-image", "It is no picture.")
        })
        .unwrap();
    bench
        .db
        .read(|r| {
            let file = r.latest_file(&name)?.expect("a name need not be text");
            assert_eq!((file.state, file.reason_code.as_str()), (IntakeState::Rejected, "not-an-image"), "kept");
            assert_eq!(r.outbox_after(0, 99)?.last().map(|record| record.kind.clone()), Some("rejection".into()));
            assert_eq!(r.files(Some(IntakeState::Rejected), Page::first(5))?.rows.len(), 1, "and listed");
            Ok::<_, Error>(())
        })
        .unwrap();
    bench.assert_sound();
}

#[test]
fn what_lay_there_before_can_be_passed_over() {
    let bench = station(None);
    let seen = Bench::file(1, "old.jpg");
    bench
        .db
        .write(&station_at(1), |w| {
            w.see_file(&seen)?;
            w.ignore_file(seen.id, "before-station", "It lay there before the station did.")
        })
        .unwrap();
    let late = bench.db.write(&station_at(2), |w| w.admit(seen.id, &Sha256::of(b"x")));
    assert!(late.is_err(), "what was passed over is not imported by chance later");
    bench.assert_sound();
}
