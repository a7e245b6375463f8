//! `backup-check` finds what is wrong, and nothing where nothing is.

use crate::{
    node,
    place::{Place, client},
    station::Station,
};
use std::fs;
use wellread_hub::objects::Objects;
use wellread_wire::chain::Sha256;

/// An organization with a station, some records and two blobs.
async fn filled(place: &Place) -> Station {
    node::organization(place, "acme");
    let code = node::verb_json(place, &["enrol-code", "create", "acme"]);
    let hub = place.serve().await;
    let mut station = Station::enrol(client(), &hub.url, code["code"].as_str().unwrap(), 7).await;
    station.push(20).await;
    let rows = place.superuser().await;
    for bytes in ["a picture", "another"] {
        let sha256 = Sha256::of(bytes.as_bytes());
        hub.hub.objects.put(station.org, &sha256, bytes.into()).await.unwrap();
        rows.execute(
            "INSERT INTO microplates.blob (org_id, sha256, size, state, object_key, verified_at)
             VALUES ($1, $2, $3, 'verified', 'there', now())",
            &[&station.org, &sha256.to_string(), &i64::try_from(bytes.len()).unwrap()],
        )
        .await
        .unwrap();
    }
    station
}

/// The codes of what is found, and the exit code.
fn check(place: &Place, more: &[&str]) -> (Vec<String>, Option<i32>) {
    let done = node::verb(place, &[&["backup-check", "--json"], more].concat());
    let text = String::from_utf8_lossy(&done.stdout);
    let found: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&done.stderr)));
    let codes = found["faults"].as_array().unwrap().iter().map(|fault| fault["code"].as_str().unwrap().to_owned());
    (codes.collect(), done.status.code())
}

#[tokio::test]
async fn what_is_whole_is_called_whole() {
    let place = Place::new();
    filled(&place).await;
    assert_eq!(check(&place, &["--deep"]), (vec![], Some(0)), "nothing is wrong");
    let done = node::verb(&place, &["backup-check"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.starts_with("1 organizations, 1 stations, 20 records, "), "what was looked at: {said}");
    assert!(said.contains("2 blobs (2 of them hashed)"), "{said}");
    assert!(said.ends_with("whole: database and object store agree\n"), "{said}");
}

#[tokio::test]
async fn a_blob_that_is_missing_short_or_changed_is_found() {
    let place = Place::new();
    let station = filled(&place).await;
    let objects = Objects::open(&place.config()).unwrap();
    let path = |bytes: &str| {
        let name = Sha256::of(bytes.as_bytes()).to_string();
        place.objects().join(format!("blobs/{}/{}/{}", station.org, &name[..2], &name[2..]))
    };
    fs::write(path("another"), "changed").unwrap();
    assert_eq!(check(&place, &["--sample", "0"]), (vec![], Some(0)), "its size is right");
    assert_eq!(check(&place, &["--deep"]), (vec!["blob-hash".to_owned()], Some(1)), "and its bytes are not");
    fs::write(path("another"), "cut").unwrap();
    assert_eq!(check(&place, &["--sample", "0"]), (vec!["blob-size".to_owned()], Some(1)), "not even its size");
    objects.remove(station.org, &Sha256::of(b"another")).await.unwrap();
    assert_eq!(check(&place, &[]), (vec!["blob-missing".to_owned()], Some(1)), "it is gone");
}

#[tokio::test]
async fn rows_that_do_not_fit_together_are_found() {
    let place = Place::new();
    filled(&place).await;
    let rows = place.superuser().await;
    let broken = async |sql: &str, code: &str| {
        rows.batch_execute(sql).await.unwrap();
        let (found, exit) = check(&place, &[]);
        assert!(found.iter().any(|told| told == code), "after {sql}: {code} in {found:?}");
        assert_eq!(exit, Some(1), "after {sql}");
    };
    broken("UPDATE microplates.station SET rejected = 1", "quarantine-count").await;
    broken("DELETE FROM microplates.station_log WHERE seq = 7", "log-holes").await;
    broken("UPDATE microplates.org_counter SET feed_seq = feed_seq + 1", "feed-holes").await;
    broken("ALTER TABLE microplates.station NO FORCE ROW LEVEL SECURITY", "isolation").await;
    broken("DELETE FROM public.refinery_schema_history WHERE version = 3", "migrations").await;
    let next = chrono::Utc::now().checked_add_months(chrono::Months::new(1)).unwrap().format("%Y_%m");
    broken(&format!("DROP TABLE microplates.signature_{next}"), "partitions").await;
}

#[tokio::test]
async fn a_log_that_was_rewritten_is_found() {
    let place = Place::new();
    filled(&place).await;
    let rows = place.superuser().await;
    rows.batch_execute("UPDATE microplates.station_log SET hash = repeat('0', 64) WHERE seq = 20").await.unwrap();
    assert_eq!(check(&place, &[]), (vec!["log-hash".to_owned()], Some(1)), "it does not end as its head says");
}
