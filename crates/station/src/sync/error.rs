//! Why a round of the sync did not go on.

use crate::{Code, Problem};
use wellread_wire::problem::code;

/// Why a round did not go on.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No answer came.
    #[error("headquarters cannot be reached ({0}): the station goes on without them and tries again by itself")]
    Unreachable(String),
    /// The hub said why not.
    #[error("headquarters answered: {detail} ({code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The reason, for programs.
        code: String,
        /// The reason, for people.
        detail: String,
        /// What a program needs to go on.
        more: Box<serde_json::Value>,
        /// For how long to wait, where the hub said so.
        retry_after_s: Option<u64>,
    },
    /// An answer that means nothing to this release.
    #[error("the answer of headquarters cannot be understood ({0}): update this station, or check the address")]
    Unreadable(String),
    /// The station itself could not.
    #[error("{0:#}")]
    Station(anyhow::Error),
    /// Somebody wants it to end.
    #[error("the sync was stopped before it was done")]
    Stopped,
}

impl SyncError {
    /// The hub's reason, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }

    /// For how long the hub wants to be left alone.
    pub const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_s, .. } => *retry_after_s,
            _ => None,
        }
    }

    /// Whether the hub no longer knows this station, or not by this key.
    pub fn is_shut_out(&self) -> bool {
        matches!(self.code(), code::STATION_REVOKED)
    }

    /// The same for whoever asked for it.
    pub fn into_problem(self) -> anyhow::Error {
        match self {
            Self::Station(error) => error,
            Self::Stopped => Problem::new(Code::Cancelled, Self::Stopped.to_string()).into(),
            Self::Unreachable(_) => Problem::new(Code::Offline, self.to_string()).into(),
            other => Problem::refused(other.to_string()).into(),
        }
    }
}

impl From<anyhow::Error> for SyncError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(error) => Self::Station(error),
        }
    }
}

impl From<wellread_store::Error> for SyncError {
    fn from(error: wellread_store::Error) -> Self {
        Self::Station(error.into())
    }
}
