//! What is told is what the protocol says: every kind of record reads as an event, and hashes alike on both sides.

use crate::bench::{Bench, PASSWORD, chance, completion, image};
use std::collections::BTreeSet;
use wellread_station::{
    people::NewPerson,
    review::{Change, Reason, ReasonCode, WellIs},
    store::{
        AssayKey, FileId, Identity, ImageKind, LayoutKey, Meaning, NewInterfaceFile, NewLayout, NewRun, RunFailure,
        SeenFile, Sha256,
    },
    sync::{Limits, pack_next},
};
use wellread_wire::{
    chain,
    event::{Event, RunState},
};

const TEXT: &str = include_str!("../../../../assays/hi.toml");

/// Makes one of everything that is told.
fn busy() -> Bench {
    let bench = Bench::new();
    let (station, ada) = (&bench.station, &bench.ada);
    let run = bench.plate(1, "S1", b"picture");
    let reason = Reason { code: ReasonCode::Misread, text: "a bubble".to_owned() };
    let invalid = Change::Well { well: "C4".parse().unwrap(), is: WellIs::Call(wellread_plate::class::Call::Invalid) };
    station.review(ada, run, &invalid, &reason, None).unwrap();
    station.review(ada, run, &Change::Accept, &reason, None).unwrap();
    station.sign(ada, PASSWORD, run, Meaning::Reviewed, None).unwrap();
    let person = NewPerson {
        username: "mali".to_owned(),
        password: PASSWORD.to_owned(),
        roles: vec!["operator".to_owned()],
        ..NewPerson::default()
    };
    station.create_user(ada, &person).unwrap();
    station.configure(ada, "intake.rest_ms", Some(&serde_json::json!(300)), "").unwrap();
    let own = TEXT.replacen("id = \"hi\"", "id = \"own\"", 1);
    station.add_assay(ada, "own.toml", &own, "new kit").unwrap();
    let format = wellread_plate::format::PlateFormat::WELLS_96;
    let layout = NewLayout {
        key: LayoutKey { id: "plain".to_owned(), version: 1 },
        name: "All samples".to_owned(),
        format,
        wells: format.iter().map(|well| (well, wellread_plate::assay::Role::Sample)).collect(),
    };
    let file: FileId = station.clock().id().unwrap();
    let failed = NewRun { identity: Identity::default(), ..new_run(&bench) };
    let failure = RunFailure {
        code: "no-plate".to_owned(),
        message: "There is no plate.".to_owned(),
        processing_time_ms: 9,
        images: vec![image(ImageKind::Raw, 2, failed.image_sha256, 9)],
    };
    let wanted = NewInterfaceFile {
        id: station.clock().id().unwrap(),
        sample_no: "S1".to_owned(),
        template: "labware".to_owned(),
        target: "folder".to_owned(),
        file_name: "S1.csv".to_owned(),
        test_no: String::new(),
    };
    station
        .write(|writing| {
            writing.add_layout(&layout)?;
            writing.see_file(&SeenFile {
                id: file,
                path: b"x.txt".to_vec(),
                path_text: "x.txt".to_owned(),
                size: 1,
                mtime_ns: 1,
            })?;
            writing.record_rejection(file, Some(&Sha256::of(b"x")), "not-an-image", "It is text.")?;
            writing.record_failure(&failed, &failure)?;
            writing.enqueue_interface_file(&wanted)?;
            Ok(())
        })
        .unwrap();
    bench
}

fn new_run(bench: &Bench) -> NewRun {
    NewRun {
        id: bench.station.clock().id().unwrap(),
        intake: None,
        identity: Identity::default(),
        description: String::new(),
        image_sha256: bench.station.blobs().put(b"a fly").unwrap().parse().unwrap(),
        raw_image_path: None,
        assay: AssayKey { id: "hi".to_owned(), version: wellread_plate::assay::Assay::shipped("hi").unwrap().version },
        app_version: "0.1.0".to_owned(),
        supersedes: None,
    }
}

