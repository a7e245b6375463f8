//! The verbs that work on a station's data: each opens the station, asks it, and prints.

mod data_folder;
mod decide;
mod files;
mod headquarters;
mod init;
mod keep;
mod lists;
mod models;
mod people;
mod print;
mod take;
mod who;

use crate::{
    args::{
        Global,
        station::{AsArgs, StationCommand},
    },
    failure::Stop,
};
use print::Print;
use std::process::ExitCode;
use wellread_station::{Clock, Folder, Station};

/// What every verb needs.
pub(crate) struct Here {
    folder: Folder,
    print: Print,
}

impl Here {
    fn open(&self) -> anyhow::Result<Station> {
        Station::open(&self.folder, Clock::system())
    }

    /// Opens it for a verb that only reads.
    fn open_to_read(&self, by: &AsArgs) -> anyhow::Result<Station> {
        let station = self.open()?;
        if station.settings()?.people.login_to_read {
            let session = who::sign_in(&station, by)?;
            station.may_read(&session)?;
        }
        Ok(station)
    }
}

/// The data folder that the arguments name.
pub(crate) fn folder(global: &Global) -> Result<Folder, Stop> {
    data_folder::find(global.data.as_deref())
}

/// Runs the command.
pub(crate) fn run(command: &StationCommand, global: &Global) -> Result<ExitCode, Stop> {
    let here = Here { folder: folder(global)?, print: Print { json: global.json } };
    let here = &here;
    let done = match command {
        StationCommand::Init(args) => init::init(here, args),
        StationCommand::Next(args) => take::next(here, args),
        StationCommand::Reprocess(args) => take::reprocess(here, args),
        StationCommand::Runs(args) => lists::runs(here, args),
        StationCommand::Show(args) => lists::show(here, args),
        StationCommand::Samples(args) => lists::samples(here, args),
        StationCommand::Review(args) => decide::review(here, args),
        StationCommand::Sign(args) => decide::sign(here, args),
        StationCommand::Interface(args) => files::interface(here, &args.command),
        StationCommand::Export(args) => files::export(here, args),
        StationCommand::Audit(args) => lists::audit(here, args),
        StationCommand::Backup(args) => keep::backup(here, args),
        StationCommand::Restore(args) => keep::restore(here, args),
        StationCommand::Users(args) => people::users(here, args),
        StationCommand::Config(args) => keep::config(here, &args.command),
        StationCommand::Assays(args) => keep::assays(here, args),
        StationCommand::Models(args) => models::models(here, args),
        StationCommand::Enrol(args) => headquarters::enrol(here, args),
        StationCommand::Sync(args) => headquarters::sync(here, args),
        StationCommand::Status(args) => lists::status(here, args),
        StationCommand::Verify(args) => keep::verify(here, args),
    };
    Ok(done?)
}
