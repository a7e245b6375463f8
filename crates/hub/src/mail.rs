//! How letters leave: SMTP.

use crate::config::Config;

/// How letters leave.
#[derive(Debug)]
pub struct Mail {}

impl Mail {
    /// As the configuration says.
    pub fn open(_config: &Config) -> anyhow::Result<Self> {
        Ok(Self {})
    }
}
