//! Where a station's data are when nobody says.

use crate::failure::Stop;
use std::path::Path;
use wellread_station::{Folder, folder};

pub(super) fn find(named: Option<&Path>) -> Result<Folder, Stop> {
    match named {
        Some(path) => Ok(Folder::new(path)),
        None => folder::usual().map_err(|problem| Stop::usage("no-data-folder", problem)),
    }
}
