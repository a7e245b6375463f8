//! What `wellread-hub` is asked for at the command line. Every verb calls what the hub's paths call.

mod args;
mod check;
mod codes;
mod epochs;
mod keys;
mod organizations;
pub(crate) mod print;
mod quarantine;
mod retention;
mod start;

pub(crate) use args::Cli;

use args::{EnrolCodeVerb, EpochVerb, KeyVerb, OrgVerb, QuarantineVerb, Verb};
use std::process::ExitCode;

/// Does it.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let json = cli.json;
    match cli.verb {
        Verb::Serve(args) => start::serve(*args).await?,
        Verb::Migrate(args) => start::migrate(&args, json).await?,
        Verb::Openapi => print::text(&wellread_hub::http::document())?,
        Verb::Org(OrgVerb::Create(args)) => organizations::create(args, json).await?,
        Verb::Org(OrgVerb::List(args)) => organizations::list(&args, json).await?,
        Verb::Org(OrgVerb::Suspend(args)) => organizations::set_status(&args, "suspended", json).await?,
        Verb::Org(OrgVerb::Resume(args)) => organizations::set_status(&args, "active", json).await?,
        Verb::EnrolCode(EnrolCodeVerb::Create(args)) => codes::create(&args, json).await?,
        Verb::EnrolCode(EnrolCodeVerb::List(args)) => codes::list(&args, json).await?,
        Verb::EnrolCode(EnrolCodeVerb::Revoke(args)) => codes::revoke(&args, json).await?,
        Verb::Quarantine(QuarantineVerb::List(args)) => quarantine::list(&args, json).await?,
        Verb::Quarantine(QuarantineVerb::Retry(args)) => return quarantine::retry(&args, json).await,
        Verb::Quarantine(QuarantineVerb::Drop(args)) => quarantine::drop(&args, json).await?,
        Verb::Retention(args) => retention::end(&args, json).await?,
        Verb::Epoch(EpochVerb::Show(args)) => epochs::show(&args, json).await?,
        Verb::Epoch(EpochVerb::New(args)) => epochs::renew(&args, json).await?,
        Verb::Key(KeyVerb::New(args)) => keys::new(&args, json)?,
        Verb::Key(KeyVerb::Rotate(args)) => keys::rotate(&args, json).await?,
        Verb::BackupCheck(args) => return check::check(&args, json).await,
    }
    Ok(ExitCode::SUCCESS)
}
