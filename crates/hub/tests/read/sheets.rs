//! The same as sheets.

use crate::house::{House, column};
use reqwest::header;

fn lines(text: &str) -> Vec<csv::StringRecord> {
    csv::ReaderBuilder::new().from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_has_every_row_of_every_page() {
    let house = House::open().await;
    let org = house.org("lab").await;
    // More than two pages of the largest size.
    house.plates(org.id, 1, 2_300).await;
    for (path, name) in [
        ("/v1/runs", "id"),
        ("/v1/samples?order=sample", "sample_no"),
        ("/v1/interface-files", "id"),
        ("/v1/rejections", "file_id"),
        ("/v1/stations", "id"),
    ] {
        let listed = column(&house.walk(&org.token, path, 1000).await, name);
        let response = house.get(&org.token, path).header(header::ACCEPT, "text/csv").send().await.unwrap();
        let of_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        assert_eq!(of_type, "text/csv; charset=utf-8; header=present", "{path}");
        let text = response.text().await.unwrap();
        let place = text.split("\r\n").next().unwrap().split(',').position(|column| column == name).unwrap();
        let rows: Vec<String> = lines(&text).iter().map(|line| line[place].to_owned()).collect();
        assert_eq!(rows, listed, "{path}: the rows of the list, in its order");
    }
    let some = house.get(&org.token, "/v1/runs?format=csv&disposition=to-review&limit=5").send().await.unwrap();
    let some = lines(&some.text().await.unwrap());
    assert_eq!(some.len(), 57, "a sheet has all rows of its filters, whatever a page would have");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_says_what_people_wrote_and_runs_none_of_it() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 8).await;
    house
        .sql(&format!(
            "UPDATE microplates.run_state SET sample_no = '=HYPERLINK(\"http://x\")', submission_no = 'ตัวอย่าง, \"1\"',
               plate_no = E'+1\\r\\n2' WHERE org_id = '{}' AND sample_no = 'S000001' AND plate_no = '1'",
            org.id
        ))
        .await;
    let text = house.get(&org.token, "/v1/runs?format=csv").send().await.unwrap().text().await.unwrap();
    let line = lines(&text).into_iter().find(|line| line[5].starts_with('ต')).expect("the run that was changed");
    assert_eq!(&line[4], "'=HYPERLINK(\"http://x\")", "a formula is a text");
    assert_eq!(&line[5], "ตัวอย่าง, \"1\"", "anything else is as it was");
    assert_eq!(&line[6], "'+1\r\n2", "line breaks stay in their cell");
    let samples = house.get(&org.token, "/v1/samples?format=csv").send().await.unwrap().text().await.unwrap();
    let formula = lines(&samples).iter().filter(|line| line[0].starts_with('=')).count();
    assert_eq!(formula, 0, "nor in the sheet of samples: {samples}");
    let stations = house.get(&org.token, "/v1/stations?format=csv").send().await.unwrap().text().await.unwrap();
    assert!(lines(&stations).iter().any(|line| &line[10] == "-10"), "numbers below zero stay numbers: {stations}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_that_may_no_longer_be_read_is_cut_off_and_not_whole() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.plates(org.id, 1, 30_000).await;
    let mut response = house.get(&org.token, "/v1/runs?format=csv").send().await.unwrap();
    let first = response.chunk().await.unwrap().expect("it begins");
    house.sql("UPDATE auth.memberships SET ended_at = now()").await;
    let mut text = first.to_vec();
    let end = loop {
        match response.chunk().await {
            Ok(Some(part)) => text.extend(part),
            Ok(None) => break Ok(()),
            Err(why) => break Err(why),
        }
    };
    assert!(end.is_err(), "whoever reads it learns that {} bytes are not all of it", text.len());
}
