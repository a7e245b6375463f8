//! Pages and filters.

use crate::house::{House, column};
use reqwest::StatusCode;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every list, and what names its rows.
const LISTS: [(&str, &str); 5] = [
    ("/v1/runs", "id"),
    ("/v1/samples?order=sample", "sample_no"),
    ("/v1/interface-files", "id"),
    ("/v1/rejections", "file_id"),
    ("/v1/stations", "id"),
];

/// Whether a row is one that was asked for.
type Fits<'a> = &'a dyn Fn(&Value) -> bool;

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_on_one_page_whatever_the_size_of_pages() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 60).await;
    for (path, name) in LISTS {
        let whole = column(&house.walk(&org.token, path, 1000).await, name);
        let distinct: BTreeSet<&String> = whole.iter().collect();
        assert_eq!(distinct.len(), whole.len(), "{path}: no row twice");
        let expected = match path {
            "/v1/stations" => 20,
            "/v1/samples?order=sample" => 16,
            _ => 60,
        };
        assert_eq!(whole.len(), expected, "{path}: every row");
        // 20 and 60 are multiples of some: the last page is full, and there is none after it.
        for limit in [1, 4, 7, 19, 20, 60, 61] {
            let paged = column(&house.walk(&org.token, path, limit).await, name);
            assert_eq!(paged, whole, "{path}: the same rows in the same order by {limit}");
        }
    }
    let newest = house.walk(&org.token, "/v1/samples", 3).await;
    assert_eq!(newest.len(), 16, "every sample in the order of its newest run too");
    let numbers: Vec<i64> = newest.iter().map(|sample| sample["last_run_number"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "the one with the newest run first: {numbers:?}");
    let runs = house.walk(&org.token, "/v1/runs", 7).await;
    let numbers: Vec<i64> = runs.iter().map(|run| run["run_number"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "the newest run first");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_come_in_between_pages_neither_repeat_nor_hide_any() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 40).await;
    let mut next_row = 41;
    for (path, name) in LISTS {
        let before = column(&house.walk(&org.token, path, 1000).await, name);
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = house.page(&org.token, path, 6, &after).await;
            seen.extend(column(page["items"].as_array().unwrap(), name));
            house.plates(org.id, next_row, next_row + 2).await;
            next_row += 3;
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
            assert!(seen.len() < 500, "{path}: the walk must come to its end");
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{path}: no row twice");
        let lost: Vec<&String> = before.iter().filter(|row| !distinct.contains(row)).collect();
        assert!(lost.is_empty(), "{path}: rows that were there before the walk: {lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_keep_what_they_name_and_nothing_else() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 420).await;
    let all = house.walk(&org.token, "/v1/runs", 1000).await;
    let station = all[0]["station_id"].as_str().unwrap();
    let (from, to) = (all[200]["predict_at"].as_str().unwrap(), all[100]["predict_at"].as_str().unwrap());
    let runs: [(&str, Fits<'_>); 13] = [
        ("sample=S000012", &|run| run["sample_no"] == "S000012"),
        ("submission=SUB2", &|run| run["submission_no"] == "SUB2"),
        ("text=s0000", &|run| run["sample_no"].as_str().unwrap().starts_with("S0000")),
        ("text=SUB1", &|run| run["submission_no"] == "SUB1"),
        (&format!("station={station}"), &|run| run["station_id"] == station),
        ("status=failed", &|run| run["status"] == "failed"),
        ("disposition=to-review", &|run| run["disposition"] == "to-review"),
        ("needs_review=true", &|run| run["needs_review"] == true),
        ("conflict=true", &|run| run["conflict"] == true),
        ("signed=approved", &|run| run["signed"] == "approved"),
        ("assay=rare", &|run| run["assay_id"] == "rare"),
        (&format!("from={from}&to={to}"), &|run| (from..to).contains(&run["predict_at"].as_str().unwrap())),
        ("disposition=accepted&assay=hi&text=S00001", &|run| {
            run["disposition"] == "accepted"
                && run["assay_id"] == "hi"
                && run["sample_no"].as_str().unwrap().starts_with("S00001")
        }),
    ];
    for (filter, keeps) in runs {
        let expected: Vec<&Value> = all.iter().filter(|run| keeps(run)).collect();
        let found = house.walk(&org.token, &format!("/v1/runs?{filter}"), 9).await;
        assert!(!expected.is_empty() && expected.len() < all.len(), "{filter}: the test itself must tell rows apart");
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}: these rows in this order");
    }
    for (path, filter, named) in [
        ("/v1/interface-files", "status=failed", "failed"),
        ("/v1/interface-files", "sample=S000012", "S000012"),
        ("/v1/rejections", "state=rejected", "rejected"),
        ("/v1/samples", "text=s00001", "S00001"),
    ] {
        let all = house.walk(&org.token, path, 1000).await;
        let found = house.walk(&org.token, &format!("{path}?{filter}"), 2).await;
        let name = if filter.starts_with("text") { "sample_no" } else { filter.split('=').next().unwrap() };
        let name = if name == "sample" { "sample_no" } else { name };
        let expected: Vec<&Value> = all.iter().filter(|row| row[name].as_str().unwrap().starts_with(named)).collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{path}?{filter}: the test itself must tell rows apart"
        );
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{path}?{filter}: these rows in this order");
    }
    let of_submission = house.walk(&org.token, "/v1/samples?submission=SUB2", 1000).await;
    assert_eq!(of_submission.len(), 25, "the samples of a submission: 100 runs of four plates each");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_gets_wrong_is_told_and_not_passed_over() {
    let house = House::open().await;
    let (org, other) = (house.org("lab").await, house.org("other").await);
    house.plates(org.id, 1, 30).await;
    let next = house.page(&org.token, "/v1/runs", 5, "").await["next"].as_str().unwrap().to_owned();
    for (what, token, path) in [
        ("a cursor of another organization", &other.token, format!("/v1/runs?after={next}")),
        ("a cursor of another list", &org.token, format!("/v1/rejections?after={next}")),
        ("a cursor of another order", &org.token, format!("/v1/samples?order=sample&after={next}")),
        ("garbage", &org.token, "/v1/runs?after=AAAA".to_owned()),
        ("garbage that is no base64", &org.token, "/v1/runs?after=%00%FF".to_owned()),
        ("no rows", &org.token, "/v1/runs?limit=0".to_owned()),
        ("too many rows", &org.token, "/v1/runs?limit=1001".to_owned()),
        ("no number", &org.token, "/v1/runs?limit=many".to_owned()),
        ("a filter that there is not", &org.token, "/v1/runs?sampel=S1".to_owned()),
        ("a word that there is not", &org.token, "/v1/runs?status=done".to_owned()),
        ("a day that there is not", &org.token, "/v1/runs?from=2026-02-31".to_owned()),
        ("a station that is no id", &org.token, "/v1/runs?station=5".to_owned()),
        ("a format that there is not", &org.token, "/v1/samples?format=xlsx".to_owned()),
    ] {
        assert_eq!(house.refused(token, &path, StatusCode::BAD_REQUEST).await, "invalid", "{what}: {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_organization_is_there() {
    let house = House::open().await;
    let (org, other) = (house.org("lab").await, house.org("other").await);
    house.plates(org.id, 1, 30).await;
    house.plates(other.id, 101, 105).await;
    for (path, name) in LISTS {
        let own: BTreeSet<String> = column(&house.walk(&org.token, path, 9).await, name).into_iter().collect();
        let others = column(&house.walk(&other.token, path, 9).await, name);
        assert!(!own.is_empty() && !others.is_empty(), "{path}: both have rows");
        // Stations of the test have the same ids in both; whose they are is told by the rest of the key.
        let shared = others.iter().filter(|row| own.contains(*row)).count();
        assert!(path == "/v1/stations" || shared == 0, "{path}: each has only its own rows");
    }
    let run = house.walk(&org.token, "/v1/runs", 1000).await[0].clone();
    let (id, number, sample) = (run["id"].as_str().unwrap(), &run["run_number"], run["sample_no"].as_str().unwrap());
    for path in [
        format!("/v1/runs/{id}"),
        format!("/v1/runs/{number}"),
        format!("/v1/runs/{id}/wells"),
        format!("/v1/runs/{id}/images/raw"),
        format!("/v1/samples/{sample}"),
        format!("/v1/stations/{}", house.hub.id().unwrap()),
        "/v1/runs/none".to_owned(),
    ] {
        assert_eq!(house.refused(&other.token, &path, StatusCode::NOT_FOUND).await, "not-found", "{path}");
    }
    assert_eq!(house.walk(&other.token, &format!("/v1/runs?sample={sample}"), 9).await.len(), 0, "no run of theirs");
    house.json(&org.token, &format!("/v1/runs/{number}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_without_the_right_to() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house
        .sql(&format!(
            "INSERT INTO auth.roles (org_id, name, permissions) VALUES ('{}', 'clerk', '{{audit:read}}')",
            org.id
        ))
        .await;
    let clerk = house.person(org.id, "clerk").await;
    for path in [
        "/v1/runs",
        "/v1/runs?format=csv",
        "/v1/runs/1",
        "/v1/runs/1/wells",
        "/v1/runs/1/images/raw",
        "/v1/samples",
        "/v1/samples/S1",
        "/v1/interface-files",
        "/v1/rejections",
        "/v1/stations",
        "/v1/stations/0190b5a0-0000-7000-8000-000000000000",
        "/v1/events",
    ] {
        assert_eq!(house.refused(&clerk, path, StatusCode::FORBIDDEN).await, "forbidden", "{path}: without run:read");
        assert_eq!(
            house.refused("no-token", path, StatusCode::UNAUTHORIZED).await,
            "unauthenticated",
            "{path}: nobody"
        );
    }
}
