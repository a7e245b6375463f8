//! Every code, for `/problems/CODE` and for docs/hub.md.

use serde::Serialize;

/// A code that the hub answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The code.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! known {
    ($($code:literal $status:literal $meaning:literal, $remedy:literal;)+) => {
        &[$(Known { code: $code, status: $status, meaning: $meaning, remedy: $remedy }),+]
    };
}

/// Every code.
pub const PROBLEMS: &[Known] = known! {
    "invalid" 400 "the request makes no sense to this hub", "read `detail`: it names what is wrong";
};
