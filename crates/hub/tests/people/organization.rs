//! Making an organization.

use crate::place::{PASSWORD, Place};
use wellread_hub::people::organization::{self, NewOrganization};

fn new(slug: &str) -> NewOrganization {
    NewOrganization {
        slug: slug.to_owned(),
        name: "Laboratory".to_owned(),
        username: "admin".to_owned(),
        email: "admin@lab.example".to_owned(),
        password: PASSWORD.to_owned().into(),
        by: "test".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_comes_with_all_that_it_needs() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let feed = place.rows("SELECT kind, key FROM microplates.org_feed ORDER BY seq").await;
    let keys: Vec<String> = feed.iter().map(|row| row.get(1)).collect();
    let user = format!("user:{}", org.admin.id);
    assert_eq!(
        keys,
        ["role:admin", "role:operator", "role:supervisor", "role:viewer", &user],
        "roles before the account that has one"
    );
    let assays = node.walk(&org.admin.access, "/v1/assays", 100).await;
    let ids: Vec<&str> = assays.iter().map(|assay| assay["id"].as_str().unwrap()).collect();
    let mut shipped: Vec<&str> = wellread_plate::assay::Assay::shipped_ids().collect();
    shipped.sort_unstable();
    assert_eq!(ids, shipped, "the assays that come with the program are known");
    assert!(assays.iter().all(|assay| assay["shipped"] == true), "as such: {assays:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_name_is_given_once_and_a_refusal_leaves_nothing() {
    let place = Place::open().await;
    let hub = &place.node.hub;
    let create = async |new: &NewOrganization| organization::create(&hub.db, &hub.config, hub.clock.now(), new).await;
    create(&new("alpha")).await.unwrap();
    assert_eq!(create(&new("alpha")).await.unwrap_err().code, "organization-exists", "the name is taken");
    for (change, what) in [
        (NewOrganization { slug: "Alpha Lab".to_owned(), ..new("x") }, "no short name"),
        (NewOrganization { name: " ".to_owned(), ..new("x") }, "no name"),
        (NewOrganization { email: "nowhere".to_owned(), ..new("x") }, "no address"),
        (NewOrganization { password: "short".to_owned().into(), ..new("x") }, "no password"),
        (NewOrganization { username: "a@b".to_owned(), ..new("x") }, "no user name"),
    ] {
        assert_eq!(create(&change).await.unwrap_err().code, "invalid", "{what}");
    }
    let rows = place.rows("SELECT (SELECT count(*) FROM auth.organizations), (SELECT count(*) FROM auth.users)").await;
    assert_eq!((rows[0].get::<_, i64>(0), rows[0].get::<_, i64>(1)), (1, 1), "nothing is left of the others");
}
