//! The arguments, and the variables that stand for them.
#![allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "these comments are what --help says, in a terminal")]

mod serve;

pub(crate) use serve::{ObjectArgs, ServeArgs};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use std::{
    fs,
    path::{Path, PathBuf},
};
use uuid::Uuid;
use wellread_hub::db::Server;

/// Headquarters of Wellread: takes stations' results, keeps them in PostgreSQL, serves people.
///
/// Everything can be said by an argument or by the variable beside it; secrets by a variable, or by a file whose path is
/// in the variable of the same name with _FILE behind. Installing, backups and upgrades: docs/hub.md.
#[derive(Debug, Parser)]
#[command(name = "wellread-hub", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Answer with JSON, one document on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write the log as JSON lines. WELLREAD_HUB_LOG chooses what is in it: info, debug, wellread_hub=debug,…
    #[arg(long, global = true, env = "WELLREAD_HUB_LOG_JSON")]
    pub(crate) log_json: bool,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve until SIGTERM or Ctrl-C
    Serve(Box<ServeArgs>),
    /// Make the database, or bring it up to date, as its owner
    Migrate(MigrateArgs),
    /// Organizations
    #[command(subcommand)]
    Org(OrgVerb),
    /// One-time codes that stations enrol with
    #[command(subcommand)]
    EnrolCode(EnrolCodeVerb),
    /// Records of stations that the hub could not take
    #[command(subcommand)]
    Quarantine(QuarantineVerb),
    /// Drop the months before one, for all organizations, as the database's owner
    Retention(RetentionArgs),
    /// Which history the database is
    #[command(subcommand)]
    Epoch(EpochVerb),
    /// The file that the hub's signing keys are encrypted with
    #[command(subcommand)]
    Key(KeyVerb),
    /// Compare the database with the object store and with itself; exit code 1 where something is wrong
    BackupCheck(CheckArgs),
    /// Print the document that describes the hub's paths
    Openapi,
}

/// Of organizations.
#[derive(Debug, Subcommand)]
pub(crate) enum OrgVerb {
    /// Make an organization and its first administrator
    Create(OrgCreateArgs),
    /// List the organizations
    List(DatabaseArgs),
    /// Let nobody of an organization in, neither people nor stations; nothing is removed
    Suspend(OrgNameArgs),
    /// Let them in again
    Resume(OrgNameArgs),
}

/// Of enrol codes.
#[derive(Debug, Subcommand)]
pub(crate) enum EnrolCodeVerb {
    /// Make a code; it is shown this once
    Create(CodeCreateArgs),
    /// List the codes of an organization, without their secrets
    List(CodeListArgs),
    /// Make a code that is not used useless
    Revoke(CodeRevokeArgs),
}

/// Of the quarantine.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineVerb {
    /// List records that wait
    List(QuarantineListArgs),
    /// Try records again: after an upgrade, or after what they need has come
    Retry(QuarantineRetryArgs),
    /// Give a record up; its payload stays in the database
    Drop(QuarantineDropArgs),
}

/// Of the epoch.
#[derive(Debug, Subcommand)]
pub(crate) enum EpochVerb {
    /// Show it
    Show(StoreArgs),
    /// Take a new one, because this database was restored or changed behind the hub's back; restart the nodes afterwards
    New(EpochNewArgs),
}

/// Whether the database is the one that it says it is.
#[derive(Clone, Debug, Args)]
pub(crate) struct CaArgs {
    /// The CA of the database's certificate, PEM: then nothing goes to a server without one, or of another name, unless
    /// sslmode in the URL says otherwise
    #[arg(long, env = "WELLREAD_HUB_DATABASE_CA", value_name = "FILE")]
    database_ca: Option<PathBuf>,
}

/// Of the key file.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Make a key file: 32 random bytes, for its owner alone
    New(KeyNewArgs),
    /// Have tokens signed with a new key from now on, sealed with the key file given: when the file is replaced or lost
    Rotate(KeyRotateArgs),
}

/// The database, as the hub.
#[derive(Clone, Debug, Args)]
pub(crate) struct DatabaseArgs {
    #[command(flatten)]
    ca: CaArgs,
    /// PostgreSQL as wellread_app: postgresql://wellread_app:PASSWORD@HOST/wellread
    #[arg(long, env = "WELLREAD_HUB_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

impl DatabaseArgs {
    /// Its address.
    pub(crate) fn url(&self) -> anyhow::Result<String> {
        needed(
            self.database_url.as_deref(),
            "WELLREAD_HUB_DATABASE_URL",
            "postgresql://wellread_app:PASSWORD@HOST/wellread",
        )
    }