#[test]
fn every_kind_of_record_is_an_event_of_the_protocol_and_chains_as_it_says() {
    let bench = busy();
    let records = bench.station.read(|r| Ok(r.outbox_after(0, 1_000)?)).unwrap();
    let kinds: BTreeSet<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    let all = [
        "assay",
        "config",
        "interface-file",
        "layout",
        "rejection",
        "review",
        "run",
        "run-failed",
        "run-state",
        "signature",
        "user",
    ];
    assert_eq!(kinds, BTreeSet::from(all), "one of everything");
    let mut previous = chain::genesis(bench.station.identity().id.uuid());
    for record in &records {
        Event::read(&record.kind, record.schema_version, &record.payload)
            .unwrap_or_else(|why| panic!("{} {}: {why}\n{}", record.seq, record.kind, record.payload));
        let link = chain::Link {
            seq: record.seq,
            kind: &record.kind,
            schema_version: record.schema_version,
            payload: &record.payload,
            actor: &record.actor,
            at_ms: record.at.utc_ms,
            offset_min: record.at.offset_min,
        };
        previous = link.hash(&previous);
        assert_eq!(previous.0, *record.hash.as_bytes(), "record {} has one hash on both sides", record.seq);
    }
}

#[test]
fn a_run_arrives_as_it_was_recorded() {
    let bench = Bench::new();
    let run = bench.plate(3, "S3", b"picture");
    bench.sync();
    let told = bench.hub.events().into_iter().find_map(|event| match event {
        Event::Run(told) => Some(told),
        _ => None,
    });
    let told = told.expect("the run is told");
    let (kept, wells) = bench.station.read(|r| Ok((r.run(run)?, r.wells(run)?))).unwrap();
    assert_eq!((told.head.run_id, told.head.seq), (run.uuid(), kept.seq), "it is that run");
    assert_eq!(told.head.content_sha256, kept.content_sha256.map(|hash| hash.to_string()), "sealed as here");
    assert_eq!(told.wells.len(), 96, "with every well");
    for (theirs, ours) in told.wells.iter().zip(&wells) {
        assert_eq!(theirs.well_id, ours.well.to_string(), "in order");
        assert_eq!(
            (theirs.class.as_str(), theirs.label.as_str()),
            (ours.class.as_str(), ours.label.as_str()),
            "the call"
        );
        assert!((theirs.confidence - ours.confidence).abs() < 1e-12, "the confidence of {}", ours.well);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(near(theirs.bbox.xmin, ours.bbox.xmin) && near(theirs.bbox.ymax, ours.bbox.ymax), "its box follows");
    }
}

#[test]
fn a_run_needs_little_room_on_the_wire() {
    let bench = Bench::new();
    bench.sync();
    let from = bench.acked();
    let picture = |n: u32, kind: u8| Sha256::of(format!("{n} {kind} {}", chance(u64::from(n))).as_bytes());
    for n in 1..=50 {
        let mut made = completion(n);
        let kinds = [(ImageKind::Raw, 1), (ImageKind::Annotated, 2), (ImageKind::Thumbnail, 3)];
        made.images = kinds.map(|(kind, k)| image(kind, n, picture(n, k), 400_000 + u64::from(n * 977))).to_vec();
        let mut new = new_run(&bench);
        new.identity = Identity {
            sample_no: format!("26-{:05}", 4_000 + n),
            submission_no: format!("T{n}"),
            plate_no: n.to_string(),
        };
        new.image_sha256 = picture(n, 1);
        bench.station.write(|writing| Ok(writing.record_run(&new, &made)?)).unwrap();
    }
    let (records, after) =
        bench.station.read(|r| Ok((r.outbox_after(from, 500)?, r.outbox_hash(from)?.unwrap()))).unwrap();
    let packed = pack_next((uuid::Uuid::nil(), 1), after, &records, Limits::default()).unwrap().unwrap();
    assert_eq!(packed.runs, 50, "a full batch");
    let each = packed.bytes.len() / packed.runs;
    println!("{each} bytes a run on the wire");
    assert!(each <= 1_200, "a run takes {each} bytes: a village on a modem sends forty plates a minute");
}

#[test]
fn what_was_made_before_the_station_told_everything_is_told_at_enrolment() {
    let bench = Bench::alone();
    let own = TEXT.replacen("id = \"hi\"", "id = \"own\"", 1);
    bench.station.add_assay(&bench.ada, "own.toml", &own, "").unwrap();
    bench.plate(1, "S1", b"picture");
    bench.enrol();
    bench.sync();
    let kinds = bench.hub.kinds();
    for kind in ["user", "assay", "run"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind} was made before: {kinds:?}");
    }
    assert_eq!(bench.acked(), bench.head(), "nothing waits");
    let states: Vec<RunState> = bench
        .hub
        .events()
        .into_iter()
        .filter_map(|event| if let Event::RunState(state) = event { Some(state) } else { None })
        .collect();
    assert!(states.is_empty(), "what holds for an untouched run the hub derives by itself: {states:?}");
}
