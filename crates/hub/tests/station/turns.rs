//! Pushes that share samples: they wait for each other, in one order.

use crate::support::{Plate, TestHub, TestStation};
use futures_util::future::join_all;
use tokio_postgres::Client;
use uuid::Uuid;
use wellread_hub::db::p;

/// Samples that all stations have plates of.
const SAMPLES: usize = 12;
const STATIONS: usize = 4;
const ROUNDS: usize = 12;

/// A plate of a shared sample.
fn plate(hub: &TestHub, seq: i64, sample: usize) -> Plate {
    Plate { sample_no: format!("SHARED-{sample}"), ..Plate::new(hub.hub.id().unwrap(), seq) }
}

/// A plate of every sample, told of and taken.
async fn with_plates(hub: &TestHub, station: &mut TestStation) -> Vec<Plate> {
    let plates: Vec<Plate> = (0..SAMPLES).map(|n| plate(hub, n as i64 + 1, n)).collect();
    for plate in &plates {
        station.append("run", &plate.told());
    }
    station.push(1, SAMPLES).await.good();
    plates
}

async fn deadlocks(sql: &Client) -> i64 {
    // What a connection counted it tells at its end, or when it is asked; and a transaction reads the counts once.
    sql.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
    let row = sql.query_one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()", &[]).await;
    row.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_that_share_samples_in_any_order_never_wait_for_each_other_for_ever() {
    let mut hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut stations = Vec::new();
    for _ in 0..STATIONS {
        let mut station = hub.station(&org).await;
        let plates = with_plates(&hub, &mut station).await;
        stations.push((station, plates));
    }
    for round in 0..ROUNDS {
        let firsts: Vec<i64> = stations
            .iter_mut()
            .enumerate()
            .map(|(who, (station, plates))| {
                // New runs of some samples and new states of others: two statements, whose samples each station has the
                // other way round than the one beside it. A run that leaves its sample changes two.
                let (new, old) = if who % 2 == 0 { (round, round + 5) } else { (round + 5, round) };
                let seq = station.log.len() as i64 + 1;
                station.append("run", &plate(&hub, seq, new % SAMPLES).told());
                let mut moved = plates[old % SAMPLES].clone();
                moved.sample_no = format!("SHARED-{}", (old + who) % SAMPLES);
                station.append("run-state", &moved.state("accepted"));
                seq
            })
            .collect();
        let pushes = stations.iter().zip(&firsts).map(|((station, _), first)| station.push(*first, 2));
        for answered in join_all(pushes).await {
            assert_eq!(answered.status, 200, "round {round}: {}", String::from_utf8_lossy(&answered.body));
        }
    }
    // The hub's own connections end with it, and tell what they counted.
    hub.restart().await;
    assert_eq!(deadlocks(&hub.sql).await, 0, "nobody had to be taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_turns_that_a_push_takes_are_all_that_its_summaries_need() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let plates = with_plates(&hub, &mut station).await;
    let tx = hub.hub.db.org(org.id).await.unwrap();
    let held = async || {
        let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
        tx.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let (samples, runs) = (vec!["NEW", "SHARED-1", "", "SHARED-1"], vec![plates[2].run, Uuid::nil()]);
    tx.query("SELECT microplates.fn_take_turns($1, $2, $3)", &[p(&org.id), p(&samples), p(&runs)]).await.unwrap();
    assert_eq!(held().await, 3, "each sample once, the one that a run may leave among them, and none for no sample");
    let (orgs, all) = (vec![org.id; 3], vec!["SHARED-1", "NEW", "SHARED-2"]);
    tx.query("SELECT microplates.fn_summarise_samples($1, $2)", &[p(&orgs), p(&all)]).await.unwrap();
    assert_eq!(held().await, 3, "the summaries ask for the same turns, and have them");
    tx.rollback().await.unwrap();
}
