//! Accounts of headquarters at a station: signing in without a network, for as long as they may.

use crate::bench::{Bench, PASSWORD};
use argon2::{Argon2, password_hash::PasswordHasher as _};
use std::collections::BTreeSet;
use uuid::Uuid;
use wellread_station::{Code, code_of};
use wellread_wire::downlink::{Item, Role, User};

const DAY_MS: i64 = 86_400_000;

pub(crate) fn user(id: u128, name: &str) -> User {
    User {
        id: Uuid::from_u128(id),
        username: name.to_owned(),
        password_phc: Argon2::default().hash_password(PASSWORD.as_bytes()).unwrap().to_string(),
        email: None,
        first_name: String::new(),
        last_name: String::new(),
        is_active: true,
        roles: BTreeSet::from(["supervisor".to_owned()]),
        offline_days: 30,
    }
}

#[test]
fn an_account_of_headquarters_signs_in_here_until_they_say_otherwise() {
    let bench = Bench::new();
    bench.hub.state().snapshot = vec![vec![serde_json::to_value(Item::User(user(50, "mali"))).unwrap()]];
    bench.sync();
    bench.station.login("Mali", PASSWORD).expect("with the password that she has there");
    let closed = User { is_active: false, ..user(50, "mali") };
    bench.hub.say(&Item::User(closed));
    bench.station.login("mali", PASSWORD).expect("until the next contact");
    bench.sync();
    let refused = bench.station.login("mali", PASSWORD).unwrap_err();
    assert_eq!(code_of(&refused), Some(Code::LoginFailed), "and no longer");
    let session = bench.station.create_user(
        &bench.ada,
        &wellread_station::people::NewPerson {
            username: "somchai".to_owned(),
            password: PASSWORD.to_owned(),
            roles: vec!["viewer".to_owned()],
            ..Default::default()
        },
    );
    session.expect("the station's own accounts go on");
    bench.assert_sound();
}

#[test]
fn it_ends_some_days_after_the_last_word_and_the_words_say_so() {
    let bench = Bench::new();
    bench.hub.say(&Item::User(user(50, "mali")));
    bench.hub.state().snapshot = vec![vec![serde_json::to_value(Item::User(user(50, "mali"))).unwrap()]];
    bench.sync();
    bench.station.clock().advance(30 * DAY_MS);
    bench.station.login("mali", PASSWORD).expect("thirty days are thirty days");
    bench.station.clock().advance(1);
    let expired = bench.station.login("mali", PASSWORD).unwrap_err();
    assert_eq!(code_of(&expired), Some(Code::LoginExpired), "{expired:#}");
    assert!(expired.to_string().contains("30 days"), "the words say why: {expired:#}");
    bench.station.login("ada", PASSWORD).expect("the station's own account goes on");
    bench.sync();
    bench.station.login("mali", PASSWORD).expect("one contact, with nothing new in it, is word enough");
}

#[test]
fn what_headquarters_keep_cannot_be_changed_here() {
    let bench = Bench::new();
    let role = Role {
        name: "inspector".to_owned(),
        description: "Looks".to_owned(),
        permissions: BTreeSet::from(["run:read".to_owned(), "station:admin".to_owned()]),
        is_active: true,
    };
    let inspector = User { roles: BTreeSet::from(["inspector".to_owned()]), ..user(50, "mali") };
    // The account before its role: the account waits for it, and is there all the same.
    let items = [Item::User(inspector), Item::Role(role)];
    bench.hub.state().snapshot = vec![items.iter().map(|item| serde_json::to_value(item).unwrap()).collect()];
    bench.sync();
    assert!(bench.state().left.is_empty(), "once the role is there nothing waits: {:?}", bench.state().left);
    let session = bench.station.login("mali", PASSWORD).unwrap();
    bench.station.may_read(&session).expect("as the role says");
    for refused in [
        bench.station.set_password(&bench.ada, "mali", "another good one"),
        bench.station.set_active(&bench.ada, "mali", false, ""),
        bench.station.set_own_password("mali", PASSWORD, "another good one"),
        bench.station.set_permissions(&bench.ada, "inspector", &BTreeSet::from(["run:sign".to_owned()]), ""),
    ] {
        let why = refused.unwrap_err();
        assert!(why.to_string().contains("headquarters"), "headquarters do: {why:#}");
    }
    bench.assert_sound();
}
