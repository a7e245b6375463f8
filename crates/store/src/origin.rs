//! Whose a row is: the station's, or headquarters'. What headquarters sent is changed by them alone.

use crate::words::words;

words! {
    /// Whose something is.
    pub enum Origin("origin") {
        /// The station's own.
        Station = "station",
        /// Sent by headquarters.
        Hub = "hub",
    }
}

/// Why a row changed, where headquarters changed it.
pub(crate) const FROM_HUB: &str = "from headquarters";
