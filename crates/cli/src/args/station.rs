//! The arguments of the verbs that work on a station's data.

mod manage;

pub(crate) use manage::*;

use clap::{Args, Subcommand};
use std::path::PathBuf;
use wellread_plate::format::WellId;

/// Who does it.
#[derive(Debug, Args)]
pub(crate) struct AsArgs {
    /// The person who does this; the password comes from `WELLREAD_PASSWORD` or a prompt [default: `WELLREAD_USER`]
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub who: Option<String>,
}

/// Where a new or restored station's key is.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// Keep the database's key in this file instead of the system's keyring
    #[arg(long, value_name = "FILE", conflicts_with = "unencrypted")]
    pub key_file: Option<PathBuf>,
    /// Do not encrypt the database
    #[arg(long)]
    pub unencrypted: bool,
}

/// A part of a long list.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// At most this many, newest first [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Those after this place in the list (the `seq` of the last one seen)
    #[arg(long, value_name = "SEQ")]
    pub after: Option<i64>,
}

/// A span of days, as this machine counts them.
#[derive(Debug, Args)]
pub(crate) struct DayArgs {
    /// From the beginning of this day, such as 2026-11-21
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<i64>,
    /// Until the beginning of this day, which does not belong to it
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub until: Option<i64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// Make a station in the data folder
    Init(InitArgs),
    /// Enter whose plate comes next, before its picture does
    Next(NextArgs),
    /// Read a run's picture again, under another assay or with other models
    Reprocess(ReprocessArgs),
    /// List runs, newest first
    Runs(RunsArgs),
    /// Show a run with its wells, reviews and signatures
    Show(ShowArgs),
    /// List samples, or show one with its plates and interface files
    Samples(SamplesArgs),
    /// Correct a run: calls, numbers, accept, reject, undo
    Review(ReviewArgs),
    /// Sign a run; asks for the password again
    Sign(SignArgs),
    /// Interface files: ask for, list, deliver, try again
    Interface(InterfaceArgs),
    /// Write a report of a sample to a file of one's own
    Export(ExportArgs),
    /// Read the audit trail
    Audit(AuditArgs),
    /// Copy the database and its pictures while the station works
    Backup(BackupArgs),
    /// Make a station of a backup
    Restore(RestoreArgs),
    /// Accounts and roles
    Users(UsersArgs),
    /// Settings
    Config(ConfigArgs),
    /// The assays that the station knows
    Assays(AssaysArgs),
    /// The models that a station may read with
    Models(ModelsArgs),
    /// Join the station to headquarters, with a code that they gave
    Enrol(EnrolArgs),
    /// Tell headquarters what waits and take up what they say, once; or pause, resume, take over
    Sync(SyncArgs),
    /// Say how the station is
    Status(StatusArgs),
    /// Recompute every chain, hash and summary, and name what is wrong
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What people call the station
    #[arg(long, value_name = "NAME")]
    pub station: String,
    /// The folder the camera writes into
    #[arg(long, value_name = "DIR")]
    pub inbox: PathBuf,
    /// The folder for interface files
    #[arg(long, value_name = "DIR")]
    pub deliver: Option<PathBuf>,
    /// Assay of new plates
    #[arg(long, default_value = "hi", value_name = "ID")]
    pub assay: String,
    /// Make a first account, an admin; the password comes from `WELLREAD_PASSWORD` or a prompt
    #[arg(long, value_name = "NAME")]
    pub admin: Option<String>,
    #[command(flatten)]
    pub key: KeyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NextArgs {
    /// Its sample number; none lists what was entered and has not come
    #[arg(long, value_name = "NO", conflicts_with = "clear")]
    pub sample: Option<String>,
    /// Its submission number
    #[arg(long, value_name = "NO", default_value = "", requires = "sample")]
    pub submission: String,
    /// Its plate number
    #[arg(long, value_name = "NO", default_value = "", requires = "sample")]
    pub plate: String,
    /// Forget what was entered
    #[arg(long)]
    pub clear: bool,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReprocessArgs {
    /// The run's id
    pub run: wellread_station::store::RunId,
    /// Under this assay instead of the run's own
    #[arg(long, value_name = "ID")]
    pub assay: Option<String>,
    /// With these models: a manifest, or the folder that holds one
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// Beginnings of words of sample, submission and plate number and file name
    pub text: Option<String>,
    /// pending, processing, completed or failed
    #[arg(long)]
    pub status: Option<wellread_station::store::RunStatus>,
    /// waiting-sample, to-review, accepted, rejected, superseded or none
    #[arg(long)]
    pub disposition: Option<wellread_station::store::Disposition>,
    /// Of this sample
    #[arg(long, value_name = "NO")]
    pub sample: Option<String>,
    /// Only those that the program wants looked at
    #[arg(long)]
    pub needs_review: bool,
    /// Under this assay
    #[arg(long, value_name = "ID")]
    pub assay: Option<String>,
    #[command(flatten)]
    pub days: DayArgs,
    #[command(flatten)]
    pub page: PageArgs,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run's id
    pub run: wellread_station::store::RunId,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SamplesArgs {
    /// Beginnings of words of sample and submission numbers
    pub text: Option<String>,
    /// Show this sample
    #[arg(long, value_name = "NO", conflicts_with = "text")]
    pub sample: Option<String>,
    #[command(flatten)]
    pub page: PageArgs,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    /// The run's id
    pub run: wellread_station::store::RunId,
    /// A well is a call (positive, negative, invalid) or shows a class, such as B7=negative or C3=ring; may be repeated
    #[arg(long = "well", value_name = "WELL=IS", value_parser = well_is)]
    pub wells: Vec<(WellId, wellread_station::review::WellIs)>,
    /// The wells lie as this file says (as for `wellread read --calibration`): the picture is read again with that grid
    #[arg(long, value_name = "FILE")]
    pub grid: Option<PathBuf>,
    /// It is this sample's plate
    #[arg(long, value_name = "NO")]
    pub sample: Option<String>,
    /// It belongs to this submission
    #[arg(long, value_name = "NO")]
    pub submission: Option<String>,
    /// It has this plate number
    #[arg(long, value_name = "NO")]
    pub plate: Option<String>,
    /// Undo the event at this place of the log
    #[arg(long, value_name = "SEQ")]
    pub undo: Option<i64>,
    /// The plate counts
    #[arg(long, conflicts_with = "reject")]
    pub accept: bool,
    /// The plate does not count
    #[arg(long)]
    pub reject: bool,
    /// Why: confirmed, misread, artefact, contamination, handling, control, wrong-number, wrong-grid, repeat, mistake, other
    #[arg(long, value_name = "CODE")]
    pub reason: Option<wellread_station::review::ReasonCode>,
    /// Why, in words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub why: String,
    /// The run's newest event that you have seen; a later one makes both conflict [default: the newest]
    #[arg(long, value_name = "SEQ")]
    pub seen: Option<i64>,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The run's id
    pub run: wellread_station::store::RunId,
    /// performed, reviewed or approved
    #[arg(long, value_name = "MEANING")]
    pub meaning: wellread_station::store::Meaning,
    /// The run's newest event that you have seen; refused when there is a later one [default: the newest]
    #[arg(long, value_name = "SEQ")]
    pub seen: Option<i64>,
    #[command(flatten)]
    pub by: AsArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InterfaceArgs {
    #[command(subcommand)]
    pub command: InterfaceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InterfaceCommand {
    /// Ask for an interface file of a sample
    Create {
        /// The sample
        sample: String,
        /// Template [default: the first of deliver.templates]
        #[arg(long, value_name = "NAME")]
        template: Option<String>,
        /// folder or mllp [default: what suits the template]
        #[arg(long, value_name = "TARGET")]
        target: Option<String>,
        /// Number by which the LIMS knows the request [default: submission number, else sample number]
        #[arg(long, value_name = "NO", default_value = "")]
        test: String,
        #[command(flatten)]
        by: AsArgs,
    },
    /// List interface files, newest first
    List {
        /// Of this sample
        #[arg(long, value_name = "NO")]
        sample: Option<String>,
        /// pending, generated, delivered or failed
        #[arg(long)]
        status: Option<wellread_station::store::InterfaceStatus>,
        #[command(flatten)]
        page: PageArgs,
        #[command(flatten)]
        by: AsArgs,
    },
    /// Make and deliver what is due now
    Deliver,
    /// Try a failed one again
    Retry {
        /// Its id
        id: wellread_station::store::InterfaceFileId,
        #[command(flatten)]
        by: AsArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The sample
    pub sample: String,
    /// labware, detailed, summary, hl7, astm, xlsx, pdf, or a template of the station's own
    #[arg(long, default_value = "pdf", value_name = "NAME")]
    pub template: String,
    /// Folder, or file, to write to; an existing file is not overwritten
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub out: PathBuf,
    #[command(flatten)]
    pub by: AsArgs,
}

fn day(text: &str) -> Result<i64, String> {
    wellread_station::clock::start_of_day(text).ok_or_else(|| "write a day such as 2026-11-21".to_owned())
}

fn well_is(text: &str) -> Result<(WellId, wellread_station::review::WellIs), String> {
    let (well, is) = text.split_once('=').ok_or("write WELL=IS, such as B7=negative")?;
    let well: WellId = well.trim().parse().map_err(|why| format!("{why}"))?;
    let is = is.trim().parse().map_err(|why| format!("{why}"))?;
    Ok((well, is))
}
