//! TLS, with a certificate that is renewed while the hub runs.

use crate::{
    node::{self, Node},
    place::Place,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client};
use rustix::process::Signal;
use std::{fs, path::Path, process::Command};

/// Writes a certificate for this machine, and returns a client that trusts it and no other.
fn certificate(folder: &Path) -> Client {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(folder.join("chain.pem"), cert.pem()).unwrap();
    let trusted = Certificate::from_pem(cert.pem().as_bytes()).unwrap();
    Client::builder().tls_certs_only([trusted]).no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

fn with_tls(place: &Place) -> Command {
    let mut command = node::program(place);
    command
        .env("WELLREAD_HUB_TLS_CERT", place.folder.path().join("chain.pem"))
        .env("WELLREAD_HUB_TLS_KEY", place.folder.path().join("key.pem"));
    command
}

#[tokio::test]
async fn a_certificate_is_used_and_a_renewed_one_without_a_restart() {
    let place = Place::new();
    let first = certificate(place.folder.path());
    let node = Node::start(with_tls(&place));
    let url = node.url.replace("127.0.0.1", "localhost") + "/readyz";
    assert!(url.starts_with("https://"), "what it says of itself: {url}");
    let answer = first.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "over TLS");
    assert!(answer.headers().contains_key("strict-transport-security"), "browsers are told to stay with it");
    assert!(reqwest::get(url.replace("https", "http")).await.is_err(), "nothing is served in clear");

    let renewed = certificate(place.folder.path());
    assert!(renewed.get(&url).send().await.is_err(), "the old one is still in use");
    node.signal(Signal::HUP);
    node.logs("the certificate was read again").await;
    assert_eq!(renewed.get(&url).send().await.unwrap().status(), 200, "the new one, after SIGHUP");
    assert!(first.get(&url).send().await.is_err(), "and no longer the old one");

    fs::write(place.folder.path().join("chain.pem"), "no certificate").unwrap();
    node.signal(Signal::HUP);
    node.logs("the old one stays in use").await;
    assert_eq!(renewed.get(&url).send().await.unwrap().status(), 200, "a bad one is not taken");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_told_at_the_start() {
    let place = Place::new();
    fs::write(place.folder.path().join("chain.pem"), "").unwrap();
    fs::write(place.folder.path().join("key.pem"), "").unwrap();
    let done = with_tls(&place).arg("serve").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("chain.pem") && said.contains("must be PEM"), "which file, and what it should be: {said}");
}
