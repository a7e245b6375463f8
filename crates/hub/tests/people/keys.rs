//! The keys of several nodes on one database.

use crate::place::{Node, PASSWORD, Place, config};
use std::time::Duration;
use tempfile::TempDir;
use wellread_hub::{
    auth::keys::{Keys, Seal},
    config::Config,
    db::Db,
    serve,
};

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
    assert_ne!(kid(&fresh.access), kid(&org.admin.access), "the new key signs");
    let third = two.enter("alpha", "admin", crate::place::PASSWORD).await;
    assert_eq!(kid(&third.access), kid(&fresh.access), "on every node that has met it");
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
    let db = Db::new(&place.database.app_url().parse().unwrap(), 8).unwrap();
    for keys in futures_util::future::join_all((0..6).map(|_| Keys::load(&db, None))).await {
        keys.unwrap();
    }
    let rows = place.rows("SELECT count(*) FROM auth.signing_key").await;
    assert_eq!(rows[0].get::<_, i64>(0), 1, "the others found it");
    let shown = format!("{:?}", Keys::load(&db, None).await.unwrap());
    let secret = place.rows("SELECT encode(private_key, 'hex') FROM auth.signing_key").await[0].get::<_, String>(0);
    assert!(!shown.contains(&secret) && shown.len() < 200, "a key does not show in a log: {shown}");
}

/// Each key: what it is sealed with, and whether its private half can be read off the row.
async fn kept(place: &Place) -> Vec<(String, bool)> {
    let sql = "SELECT sealed_with, private_key, public_key FROM auth.signing_key ORDER BY created_at";
    let rows = place.rows(sql).await;
    let of = |row: &tokio_postgres::Row| {
        let (kept, public): (Vec<u8>, Vec<u8>) = (row.get(1), row.get(2));
        let signs = kept.as_slice().try_into().map(ed25519_dalek::SigningKey::from_bytes);
        (row.get(0), signs.is_ok_and(|key| key.verifying_key().as_bytes().as_slice() == public))
    };
    rows.iter().map(of).collect()
}

