//! Headquarters behind TLS: trusted by the authority of a file, and by nothing less.

use crate::{driver::until, hub::Hub, journeys::sync};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::{fs, path::PathBuf};
use wellread_journeys::station::{Station, capture, plates, put};

/// An authority of a laboratory's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut own = CertificateParams::new(Vec::new()).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = own.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(own, key), pem }
    }

    /// A certificate that it signed for a name, and the key of it.
    fn signs(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (signed.pem(), key.serialize_pem())
    }

    /// Its certificate in a file beside a station.
    fn file(&self, station: &Station, name: &str) -> PathBuf {
        let file = station.data().with_file_name(name);
        put(&file, self.pem.as_bytes());
        file
    }
}

/// A hub whose certificate an authority signed.
fn secured(authority: &Authority) -> Option<Hub> {
    let mut hub = Hub::start()?;
    let (chain, key) = authority.signs("localhost");
    hub.speaks_tls(Some((&chain, &key)));
    Some(hub)
}

fn trusts(station: &Station, file: &std::path::Path) -> wellread_journeys::Ran {
    station.run(["config", "set", "sync.ca_file", file.to_str().unwrap()])
}

#[test]
fn a_station_trusts_headquarters_by_the_authority_that_its_file_names() {
    let authority = Authority::new();
    let Some(mut hub) = secured(&authority) else { return };
    let station = Station::new();
    let code = hub.code();
    let refused = station.run(["enrol", &hub.url(), &code]).ended_with(1);
    assert!(refused.err.contains("wellread config set sync.ca_file FILE"), "it says what to do: {}", refused.err);

    let other = Authority::new().file(&station, "other.pem");
    trusts(&station, &other).ended_with(0);
    let refused = station.run(["enrol", &hub.url(), &code]).ended_with(1);
    assert!(refused.err.contains("sync.ca_file"), "another authority vouches for nothing here: {}", refused.err);

    trusts(&station, &authority.file(&station, "own.pem")).ended_with(0);
    let by_number = hub.url().replace("localhost", "127.0.0.1");
    let refused = station.run(["enrol", &by_number, &code]).ended_with(1);
    assert!(refused.err.contains("another name"), "an address that the certificate does not name: {}", refused.err);

    // The code was never spent on the way.
    station.run(["enrol", &hub.url(), &code]).ended_with(0);
    station.receive(&plates(1)[0], &capture("S1", 1));
    station.drain();
    let report = sync(&station);
    assert_eq!((&report["runs"], &report["failures"]), (&1.into(), &serde_json::json!([])), "told: {report}");
    let state = station.status()["sync"].clone();
    assert_eq!((&state["state"], &state["blobs_pending"]), (&"idle".into(), &0.into()), "with its picture: {state}");
    hub.speaks_tls(None);
    assert_eq!(hub.samples_of_runs(), ["S1"], "the plate is at headquarters");
    let refused = station.run(["sync"]).ended_with(1);
    assert!(refused.err.contains("speaks no TLS"), "and never goes there in clear: {}", refused.err);
    station.assert_sound();
}

#[test]
fn a_file_that_vouches_for_nobody_is_named_with_what_it_should_be() {
    let authority = Authority::new();
    let Some(hub) = secured(&authority) else { return };
    let station = Station::new();
    let file = station.data().with_file_name("authority.pem");
    let missing = trusts(&station, &file).ended_with(2);
    assert!(missing.err.contains("cannot be read"), "a file that is not there: {}", missing.err);
    put(&file, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let empty = trusts(&station, &file).ended_with(2);
    assert!(empty.err.contains("holds no certificate"), "a key is none: {}", empty.err);
    put(&file, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let damaged = trusts(&station, &file).ended_with(2);
    assert!(damaged.err.contains("damaged certificate"), "half of one is none: {}", damaged.err);

    put(&file, authority.pem.as_bytes());
    trusts(&station, &file).ended_with(0);
    station.run(["enrol", &hub.url(), &hub.code()]).ended_with(0);
    fs::remove_file(&file).unwrap();
    let gone = station.run(["sync"]).ended_with(2);
    assert!(
        gone.err.contains("authority.pem") && gone.err.contains("sync.ca_file"),
        "one that went away later is named, too: {}",
        gone.err
    );
}

#[test]
fn a_service_at_work_takes_a_renewed_file_of_authorities_by_itself() {
    let authority = Authority::new();
    let Some(mut hub) = secured(&authority) else { return };
    let station = Station::new();
    let file = authority.file(&station, "authority.pem");
    trusts(&station, &file).ended_with(0);
    station.set("sync.every_s", "1");
    station.run(["enrol", &hub.url(), &hub.code()]).ended_with(0);
    let mut service = station.watch();
    until("all is told", || match station.status()["sync"].clone() {
        state if state["state"] == "idle" => Ok(()),
        state => Err(state.to_string()),
    });
    let next = Authority::new();
    let (chain, key) = next.signs("localhost");
    hub.speaks_tls(Some((&chain, &key)));
    let words = service.hears_state("sync", "degraded");
    assert!(words.contains("sync.ca_file") || words.contains("cannot be reached"), "it says so: {words}");
    let half = next.pem.len() / 2;
    put(&file, &next.pem.as_bytes()[..half]);
    let planned = until("half a file is told", || match station.status()["sync"].clone() {
        state if state["last_error"].as_str().is_some_and(|words| words.contains("authority.pem")) => {
            Ok(state["next_attempt_ms"].as_i64().expect("it says when it is tried again"))
        }
        state => Err(state.to_string()),
    });
    put(&file, next.pem.as_bytes());
    let heard = until("headquarters are heard again", || match station.status()["sync"].clone() {
        state if state["last_error"].is_null() => Ok(state["last_success_ms"].as_i64().expect("when")),
        state => Err(state.to_string()),
    });
    assert!(heard < planned, "the whole file waits for no try that was planned: {heard}, {planned}");
    station.receive(&plates(1)[0], &capture("S1", 1));
    service.hears_runs(1);
    until("what waited is told", || match station.status()["sync"].clone() {
        state if state["state"] == "idle" && state["pending"] == 0 => Ok(()),
        state => Err(state.to_string()),
    });
    assert_eq!(service.stops(), 0, "the service never noticed");
    hub.speaks_tls(None);
    assert_eq!(hub.samples_of_runs(), ["S1"], "the plate is at headquarters");
}
