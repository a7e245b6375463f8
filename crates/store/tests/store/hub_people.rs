use crate::support::{Bench, person_at, station, station_at, user_id};
use std::collections::BTreeSet;
use wellread_store::{Check, Error, HubRole, HubUser, NewUser, Origin};

fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

fn from_hub(n: u64, username: &str) -> HubUser {
    HubUser {
        id: user_id(n),
        username: username.into(),
        password_phc: "$argon2id$theirs".into(),
        email: Some(format!("{n}@hub.example")),
        first_name: "A".into(),
        last_name: "B".into(),
        is_active: true,
        roles: names(&["operator"]),
        offline_days: 30,
    }
}

fn admin(bench: &Bench, n: u64, name: &str) {
    let new = NewUser {
        id: user_id(n),
        username: name.into(),
        password_phc: "$argon2id$ours".into(),
        email: Some(format!("{n}@hub.example")),
        first_name: String::new(),
        last_name: String::new(),
        roles: vec!["admin".into()],
        verifier_expires_ms: None,
    };
    bench.db.write(&station_at(1), |w| w.create_user(&new)).unwrap();
}

fn told(bench: &Bench) -> usize {
    bench.db.read(|r| r.outbox_after(0, 1_000)).unwrap().len()
}

#[test]
fn an_account_of_headquarters_is_whole_each_time_and_never_told_back() {
    let bench = station(None);
    let before = told(&bench);
    let put = |minute, user: &HubUser| bench.db.write(&station_at(minute), |w| w.put_hub_user(user)).unwrap();
    assert!(put(1, &from_hub(50, "mali")).is_empty(), "all its roles are known");
    let mut newer = from_hub(50, "mali.s");
    newer.roles = names(&["supervisor", "inspector"]);
    newer.is_active = false;
    assert_eq!(put(2, &newer), ["inspector"], "a role that is not known here is named");
    let user = bench.db.read(|r| r.user(user_id(50))).unwrap();
    assert_eq!((user.username.as_str(), user.is_active, user.origin), ("mali.s", false, Origin::Hub), "as last said");
    assert_eq!((user.roles, user.offline_days), (vec!["supervisor".to_owned()], Some(30)), "with the roles there are");
    assert_eq!(told(&bench), before, "headquarters know it already");
    bench.assert_sound();
}

#[test]
fn what_headquarters_sent_they_alone_change() {
    let bench = station(None);
    bench.db.write(&station_at(1), |w| w.put_hub_user(&from_hub(50, "mali"))).unwrap();
    let inspector = HubRole {
        name: "inspector".into(),
        description: String::new(),
        permissions: names(&["run:read", "station:admin"]),
        is_active: true,
    };
    bench.db.write(&station_at(1), |w| w.put_hub_role(&inspector)).unwrap();
    let by = person_at(1, 2);
    let refused = [
        bench.db.write(&by, |w| w.set_password(user_id(50), "x", None, "")),
        bench.db.write(&by, |w| w.set_roles(user_id(50), &["admin".into()], "")),
        bench.db.write(&by, |w| w.set_active(user_id(50), false, "")),
        bench.db.write(&by, |w| w.set_permissions("inspector", &names(&["user:admin"]), "")),
    ];
    for refused in refused {
        assert!(
            matches!(&refused, Err(Error::Refused(why)) if why.contains("headquarters")),
            "and the words say who does: {refused:?}"
        );
    }
    let theirs = bench.db.write(&station_at(3), |w| w.put_hub_user(&from_hub(1, "person9")));
    assert!(matches!(theirs, Err(Error::Refused(_))), "nor do they take an account of the station: {theirs:?}");
    bench.assert_sound();
}

#[test]
fn a_name_that_both_have_goes_to_headquarters_once_the_stations_account_is_closed() {
    let bench = station(None);
    admin(&bench, 7, "Mali");
    admin(&bench, 8, "somchai");
    let put = |minute| bench.db.write(&station_at(minute), |w| w.put_hub_user(&from_hub(50, "mali")));
    let refused = put(2);
    assert!(
        matches!(&refused, Err(Error::Refused(why)) if why.contains("deactivate")),
        "one name is one person, and the words say what to do: {refused:?}"
    );
    bench.db.write(&person_at(8, 3), |w| w.set_active(user_id(7), false, "has an account of headquarters")).unwrap();
    put(4).expect("the name is free");
    let now = bench.db.read(|r| r.user_by_name("mali")).unwrap().unwrap();
    assert_eq!(now.id, user_id(50), "it is headquarters' now");
    assert!(
        bench.db.read(|r| r.user(user_id(7))).unwrap().username.starts_with("Mali (was"),
        "the old one is still known"
    );
    bench.assert_sound();
}

