//! A database that is an older copy of itself, and a hub that says so.

use crate::support::{Plate, TestHub, until};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;
use wellread_hub::epoch;
use wellread_wire::batch::Acked;

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_takes_a_new_epoch_and_gets_back_what_it_lost() {
    let mut hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    station.append("run", &Plate::new(hub.hub.id().unwrap(), 1).told());
    station.push_all().await;
    let first = station.contact().await.epoch;
    let backup = hub.database.copy().unwrap();
    hub.restart().await;
    station.moved_to(&hub);
    assert_eq!(station.contact().await.epoch, first, "a restart is no new history");
    station.append("run", &Plate::new(hub.hub.id().unwrap(), 2).told());
    station.push(2, 1).await.good();
    hub.database.restore(&backup).unwrap();
    hub.restart().await;
    station.moved_to(&hub);
    station.append("run", &Plate::new(hub.hub.id().unwrap(), 3).told());
    let refused = station.push(3, 1).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "epoch-changed"),
        "the hub is older than the station thinks"
    );
    let welcome = station.contact().await;
    assert_ne!(welcome.epoch, first, "a new history");
    assert_eq!((welcome.expected_seq, welcome.expected_after), (2, Some(station.hash_at(1))), "where its log ends now");
    station.epoch = welcome.epoch;
    let acked = station.push(2, 2).await.packed::<Acked>();
    assert_eq!(acked.acked_seq, 3, "what it lost comes again");
    assert_eq!(hub.count("microplates.prediction_run").await, 3, "all of it");
    hub.restart().await;
    station.moved_to(&hub);
    assert_eq!(station.contact().await.epoch, welcome.epoch, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_the_database_is_gets_noted_without_any_upkeep() {
    let mut hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let first = hub.station(&org).await.epoch;
    // Since this moment neither a start nor upkeep: only what counts every so often.
    let backup = hub.database.copy().unwrap();
    hub.restart_bare().await;
    let generation: i64 = hub.one("SELECT generation FROM public.hub_state", &[]).await;
    let counting = tokio::spawn(epoch::keep_counting(hub.hub.clone(), Duration::from_millis(5)));
    until("the marker is further than the restored database", async || {
        (hub.hub.objects.marker().await.unwrap().unwrap().generation > generation).then_some(())
    })
    .await;
    counting.abort();
    assert!(counting.await.unwrap_err().is_cancelled(), "it goes on for as long as the hub runs");
    hub.database.restore(&backup).unwrap();
    hub.restart().await;
    assert_ne!(hub.hub.epoch, first, "the restored database is older than what was noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_nodes_one_notes_how_far_the_database_is() {
    let hub = TestHub::start().await;
    let (db, objects) = (&hub.hub.db, &hub.hub.objects);
    let quiet = Duration::from_secs(45);
    assert!(!epoch::tick_after(db, objects, quiet).await.unwrap(), "the start has just counted");
    hub.run("UPDATE public.hub_state SET updated_at = now() - interval '1 minute'", &[]).await;
    assert!(epoch::tick_after(db, objects, quiet).await.unwrap(), "it is time");
    assert!(!epoch::tick_after(db, objects, quiet).await.unwrap(), "and done");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_may_say_that_the_database_was_restored() {
    let hub = TestHub::start().await;
    let before = hub.hub.epoch;
    let after = epoch::new(&hub.hub.db, &hub.hub.objects, "restored by hand").await.unwrap();
    assert_ne!(before, after, "another one");
    let why: String = hub.one("SELECT epoch_why FROM public.hub_state", &[]).await;
    assert_eq!(why, "restored by hand", "with the reason");
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    assert_eq!(station.epoch, after, "stations are told of it at once, also by a node that was started before");
    station.epoch = Uuid::from_u128(1);
    station.append("config", &json!({ "key": "a", "value": 1 }));
    assert_eq!(station.push(1, 1).await.more()["epoch"], json!(after), "and refused with another");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_agree() {
    let hub = TestHub::start().await;
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let (db, objects) = (hub.hub.db.clone(), hub.hub.objects.clone());
            tokio::spawn(async move { epoch::at_start(&db, &objects).await.unwrap() })
        })
        .collect();
    for start in starts {
        assert_eq!(start.await.unwrap(), hub.hub.epoch, "one history");
    }
    let generation: i64 = hub.one("SELECT generation FROM public.hub_state", &[]).await;
    let marker = hub.hub.objects.marker().await.unwrap().unwrap();
    assert_eq!((marker.generation, marker.epoch), (generation, hub.hub.epoch), "the marker is where the database is");
}
