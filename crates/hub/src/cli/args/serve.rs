//! What `serve` can be told.

use super::{DatabaseArgs, secret};
use anyhow::Context as _;
use clap::Args;
use std::{net::SocketAddr, path::PathBuf};
use wellread_hub::config::{Config, ObjectsAt};

/// Where blobs are.
#[derive(Clone, Debug, Args)]
pub(crate) struct ObjectArgs {
    /// Where blobs are: a folder, or s3://BUCKET
    #[arg(
        long,
        env = "WELLREAD_HUB_OBJECTS",
        value_name = "FOLDER|s3://BUCKET",
        default_value = "/var/lib/wellread-hub/objects"
    )]
    objects: String,
    /// The S3-compatible service, for others than AWS: https://minio.example:9000
    #[arg(long, env = "WELLREAD_HUB_S3_ENDPOINT", value_name = "URL")]
    s3_endpoint: Option<String>,
    /// Its region
    #[arg(long, env = "WELLREAD_HUB_S3_REGION", default_value = "us-east-1")]
    s3_region: String,
    /// Its access key; from AWS_… variables or the machine's role if not said
    #[arg(long, env = "WELLREAD_HUB_S3_ACCESS_KEY", hide_env_values = true, requires = "s3_secret_key")]
    s3_access_key: Option<String>,
    /// Its secret key
    #[arg(long, env = "WELLREAD_HUB_S3_SECRET_KEY", hide_env_values = true)]
    s3_secret_key: Option<String>,
}

impl ObjectArgs {
    /// Where that is.
    pub(crate) fn at(&self) -> anyhow::Result<ObjectsAt> {
        let Some(bucket) = self.objects.strip_prefix("s3://") else {
            return Ok(ObjectsAt::Folder(PathBuf::from(&self.objects)));
        };
        Ok(ObjectsAt::S3 {
            bucket: bucket.trim_end_matches('/').to_owned(),
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            access_key: secret(self.s3_access_key.as_deref(), "WELLREAD_HUB_S3_ACCESS_KEY")?,
            secret_key: secret(self.s3_secret_key.as_deref(), "WELLREAD_HUB_S3_SECRET_KEY")?,
        })
    }
}

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    objects: ObjectArgs,
    /// Where to listen; port 0 takes any that is free
    #[arg(long, env = "WELLREAD_HUB_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// A file to write the address to once it listens
    #[arg(long, env = "WELLREAD_HUB_ADDR_FILE", value_name = "FILE")]
    addr_file: Option<PathBuf>,
    /// What this node is called among the nodes; the machine's name if not said
    #[arg(long, env = "WELLREAD_HUB_NODE")]
    node: Option<String>,
    /// What stations and people see as the hub's name
    #[arg(long, env = "WELLREAD_HUB_NAME", default_value = "Wellread hub")]
    name: String,
    /// How people reach it, for links in letters: https://hub.example
    #[arg(long, env = "WELLREAD_HUB_BASE_URL", default_value = "http://localhost:8080", value_name = "URL")]
    base_url: String,
    /// PostgreSQL itself as wellread_app, for LISTEN, where WELLREAD_HUB_DATABASE_URL leads to a pooler; without, live
    /// views are up to some seconds late
    #[arg(long, env = "WELLREAD_HUB_LISTEN_URL", hide_env_values = true, value_name = "URL")]
    listen_url: Option<String>,
    /// The most connections to the database
    #[arg(long, env = "WELLREAD_HUB_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=1000))]
    connections: u16,
    /// How letters leave: smtp://USER:PASSWORD@HOST:587 or smtps://…; without, none do
    #[arg(long, env = "WELLREAD_HUB_SMTP_URL", hide_env_values = true, value_name = "URL")]
    smtp_url: Option<String>,
    /// Whom letters are from
    #[arg(long, env = "WELLREAD_HUB_MAIL_FROM", default_value = "Wellread hub <hub@localhost>")]
    mail_from: String,
    /// Certificate chain, PEM; read again when it changes and at SIGHUP
    #[arg(long, env = "WELLREAD_HUB_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key, PEM
    #[arg(long, env = "WELLREAD_HUB_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The key that the hub's own signing keys are encrypted with in the database; `key new` makes it
    #[arg(long, env = "WELLREAD_HUB_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A proxy in front writes the caller's address into X-Forwarded-For
    #[arg(long, env = "WELLREAD_HUB_BEHIND_PROXY")]
    behind_proxy: bool,
    /// What /metrics wants as a bearer token; without, it is open to whoever reaches the port
    #[arg(long, env = "WELLREAD_HUB_METRICS_TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    people: PeopleArgs,
}

