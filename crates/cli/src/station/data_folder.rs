//! Where a station's data are when nobody says.

use crate::failure::Stop;
use std::{
    env,
    path::{Path, PathBuf},
};
use wellread_station::Folder;

pub(super) fn find(named: Option<&Path>) -> Result<Folder, Stop> {
    let path = named.map(Path::to_owned).or_else(|| set("WELLREAD_DATA")).or_else(usual);
    path.map(Folder::new).ok_or_else(|| {
        Stop::usage("no-data-folder", "this account has no application data folder: name one with --data DIR")
    })
}

fn usual() -> Option<PathBuf> {
    if cfg!(windows) {
        Some(set("LOCALAPPDATA")?.join("Wellread"))
    } else if cfg!(target_os = "macos") {
        Some(set("HOME")?.join("Library/Application Support/Wellread"))
    } else {
        Some(set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?.join("wellread"))
    }
}

fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
