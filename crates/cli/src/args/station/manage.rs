//! The arguments of the verbs that keep a station: audit, backup, accounts, settings, assays, verification.

use super::{AsArgs, DayArgs, KeyArgs, PageArgs};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only about this table or thing, such as `prediction_run` or `users`
    #[arg(long, value_name = "NAME")]
    pub resource: Option<String>,
    /// Only about the one with this id
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Only what this account did
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Only this verb, such as `LOGIN`, `UPDATE` or `EXPORT`
    #[arg(long, value_name = "VERB")]
    pub action: Option<String>,
    #[command(flatten)]
    pub days: DayArgs,
    #[command(flatten)]
    pub page: PageArgs,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The copy; pictures go into FILE.blobs beside it
    #[arg(value_name = "FILE", required_unless_present = "recovery_key")]
    pub file: Option<PathBuf>,
    /// Leave the pictures out
    #[arg(long)]
    pub no_pictures: bool,
    /// Write the database's key into this file: it opens the data and every backup, so keep it apart from them
    #[arg(long, value_name = "FILE")]
    pub recovery_key: Option<PathBuf>,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The copy
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub key: KeyArgs,
    /// Put the database of the station that is there aside, as NAME.replaced-…, and take the backup in its place
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UsersArgs {
    #[command(subcommand)]
    pub command: UsersCommand,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// List accounts
    List,
    /// List roles and what they may do
    Roles,
    /// Make an account; its password comes from `WELLREAD_NEW_PASSWORD` or a prompt
    Add {
        /// The name to sign in with
        name: String,
        /// admin, supervisor, operator or viewer; may be repeated
        #[arg(long = "role", required = true, value_name = "ROLE")]
        roles: Vec<String>,
        /// First name
        #[arg(long, default_value = "")]
        first_name: String,
        /// Last name
        #[arg(long, default_value = "")]
        last_name: String,
        /// Mail address
        #[arg(long)]
        email: Option<String>,
    },
    /// Set a password, one's own or as an admin another's; the new one comes from `WELLREAD_NEW_PASSWORD` or a prompt
    Passwd {
        /// Whose
        name: String,
    },
    /// Give an account these roles and no others
    Role {
        /// Whose
        name: String,
        /// admin, supervisor, operator or viewer; may be repeated
        #[arg(long = "role", required = true, value_name = "ROLE")]
        roles: Vec<String>,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Let nobody sign in with an account
    Deactivate {
        /// Whose
        name: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Let an account sign in again
    Activate {
        /// Whose
        name: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
    /// End a lock-out before its time
    Unlock {
        /// Whose
        name: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Say what a role may do, such as `permit viewer run:read`
    Permit {
        /// The role
        role: String,
        /// All it may do
        #[arg(required = true)]
        permissions: Vec<String>,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// List all settings
    List {
        #[command(flatten)]
        by: AsArgs,
    },
    /// Show a setting
    Get {
        /// Its name, such as `intake.rest_ms`
        name: String,
        #[command(flatten)]
        by: AsArgs,
    },
    /// Change a setting
    Set {
        /// Its name
        name: String,
        /// Its value, as JSON or plain text
        value: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
        #[command(flatten)]
        by: AsArgs,
    },
    /// Take a setting back to its default
    Unset {
        /// Its name
        name: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
        #[command(flatten)]
        by: AsArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Only name a damaged picture; do not put it aside and read the original again
    #[arg(long)]
    pub look_only: bool,
    /// First derive anew what does not follow from runs and reviews: states, summaries, counts, what searches find
    #[arg(long)]
    pub repair: bool,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EnrolArgs {
    /// The hub's address, such as `https://hub.example`
    #[arg(value_name = "URL")]
    pub url: String,
    /// The one-time code that headquarters gave
    #[arg(value_name = "CODE")]
    pub code: String,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Let nothing go to headquarters, or come from them, until it is resumed
    #[arg(long, value_name = "WHY", conflicts_with_all = ["resume", "take_over"])]
    pub pause: Option<String>,
    /// End a pause
    #[arg(long)]
    pub resume: bool,
    /// This copy of the station's data goes on, and no other: at the next contact
    #[arg(long, value_name = "WHY")]
    pub take_over: Option<String>,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AssaysArgs {
    #[command(subcommand)]
    pub command: AssaysCommand,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    pub command: ModelsCommand,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List every set of models, and what people say of its calls
    List,
    /// Add the set of a folder that holds a manifest.toml
    Add {
        /// The folder
        folder: PathBuf,
        /// Why
        #[arg(long, default_value = "", value_name = "TEXT")]
        why: String,
    },
    /// Read plates that were read before again, and say what would be called otherwise; nothing is recorded
    Try {
        /// The set, as `list` names it; `shipped` for the one that comes with the program
        id: String,
        /// How many of the newest plates
        #[arg(long, default_value_t = 20, value_name = "N")]
        runs: u32,
    },
    /// Read new plates with a set from now on
    Use {
        /// The set, as `list` names it; `shipped` for the one that comes with the program
        id: String,
        /// Why; auditors will ask
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AssaysCommand {
    /// List every version of every assay, and whether headquarters sent it
    List,
    /// List the layouts of plates that an assay of your own may begin with
    Layouts,
    /// Keep an assay of your own; a changed one needs a higher version
    Add {
        /// Its TOML file
        file: PathBuf,
    },
}