/// What is too much.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// The longest until an answer begins, in seconds
    #[arg(long, env = "WELLREAD_HUB_REQUEST_S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    request_s: u64,
    /// The same for a part of a blob
    #[arg(long, env = "WELLREAD_HUB_UPLOAD_S", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86400))]
    upload_s: u64,
    /// Requests a second of one caller on average; ten times as many at once; 0 for no limit
    #[arg(long, env = "WELLREAD_HUB_RATE_PER_S", default_value_t = 100)]
    rate_per_s: u32,
    /// Logins, enrolments and forgotten passwords a minute from one address; 0 for no limit
    #[arg(long, env = "WELLREAD_HUB_RATE_LOGIN_PER_MIN", default_value_t = 60)]
    rate_login_per_min: u32,
    /// How long requests in flight have to end when the hub stops, in seconds
    #[arg(long, env = "WELLREAD_HUB_DRAIN_S", default_value_t = 30)]
    drain_s: u64,
    /// Entries that the feed keeps for stations that were away; those further behind take a snapshot
    #[arg(long, env = "WELLREAD_HUB_FEED_KEEP", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    feed_keep: u64,
}

/// People and their tokens.
#[derive(Debug, Args)]
#[command(next_help_heading = "People and stations")]
struct PeopleArgs {
    /// For how long a person's access token is good, in seconds
    #[arg(long, env = "WELLREAD_HUB_ACCESS_TOKEN_S", default_value_t = 900, value_parser = clap::value_parser!(u64).range(30..=86400))]
    access_token_s: u64,
    /// For how long a station's is, in seconds
    #[arg(long, env = "WELLREAD_HUB_STATION_TOKEN_S", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(30..=86400))]
    station_token_s: u64,
    /// For how many days somebody stays signed in without coming back
    #[arg(long, env = "WELLREAD_HUB_REFRESH_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    refresh_days: u32,
    /// For how many days at most, coming back or not
    #[arg(long, env = "WELLREAD_HUB_SESSION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    session_days: u32,
    /// Wrong passwords in a row until an account is locked
    #[arg(long, env = "WELLREAD_HUB_LOCK_AFTER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    lock_after: u32,
    /// For how many minutes the first time
    #[arg(long, env = "WELLREAD_HUB_LOCK_MIN", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1440))]
    lock_min: u32,
    /// The fewest characters of a password
    #[arg(long, env = "WELLREAD_HUB_PASSWORD_MIN_CHARS", default_value_t = 12)]
    password_min_chars: usize,
    /// For how many days a station may let people in without having heard from the hub
    #[arg(long, env = "WELLREAD_HUB_OFFLINE_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    offline_days: u32,
}

impl ServeArgs {
    /// What all of it comes to.
    pub(crate) fn config(self) -> anyhow::Result<Config> {
        let (limits, people) = (self.limits, self.people);
        Ok(Config {
            listen: self.listen,
            addr_file: self.addr_file,
            node: self.node.unwrap_or_else(this_machine),
            hub_name: self.name,
            base_url: self.base_url.trim_end_matches('/').to_owned(),
            database_url: self.database.url()?,
            database_ca: self.database.ca().map(PathBuf::from),
            listen_url: secret(self.listen_url.as_deref(), "WELLREAD_HUB_LISTEN_URL")?,
            connections: usize::from(self.connections),
            objects: self.objects.at()?,
            smtp_url: secret(self.smtp_url.as_deref(), "WELLREAD_HUB_SMTP_URL")?,
            mail_from: self.mail_from,
            key_file: self.key_file,
            access_token_s: people.access_token_s,
            station_token_s: people.station_token_s,
            refresh_days: people.refresh_days,
            session_days: people.session_days,
            lock_after: people.lock_after,
            lock_min: people.lock_min,
            password_min_chars: people.password_min_chars,
            offline_days: people.offline_days,
            request_s: limits.request_s,
            upload_s: limits.upload_s,
            rate_per_s: limits.rate_per_s,
            rate_login_per_min: limits.rate_login_per_min,
            behind_proxy: self.behind_proxy,
            metrics_token: secret(self.metrics_token.as_deref(), "WELLREAD_HUB_METRICS_TOKEN")?,
            drain_s: limits.drain_s,
            tls: self.tls_cert.zip(self.tls_key),
            feed_keep: limits.feed_keep,
        })
        .and_then(fits)
    }
}

fn fits(config: Config) -> anyhow::Result<Config> {
    let scheme = config.base_url.split("://").next().filter(|scheme| ["http", "https"].contains(scheme));
    scheme.with_context(|| format!("WELLREAD_HUB_BASE_URL is '{}' and must begin with https://", config.base_url))?;
    Ok(config)
}

fn this_machine() -> String {
    let said = std::env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    said.or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map_or_else(|| "hub".to_owned(), |name| name.trim().to_owned())
}
