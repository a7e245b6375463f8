//! How the hub is told to work.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// How the hub is told to work: arguments or `WELLREAD_HUB_…` variables.
#[derive(Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// A file that gets the address once it listens, for scripts.
    pub addr_file: Option<PathBuf>,
    /// What this node calls itself among the nodes.
    pub node: String,
    /// What the hub calls itself.
    pub hub_name: String,
    /// How people reach it, for links in letters: `https://hub.example`.
    pub base_url: String,
    /// PostgreSQL as `wellread_app`; may be `PgBouncer` in transaction mode.
    pub database_url: String,
    /// The certificates that PostgreSQL's own must come from, PEM.
    pub database_ca: Option<PathBuf>,
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
    /// The file with the key that private signing keys are encrypted with; none, and they lie in clear in the database.
    pub key_file: Option<PathBuf>,
    /// For how long a person's access token is good, in seconds.
    pub access_token_s: u64,
    /// For how long a station's access token is good, in seconds.
    pub station_token_s: u64,
    /// For how long a refresh token is good, in days.
    pub refresh_days: u32,
    /// For how long somebody stays signed in at most, however often he comes back, in days.
    pub session_days: u32,
    /// Wrong passwords in a row until an account is locked.
    pub lock_after: u32,
    /// For how long it is locked the first time, in minutes.
    pub lock_min: u32,
    /// The fewest characters of a password.
    pub password_min_chars: usize,
    /// For how many days stations may use a verifier without contact.
    pub offline_days: u32,
    /// The longest a request may take until its answer begins, in seconds.
    pub request_s: u64,
    /// The same for a part of a blob, which may come over a slow line.
    pub upload_s: u64,
    /// Requests a second that one caller, or one address without a good token, may make on average; the burst is ten
    /// times as much. 0 sets no limit.
    pub rate_per_s: u32,
    /// Logins, enrolments and forgotten passwords a minute from one address, all at once or one by one. 0 sets no limit.
    pub rate_login_per_min: u32,
    /// Whether a proxy in front writes the caller's address into `X-Forwarded-For`; without one anybody could.
    pub behind_proxy: bool,
    /// What `/metrics` wants as a bearer token; none, and it is open.
    pub metrics_token: Option<String>,
    /// How long requests in flight have to end when the hub stops, in seconds.
    pub drain_s: u64,
    /// Certificate chain and key, for TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Entries that the feed keeps for stations that were away.
    pub feed_keep: u64,
}

impl Config {
    /// What holds where nothing else is said: on any free port of this machine, without TLS and letters.
    pub fn plain(database_url: impl Into<String>, objects: ObjectsAt) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            addr_file: None,
            node: "hub".to_owned(),
            hub_name: "Wellread hub".to_owned(),
            base_url: "http://localhost:8080".to_owned(),
            database_url: database_url.into(),
            database_ca: None,
            listen_url: None,
            connections: 16,
            objects,
            smtp_url: None,
            mail_from: "Wellread hub <hub@localhost>".to_owned(),
            key_file: None,
            access_token_s: 15 * 60,
            station_token_s: 60 * 60,
            refresh_days: 30,
            session_days: 30,
            lock_after: 5,
            lock_min: 15,
            password_min_chars: 12,
            offline_days: 30,
            request_s: 30,
            upload_s: 300,
            rate_per_s: 100,
            rate_login_per_min: 60,
            behind_proxy: false,
            metrics_token: None,
            drain_s: 30,
            tls: None,
            feed_keep: 100_000,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses of database and mail hold passwords, and these do not belong in a log.
        write!(f, "Config({} on {}, objects {:?})", self.hub_name, self.listen, self.objects)
    }
}

/// Where blobs are.
#[derive(Clone)]
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

impl fmt::Debug for ObjectsAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "in {}", folder.display()),
            Self::Memory => write!(f, "in memory"),
            Self::S3 { bucket, endpoint, region, .. } => write!(f, "in bucket {bucket} of {endpoint:?} {region}"),
        }
    }
}
