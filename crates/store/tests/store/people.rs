use crate::support::{person_at, station, station_at, user_id};
use std::collections::BTreeSet;
use wellread_store::{Error, HealthStatus, NewUser};

fn admin(n: u64, name: &str) -> NewUser {
    NewUser {
        id: user_id(n),
        username: name.into(),
        password_phc: "$argon2id$secret".into(),
        email: None,
        first_name: "A".into(),
        last_name: "B".into(),
        roles: vec!["admin".into()],
        verifier_expires_ms: None,
    }
}

#[test]
fn a_person_may_what_any_role_of_theirs_may() {
    let bench = station(None);
    let may = |n| bench.db.read(|r| r.permissions(user_id(n))).unwrap();
    assert!(may(1).contains("run:approve") && !may(1).contains("user:admin"), "a supervisor approves: {:?}", may(1));
    bench.db.write(&person_at(1, 1), |w| w.set_roles(user_id(2), &["viewer".into()], "new job")).unwrap();
    assert_eq!(may(2), BTreeSet::from(["run:read".to_owned()]), "a viewer only looks");
    bench.db.write(&person_at(1, 2), |w| w.set_active(user_id(2), false, "left")).unwrap();
    assert!(may(2).is_empty(), "who has left may nothing");
    let unknown = bench.db.write(&person_at(1, 3), |w| w.set_roles(user_id(2), &["king".into()], ""));
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "there is no such role: {unknown:?}");
    bench.assert_sound();
}

#[test]
fn names_are_one_whatever_their_case_and_hashes_stay_inside() {
    let bench = station(None);
    bench.db.write(&station_at(1), |w| w.create_user(&admin(7, "Mali"))).unwrap();
    let known = bench.db.read(|r| r.user_by_name("MALI")).unwrap().expect("people type as they like");
    assert_eq!((known.id, known.password_phc.as_str()), (user_id(7), "$argon2id$secret"), "the verifier is there");
    assert!(bench.db.write(&station_at(2), |w| w.create_user(&admin(8, "mali"))).is_err(), "one name, one person");
    let told = bench.db.read(|r| r.outbox_after(0, 99)).unwrap();
    assert!(told.iter().all(|record| !record.payload.contains("argon2id")), "the hub never learns a verifier");
    let trail = bench
        .db
        .read(|r| r.audit_entries(&wellread_store::AuditFilter::default(), wellread_store::Page::first(99)))
        .unwrap();
    assert!(!format!("{trail:?}{known:?}").contains("argon2id"), "nor does the audit trail or a log");
}

#[test]
fn the_last_admin_stays() {
    let bench = station(None);
    bench.db.write(&station_at(1), |w| w.create_user(&admin(7, "mali"))).unwrap();
    let left = bench.db.write(&person_at(7, 2), |w| w.set_active(user_id(7), false, "left"));
    assert!(matches!(left, Err(Error::Refused(_))), "nobody could make accounts any more: {left:?}");
    bench.db.write(&person_at(7, 3), |w| w.create_user(&admin(8, "somchai"))).unwrap();
    bench.db.write(&person_at(7, 4), |w| w.set_active(user_id(7), false, "left")).expect("another one is there");
    bench.assert_sound();
}

#[test]
fn wrong_passwords_are_counted_and_a_right_one_ends_the_count() {
    let bench = station(None);
    let fail = |n| {
        bench.db.write(&station_at(n), |w| w.note_failed_login(user_id(1), |failures| (failures >= 2).then_some(5)))
    };
    assert_eq!(fail(1).unwrap().locked_until_ms, None, "once is a slip");
    assert_eq!(fail(2).unwrap().locked_until_ms, Some(5), "as the caller's rule says");
    bench.db.write(&person_at(1, 3), |w| w.note_login(user_id(1))).unwrap();
    let user = bench.db.read(|r| r.user(user_id(1))).unwrap();
    assert_eq!((user.failed_logins, user.locked_until_ms), (0, None), "the right one ends it");
    assert_eq!(user.last_login_ms, Some(person_at(1, 3).at.utc_ms), "and is noted");
    bench.assert_sound();
}

#[test]
fn a_role_can_be_narrowed() {
    let bench = station(None);
    let only = BTreeSet::from(["run:read".to_owned()]);
    bench.db.write(&station_at(1), |w| w.set_permissions("supervisor", &only, "audit finding 3")).unwrap();
    assert_eq!(bench.db.read(|r| r.permissions(user_id(1))).unwrap(), only, "for everybody who has it");
    bench.assert_sound();
}

#[test]
fn settings_come_back_and_can_be_taken_back() {
    let bench = station(None);
    let value = serde_json::json!({ "folder": "/srv/lims" });
    bench.db.write(&person_at(1, 1), |w| w.set_config("deliver", &value, "new share")).unwrap();
    assert_eq!(bench.db.read(|r| r.config("deliver")).unwrap(), Some(value), "as it went in");
    bench.db.write(&person_at(1, 2), |w| w.unset_config("deliver", "")).unwrap();
    assert_eq!(bench.db.read(|r| r.configs()).unwrap(), [], "its default holds again");
    bench.assert_sound();
}

#[test]
fn health_is_noted_when_it_changes() {
    let bench = station(None);
    for (minute, status) in [(1, HealthStatus::Healthy), (2, HealthStatus::Healthy), (3, HealthStatus::Unhealthy)] {
        bench.db.write(&station_at(minute), |w| w.note_health("inbox", status, "")).unwrap();
    }
    let health = bench.db.read(|r| r.health()).unwrap();
    assert_eq!((health.len(), health[0].status), (1, HealthStatus::Unhealthy), "the last word on each part");
    let rows: i64 = bench.behind().query_row("SELECT count(*) FROM health_checks", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2, "the same again is no news");
}