fn sealed(place: &Place, file: &std::path::Path) -> Config {
    Config { key_file: Some(file.to_owned()), ..config(&place.database) }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_file_no_dump_can_sign() {
    let (place, folder) = (Place::open().await, TempDir::new().unwrap());
    let org = place.node.org("alpha").await;
    assert_eq!(kept(&place).await, [(String::new(), true)], "without a key file the key lies in clear");
    let file = folder.path().join("hub.key");
    let id = Seal::make(&file).unwrap().id().to_owned();
    let node = Node::start(sealed(&place, &file)).await;
    let now = kept(&place).await;
    assert_eq!(now, [(String::new(), true), (id.clone(), false)], "another took over, which no row tells");
    node.get(&org.admin.access, "/v1/auth/me").await.with(200);
    let fresh = node.enter("alpha", "admin", PASSWORD).await;
    assert_ne!(kid(&fresh.access), kid(&org.admin.access), "it signs");
    let again = Node::start(sealed(&place, &file)).await;
    again.get(&fresh.access, "/v1/auth/me").await.with(200);
    let third = again.enter("alpha", "admin", PASSWORD).await;
    assert_eq!(kid(&third.access), kid(&fresh.access), "nodes with the file need no further key");
    node.hub.clock.advance(3 * 86_400_000);
    node.hub.keys.upkeep(node.hub.clock.now()).await.unwrap();
    assert_eq!(kept(&place).await, [(id.clone(), false)], "the one in clear is gone when it verifies nothing any more");
    node.hub.clock.advance(28 * 86_400_000);
    node.hub.keys.freshen(node.hub.clock.now()).await.unwrap();
    assert_eq!(kept(&place).await.last().unwrap(), &(id, false), "the next is sealed, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_file_goes_on_with_the_key_before_while_it_is_good() {
    let (place, folder) = (Place::open().await, TempDir::new().unwrap());
    let org = place.node.org("alpha").await;
    let file = folder.path().join("hub.key");
    Seal::make(&file).unwrap();
    let sealed = Node::start(sealed(&place, &file)).await;
    let fresh = sealed.enter("alpha", "admin", PASSWORD).await;
    // The node that was there first has no file, and meets the new key.
    let ready = async |status: u16| {
        let told = place.node.get("", "/readyz").await.with(status);
        let checks = told["checks"].as_array().unwrap();
        let keys = checks.iter().find(|check| check["service"] == "signing-keys").unwrap();
        (keys["status"].as_str().unwrap().to_owned(), keys["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(ready(200).await.0, "healthy", "of that it has not heard");
    place.node.get(&fresh.access, "/v1/auth/me").await.with(200);
    // A look is good for half a second.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (status, why) = ready(200).await;
    assert_eq!(status, "degraded", "it goes on, and not for long: {why}");
    assert!(why.contains("WELLREAD_HUB_KEY_FILE"), "what it needs: {why}");
    let old = place.node.enter("alpha", "admin", PASSWORD).await;
    assert_eq!(kid(&old.access), kid(&org.admin.access), "it signs with what it has");
    sealed.get(&old.access, "/v1/auth/me").await.with(200);
    place.node.hub.clock.advance(40 * 86_400_000);
    place.node.hub.keys.freshen(place.node.hub.clock.now()).await.unwrap();
    assert_eq!(kept(&place).await.len(), 2, "and never replaces a sealed key with one in clear");
    assert_eq!(place.node.login("alpha", "admin", PASSWORD).await.status, 500, "in the end it can sign nothing");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (status, why) = ready(503).await;
    assert_eq!(status, "unhealthy", "no balancer sends anybody there: {why}");
    assert!(why.contains("WELLREAD_HUB_KEY_FILE"), "what it needs: {why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_key_file_is_told_and_a_lost_one_is_no_end() {
    let (place, folder) = (Place::open().await, TempDir::new().unwrap());
    place.node.org("alpha").await;
    let [good, wrong] = ["good.key", "wrong.key"].map(|name| folder.path().join(name));
    let ids = [&good, &wrong].map(|file| Seal::make(file).unwrap().id().to_owned());
    let node = Node::start(sealed(&place, &good)).await;
    let tokens = node.enter("alpha", "admin", PASSWORD).await;
    let refused = async |config| format!("{:#}", serve::open(config).await.unwrap_err());
    let told = refused(config(&place.database)).await;
    assert!(told.contains(&ids[0]) && told.contains("WELLREAD_HUB_KEY_FILE"), "which file it wants: {told}");
    let told = refused(sealed(&place, &wrong)).await;
    assert!(ids.iter().all(|id| told.contains(id)) && told.contains("key rotate"), "which it got: {told}");
    let told = refused(sealed(&place, &folder.path().join("none"))).await;
    assert!(told.contains("none cannot be opened"), "that there is no file: {told}");
    place
        .sql(
            "UPDATE auth.signing_key SET private_key = set_byte(private_key, 20, get_byte(private_key, 20) # 1)
         WHERE sealed_with <> ''",
        )
        .await;
    let told = refused(sealed(&place, &good)).await;
    assert!(told.contains("the row was changed") && told.contains("key rotate"), "nobody edits a key: {told}");
    assert!(!told.contains("WELLREAD_HUB_KEY_FILE"), "no other file would help: {told}");
    // The file is lost, and somebody says so.
    Keys::replace(&node.hub.db, Some(&Seal::read(&wrong).unwrap())).await.unwrap();
    let node = Node::start(sealed(&place, &wrong)).await;
    node.get(&tokens.access, "/v1/auth/me").await.with(200);
    let fresh = node.enter("alpha", "admin", PASSWORD).await;
    assert_ne!(kid(&fresh.access), kid(&tokens.access), "a new key signs, and the old one verifies");
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}
