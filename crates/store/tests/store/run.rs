use crate::support::{Bench, completion, new_run, raw_image, run_id, station, station_at};
use wellread_store::{Disposition, Error, IntakeState, Page, RunFailure, RunFilter, RunStatus, Sha256};

#[test]
fn one_call_records_a_whole_run() {
    let bench = station(None);
    let file = Bench::file(1, "a.jpg");
    bench
        .db
        .write(&station_at(1), |w| {
            w.see_file(&file)?;
            w.admit(file.id, &Sha256::of(b"a"))
        })
        .unwrap();
    let mut new = new_run(1, "S1", "2");
    new.intake = Some(file.id);
    let mut made = completion([5; 8], false);
    made.images.push(raw_image(1, "a.jpg"));
    bench.db.write(&station_at(2), |w| w.record_run(&new, &made)).unwrap();

    bench
        .db
        .read(|r| {
            let run = r.run(run_id(1))?;
            assert_eq!((run.seq, run.status), (1, RunStatus::Completed), "the first run of the station is over");
            assert_eq!(run.grid, Some(made.grid.clone()), "the grid comes back as it went in");
            assert_eq!(r.wells(run.id)?, made.wells, "so do all wells, to the last digit");
            assert_eq!(r.images(run.id)?, made.images, "and its pictures");
            assert_eq!(r.first_results(run.id)?, Some(made.results.clone()), "and its results");
            assert_eq!(r.run_state(run.id)?.disposition, Disposition::Accepted, "nobody need look at it");
            let sample = r.sample("S1")?.expect("the sample is summed up");
            assert_eq!(sample.distribution.count(5), 8, "eight series end at 5");
            assert!(sample.statistics["geometric_mean_titre"].is_number(), "{}", sample.statistics);
            let file = r.intake_file(file.id)?;
            assert_eq!((file.state, file.run), (IntakeState::Done, Some(run.id)), "the file knows its run");
            assert!(r.blob(&made.images[0].sha256)?.is_some(), "its blob is known");
            let told = r.outbox_after(0, 100)?;
            let last = told.last().expect("the hub is told");
            assert_eq!(last.kind, "run", "of a run");
            let payload: serde_json::Value = serde_json::from_str(&last.payload)?;
            assert_eq!(payload["wells"]["label"].as_str().map(str::len), Some(96), "with every well");
            assert_eq!(payload["wells"].get("bbox"), None, "boxes follow from the grid");
            assert_eq!(payload["content_sha256"], run.content_sha256.unwrap().to_string(), "and what it hashes to");
            Ok::<_, Error>(())
        })
        .unwrap();
    bench.assert_sound();
}

#[test]
fn the_hub_is_told_of_a_run_in_a_form_that_stays() {
    let bench = station(None);
    let mut new = new_run(1, "S1", "1");
    new.description = "first".into();
    let mut made = completion([1, 2, 3, 4, 5, 6, 7, 8], true);
    made.images.push(raw_image(1, "a.jpg"));
    bench.db.write(&station_at(2), |w| w.record_run(&new, &made)).unwrap();
    let record = bench.db.read(|r| r.outbox_after(0, 100)).unwrap().pop().unwrap();
    let mut payload: serde_json::Value = serde_json::from_str(&record.payload).unwrap();
    // Two wells tell the shape of all.
    payload["wells"]["class"].as_array_mut().unwrap().truncate(2);
    payload["wells"]["confidence"].as_array_mut().unwrap().truncate(2);
    payload["results"]["series"].as_array_mut().unwrap().truncate(1);
    insta::assert_json_snapshot!(payload);
}

