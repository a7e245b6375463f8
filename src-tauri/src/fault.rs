//! What a command answers when it cannot: a closed code that the window has a sentence for, and the details.

use serde::Serialize;
use wellread_station::{Problem, code_of};

/// Why a command did nothing.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    /// One of `station`'s codes, `locked`, or `unknown` for what nobody foresaw.
    pub(crate) code: String,
    /// In English, what happened and what to do; the window shows it as details.
    pub(crate) message: String,
}

impl Fault {
    /// Nobody is signed in.
    pub(crate) fn locked() -> Self {
        Self { code: "locked".into(), message: "nobody is signed in: sign in and try again".into() }
    }

    /// Work ended while nobody was signed in.
    pub(crate) fn ended_locked() -> Self {
        Self {
            code: "refused".into(),
            message:
                "it is done, but the window was locked by then, so what was found is not shown: do it again to see it"
                    .into(),
        }
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        let code = code_of(&error).and_then(|code| serde_json::to_value(code).ok());
        let code = code.and_then(|code| Some(code.as_str()?.to_owned())).unwrap_or_else(|| {
            tracing::error!("unforeseen: {error:?}");
            "unknown".into()
        });
        Self { code, message: format!("{error:#}") }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        anyhow::Error::from(problem).into()
    }
}
