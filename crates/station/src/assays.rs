//! The assays a station knows: those shipped, and a laboratory's own. What runs were made under stays as it was.

use crate::{
    Problem, Station,
    people::{Permission, Session},
};
use wellread_plate::assay::Assay;
use wellread_store::StoredAssay;

impl Station {
    /// Keeps an assay of the laboratory's own; a changed one is a version of its own.
    pub fn add_assay(&self, session: &Session, file_name: &str, toml: &str) -> anyhow::Result<StoredAssay> {
        let assay = Assay::from_toml(file_name, toml).map_err(|why| Problem::invalid(why.to_string()))?;
        if Assay::shipped(&assay.id).is_some() {
            // A later release ships other versions under that id, and two texts of one version are none.
            let told = format!("the id '{}' belongs to a shipped assay: give yours another `id`", assay.id);
            return Err(Problem::invalid(told).into());
        }
        let stored = StoredAssay { id: assay.id, version: assay.version, name: assay.name, toml: toml.to_owned() };
        self.act(session, Permission::ConfigWrite, |writing| Ok(writing.add_assay(&stored)?))?;
        Ok(stored)
    }

    /// Every version of every assay.
    pub fn assays(&self) -> anyhow::Result<Vec<StoredAssay>> {
        self.read(|reading| Ok(reading.assays()?))
    }
}
