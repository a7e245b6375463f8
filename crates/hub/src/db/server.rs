//! How PostgreSQL is reached: its address, and what is asked of its certificate.
//!
//! `sslmode` in the address means what it means to PostgreSQL's own programs; where it is not said, it is `prefer`, and
//! `verify-full` where a CA is given.

mod certificates;

use anyhow::{Context as _, bail, ensure};
use certificates::{Certificates, Trust};
use std::{path::Path, str::FromStr};
use tokio_postgres::{Client, Config, Connection, Socket, config::SslMode, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What carries the hub's words to PostgreSQL, in clear or over TLS.
pub type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A PostgreSQL, as somebody in a database of it.
#[derive(Clone)]
pub struct Server {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the password.
        write!(f, "Server({:?} of {:?})", self.config.get_dbname(), self.config.get_hosts())
    }
}

impl Server {
    /// The one at this address. `ca` names a PEM file with the certificates that its own must come from.
    pub fn new(url: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        ensure!(
            option(url, "sslrootcert").is_none(),
            "the database's address has sslrootcert: give the file as WELLREAD_HUB_DATABASE_CA instead"
        );
        let (url, trust) = asked(url, ca.is_some())?;
        let mut config: Config = url.parse().context("the database's address cannot be read")?;
        if trust == Trust::Named && config.get_ssl_mode() == SslMode::Prefer {
            // Nothing is said but a CA: whoever gives one wants no other server, and none without TLS.
            config.ssl_mode(SslMode::Require);
        }
        let tls = Certificates::new(trust, ca)?.client_config()?;
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// A connection of its own, beside any pool. It must be driven.
    pub async fn connect(&self) -> anyhow::Result<(Client, Wire)> {
        match self.config.connect(self.tls.clone()).await {
            Ok(connected) => Ok(connected),
            Err(why) => Err(anyhow::anyhow!(explained(&why)).context("the database does not answer")),
        }
    }
}

impl FromStr for Server {
    type Err = anyhow::Error;

    /// As its address alone says.
    fn from_str(url: &str) -> anyhow::Result<Self> {
        Self::new(url, None)
    }
}

/// The address as `tokio_postgres` reads it, and what the server must prove.
fn asked(url: &str, has_ca: bool) -> anyhow::Result<(String, Trust)> {
    let Some((from, mode)) = option(url, "sslmode") else {
        return Ok((url.to_owned(), if has_ca { Trust::Named } else { Trust::Anybody }));
    };
    let trust = match (mode, has_ca) {
        ("disable", _) | ("prefer" | "require", false) => Trust::Anybody,
        ("prefer" | "require" | "verify-ca", true) => Trust::Issuer,
        ("verify-full", _) => Trust::Named,
        ("verify-ca", false) => {
            bail!("sslmode=verify-ca needs the CA: set WELLREAD_HUB_DATABASE_CA to its file, or say verify-full")
        }
        _ => bail!("sslmode '{mode}' is none: say disable, prefer, require, verify-ca or verify-full"),
    };
    let mut told = url.to_owned();
    if mode.starts_with("verify") {
        told.replace_range(from..from + mode.len(), "require");
    }
    Ok((told, trust))
}

/// Where the value of an option begins in an address, and the value.
fn option<'a>(url: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let options = if is_url { url.find('?')? + 1 } else { 0 };
    let ends = |c: char| if is_url { c == '&' } else { c.is_ascii_whitespace() };
    let mut from = options;
    for part in url.get(options..)?.split(ends) {
        if let Some(value) = part.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some((from + name.len() + 1, value));
        }
        from += part.len() + 1;
    }
    None
}

/// Why there is no connection, and what to do about it.
pub(super) fn explained(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error);
    let io = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let tls = io.and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let told = cause.map(ToString::to_string).unwrap_or_default();
    match tls {
        Some(rustls::Error::InvalidCertificate(why)) => certificates::told(why),
        Some(other) => format!(
            "TLS with the database failed: {other}. The hub speaks TLS 1.2 and 1.3; have the server do so, or say \
             sslmode=disable where nobody can listen"
        ),
        None if told == "server does not support TLS" => {
            "the database offers no TLS, and its address or WELLREAD_HUB_DATABASE_CA asks for it: turn `ssl` on there, or \
             say sslmode=disable where nobody can listen"
                .to_owned()
        }
        None if told.is_empty() => error.to_string(),
        None => format!("{error}: {told}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_the_server_follows_from_its_address() {
        let url = |options: &str| format!("postgresql://a:b@db.example/wellread{options}");
        let asked = |options: &str, has_ca| asked(&url(options), has_ca);
        for (options, has_ca, trust) in [
            ("", false, Trust::Anybody),
            ("", true, Trust::Named),
            ("?sslmode=disable", true, Trust::Anybody),
            ("?sslmode=prefer", false, Trust::Anybody),
            ("?application_name=hub&sslmode=require", false, Trust::Anybody),
            ("?sslmode=require", true, Trust::Issuer),
        ] {
            let told = asked(options, has_ca).unwrap();
            assert_eq!(told, (url(options), trust), "{options} with a CA: {has_ca}");
        }
        for (options, has_ca, trust) in
            [("?sslmode=verify-full", false, Trust::Named), ("?sslmode=verify-ca", true, Trust::Issuer)]
        {
            let told = asked(options, has_ca).unwrap();
            assert_eq!(told, (url("?sslmode=require"), trust), "{options} is what tokio-postgres has no word for");
        }
        let told = asked("?sslmode=verify-ca", false).unwrap_err().to_string();
        assert!(told.contains("WELLREAD_HUB_DATABASE_CA"), "a chain to nothing: {told}");
        assert!(asked("?sslmode=safe", false).unwrap_err().to_string().contains("verify-full"), "what there is");
    }

    #[test]
    fn an_address_may_be_words_as_well() {
        let told = asked("host=db user=a sslmode=verify-full dbname=w", true).unwrap();
        assert_eq!(told, ("host=db user=a sslmode=require dbname=w".to_owned(), Trust::Named), "as libpq has them");
        assert!(option("postgres://sslmode=x:y@db/w", "sslmode").is_none(), "a name of somebody is no option");
    }

    #[test]
    fn a_server_keeps_its_password_to_itself() {
        let server = "postgresql://app:secret@db.example/wellread".parse::<Server>().unwrap();
        assert!(!format!("{server:?}").contains("secret"), "it is no text for a log");
        let told = Server::new("postgresql://db/wellread?sslrootcert=a.pem", None).unwrap_err().to_string();
        assert!(told.contains("WELLREAD_HUB_DATABASE_CA"), "where the file goes: {told}");
    }
}