#[test]
fn a_run_that_is_over_cannot_be_changed_by_anybody() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    let other = bench.behind();
    for change in [
        "UPDATE prediction_run SET sample_no = 'X'",
        "UPDATE prediction_run SET status = 'pending'",
        "DELETE FROM prediction_run",
        "UPDATE well_prediction SET label = 'negative'",
        "DELETE FROM well_prediction",
        "INSERT INTO well_prediction SELECT id + 1000, run_id, well_id || 'x', label, class, confidence, bbox,
           created_at, role, center_x_px, center_y_px, probabilities, flags FROM well_prediction",
        "UPDATE row_counts SET counts = '{}'",
        "UPDATE interface_results SET results = '{\"distribution\":{}}'",
        "DELETE FROM interface_results",
        "UPDATE image_file SET file_name = 'b.jpg'",
        "UPDATE audit_logs SET why = 'x'",
        "DELETE FROM audit_logs",
        "UPDATE outbox SET payload = '{}'",
        "DELETE FROM outbox",
    ] {
        assert!(other.execute(change, []).is_err(), "the database itself refuses: {change}");
    }
    other.execute("UPDATE image_file SET signed_url = 'https://x'", []).expect("the hub's columns are not the reading");
    bench.assert_sound();
}

#[test]
fn a_failed_run_says_why_and_its_file_may_be_tried_again() {
    let bench = station(None);
    let file = Bench::file(1, "a.jpg");
    let failure = RunFailure {
        code: "no-plate".into(),
        message: "There is no plate in the picture: take it again.".into(),
        processing_time_ms: 20,
        images: vec![raw_image(1, "a.jpg")],
    };
    let mut new = new_run(1, "S1", "1");
    new.intake = Some(file.id);
    bench
        .db
        .write(&station_at(1), |w| {
            w.see_file(&file)?;
            w.admit(file.id, &Sha256::of(b"a"))?;
            w.record_failure(&new, &failure)
        })
        .unwrap();
    let line = bench.db.read(|r| r.runs(&RunFilter::default(), Page::first(9))).unwrap().rows.remove(0);
    assert_eq!((line.status, line.disposition), (RunStatus::Failed, Disposition::None), "it has no results to judge");
    assert_eq!(line.error_msg.as_deref(), Some(failure.message.as_str()), "the list says why");
    assert_eq!(bench.db.read(|r| r.sample("S1")).unwrap(), None, "a failed run is no result of the sample");

    let mut again = new_run(2, "S1", "1");
    again.intake = Some(file.id);
    bench.db.write(&station_at(2), |w| w.record_run(&again, &completion([5; 8], false))).expect("a second try");
    let mut third = new_run(3, "S1", "1");
    third.intake = Some(file.id);
    let doubled = bench.db.write(&station_at(3), |w| w.record_run(&third, &completion([5; 8], false)));
    assert!(matches!(doubled, Err(Error::Refused(_))), "one file is one run: {doubled:?}");
    bench.assert_sound();
}

#[test]
fn a_queued_run_is_found_after_a_restart_and_completed_once() {
    let bench = station(None);
    let new = new_run(1, "S1", "1");
    bench.db.write(&station_at(1), |w| w.queue_run(&new)).unwrap();
    bench.db.write(&station_at(2), |w| w.start_run(new.id)).unwrap();
    let unfinished = bench.db.read(|r| r.unfinished_runs()).unwrap();
    assert_eq!(unfinished.iter().map(|run| run.id).collect::<Vec<_>>(), [new.id], "a restart takes it up again");
    bench.assert_sound();
    let made = completion([5; 8], false);
    bench.db.write(&station_at(3), |w| w.record_run(&new, &made)).unwrap();
    let again = bench.db.write(&station_at(4), |w| w.record_run(&new, &made));
    assert!(matches!(again, Err(Error::Refused(_))), "what is over is over: {again:?}");
    assert!(bench.db.read(|r| r.unfinished_runs()).unwrap().is_empty(), "nothing is left to do");
    assert_eq!(bench.db.read(|r| r.run(new.id)).unwrap().seq, 1, "it kept its place in the order");
    bench.assert_sound();
}

#[test]
fn a_run_holds_every_well_of_its_plate() {
    let bench = station(None);
    let mut made = completion([5; 8], false);
    made.wells.remove(40);
    let recorded = bench.db.write(&station_at(1), |w| w.record_run(&new_run(1, "S1", "1"), &made));
    assert!(matches!(recorded, Err(Error::Refused(_))), "a well that silently vanishes is a wrong result");
    assert!(bench.db.read(|r| r.find_run(run_id(1))).unwrap().is_none(), "and nothing of the run is kept");
}

