//! The faults, each as far as a test has time for it; `./dev faults` tries all of them.

use std::sync::LazyLock;
use wellread_proving::cases::{Case, Given, Size};
use wellread_testdb::{Durability, Postgres};

/// One cluster for the cases of a process. Those who break theirs take another.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| match Postgres::shared() {
    Ok(server) => server,
    Err(_) => Postgres::private(Durability::Fast).expect("a PostgreSQL can be started"),
});

fn holds(name: &str) {
    let case = Case::named(name).unwrap_or_else(|| panic!("there is a case '{name}'"));
    let ran = case.run(Given { server: &SERVER, seed: 1, size: Size::Test });
    let outcome = ran.outcome.unwrap_or_else(|why| panic!("{name}: {why:#}"));
    assert!(outcome.found.is_sound(), "{name}: {}", outcome.found);
    assert!(outcome.found.rows > 0 && outcome.runs > 0, "{name}: nothing was tried or compared: {outcome:?}");
}

#[test]
fn lost_answers_lose_nothing() {
    holds("answers-lost");
}

#[test]
fn cut_requests_leave_nothing_behind() {
    holds("requests-cut");
}

#[test]
fn cut_answers_are_none() {
    holds("answers-cut");
}

#[test]
fn what_arrives_twice_is_kept_once() {
    holds("doubled");
}

#[test]
fn what_arrives_late_changes_nothing() {
    holds("reordered");
}

#[test]
fn seconds_of_latency_are_waited_for() {
    holds("latency");
}

#[test]
fn storms_of_errors_pass() {
    holds("storm");
}

#[test]
fn the_last_retry_comes_by_itself() {
    holds("quiet-retry");
}

#[test]
fn any_weather_is_survived() {
    holds("any-weather");
}

#[test]
fn a_hub_that_dies_anywhere_goes_on() {
    holds("hub-killed");
}

#[test]
fn a_database_that_stops_comes_back() {
    holds("database-stopped");
}

#[test]
fn a_hub_from_a_backup_is_told_again() {
    holds("hub-restored");
}

#[test]
fn two_disks_with_one_log_are_told_apart() {
    holds("disk-cloned");
}

#[test]
fn a_station_from_a_backup_goes_on() {
    holds("station-restored");
}

#[test]
fn wrong_clocks_do_no_harm() {
    holds("clock-wrong");
}

#[test]
fn tokens_that_ended_are_replaced() {
    holds("token-expired");
}

#[test]
fn poison_does_not_hold_up_what_is_good() {
    holds("poison");
}

#[test]
fn batches_and_pages_end_where_they_must() {
    holds("boundaries");
}
