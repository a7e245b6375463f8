//! What the records of a station's log tell: the payloads, in every version that this release reads.
//!
//! A queued record is never rewritten at the station, so the hub reads what stations of the last two versions wrote.
//! Version 1 lists every field of every well; version 2 of a run lists the wells by column and leaves out the boxes
//! that follow from the grid. Both become the same [`Run`].

mod people;
mod run;

pub use people::{
    InterfaceFile, InterfaceFileNow, Rejection, Review, ReviewEvent, Signature, StationAssay, StationConfig,
    StationLayout, StationLayoutNow, StationUser, StationUserNow,
};
pub use run::{AssayRef, At, Columns, Identity, Image, Made, ModelRef, Run, RunFailed, RunHead, RunState, Well};

use crate::{EVENT_VERSION, OLDEST_EVENT_VERSION};
use run::{RunV1, RunV2};

/// What a record tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run that has its results.
    Run(Box<Run>),
    /// A run that has none.
    RunFailed(RunFailed),
    /// What holds for a run now, where people or later runs have changed it.
    RunState(RunState),
    /// A file that is no picture, or was there before.
    Rejection(Rejection),
    /// A decision of a person about a run.
    Review(Box<Review>),
    /// Somebody stands for a run.
    Signature(Signature),
    /// An interface file, as it is now.
    InterfaceFile(InterfaceFile),
    /// An account of the station's own.
    User(StationUser),
    /// A setting of the station.
    Config(StationConfig),
    /// A version of a layout.
    Layout(StationLayout),
    /// A version of an assay of the laboratory's own.
    Assay(StationAssay),
}

/// Why a payload is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// A kind that this release does not know.
    #[error("this hub does not know records of the kind '{0}': update the hub, then retry the record")]
    Kind(String),
    /// Written by a later release.
    #[error(
        "the record has version {found} and this hub reads up to {EVENT_VERSION}: update the hub, then retry the record"
    )]
    Newer {
        /// Its version.
        found: i64,
    },
    /// Written by a release too old.
    #[error("the record has version {found} and this hub reads from {OLDEST_EVENT_VERSION} on")]
    Older {
        /// Its version.
        found: i64,
    },
    /// Not the payload of its kind.
    #[error("the payload is not that of its kind: {0}")]
    Payload(#[from] serde_json::Error),
    /// The wells of a run contradict its plate.
    #[error("the wells are not those of the plate: {0}")]
    Wells(String),
}

impl EventError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Kind(_) => "kind-unknown",
            Self::Newer { .. } => "schema-newer",
            Self::Older { .. } => "schema-too-old",
            Self::Payload(_) => "payload",
            Self::Wells(_) => "wells",
        }
    }
}

impl Event {
    /// Reads a record's payload.
    pub fn read(kind: &str, version: i64, payload: &str) -> Result<Self, EventError> {
        if version > i64::from(EVENT_VERSION) {
            return Err(EventError::Newer { found: version });
        }
        if version < i64::from(OLDEST_EVENT_VERSION) {
            return Err(EventError::Older { found: version });
        }
        Ok(match kind {
            "run" if version == 1 => Self::Run(Box::new(serde_json::from_str::<RunV1>(payload)?.into_run()?)),
            "run" => Self::Run(Box::new(serde_json::from_str::<RunV2>(payload)?.into_run()?)),
            "run-failed" => Self::RunFailed(serde_json::from_str(payload)?),
            "run-state" => Self::RunState(serde_json::from_str(payload)?),
            "rejection" => Self::Rejection(serde_json::from_str(payload)?),
            "review" => Self::Review(Box::new(serde_json::from_str(payload)?)),
            "signature" => Self::Signature(serde_json::from_str(payload)?),
            "interface-file" => Self::InterfaceFile(serde_json::from_str(payload)?),
            "user" => Self::User(serde_json::from_str(payload)?),
            "config" => Self::Config(serde_json::from_str(payload)?),
            "layout" => Self::Layout(serde_json::from_str(payload)?),
            "assay" => Self::Assay(serde_json::from_str(payload)?),
            _ => return Err(EventError::Kind(kind.to_owned())),
        })
    }
}
