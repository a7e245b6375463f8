//! What nobody asks for and must be done.

use crate::{
    node,
    place::{Place, Served},
};
use wellread_hub::{config::Config, housekeeping, objects::Objects};
use wellread_wire::chain::Sha256;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn months_are_made_ahead_however_long_the_hub_runs() {
    let place = Place::new();
    let hub = place.serve().await;
    let rows = place.superuser().await;
    let months = async || {
        let sql = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'microplates.prediction_run'::regclass";
        rows.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    housekeeping::round(&hub.hub).await;
    let before = months().await;
    hub.hub.clock.advance(62 * DAY_MS);
    let done = housekeeping::round(&hub.hub).await;
    assert_eq!(done.failed, Vec::<&str>::new(), "everything goes");
    assert_eq!(done.months, 2, "two months later two more are made");
    assert_eq!(months().await, before + 2, "for all tables");
    assert_eq!(housekeeping::round(&hub.hub).await.months, 0, "once");
    let told = rows.query("SELECT status FROM public.health_checks WHERE service = 'housekeeping'", &[]).await.unwrap();
    assert!(told.iter().all(|row| row.get::<_, String>(0) == "healthy"), "and it says so");
}

#[tokio::test]
async fn tokens_that_ended_long_ago_go_and_others_stay() {
    let place = Place::new();
    node::organization(&place, "acme");
    let hub = place.serve().await;
    let login = crate::place::login("acme");
    assert_eq!(hub.post("/v1/auth/login", &login).await.status, 200);
    hub.hub.clock.advance(59 * DAY_MS);
    assert_eq!(housekeeping::round(&hub.hub).await.tokens, 0, "an ended one is kept for a month, to know a thief by");
    assert_eq!(hub.post("/v1/auth/login", &login).await.status, 200);
    hub.hub.clock.advance(2 * DAY_MS);
    assert_eq!(housekeeping::round(&hub.hub).await.tokens, 1, "and then goes");
    let left = place.superuser().await.query_one("SELECT count(*) FROM auth.refresh_tokens", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 1, "the newer one is still good");
}

#[tokio::test]
async fn the_feed_begins_later_as_it_grows() {
    let place = Place::new();
    let org = node::organization(&place, "acme")["org_id"].as_str().unwrap().to_owned();
    let rows = place.superuser().await;
    rows.batch_execute(&format!(
        "DELETE FROM microplates.org_feed;
         INSERT INTO microplates.org_feed (org_id, seq, kind, key, body)
           SELECT '{org}', n, 'config', 'config:k' || n % 3, '{{}}' FROM generate_series(1, 100) n;
         UPDATE microplates.org_counter SET feed_seq = 100, feed_horizon = 1 WHERE org_id = '{org}'"
    ))
    .await
    .unwrap();
    let hub = Served::new(Config { feed_keep: 3, ..place.config() }).await;
    assert_eq!(housekeeping::round(&hub.hub).await.feed, 97, "what is older than those that are kept");
    let left = rows.query("SELECT seq FROM microplates.org_feed ORDER BY seq", &[]).await.unwrap();
    let left: Vec<i64> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, [98, 99, 100], "the newest");
    let horizon = rows.query_one("SELECT feed_horizon FROM microplates.org_counter", &[]).await.unwrap();
    assert_eq!(horizon.get::<_, i64>(0), 98, "stations that are further behind take a snapshot");
    assert_eq!(housekeeping::round(&hub.hub).await.feed, 0, "and then there is nothing to do");
}

#[tokio::test]
async fn a_part_that_nobody_went_on_with_goes_and_its_blob_begins_anew() {
    let place = Place::new();
    let org: uuid::Uuid = node::organization(&place, "acme")["org_id"].as_str().unwrap().parse().unwrap();
    let hub = place.serve().await;
    let sha256 = Sha256::of(b"whole");
    let key = hub.hub.objects.put_part(org, &sha256, uuid::Uuid::from_u128(7), "wh".into()).await.unwrap();
    let rows = place.superuser().await;
    rows.batch_execute(&format!(
        "INSERT INTO microplates.blob (org_id, sha256, size, state, received) VALUES ('{org}', '{sha256}', 5, 'partial', 2);
         INSERT INTO microplates.blob_part (org_id, sha256, first_byte, size, part_sha256, object_key)
           VALUES ('{org}', '{sha256}', 0, 2, '{}', '{key}')",
        Sha256::of(b"wh")
    ))
    .await
    .unwrap();
    assert_eq!(housekeeping::round(&hub.hub).await.parts, 0, "a station may be away for weeks");
    hub.hub.clock.advance(61 * DAY_MS);
    assert_eq!(housekeeping::round(&hub.hub).await.parts, 1, "and not for ever");
    let blob = rows.query_one("SELECT state, received FROM microplates.blob", &[]).await.unwrap();
    assert_eq!((blob.get::<_, &str>(0), blob.get::<_, i64>(1)), ("absent", 0), "from its first byte");
    let objects = Objects::open(&place.config()).unwrap();
    assert_eq!(objects.old_parts(hub.hub.clock.now(), 10).await.unwrap(), [], "its bytes are gone too");
}

#[tokio::test]
async fn two_nodes_do_not_do_the_same_at_once() {
    let place = Place::new();
    node::organization(&place, "acme");
    let hub = place.serve().await;
    let rows = place.superuser().await;
    rows.batch_execute(
        "INSERT INTO public.health_checks (service, status, timestamp) VALUES ('x', 'healthy', '2000-01-01')",
    )
    .await
    .unwrap();
    let other = place.superuser().await;
    other
        .batch_execute(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('wellread housekeeping health checks', 0))",
        )
        .await
        .unwrap();
    let done = housekeeping::round(&hub.hub).await;
    assert_eq!((done.health_checks, done.failed.len()), (0, 0), "it is left to the node that is at it");
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(housekeeping::round(&hub.hub).await.health_checks, 1, "and done when that one is not");
}
