//! The keys of several nodes on one database.

use crate::place::{Node, Place, config};
use wellread_hub::{auth::keys::Keys, db::Db};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_agree_on_keys_through_the_database() {
    let place = Place::open().await;
    let (one, org) = (&place.node, place.node.org("alpha").await);
    let two = Node::start(config(&place.database)).await;
    two.get(&org.admin.access, "/v1/auth/me").await.with(200);

    one.hub.keys.rotate(one.hub.clock.now()).await.unwrap();
    let fresh = one.enter("alpha", "admin", crate::place::PASSWORD).await;
    two.get(&fresh.access, "/v1/auth/me").await.with(200);
    two.get(&org.admin.access, "/v1/auth/me").await.with(200);
    one.get(&org.admin.access, "/v1/auth/me").await.with(200);
    let key = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert_ne!(key(&fresh.access), key(&org.admin.access), "the new key signs");
    let third = two.enter("alpha", "admin", crate::place::PASSWORD).await;
    assert_eq!(key(&third.access), key(&fresh.access), "on every node that has met it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_when_it_is_old_and_forgotten_when_nothing_hangs_on_it() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let kids = async || {
        let rows = place.rows("SELECT kid FROM auth.signing_key ORDER BY created_at").await;
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    let first = kids().await;
    node.hub.clock.advance(31 * 86_400_000);
    node.hub.keys.freshen(node.hub.clock.now()).await.unwrap();
    let both = kids().await;
    assert!(both.len() == 2 && both[0] == first[0], "a second one beside the first: {both:?}");
    node.hub.clock.advance(3 * 86_400_000);
    assert_eq!(node.get(&org.admin.access, "/v1/auth/me").await.status, 401, "no token of the first can be good");
    node.hub.keys.rotate(node.hub.clock.now()).await.unwrap();
    assert!(!kids().await.contains(&first[0]), "it is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_the_same_time_make_one_key() {
    let place = Place::open().await;
    place.sql("DELETE FROM auth.signing_key").await;
    let db = Db::new(&place.database.app_url(), 8).unwrap();
    for keys in futures_util::future::join_all((0..6).map(|_| Keys::load(&db))).await {
        keys.unwrap();
    }
    let rows = place.rows("SELECT count(*) FROM auth.signing_key").await;
    assert_eq!(rows[0].get::<_, i64>(0), 1, "the others found it");
    let shown = format!("{:?}", Keys::load(&db).await.unwrap());
    let secret = place.rows("SELECT encode(private_key, 'hex') FROM auth.signing_key").await[0].get::<_, String>(0);
    assert!(!shown.contains(&secret) && shown.len() < 200, "a key does not show in a log: {shown}");
}
