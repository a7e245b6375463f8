//! A copy of a log goes on, and the others do not.

use crate::support::{Answered, Plate, TestHub};
use serde_json::{Value, json};
use wellread_wire::{
    batch::Acked,
    contact::{Head, TakeIncarnation},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_disk_is_settled_by_taking_over_and_nothing_is_lost() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plate = |seq| Plate::new(hub.hub.id().unwrap(), seq);
    for seq in 1..=3 {
        station.append("run", &plate(seq).told());
    }
    station.push_all().await;
    let mut clone = station.clone();
    station.append("run", &plate(4).told());
    station.append("run", &plate(5).told());
    station.push(4, 2).await.good();
    clone.append("run", &plate(4).told());
    assert_eq!(clone.push(4, 1).await.code(), "station-fenced", "two histories");
    let taken = clone.take_over("ada: the old PC is in the bin").await;
    assert_eq!(
        (taken.incarnation, taken.expected_seq, taken.hub_only),
        (2, 4, 2),
        "after the last place that both have"
    );
    let acked = clone.push(1, 4).await.packed::<Acked>();
    assert_eq!(acked.acked_seq, 4, "the known part is known, what follows is new");
    assert_eq!(station.push(4, 2).await.more()["reason"], "incarnation", "the other copy has no more to say");
    assert_eq!(station.push(1, 2).await.code(), "station-fenced", "not even what is known");
    assert_eq!(hub.count("microplates.prediction_run").await, 6, "the runs of both are kept");
    clone.append("run", &plate(5).told());
    clone.push(5, 1).await.good();
    let welcome = clone.contact().await;
    assert_eq!((welcome.incarnation, welcome.expected_seq, welcome.fenced.as_str()), (2, 6, ""), "it goes on");
    let details: Value = hub.one("SELECT details FROM auth.audit_logs WHERE action = 'TAKE_OVER'", &[]).await;
    assert_eq!(details["why"], "ada: the old PC is in the bin", "the trail has who and why");
    // And back: the first copy takes over in its turn, over two writers' places.
    let taken = station.take_over("ben: it was found again").await;
    assert_eq!((taken.incarnation, taken.expected_seq, taken.hub_only), (3, 4, 2), "the last common place is still 3");
    let acked = station.push(2, 4).await.packed::<Acked>();
    assert_eq!(json!(acked.outcomes)[2]["outcome"], "known", "its runs are there from before");
    assert_eq!(hub.count("microplates.prediction_run").await, 7, "none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_restored_from_its_backup_goes_on_where_the_backup_ends() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    station.append("config", &json!({ "key": "a", "value": 1 }));
    let mut backup = station.clone();
    for n in 2..=4 {
        station.append("config", &json!({ "key": "a", "value": n }));
    }
    station.push_all().await;
    let taken = backup.take_over("restored from the backup of yesterday").await;
    assert_eq!((taken.expected_seq, taken.hub_only), (2, 3), "what the hub has more stays there");
    backup.append("config", &json!({ "key": "a", "value": 9 }));
    backup.push(2, 1).await.good();
    let value: Value = hub.one("SELECT value FROM microplates.station_config", &[]).await;
    assert_eq!(value, 9, "the copy that goes on is right, though its place in the log is an earlier one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_forgot_a_writer_gives_one_that_no_copy_had() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    station.incarnation = 7;
    assert_eq!(station.take_over("the hub was restored").await.incarnation, 8, "newer than any the station knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_shares_no_place_is_told_so() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    for n in 1..=3 {
        station.append("config", &json!({ "key": "a", "value": n }));
    }
    station.push(1, 1).await.good();
    let take = |heads: Vec<Head>, why: &str| {
        let told = TakeIncarnation { incarnation: 1, heads, why: why.to_owned() };
        Answered::of(station.post("incarnation").json(&told))
    };
    let newest = station.head().unwrap();
    let refused = take(vec![newest], "ada").await;
    assert_eq!(refused.code(), "no-common-place", "the hub has only the first place");
    assert_eq!(refused.more()["head_seq"], 1, "and says so");
    assert_eq!(take(vec![], " ").await.code(), "invalid", "somebody must say why");
    let many = vec![newest; 1_001];
    assert_eq!(take(many, "ada").await.code(), "invalid", "places are looked at up to a limit");
    assert_eq!(hub.one::<i32>("SELECT incarnation FROM microplates.station", &[]).await, 1, "nothing was taken over");
    take(vec![], "ada: a new disk").await.good();
    assert_eq!(hub.one::<i32>("SELECT incarnation FROM microplates.station", &[]).await, 2, "an empty log begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_trail_that_goes_back_or_differs_stays_noted() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let head = |seq, text: &str| Some(Head { seq, hash: wellread_wire::chain::Sha256::of(text.as_bytes()) });
    let told = async |station: &crate::support::TestStation, audit_head| {
        station.contact_with(&wellread_wire::contact::Contact { audit_head, ..station.contact_now() }).await;
        let sql = format!("SELECT {} FROM microplates.station s", wellread_hub::station::contact::IS_TAMPERED);
        hub.one::<bool>(&sql, &[]).await
    };
    assert!(!told(&station, head(5, "a")).await, "the first");
    assert!(!told(&station, head(5, "a")).await, "the same again");
    assert!(!told(&station, head(9, "b")).await, "it has grown");
    assert!(told(&station, head(8, "c")).await, "it went back");
    assert!(told(&station, head(12, "d")).await, "and that stays noted when it grows again");
    assert_eq!(hub.count("microplates.audit_anchor").await, 4, "every head is kept");
    station.take_over("ada: looked into it").await;
    assert!(
        !told(&station, head(3, "e")).await,
        "somebody has looked into it, and the copy is measured against itself"
    );
    assert!(told(&station, head(3, "f")).await, "another entry at the same place");
}