#[test]
fn a_superseding_run_counts_once_accepted_and_the_old_one_stays() {
    let bench = station(None);
    bench.record(1, "S1", "1", [5; 8], false);
    let mut newer = new_run(2, "S1", "1");
    newer.supersedes = Some(run_id(1));
    bench.db.write(&station_at(2), |w| w.record_run(&newer, &completion([7; 8], true))).unwrap();
    let dispositions = || {
        let state = |n| bench.db.read(|r| r.run_state(run_id(n))).unwrap().disposition;
        (state(1), state(2), bench.db.read(|r| r.sample("S1")).unwrap().unwrap().distribution.count(5))
    };
    assert_eq!(
        dispositions(),
        (Disposition::Accepted, Disposition::ToReview, 8),
        "while the new one waits for eyes, the old one holds"
    );
    bench.decide(1, 2, 1, wellread_store::Decision::Accept).unwrap();
    assert_eq!(dispositions(), (Disposition::Superseded, Disposition::Accepted, 0), "accepted, it takes its place");
    bench.decide(1, 2, 2, wellread_store::Decision::Reject).unwrap();
    assert_eq!(dispositions(), (Disposition::Accepted, Disposition::Rejected, 8), "rejected, the old one holds again");
    bench.assert_sound();
}

#[test]
fn the_hub_is_told_of_boxes_and_flags_that_do_not_follow() {
    let bench = station(None);
    let mut made = completion([3; 8], false);
    made.wells[13].bbox.xmin -= 2.0;
    // A number read back from a text may differ in its last digit.
    made.wells[14].bbox.xmin += 1e-9;
    made.wells[15].flags = vec![wellread_plate::interpret::CallFlag::Glare];
    bench.db.write(&station_at(2), |w| w.record_run(&new_run(1, "S1", "1"), &made)).unwrap();
    let record = bench.db.read(|r| r.outbox_after(0, 100)).unwrap().pop().unwrap();
    assert_eq!(record.schema_version, 2, "in the second version");
    let payload: serde_json::Value = serde_json::from_str(&record.payload).unwrap();
    let keys = |of: &str| payload["wells"][of].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
    assert_eq!(keys("bbox"), Some(vec!["B2".to_owned()]), "the one that somebody moved");
    assert_eq!(keys("flags"), Some(vec!["B4".to_owned()]), "and what is odd");
}

#[test]
fn the_hub_is_told_what_holds_once_it_is_not_what_it_derives() {
    let bench = station(None);
    let told = |bench: &Bench| {
        let records = bench.db.read(|r| r.outbox_after(0, 1_000)).unwrap();
        let states = records.into_iter().filter(|record| record.kind == "run-state");
        states.map(|record| serde_json::from_str(&record.payload).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    bench.record(1, "S1", "1", [5; 8], true);
    bench.record(2, "", "1", [5; 8], true);
    assert!(told(&bench).is_empty(), "what holds at first follows from the run");
    bench.decide(1, 1, 1, wellread_store::Decision::Accept).unwrap();
    let states = told(&bench);
    assert_eq!(states.len(), 1, "a decision changes it: {states:?}");
    assert_eq!(states[0]["disposition"], "accepted", "to this");
    assert_eq!(states[0]["distribution"], serde_json::json!({ "5": 8 }), "with the end points that hold");
    let mut newer = new_run(3, "S1", "1");
    newer.supersedes = Some(run_id(1));
    bench.db.write(&station_at(9), |w| w.record_run(&newer, &completion([6; 8], false))).unwrap();
    let states = told(&bench);
    assert_eq!(states.len(), 2, "the run that was replaced is told of as well: {states:?}");
    assert_eq!(states[1]["disposition"], "superseded", "by the one that replaces it");
    bench.assert_sound();
}
