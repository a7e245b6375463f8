//! What went wrong, as one line with a code: of one picture, or of the whole command.

use crate::args;
use serde::Serialize;
use std::{fmt, process::ExitCode};
use wellread_station::Code;

/// Why one picture could not be read. The others still are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// The stable name of the error, for programs.
    pub code: String,
    /// What is wrong and what to do, on one line.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl fmt::Display) -> Self {
        // One line whatever the cause says: a table row and a log line stay one.
        let words = message.to_string();
        Self { code: code.to_owned(), message: words.split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// Why the whole command ends before its work is done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// An argument, assay, calibration or model that cannot be used: nothing was read.
    Usage(Failure),
    /// Something outside the pictures failed: the output disk, say.
    Broken(anyhow::Error),
}

impl Stop {
    pub(crate) fn usage(code: &str, message: impl fmt::Display) -> Self {
        Self::Usage(Failure::new(code, message))
    }

    /// The line people see.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Usage(failure) => failure.to_string(),
            Self::Broken(error) => Failure::new(&code_name(error), format!("{error:#}")).to_string(),
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => args::EXIT_USAGE,
            Self::Broken(error) => match wellread_station::code_of(error) {
                Some(Code::NotPermitted | Code::LoginFailed | Code::LockedOut | Code::LoginExpired) => {
                    args::EXIT_NOT_PERMITTED
                }
                Some(Code::Invalid) => args::EXIT_USAGE,
                _ => args::EXIT_BROKEN,
            },
        })
    }
}

/// The stable name of what a station says; `failed` for what nobody foresaw.
fn code_name(error: &anyhow::Error) -> String {
    let code = wellread_station::code_of(error).and_then(|code| serde_json::to_value(code).ok());
    code.and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_else(|| "failed".to_owned())
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_whatever_its_cause_says() {
        let failure = Failure::new("damaged", "bad\n  chunk\r\nlength");
        assert_eq!(failure.to_string(), "damaged: bad chunk length", "a log line must not be broken by a cause");
    }
}