#[test]
fn the_station_keeps_an_admin_of_its_own_and_the_feed_never_fails_for_it() {
    let bench = station(None);
    admin(&bench, 7, "ada");
    let mut theirs = from_hub(50, "mali");
    theirs.roles = names(&["admin"]);
    bench.db.write(&station_at(2), |w| w.put_hub_user(&theirs)).unwrap();
    let last = bench.db.write(&person_at(7, 3), |w| w.set_active(user_id(7), false, ""));
    assert!(matches!(last, Err(Error::Refused(_))), "one that does not end with the network: {last:?}");
    theirs.is_active = false;
    bench.db.write(&station_at(4), |w| w.put_hub_user(&theirs)).expect("headquarters close theirs whenever they like");
    let nothing =
        HubRole { name: "admin".into(), description: String::new(), permissions: BTreeSet::new(), is_active: false };
    bench.db.write(&station_at(5), |w| w.put_hub_role(&nothing)).unwrap();
    let may = bench.db.read(|r| r.permissions(user_id(7))).unwrap();
    assert!(
        may.contains("user:admin") && may.contains("config:write"),
        "an admin can always set things right: {may:?}"
    );
    bench.assert_sound();
}

#[test]
fn who_is_in_the_newest_snapshot_no_more_may_not_sign_in() {
    let bench = station(None);
    let write = |minute, user: &HubUser| bench.db.write(&station_at(minute), |w| w.put_hub_user(user)).unwrap();
    write(1, &from_hub(50, "mali"));
    write(1, &from_hub(51, "somchai"));
    bench.db.write(&station_at(2), |w| w.want_snapshot()).unwrap();
    write(3, &from_hub(50, "mali"));
    bench.db.write(&station_at(3), |w| w.note_snapshot(Some("page 2"), 40)).unwrap();
    let active = |n| bench.db.read(|r| r.user(user_id(n))).unwrap().is_active;
    assert!(active(51), "the snapshot is not whole yet");
    bench.db.write(&station_at(4), |w| w.note_snapshot(None, 40)).unwrap();
    assert!(active(50) && !active(51), "now it is, and does not name the second");
    bench.assert_sound();
}

#[test]
fn an_account_behind_a_decision_is_known_even_if_it_may_not_sign_in() {
    let bench = station(None);
    bench.db.write(&station_at(1), |w| w.put_hub_stranger(user_id(60), "person1")).unwrap();
    let user = bench.db.read(|r| r.user(user_id(60))).unwrap();
    assert!(
        !user.is_active && user.username.starts_with("person1 at headquarters"),
        "beside one of that name: {user:?}"
    );
    bench.assert_sound();
}

#[test]
fn whose_a_row_is_cannot_be_changed_behind_the_programs_back() {
    for (change, place) in [
        ("UPDATE users SET origin = 'station' WHERE origin = 'hub'", "users"),
        ("UPDATE users SET offline_days = 9999 WHERE origin = 'hub'", "users"),
        ("UPDATE users SET origin = 'hub' WHERE username = 'person1'", "users"),
        ("UPDATE roles SET origin = 'hub' WHERE name = 'viewer'", "roles"),
        ("UPDATE sync_connection SET hub_url = 'http://elsewhere'", "sync_connection"),
    ] {
        let bench = station(None);
        bench.db.write(&station_at(1), |w| w.put_hub_user(&from_hub(50, "mali"))).unwrap();
        bench.db.write(&station_at(1), |w| w.enrol(&crate::sync_connection::headquarters("one"))).unwrap();
        bench.assert_sound();
        assert!(crate::verify::behind_its_back(&bench.behind(), change) > 0, "{change} changes something");
        let found = bench.db.verify().unwrap().findings;
        assert!(
            found.iter().any(|f| f.check == Check::Seals && f.place.starts_with(place)),
            "{change} is found: {found:?}"
        );
    }
}
