//! What can be wrong with an assay file.

/// A fault in an assay file: names the file, the key and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssayError {
    /// The text is not TOML.
    #[error("{file}, line {line}: not valid TOML: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// Line from 1.
        line: usize,
        /// What the TOML reader says, in one line.
        problem: String,
    },
    /// A key is missing.
    #[error("{file}: `{key}` is missing: write {wanted}")]
    Missing {
        /// The file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// What would be right.
        wanted: String,
    },
    /// A key that means nothing here.
    #[error("{file}: `{key}` is not a key of an assay: remove it, or write one of {known}")]
    UnknownKey {
        /// The file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// The keys that exist beside it.
        known: String,
    },
    /// A value that cannot be.
    #[error("{file}: `{key}` is {found}: write {wanted}")]
    Wrong {
        /// The file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// What stands there.
        found: String,
        /// What would be right.
        wanted: String,
    },
    /// Two keys that contradict each other.
    #[error("{file}: `{key}` {conflict}")]
    Conflict {
        /// The file.
        file: String,
        /// Dotted path of the key to change.
        key: String,
        /// With what it conflicts, and what to do.
        conflict: String,
    },
}

impl AssayError {
    /// The dotted path of the key at fault; `None` for a syntax error.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Syntax { .. } => None,
            Self::Missing { key, .. }
            | Self::UnknownKey { key, .. }
            | Self::Wrong { key, .. }
            | Self::Conflict { key, .. } => Some(key),
        }
    }
}
