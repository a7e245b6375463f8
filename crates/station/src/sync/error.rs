//! Why a round of the sync did not go on.

use crate::{Code, Problem};
use wellread_wire::problem::code;

/// Why a round did not go on.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No answer came.
    #[error("{}", unreached(.0))]
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

    /// What the hub said, without what is around it for programs.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Refused { detail, .. } => detail.clone(),
            other => other.to_string(),
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
            Self::Unreachable(ref why) if distrusted(why).is_none() => {
                Problem::new(Code::Offline, self.to_string()).into()
            }
            other => Problem::refused(other.to_string()).into(),
        }
    }
}

/// What ends the round for everything is an error; what only stands in the way of one part of it is kept for that part.
pub(super) fn survivable(done: Result<(), SyncError>) -> Result<Result<(), SyncError>, SyncError> {
    match done {
        Err(SyncError::Refused { status, code, detail, more, retry_after_s }) if !matches!(status, 401 | 403 | 429) => {
            Ok(Err(SyncError::Refused { status, code, detail, more, retry_after_s }))
        }
        Err(SyncError::Unreadable(why)) => Ok(Err(SyncError::Unreadable(why))),
        Err(fatal) => Err(fatal),
        Ok(()) => Ok(Ok(())),
    }
}

/// A large thing that is cut says nothing about small ones: it is tried again in its own time. Only an end that somebody
/// wants, and trouble of the station's own, are everything's.
pub(super) fn of_its_own(done: Result<(), SyncError>) -> Result<Result<(), SyncError>, SyncError> {
    match done {
        Err(fatal @ (SyncError::Stopped | SyncError::Station(_))) => Err(fatal),
        other => Ok(other),
    }
}

fn unreached(why: &str) -> String {
    match distrusted(why) {
        Some(what_to_do) => format!("what answers there cannot be trusted to be headquarters ({why}): {what_to_do}"),
        None => format!(
            "headquarters cannot be reached ({why}): the station goes on without them and tries again by itself"
        ),
    }
}

/// What a person does where TLS fails, which does not pass by itself as a lost network does. The reasons come through
/// as words alone; these are those of rustls.
fn distrusted(why: &str) -> Option<&'static str> {
    let says = |what: &str| why.contains(what);
    if says("received corrupt message") {
        return Some("it speaks no TLS; where headquarters' address begins with http://, enrol with that one");
    }
    if !says("invalid peer certificate") {
        return None;
    }
    Some(if says("not valid for name") || says("NotValidForName") {
        "its certificate is for another name: enrol with the address that the certificate names"
    } else if says("expired") || says("Expired") || says("not valid yet") || says("NotValidYet") {
        "its certificate is not valid today: see whether this PC's clock is right, or have headquarters renew it"
    } else if says("CaUsedAsEndEntity") {
        "its certificate is that of an authority: headquarters need one of their own that the authority signed"
    } else {
        "its certificate was signed by nobody whom this PC trusts; where it comes from an authority of your own, name \
         the file with that authority's certificate: `wellread config set sync.ca_file FILE`"
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code_of;

    #[test]
    fn a_certificate_that_is_not_trusted_says_what_to_do_and_a_lost_network_passes() {
        for (why, told) in [
            ("invalid peer certificate: UnknownIssuer", "sync.ca_file"),
            ("invalid peer certificate: certificate not valid for name \"hub\"", "another name"),
            ("invalid peer certificate: certificate expired: verification time 1", "clock"),
            ("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "that the authority signed"),
            ("received corrupt message of type InvalidContentType", "http://"),
        ] {
            let error = SyncError::Unreachable(why.to_owned());
            assert!(error.to_string().contains(told), "{why}: {error}");
            assert_eq!(code_of(&error.into_problem()), Some(Code::Refused), "waiting does not help: {why}");
        }
        let lost = SyncError::Unreachable("connection refused".to_owned());
        assert!(lost.to_string().contains("tries again by itself"), "nobody has to do anything: {lost}");
        assert_eq!(code_of(&lost.into_problem()), Some(Code::Offline), "it passes");
    }
}
