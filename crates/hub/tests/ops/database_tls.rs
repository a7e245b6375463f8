//! TLS between hub and PostgreSQL: a server whose certificate was made here, and hubs that believe it or not.

use crate::{
    node::{self, Node},
    place::Place,
    until::until,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use wellread_hub::{
    db::{Db, Server},
    schema,
};
use wellread_testdb::{Durability, Postgres};

/// The user that test databases run as where tests run as root.
const SYSTEM_USER: &str = "wellread-pg";

type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca(name: &str) -> Ca {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A cluster with TLS, for `localhost` and by no other name, and the files of the CAs.
struct Encrypted {
    place: Place,
    ca: PathBuf,
    other_ca: PathBuf,
    own: PathBuf,
}

impl Encrypted {
    async fn start() -> Self {
        let place = Place::on(&Postgres::private(Durability::Fast).unwrap());
        let folder = place.folder.path().to_owned();
        let issuer = ca("The laboratory's CA");
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let [ca_file, other_ca, own, key_file] =
            ["ca.pem", "other.pem", "server.pem", "server.key"].map(|name| folder.join(name));
        fs::write(&ca_file, issuer.pem()).unwrap();
        fs::write(&other_ca, ca("Somebody else's CA").pem()).unwrap();
        fs::write(&own, cert.pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        for_the_server(&folder, &key_file);
        let server = place.superuser().await;
        for (name, value) in [("ssl_cert_file", &own), ("ssl_key_file", &key_file)] {
            server.batch_execute(&format!("ALTER SYSTEM SET {name} = '{}'", value.display())).await.unwrap();
        }
        server.batch_execute("ALTER SYSTEM SET ssl = on").await.unwrap();
        server.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let url = place.database.app_url();
        until("the server has read that it has TLS", async || is_encrypted(&url, None).await.unwrap().then_some(()))
            .await;
        Self { place, ca: ca_file, other_ca, own }
    }

    /// The hub's address of it, by the name that its certificate has.
    fn named(&self, options: &str) -> String {
        named(&self.place.database.app_url(), options)
    }
}

fn named(url: &str, options: &str) -> String {
    url.replace("127.0.0.1", "localhost") + options
}

/// PostgreSQL takes no key that others can read; where tests are root's, it is its group's.
fn for_the_server(folder: &Path, key: &Path) {
    let mode = if rustix::process::getuid().is_root() {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let done = Command::new("chgrp").arg(SYSTEM_USER).arg(key).status().unwrap();
        assert!(done.success(), "the server's user has a group of the same name");
        0o640
    } else {
        0o600
    };
    fs::set_permissions(key, fs::Permissions::from_mode(mode)).unwrap();
}

/// Whether the hub's connection to this address is encrypted; an error where there is none.
async fn is_encrypted(url: &str, ca: Option<&Path>) -> anyhow::Result<bool> {
    let db = Db::new(&Server::new(url, ca)?, 1)?;
    let tx = db.nobody().await?;
    let row = tx.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await?;
    tx.commit().await?;
    Ok(row.get(0))
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[tokio::test]
async fn the_address_says_what_of_the_servers_certificate_is_looked_at() {
    let at = Encrypted::start().await;
    let (by_name, by_number) = (at.named(""), at.place.database.app_url());
    let (own, ca, other) = (Some(at.own.as_path()), Some(at.ca.as_path()), Some(at.other_ca.as_path()));
    for (url, ca, encrypted, why) in [
        (by_number.clone(), None, true, "what can be encrypted is, whoever the server is"),
        (at.named("?sslmode=disable"), None, false, "unless it is not wanted"),
        (at.named("?sslmode=require"), None, true, "required, and nothing else"),
        (by_name.clone(), ca, true, "with a CA, the server that it knows by the name that it has"),
        (at.named("?sslmode=verify-full"), ca, true, "the same, said"),
        (by_number.clone() + "?sslmode=verify-ca", ca, true, "by another name, where only the CA is looked at"),
        (by_name.clone(), own, true, "the server's own certificate may stand for its CA"),
    ] {
        assert_eq!(is_encrypted(&url, ca).await.unwrap(), encrypted, "{why}");
    }
    for (url, ca, word, why) in [
        (by_number.clone(), ca, "another name", "its certificate is for localhost"),
        (by_number, own, "another name", "the same where the certificate itself is known"),
        (by_name.clone(), other, "none of the CAs", "anybody could be there"),
        (at.named("?sslmode=verify-ca"), other, "none of the CAs", "whatever the name"),
    ] {
        let told = is_encrypted(&url, ca).await.unwrap_err().to_string();
        assert!(told.contains(word), "{why}: {told}");
        let told = format!("{:#}", Server::new(&url, ca).unwrap().connect().await.err().unwrap());
        assert!(told.contains(word), "so with a connection beside the pool: {told}");
    }
    let told = Server::new(&by_name, Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
    assert!(format!("{told:#}").contains("/nowhere/ca.pem"), "a file that is not there: {told:#}");
    let owner = named(&at.place.database.owner_url(), "");
    let told = schema::migrate(&Server::new(&owner, other).unwrap()).await.unwrap_err();
    assert!(format!("{told:#}").contains("none of the CAs"), "nothing is migrated there: {told:#}");
    schema::migrate(&Server::new(&owner, ca).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_a_ca_is_given() {
    let (place, folder) = (Place::new(), tempfile::TempDir::new().unwrap());
    let file = folder.path().join("ca.pem");
    fs::write(&file, ca("The laboratory's CA").pem()).unwrap();
    let url = place.database.app_url();
    assert!(!is_encrypted(&url, None).await.unwrap(), "tests' own server has none");
    let told = is_encrypted(&url, Some(&file)).await.unwrap_err().to_string();
    assert!(told.contains("offers no TLS"), "nothing is sent in clear to somebody who may be anybody: {told}");
}

#[tokio::test]
async fn the_program_keeps_to_it_in_all_it_does() {
    let at = Encrypted::start().await;
    let command = |ca: &Path| {
        let mut command = node::program(&at.place);
        let url = at.named("");
        command.env("WELLREAD_HUB_DATABASE_URL", &url).env("WELLREAD_HUB_LISTEN_URL", &url);
        command.env("WELLREAD_HUB_OWNER_URL", named(&at.place.database.owner_url(), ""));
        command.env("WELLREAD_HUB_DATABASE_CA", ca);
        command
    };
    for verb in
        [&["serve"][..], &["migrate"], &["org", "list"], &["epoch", "show"], &["retention", "--before", "2020-01"]]
    {
        let done = command(&at.other_ca).args(verb).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{verb:?} with another CA: {}", said(&done));
        let told = said(&done);
        assert!(told.contains("none of the CAs") && told.contains("WELLREAD_HUB_DATABASE_CA"), "{verb:?}: {told}");
    }
    for verb in [&["migrate"][..], &["org", "list"], &["epoch", "show"], &["retention", "--before", "2020-01"]] {
        let done = command(&at.ca).args(verb).output().unwrap();
        assert!(done.status.success(), "{verb:?} with its CA: {}", said(&done));
    }
    let node = Node::start(command(&at.ca));
    let superuser = at.place.superuser().await;
    let sql = "SELECT count(*), count(*) FILTER (WHERE s.ssl), count(*) FILTER (WHERE a.query LIKE 'LISTEN%')
        FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.usename = 'wellread_app'";
    let (all, encrypted) = until("the node listens", async || {
        let row = superuser.query_one(sql, &[]).await.unwrap();
        (row.get::<_, i64>(2) > 0).then(|| (row.get::<_, i64>(0), row.get::<_, i64>(1)))
    })
    .await;
    assert!(all >= 2 && encrypted == all, "the pool's and the one that listens: {encrypted} of {all}");
    drop(node);
}
