//! `wellread init`.

use super::{Here, who};
use crate::args::station::{InitArgs, KeyArgs};
use anyhow::Context as _;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use wellread_plate::assay::Assay;
use wellread_station::{Clock, NewStation, Problem, Station, keys::KeyPlace};

pub(super) fn init(here: &Here, args: &InitArgs) -> anyhow::Result<ExitCode> {
    if Assay::shipped(&args.assay).is_none() {
        let known = Assay::shipped_ids().collect::<Vec<_>>().join(", ");
        return Err(Problem::invalid(format!("there is no assay '{}': use one of {known}", args.assay)).into());
    }
    let mut settings =
        vec![("assay".to_owned(), json!(args.assay)), ("intake.inbox".to_owned(), json!(absolute(&args.inbox)?))];
    if let Some(folder) = &args.deliver {
        settings.push(("deliver.folder".to_owned(), json!(absolute(folder)?)));
    }
    // Asked for before anything is made, so that a mistyped one leaves nothing behind.
    let admin =
        args.admin.as_ref().map(|name| Ok::<_, anyhow::Error>((name, who::new_password("WELLREAD_PASSWORD", name)?)));
    let admin = admin.transpose()?;
    if let Some((name, password)) = &admin {
        wellread_station::people::check_first(name, password)?;
    }
    let new = NewStation { name: args.station.clone(), key: key_place(&args.key)?, settings };
    let station = Station::init(&here.folder, &new, Clock::system())?;
    if let Some((name, password)) = &admin {
        station.first_admin(name, password)?;
    }
    let made = json!({
        "station_id": station.identity().id, "station": station.identity().name,
        "data": here.folder.path(), "inbox": absolute(&args.inbox)?, "encrypted": !args.key.unencrypted,
    });
    here.print.done(&made, || {
        let next =
            if admin.is_some() { "" } else { "\nmake a first account with `wellread users add NAME --role admin`" };
        format!("station '{}' is in {}{next}", args.station, here.folder.path().display())
    })
}

/// Where the arguments say that the key is; `None` where they say nothing.
pub(super) fn key_place(args: &KeyArgs) -> anyhow::Result<Option<KeyPlace>> {
    Ok(match (&args.key_file, args.unencrypted) {
        (Some(path), _) => Some(KeyPlace::File { path: absolute(path)? }),
        (None, true) => Some(KeyPlace::Unencrypted),
        (None, false) => None,
    })
}

/// The station is used from anywhere, so its folders are kept as they are seen from everywhere.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no path", path.display()))
}
