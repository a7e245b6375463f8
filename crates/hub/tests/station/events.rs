//! Every kind of record, and the rows that come of it.

use crate::support::{Plate, TestHub};
use serde_json::{Value, json};
use uuid::Uuid;
use wellread_wire::batch::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_a_run_come_to_the_same_rows() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let (first, second) = (Plate::new(hub.hub.id().unwrap(), 1), Plate::new(hub.hub.id().unwrap(), 2));
    station.append_raw("run", 1, &first.told_v1().to_string());
    station.append("run", &second.told());
    assert_eq!(station.push_all().await.outcomes, [Outcome::Applied, Outcome::Applied], "both are read");
    let wells = "SELECT jsonb_agg(jsonb_build_array(well_id, label, class, confidence, bbox, flags) ORDER BY well_id)
        FROM microplates.well_prediction WHERE run_id = $1";
    let (of_first, of_second): (Value, Value) =
        (hub.one(wells, &[&first.run]).await, hub.one(wells, &[&second.run]).await);
    assert_eq!(of_first, of_second, "well by well or by column");
    assert_eq!(
        of_first[4],
        json!(["B2", "negative", "button", 0.7, { "xmin": 125.0, "ymin": 105.0, "xmax": 175.0, "ymax": 155.0 }, ["low-confidence", "second"]]),
        "with box and flags"
    );
    assert_eq!(
        of_first[5][4],
        json!({ "xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.5 }),
        "a box that is not the grid's"
    );
    assert_eq!(of_first[5][5], json!([]), "no flags are none, not one that is empty");
    let row: Value =
        hub.one("SELECT to_jsonb(r) FROM microplates.prediction_run r WHERE id = $1", &[&second.run]).await;
    for (column, expected) in [
        ("station_seq", json!(2)),
        ("log_seq", json!(2)),
        ("sample_no", json!("S-2")),
        ("submission_no", json!("T-1")),
        ("plate_no", json!("1")),
        ("description", json!("a note")),
        ("offset_min", json!(420)),
        ("raw_image_path", json!("blobs/aa/aa")),
        ("annotated_image_path", Value::Null),
        ("model_version", json!("0.2.0")),
        ("model_name", json!("wells")),
        ("status", json!("completed")),
        ("processing_time_ms", json!(84)),
        ("confidence_threshold", json!(0.8)),
        ("plate_format", json!("6")),
        ("titre_scale", Value::Null),
        ("review_reasons", json!(["low-confidence"])),
        ("content_sha256", json!("01".repeat(32))),
        ("incarnation", json!(1)),
        ("assay_id", json!("hi")),
        ("assay_version", json!(1)),
        ("app_version", json!("0.1.0")),
    ] {
        assert_eq!(row[column], expected, "{column}");
    }
    assert_eq!(row["models"][0]["kind"], "well-classifier", "all models that took part");
    assert_eq!(row["grid"]["orientation"]["by"], "letters", "where the wells are");
    let at: i64 = hub
        .one(
            "SELECT (extract(epoch FROM predict_at) * 1000)::bigint FROM microplates.prediction_run WHERE id = $1",
            &[&second.run],
        )
        .await;
    assert_eq!(at, 1_795_000_000_002, "to the millisecond");
    assert_eq!(hub.count("microplates.image_file").await, 2, "pictures");
    assert_eq!(hub.count("microplates.row_counts").await, 2, "counts");
    assert_eq!(hub.count("microplates.interface_results").await, 2, "results");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_an_untouched_run_is_derived() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plate = |seq| Plate::new(hub.hub.id().unwrap(), seq);
    station.append("run", &plate(1).told());
    station.append("run", &Plate { needs_review: true, ..plate(2) }.told());
    station.append("run", &Plate { needs_review: true, sample_no: String::new(), ..plate(3) }.told());
    station.append("run-failed", &plate(4).failed());
    station.push_all().await;
    let states = "SELECT jsonb_agg(s.disposition ORDER BY r.station_seq) FROM microplates.run_state s
        JOIN microplates.prediction_run r ON r.org_id = s.org_id AND r.id = s.run_id";
    let states: Value = hub.one(states, &[]).await;
    assert_eq!(states, json!(["accepted", "to-review", "waiting-sample", "none"]), "as stations derive it");
    let summary: Value =
        hub.one("SELECT summary -> 'distribution' FROM microplates.sample_summary WHERE sample_no = 'S-1'", &[]).await;
    assert_eq!(summary, json!({ "3": 1, "0": 1 }), "the accepted plate counts");
    let failed: Value =
        hub.one("SELECT to_jsonb(r) FROM microplates.prediction_run r WHERE station_seq = 4", &[]).await;
    assert_eq!((&failed["error_code"], &failed["error_msg"]), (&json!("no-grid"), &json!("no wells seen")), "why");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_reviews_and_signatures_hang_on_their_run() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plate = Plate::new(hub.hub.id().unwrap(), 1);
    let (review, signature) = (hub.hub.id().unwrap(), hub.hub.id().unwrap());
    let person = hub.person(&org, "ada", "admin").await;
    hub.run(
        "INSERT INTO microplates.correction (org_id, id, station_id, run_id, decision, body, reason_code, user_id, username)
         VALUES ($1, $2, $3, $4, 'accept', '{}', 'other', $5, 'ada')",
        &[&org.id, &review, &station.id, &plate.run, &person.id],
    )
    .await;
    station.append("run", &plate.told());
    station.append("review", &plate.review(review));
    station.append("signature", &plate.signature(signature));
    let moved = Plate { sample_no: "S-9".to_owned(), distribution: json!({ "4": 2 }), ..plate.clone() };
    station.append("run-state", &plate.state("to-review"));
    station.append("run-state", &moved.state("accepted"));
    let acked = station.push_all().await;
    assert_eq!(acked.outcomes, vec![Outcome::Applied; 5], "all of it");
    let row: Value = hub.one("SELECT to_jsonb(r) FROM microplates.well_review r", &[]).await;
    assert_eq!(
        (&row["kind"], &row["well"], &row["label"]),
        (&json!("override"), &json!("A1"), &json!("negative")),
        "{row}"
    );
    assert_eq!(row["payload"]["kind"], "override", "the decision whole");
    assert_eq!(hub.count("microplates.signature").await, 1, "the signature");
    let summaries: Value = hub
        .one("SELECT jsonb_object_agg(sample_no, summary -> 'distribution') FROM microplates.sample_summary", &[])
        .await;
    assert_eq!(
        summaries,
        json!({ "S-9": { "4": 2 } }),
        "the plate counts for its new sample and no longer for the old"
    );
    let closed: bool = hub.one("SELECT applied_at IS NOT NULL FROM microplates.correction", &[]).await;
    assert!(closed, "the correction that it carries out is done");
    // The same again in a later push, and others under the same ids.
    station.append("review", &plate.review(review));
    station.append("signature", &plate.signature(signature));
    let other_review = |id| {
        let mut other = plate.review(id);
        other["event"]["reason_text"] = json!("another reason");
        other
    };
    let other_id = hub.hub.id().unwrap();
    station.append("review", &other_review(review));
    let mut other = plate.signature(signature);
    other["meaning"] = json!("approved");
    station.append("signature", &other);
    station.append("review", &plate.review(other_id));
    station.append("review", &other_review(other_id));
    let again = station.push(6, 2).await.packed::<wellread_wire::batch::Acked>();
    assert_eq!(again.outcomes, [Outcome::Known, Outcome::Known], "known");
    let again = station.push(8, 4).await.packed::<wellread_wire::batch::Acked>();
    let codes: Vec<Value> = again.outcomes.iter().map(|outcome| json!(outcome)["code"].clone()).collect();
    let expected = json!(["review-differs", "signature-differs", null, "review-differs"]);
    assert_eq!(json!(codes), expected, "what people decided is not overwritten, in a later push or in the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_a_stations_own_things_are_kept_as_they_are_now() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let id = hub.hub.id().unwrap();
    let file = |status: &str, attempts| {
        json!({ "action": "DELIVER", "file": {
        "seq": 1, "id": id, "sample_no": "S-1", "template": "hl7", "revision": 1, "target": "lims", "test_no": "",
        "file_name": "S-1.hl7", "file_path": "out/S-1.hl7", "size": 120, "sha256": "ee".repeat(32), "status": status,
        "created": { "utc_ms": 1_795_000_000_000_i64, "offset_min": 60 }, "generated_at_ms": 1_795_000_000_001_i64,
        "delivered_at_ms": null, "error_msg": null, "attempts": attempts, "next_try_ms": null,
    } })
    };
    let user = |active| {
        json!({ "action": "UPDATE", "user": {
        "id": id, "username": "ada", "email": null, "first_name": "Ada", "last_name": "L", "is_active": active,
        "roles": ["admin", "viewer"],
    } })
    };
    station.append("interface-file", &file("generated", 0));
    station.append("interface-file", &file("failed", 2));
    station.append(
        "rejection",
        &json!({
            "file_id": id, "path": "in/a.txt", "revision": 1, "size": 3, "sha256": null, "state": "rejected",
            "reason_code": "not-an-image", "reason": "it is no picture", "duplicate_of": null,
        }),
    );
    station.append("user", &user(true));
    station.append("user", &user(false));
    station.append("config", &json!({ "key": "lab.name", "value": "North" }));
    station.append("config", &json!({ "key": "lab.name", "value": null }));
    station.append(
        "layout",
        &json!({ "action": "CREATE", "layout": {
        "id": "two", "version": 1, "name": "Two rows", "format": { "rows": 2, "cols": 3 }, "wells": { "A1": "sample" },
        "retired_at_ms": 1_795_000_000_000_i64,
    } }),
    );
    station.append("assay", &json!({ "id": "own", "version": 1, "name": "Own", "toml": "id = \"own\"" }));
    let acked = station.push_all().await;
    assert_eq!(acked.outcomes, vec![Outcome::Applied; 9], "all of it");
    let file: Value = hub.one("SELECT to_jsonb(f) FROM microplates.interface_file f", &[]).await;
    assert_eq!(
        (&file["status"], &file["attempts"], &file["log_seq"]),
        (&json!("failed"), &json!(2), &json!(2)),
        "the newest"
    );
    assert_eq!(file["offset_min"], 60, "{file}");
    let user: Value = hub.one("SELECT to_jsonb(a) FROM microplates.station_account a", &[]).await;
    assert_eq!((&user["is_active"], &user["roles"]), (&json!(false), &json!(["admin", "viewer"])), "the newest");
    let value: Value = hub.one("SELECT value FROM microplates.station_config", &[]).await;
    assert_eq!(value, Value::Null, "a setting that was taken back");
    let layout: Value = hub.one("SELECT to_jsonb(l) FROM microplates.station_layout l", &[]).await;
    assert_eq!(
        (&layout["plate_format"], &layout["definition"]),
        (&json!("6"), &json!({ "wells": { "A1": "sample" } })),
        "{layout}"
    );
    assert!(layout["retired_at"].is_string(), "no longer offered");
    for table in ["intake_rejection", "station_assay"] {
        assert_eq!(hub.count(&format!("microplates.{table}")).await, 1, "{table}");
    }
    let mut other = hub.station(&org).await;
    other.append(
        "interface-file",
        &json!({ "action": "DELIVER", "file": {
        "seq": 1, "id": id, "sample_no": "S-1", "template": "hl7", "revision": 1, "target": "lims", "test_no": "",
        "file_name": "x", "file_path": "x", "size": 1, "sha256": null, "status": "delivered",
        "created": { "utc_ms": 0, "offset_min": 0 }, "generated_at_ms": null, "delivered_at_ms": null,
        "error_msg": null, "attempts": 1, "next_try_ms": null,
    } }),
    );
    let outcome = other.push_all().await.outcomes;
    assert_eq!(json!(outcome)[0]["code"], "file-foreign", "another station's file is not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_watch_are_told_what_came_and_of_which_runs() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plate = Plate::new(hub.hub.id().unwrap(), 1);
    station.append("run", &plate.told());
    station.append("teleport", &json!({}));
    station.push_all().await;
    let before = hub.count("microplates.org_change").await;
    station.push_all().await;
    assert_eq!(hub.count("microplates.org_change").await, before, "a replay is no news");
    let row = hub
        .sql
        .query_one("SELECT kinds, run_ids, station_id FROM microplates.org_change ORDER BY seq DESC LIMIT 1", &[])
        .await
        .unwrap();
    let (kinds, runs, of): (Vec<String>, Vec<Uuid>, Uuid) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(
        (kinds, runs, of),
        (vec!["quarantine".to_owned(), "run".to_owned()], vec![plate.run], station.id),
        "as it was"
    );
}
