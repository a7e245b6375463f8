//! Signing in, lock-out, and that nobody does what the role does not allow.

use crate::bench::{Bench, PASSWORD, because, code};
use wellread_station::{
    Code,
    people::NewPerson,
    review::{Change, ReasonCode},
    store::{AuditFilter, Meaning, Page},
};

const MINUTE_MS: i64 = 60_000;

#[test]
fn five_wrong_passwords_lock_an_account_for_a_growing_time() {
    let bench = Bench::new();
    bench.person("anong", "operator");
    for _ in 0..4 {
        assert_eq!(code(bench.station.login("anong", "wrong horse")), Some(Code::LoginFailed), "four are forgiven");
    }
    assert_eq!(code(bench.station.login("anong", "wrong horse")), Some(Code::LockedOut), "the fifth locks");
    assert_eq!(code(bench.station.login("anong", PASSWORD)), Some(Code::LockedOut), "even the right one waits");
    bench.clock.advance(15 * MINUTE_MS);
    assert_eq!(code(bench.station.login("anong", "wrong horse")), Some(Code::LockedOut), "a sixth locks at once");
    bench.clock.advance(16 * MINUTE_MS);
    assert_eq!(code(bench.station.login("anong", PASSWORD)), Some(Code::LockedOut), "and for longer");
    bench.clock.advance(15 * MINUTE_MS);
    bench.station.login("anong", PASSWORD).unwrap();
    assert_eq!(code(bench.station.login("anong", "wrong horse")), Some(Code::LoginFailed), "then all is forgotten");
    bench.assert_sound();
}

#[test]
fn an_admin_unlocks_deactivates_and_sets_passwords() {
    let bench = Bench::new();
    bench.person("anong", "operator");
    (0..5).for_each(|_| drop(bench.station.login("anong", "wrong horse")));
    bench.station.unlock_user(&bench.admin, "anong", "she is here").unwrap();
    bench.station.login("anong", PASSWORD).unwrap();
    bench.station.set_own_password("anong", PASSWORD, "battery staple").unwrap();
    assert_eq!(code(bench.station.login("anong", PASSWORD)), Some(Code::LoginFailed), "the old one is gone");
    bench.station.login("Anong", "battery staple").unwrap();
    bench.station.set_active(&bench.admin, "anong", false, "left").unwrap();
    assert_eq!(code(bench.station.login("anong", "battery staple")), Some(Code::LoginFailed), "closed");
    let own = bench.station.set_active(&bench.admin, "admin", false, "tired");
    assert_eq!(code(own), Some(Code::Refused), "the last admin stays");
}

#[test]
fn a_password_that_expired_lets_nobody_in_offline() {
    let bench = Bench::new();
    bench.station.configure(&bench.admin, "people.password_expires_days", Some(&30.into()), "policy").unwrap();
    bench.person("anong", "operator");
    bench.clock.advance(31 * 24 * 60 * MINUTE_MS);
    assert_eq!(code(bench.station.login("anong", PASSWORD)), Some(Code::LoginExpired), "the cached verifier ends");
    let own = bench.station.set_own_password("anong", PASSWORD, "battery staple");
    assert_eq!(code(own), Some(Code::LoginExpired), "and is not made to last by whom it has to keep out");
    bench.station.set_password(&bench.admin, "anong", "battery staple").unwrap();
    bench.station.login("anong", "battery staple").unwrap();
}

#[test]
fn no_role_does_more_than_it_may() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], true);
    let viewer = bench.person("viewer", "viewer");
    let operator = bench.person("operator", "operator");
    let station = &bench.station;
    let reason = because(ReasonCode::Confirmed);
    let denied = Some(Code::NotPermitted);
    assert_eq!(code(station.review(&viewer, run, &Change::Accept, &reason, None)), denied, "a viewer only looks");
    assert_eq!(code(station.sign(&viewer, PASSWORD, run, Meaning::Performed, None)), denied, "and signs nothing");
    assert_eq!(code(station.audit(&operator, &AuditFilter::default(), Page::first(1))), denied, "audit:read");
    assert_eq!(code(station.configure(&operator, "assay", Some(&"ha".into()), "")), denied, "config:write");
    assert_eq!(
        code(station.create_user(
            &operator,
            &NewPerson {
                username: "mole".to_owned(),
                password: PASSWORD.to_owned(),
                roles: vec!["admin".to_owned()],
                ..NewPerson::default()
            }
        )),
        denied,
        "user:admin"
    );
    assert_eq!(
        code(station.backup(&operator, &bench.path("copy.db"), true, &wellread_station::Steps::unwatched())),
        denied,
        "backup:create"
    );
    station.review(&operator, run, &Change::Accept, &reason, None).unwrap();
    assert_eq!(code(station.sign(&operator, PASSWORD, run, Meaning::Approved, None)), denied, "run:approve");
    station.set_roles(&bench.admin, "operator", &["viewer".to_owned()], "moved").unwrap();
    let late = station.review(&operator, run, &Change::Reject, &reason, None);
    assert_eq!(code(late), denied, "a right taken away holds at once, also for who is signed in");
}
