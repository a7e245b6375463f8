//! Well classes (what the eye sees) and well calls (what the assay makes of them).

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// What the eye sees in a well: `teardrop`, `button`, `ring`, `mat`, `empty`, `growth`, …
///
/// An open set of names, because a laboratory's own detector brings its own classes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(as = "String"))]
pub struct WellClass(Cow<'static, str>);

impl WellClass {
    /// Red cells that ran down in a tail (tilted reading).
    pub const TEARDROP: Self = Self::named("teardrop");
    /// Red cells settled into a round dot.
    pub const BUTTON: Self = Self::named("button");
    /// Red cells settled into a ring with a paler middle.
    pub const RING: Self = Self::named("ring");
    /// Agglutinated cells spread over the bottom as a veil.
    pub const MAT: Self = Self::named("mat");
    /// No cells at all.
    pub const EMPTY: Self = Self::named("empty");
    /// Microbial growth: turbidity, pellet, colonies, or a growth indicator turned.
    pub const GROWTH: Self = Self::named("growth");
    /// Medium without growth.
    pub const NO_GROWTH: Self = Self::named("no-growth");
    /// A coloured (developed) well.
    pub const COLOURED: Self = Self::named("coloured");
    /// A well without colour.
    pub const CLEAR: Self = Self::named("clear");

    const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A class by name. Lower-case letters, digits and `-`, 1 to 40 characters; `None` for anything else.
    pub fn new(name: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ((1..=40).contains(&name.len()) && name.chars().all(fits)).then(|| Self(Cow::Owned(name.to_owned())))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WellClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the assay makes of a well; the `label` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// Positive.
    Positive,
    /// Negative.
    Negative,
    /// Neither: the well cannot be used.
    Invalid,
}

impl Call {
    /// Its name, as results carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
