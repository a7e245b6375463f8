//! One run, its wells and pictures, and its sample.

use crate::house::{House, Org, column};
use bytes::Bytes;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;
use wellread_wire::chain::Sha256;

async fn first_run(house: &House, org: &Org) -> Uuid {
    let runs = house.walk(&org.token, "/v1/runs", 1000).await;
    runs.last().unwrap()["id"].as_str().unwrap().parse().unwrap()
}

/// A run with results, twelve wells, three reviews of which one is undone, and a signature.
async fn full(house: &House, org: &Org) -> Uuid {
    house.plates(org.id, 1, 4).await;
    let (run, org, hash) = (first_run(house, org).await, org.id, "c".repeat(64));
    let review = |seq: u32, kind: &str, payload: Value, made: Option<Value>| {
        let made = made.map_or("NULL".to_owned(), |made| format!("'{made}'"));
        format!(
            "INSERT INTO microplates.well_review (org_id, run_id, id, station_id, seq, kind, payload, reason_code, actor, at,
               offset_min, based_on_seq, conflict, final, log_seq)
             SELECT org_id, id, gen_random_uuid(), station_id, {seq}, '{kind}', '{payload}', 'bubble', 'ann', now(), 420, 0,
               false, {made}, 9 FROM microplates.prediction_run WHERE id = '{run}';"
        )
    };
    let made =
        |end_point: &str| Some(json!({"counts": {"positive": 2}, "distribution": {end_point: 8}, "results": {}}));
    let reviews = [
        review(1, "override", json!({"kind": "override", "well": "A2", "class": null, "label": "negative"}), made("6")),
        review(
            2,
            "override",
            json!({"kind": "override", "well": "A10", "class": "trace", "label": "invalid"}),
            made("7"),
        ),
        review(3, "undo", json!({"kind": "undo", "event": 1}), made("8")),
    ];
    house
        .sql(&format!(
            "INSERT INTO microplates.row_counts (org_id, run_id, counts) VALUES ('{org}', '{run}', '{{\"positive\": 3}}');
             INSERT INTO microplates.interface_results (org_id, run_id, results)
               VALUES ('{org}', '{run}', '{{\"distribution\": {{\"5\": 8}}, \"series\": []}}');
             INSERT INTO microplates.well_prediction (org_id, run_id, well_id, label, class, confidence, bbox, flags)
               SELECT '{org}', '{run}', row || col, 'positive', 'button', 0.99, '{{\"xmin\": 1}}', '{{}}'
               FROM unnest(ARRAY['B', 'A']) row, generate_series(12, 1, -1) col;
             {}
             INSERT INTO microplates.signature (org_id, run_id, id, station_id, user_id, meaning, covers_seq, content_hash,
               at, offset_min, log_seq)
               SELECT org_id, id, gen_random_uuid(), station_id, gen_random_uuid(), 'reviewed', 3, '{hash}', now(), 420, 10
               FROM microplates.prediction_run WHERE id = '{run}'",
            reviews.concat()
        ))
        .await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_what_the_plate_said_and_what_people_made_of_it() {
    let house = House::open().await;
    let org = house.org("lab").await;
    let run = full(&house, &org).await;
    let told = house.json(&org.token, &format!("/v1/runs/{run}")).await;
    assert_eq!(told["results_as_read"]["distribution"], json!({"5": 8}), "what the program said");
    assert_eq!(told["results"]["distribution"], json!({"8": 8}), "what holds after the reviews");
    let undone: Vec<bool> = told["reviews"].as_array().unwrap().iter().map(|it| it["undone"] == true).collect();
    assert_eq!(undone, [true, false, false], "the first decision was taken back");
    assert_eq!(told["signatures"][0]["meaning"], "reviewed", "who stands for it");
    assert_eq!(told["station"], "Station 1", "where it was read");
    let by_number = house.json(&org.token, &format!("/v1/runs/{}", told["run_number"])).await;
    assert_eq!(by_number, told, "people name it by its number");
    house.sql(&format!("UPDATE microplates.prediction_run SET deleted_at = now() WHERE id = '{run}'")).await;
    let listed = column(&house.walk(&org.token, "/v1/runs", 1000).await, "id");
    assert!(listed.len() == 3 && !listed.contains(&run.to_string()), "taken out, it is in no list: {listed:?}");
    let told = house.json(&org.token, &format!("/v1/runs/{run}")).await;
    assert!(told["deleted_at"].is_string(), "but it is still there, and says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn wells_come_row_by_row_with_the_calls_that_hold() {
    let house = House::open().await;
    let org = house.org("lab").await;
    let run = full(&house, &org).await;
    let told = house.json(&org.token, &format!("/v1/runs/{run}/wells")).await;
    let wells = told["items"].as_array().unwrap();
    let expected: Vec<String> = "AB".chars().flat_map(|row| (1..=12).map(move |col| format!("{row}{col}"))).collect();
    assert_eq!(column(wells, "well_id"), expected, "row by row, 2 before 10");
    assert_eq!(wells[1]["override"], Value::Null, "the call of A2 was taken back");
    assert_eq!(wells[9]["override"]["label"], "invalid", "the call of A10 holds");
    assert_eq!(wells[9]["label"], "positive", "beside what the program said");
    let sheet = house.get(&org.token, &format!("/v1/runs/{run}/wells?format=csv")).send().await.unwrap();
    let sheet = sheet.text().await.unwrap();
    assert_eq!(sheet.lines().count(), 25, "a header and every well: {sheet}");
    assert!(sheet.contains("A10,button,positive,0.99,,trace,invalid,ann,bubble,"), "with the call that holds: {sheet}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_there_once_every_byte_is() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 1).await;
    let run = first_run(&house, &org).await;
    let bytes: Bytes = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let sha256 = Sha256::of(&bytes);
    house
        .sql(&format!(
            "INSERT INTO microplates.image_file (org_id, run_id, sample_no, file_type, file_name, file_path, file_size,
               mime_type, sha256)
             VALUES ('{0}', '{run}', 'S1', 'raw', 'a.jpg', 'a.jpg', 5000000, 'image/jpeg', '{sha256}'),
               ('{0}', '{run}', 'S1', 'annotated', 'b.svg', 'b.svg', 9, 'image/svg+xml', '{sha256}');
             INSERT INTO microplates.blob (org_id, sha256, size, state, received)
             VALUES ('{0}', '{sha256}', 5000000, 'partial', 4194304)",
            org.id
        ))
        .await;
    let path = format!("/v1/runs/{run}/images/raw");
    assert_eq!(house.refused(&org.token, &path, StatusCode::NOT_FOUND).await, "picture-pending", "a part is not it");
    let told = house.json(&org.token, &format!("/v1/runs/{run}")).await;
    assert_eq!(told["images"][1]["verified"], false, "and the run says so");
    house.hub.objects.put(org.id, &sha256, bytes.clone()).await.unwrap();
    house.sql("UPDATE microplates.blob SET state = 'verified', object_key = sha256, verified_at = now()").await;
    let response = house.get(&org.token, &path).send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "image/jpeg", "as what the station sent it");
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "5000000", "its size is told before");
    assert_eq!(response.bytes().await.unwrap(), bytes, "every byte");
    let drawn = house.get(&org.token, &format!("/v1/runs/{run}/images/annotated")).send().await.unwrap();
    let of_type = &drawn.headers()[header::CONTENT_TYPE];
    assert_eq!(of_type, "application/octet-stream", "what a browser could run is only bytes");
    assert_eq!(
        house.refused(&org.token, &format!("/v1/runs/{run}/images/x"), StatusCode::NOT_FOUND).await,
        "not-found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_counts_the_latest_accepted_run_of_each_plate() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 4, 7).await;
    let path = "/v1/samples/S000001";
    let four = house.json(&org.token, path).await;
    assert_eq!(four["distribution"], json!({"5": 32}), "eight series of each of four plates");
    assert_eq!(four["statistics"]["count"], 32, "all of one scale");
    assert_eq!(four["statistics"]["geometric_mean_titre"], 32.0, "1:2 doubled four times");
    assert_eq!(four["statistics"]["sd_log2"], 0.0, "they are all alike");
    house
        .sql(
            "UPDATE microplates.run_state SET distribution = '{\"7\": 8}' WHERE plate_no = '1';
             UPDATE microplates.run_state SET disposition = 'rejected' WHERE plate_no = '2'",
        )
        .await;
    let three = house.json(&org.token, path).await;
    assert_eq!(three["distribution"], json!({"5": 16, "7": 8}), "a rejected plate does not count");
    assert_eq!((&three["total_runs"], &three["counted_runs"]), (&4.into(), &3.into()), "but it is one of four");
    let mean = three["statistics"]["mean_log2"].as_f64().unwrap();
    assert!((mean - (16.0 * 5.0 + 8.0 * 7.0) / 24.0).abs() < 1e-12, "the mean of the log2 titres, not {mean}");
    house
        .sql(
            "UPDATE microplates.prediction_run SET titre_scale = jsonb_set(titre_scale, '{dilution,start}', '4')
             WHERE plate_no = '3'",
        )
        .await;
    let mixed = house.json(&org.token, path).await;
    assert_eq!(mixed["statistics"], Value::Null, "two scales have no statistics together");
    assert_eq!(mixed["distribution"], three["distribution"], "end points are still counted");
}