    /// The file of its CA.
    pub(crate) fn ca(&self) -> Option<&Path> {
        self.ca.database_ca.as_deref()
    }
}

/// The database, as its owner.
#[derive(Clone, Debug, Args)]
pub(crate) struct OwnerArgs {
    #[command(flatten)]
    ca: CaArgs,
    /// PostgreSQL as the database's owner, directly and not through a pooler
    #[arg(long, env = "WELLREAD_HUB_OWNER_URL", hide_env_values = true, value_name = "URL")]
    owner_url: Option<String>,
}

impl OwnerArgs {
    /// The database as its owner.
    pub(crate) fn server(&self) -> anyhow::Result<Server> {
        let like = "postgresql://OWNER:PASSWORD@HOST/wellread";
        let url = needed(self.owner_url.as_deref(), "WELLREAD_HUB_OWNER_URL", like)?;
        Server::new(&url, self.ca.database_ca.as_deref())
    }
}

/// Database and object store.
#[derive(Clone, Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) objects: ObjectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) owner: OwnerArgs,
    /// Give wellread_app this password too; none leaves it as it is
    #[arg(long, env = "WELLREAD_HUB_APP_PASSWORD", hide_env_values = true)]
    pub(crate) app_password: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OrgCreateArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Its short name, which people type to sign in and codes begin with: small letters, digits, hyphens
    pub(crate) slug: String,
    /// Its name; the short one if not said
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The first administrator's name to sign in with
    #[arg(long, default_value = "admin")]
    pub(crate) admin: String,
    /// The first administrator's address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: String,
    /// The first administrator's password; one is made and shown if not said
    #[arg(long, env = "WELLREAD_HUB_ADMIN_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OrgNameArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Its short name
    pub(crate) slug: String,
}

#[derive(Debug, Args)]
pub(crate) struct CodeCreateArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The organization's short name
    pub(crate) slug: String,
    /// For this station alone, which is known already and gets another key: after `wellread restore` on a new machine
    #[arg(long, value_name = "ID")]
    pub(crate) station: Option<Uuid>,
    /// What it is for, to tell codes apart later
    #[arg(long, default_value = "")]
    pub(crate) note: String,
    /// For how many hours it is good
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub(crate) hours: u32,
}

#[derive(Debug, Args)]
pub(crate) struct CodeListArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The organization's short name
    pub(crate) slug: String,
}

#[derive(Debug, Args)]
pub(crate) struct CodeRevokeArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The organization's short name
    pub(crate) slug: String,
    /// The code's id, as `list` shows it
    pub(crate) id: Uuid,
}

#[derive(Debug, Args)]
pub(crate) struct QuarantineListArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The organization's short name
    pub(crate) slug: String,
    /// Only this station's
    #[arg(long)]
    pub(crate) station: Option<Uuid>,
    /// Also records that were applied later or given up
    #[arg(long)]
    pub(crate) all: bool,
    /// At most so many
    #[arg(long, default_value_t = 200)]
    pub(crate) limit: u32,
}

/// Which record.
#[derive(Clone, Debug, Args)]
pub(crate) struct RecordArgs {
    /// The station
    #[arg(long)]
    pub(crate) station: Uuid,
    /// Which writer of its log
    #[arg(long, default_value_t = 1)]
    pub(crate) incarnation: i32,
    /// The record's place in it
    #[arg(long)]
    pub(crate) seq: i64,
}

#[derive(Debug, Args)]
pub(crate) struct QuarantineRetryArgs {
    #[command(flatten)]
    pub(crate) objects: StoreArgs,
    /// The organization's short name
    pub(crate) slug: String,
    /// Only this station's records; all that wait if not said
    #[arg(long)]
    pub(crate) station: Option<Uuid>,
    /// Which writer of its log
    #[arg(long, default_value_t = 1, requires = "seq")]
    pub(crate) incarnation: i32,
    /// Only the record at this place
    #[arg(long, requires = "station")]
    pub(crate) seq: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct QuarantineDropArgs {
    #[command(flatten)]
    pub(crate) objects: StoreArgs,
    /// The organization's short name
    pub(crate) slug: String,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
    /// Why it is given up
    #[arg(long)]
    pub(crate) why: String,
}

#[derive(Debug, Args)]
pub(crate) struct RetentionArgs {
    #[command(flatten)]
    pub(crate) owner: OwnerArgs,
    /// The first month that stays, as 2026-01
    #[arg(long, value_name = "MONTH")]
    pub(crate) before: String,
    /// Do it; without, only what would go is shown
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EpochNewArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Why
    #[arg(long)]
    pub(crate) why: String,
}

#[derive(Debug, Args)]
pub(crate) struct KeyNewArgs {
    /// The file; it must not be there
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct KeyRotateArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The key file that the nodes are given from now on; without, the new key lies in clear
    #[arg(long, env = "WELLREAD_HUB_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Hash the bytes of every blob, not only of some
    #[arg(long)]
    pub(crate) deep: bool,
    /// Of how many blobs of each organization the bytes are hashed
    #[arg(long, default_value_t = 20, conflicts_with = "deep")]
    pub(crate) sample: u32,
}

/// A secret that was said, or that is in the file that `VARIABLE_FILE` names.
pub(crate) fn secret(said: Option<&str>, variable: &str) -> anyhow::Result<Option<String>> {
    if let Some(said) = said {
        return Ok(Some(said.to_owned()));
    }
    let Some(file) = std::env::var_os(format!("{variable}_FILE")).map(PathBuf::from) else { return Ok(None) };
    let text = fs::read_to_string(&file)
        .with_context(|| format!("{}, which {variable}_FILE names, cannot be read", file.display()))?;
    Ok(Some(text.trim_end().to_owned()))
}

fn needed(said: Option<&str>, variable: &str, like: &str) -> anyhow::Result<String> {
    secret(said, variable)?.with_context(|| format!("set {variable} (or {variable}_FILE) to {like}"))
}
