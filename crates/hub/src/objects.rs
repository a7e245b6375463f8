//! Where blobs are: an object store, with a folder of this machine as the default.

use crate::config::Config;

/// The object store.
#[derive(Debug)]
pub struct Objects {}

impl Objects {
    /// As the configuration says.
    pub fn open(_config: &Config) -> anyhow::Result<Self> {
        Ok(Self {})
    }
}
