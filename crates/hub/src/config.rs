//! How the hub is told to work.

use std::{net::SocketAddr, path::PathBuf};

/// How the hub is told to work: arguments or `WELLREAD_HUB_…` variables.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What it calls itself.
    pub hub_name: String,
    /// How people reach it, for links in letters: `https://hub.example`.
    pub base_url: String,
    /// PostgreSQL as `wellread_app`; may be `PgBouncer` in transaction mode.
    pub database_url: String,
    /// PostgreSQL itself as `wellread_app`, for LISTEN; none, and polling alone tells.
    pub listen_url: Option<String>,
    /// The most connections to it.
    pub connections: usize,
    /// Where blobs are.
    pub objects: ObjectsAt,
    /// How letters leave: `smtp://user:password@host:587` or `smtps://…`; none, and none do.
    pub smtp_url: Option<String>,
    /// Whom letters are from.
    pub mail_from: String,
    /// For how long a person's access token is good, in seconds.
    pub access_token_s: u64,
    /// For how long a station's access token is good, in seconds.
    pub station_token_s: u64,
    /// For how long a refresh token is good, in days.
    pub refresh_days: u32,
    /// Wrong passwords in a row until an account is locked.
    pub lock_after: u32,
    /// For how long it is locked the first time, in minutes.
    pub lock_min: u32,
    /// The fewest characters of a password.
    pub password_min_chars: usize,
    /// For how many days stations may use a verifier without contact.
    pub offline_days: u32,
    /// The longest a request may take, in seconds.
    pub request_s: u64,
    /// Requests a second that one address or caller may make, on average; the burst is ten times as much.
    pub rate_per_s: u32,
    /// Certificate chain and key, for TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Entries that the feed keeps for stations that were away.
    pub feed_keep: u64,
}

/// Where blobs are.
#[derive(Clone, Debug)]
pub enum ObjectsAt {
    /// A folder.
    Folder(PathBuf),
    /// Memory, for tests.
    Memory,
    /// An S3-compatible service.
    S3 {
        /// The bucket.
        bucket: String,
        /// Its address, for others than AWS.
        endpoint: Option<String>,
        /// Its region.
        region: String,
        /// The access key; from the environment where none is given.
        access_key: Option<String>,
        /// The secret.
        secret_key: Option<String>,
    },
}
