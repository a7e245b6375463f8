//! Review: people correct calls and numbers, accept and reject plates, and undo what they decided.
//!
//! Each decision is an event with its reason; what the program saw stays visible for ever.

use crate::{
    Problem, Settings, Station,
    judged::Judged,
    people::{Permission, Session},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use wellread_plate::{
    class::{Call, WellClass},
    format::WellId,
};
use wellread_store::{Decision, EventId, FinalResults, Identity, NewReview, ReviewEvent, RunId, Writing};

/// Why somebody decided something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// Looked at, and as it should be.
    Confirmed,
    /// The program misread it.
    Misread,
    /// Dust, a bubble, a scratch, a reflection.
    Artefact,
    /// The well or the plate was contaminated.
    Contamination,
    /// Pipetting, dilution or incubation went wrong.
    Handling,
    /// A control is not as it should be.
    Control,
    /// It belongs to another sample, submission or plate number.
    WrongNumber,
    /// The grid lies wrong.
    WrongGrid,
    /// The plate is repeated.
    Repeat,
    /// A mistake in an earlier decision.
    Mistake,
    /// As the text says.
    Other,
}

impl ReasonCode {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Confirmed,
        Self::Misread,
        Self::Artefact,
        Self::Contamination,
        Self::Handling,
        Self::Control,
        Self::WrongNumber,
        Self::WrongGrid,
        Self::Repeat,
        Self::Mistake,
        Self::Other,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Misread => "misread",
            Self::Artefact => "artefact",
            Self::Contamination => "contamination",
            Self::Handling => "handling",
            Self::Control => "control",
            Self::WrongNumber => "wrong-number",
            Self::WrongGrid => "wrong-grid",
            Self::Repeat => "repeat",
            Self::Mistake => "mistake",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReasonCode {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|code| code.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Problem::invalid(format!("'{text}' is no reason: use one of {known}"))
        })
    }
}

/// Why, as a code and in words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// In words; needed where the code says nothing by itself.
    #[serde(default)]
    pub text: String,
}

/// What a person wants to be so.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Change {
    /// A well shows another class, or has another call.
    Well {
        /// The well.
        well: WellId,
        /// What it is.
        is: WellIs,
    },
    /// The wells lie elsewhere; the run read with that grid replaces this one.
    Grid(serde_json::Value),
    /// It is another's plate.
    Identity(Identity),
    /// The plate counts.
    Accept,
    /// The plate does not count.
    Reject,
    /// An earlier event does not hold.
    Undo {
        /// Its place.
        event: i64,
    },
}

/// What a well is said to be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum WellIs {
    /// It shows this class, and is what the assay makes of it.
    Class(WellClass),
    /// It has this call.
    Call(Call),
}

impl FromStr for WellIs {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        match text {
            "positive" => Ok(Self::Call(Call::Positive)),
            "negative" => Ok(Self::Call(Call::Negative)),
            "invalid" => Ok(Self::Call(Call::Invalid)),
            _ => WellClass::new(text).map(Self::Class).ok_or_else(|| {
                Problem::invalid(format!("'{text}' is neither a call (positive, negative, invalid) nor a class"))
            }),
        }
    }
}

impl Station {
    /// Decides something about a run. `seen` is the run's newest event that the person knew of; `None` is for who has
    /// just looked. Decisions made without knowing of each other are both kept and flagged.
    pub fn review(
        &self,
        session: &Session,
        run: RunId,
        change: &Change,
        reason: &Reason,
        seen: Option<i64>,
    ) -> anyhow::Result<ReviewEvent> {
        if reason.code == ReasonCode::Other && reason.text.trim().is_empty() {
            return Err(Problem::invalid("the reason 'other' says in words what it is").into());
        }
        let id = self.clock().id()?;
        let settings = self.settings()?;
        let why = (reason.code.as_str().to_owned(), reason.text.trim().to_owned());
        self.act(session, Permission::RunReview, |writing| {
            self.decide(writing, &settings, (id, run), |judged| decision(judged, change), why, seen)
        })
    }

    /// Appends an event about a run, with everything that follows from it: the one way for people here and at
    /// headquarters.
    pub(crate) fn decide(
        &self,
        writing: &Writing<'_>,
        settings: &Settings,
        (id, run): (EventId, RunId),
        decision: impl FnOnce(&Judged) -> Result<Decision, Problem>,
        (reason_code, reason_text): (String, String),
        seen: Option<i64>,
    ) -> anyhow::Result<ReviewEvent> {
        let judged = Judged::load(writing, run)?;
        let decision = decision(&judged)?;
        let results = judged.changes_calls(&decision).then(|| {
            let made = judged.with(&judged.calls_after(&decision));
            FinalResults::of(&made)
        });
        let before = writing.run_state(run)?;
        let based_on_seq = seen.unwrap_or(before.last_event_seq);
        let event =
            writing.review(&NewReview { id, run, decision, reason_code, reason_text, based_on_seq, results })?;
        let after = writing.run_state(run)?;
        // What the laboratory's system was told may be different now, for the sample it was and the one it is.
        for sample in changed_samples(&before, &after) {
            self.want_automatically(writing, settings, &sample)?;
        }
        Ok(event)
    }
}

fn decision(judged: &Judged, change: &Change) -> Result<Decision, Problem> {
    Ok(match change {
        Change::Well { well, is } => {
            if !judged.wells.iter().any(|seen| seen.well == *well) {
                return Err(Problem::not_found("well", well));
            }
            let (class, label) = match is {
                WellIs::Call(label) => (None, *label),
                WellIs::Class(class) => {
                    let label = judged.assay.call(class).ok_or_else(|| {
                        let known = judged.assay.classes.keys().map(WellClass::as_str).collect::<Vec<_>>().join(", ");
                        let id = &judged.assay.id;
                        Problem::invalid(format!("assay '{id}' knows no class '{class}': use one of {known}"))
                    })?;
                    (Some(class.clone()), label)
                }
            };
            Decision::Override { well: *well, class, label }
        }
        Change::Grid(grid) => Decision::Grid { grid: grid.clone() },
        Change::Identity(identity) => Decision::Sample(identity.clone()),
        Change::Accept => Decision::Accept,
        Change::Reject => Decision::Reject,
        Change::Undo { event } => Decision::Undo { event: *event },
    })
}

fn changed_samples(before: &wellread_store::RunState, after: &wellread_store::RunState) -> Vec<String> {
    use wellread_store::Disposition::Accepted;
    let counted = before.disposition == Accepted || after.disposition == Accepted;
    let same = before.disposition == after.disposition
        && before.identity == after.identity
        && before.final_event_seq == after.final_event_seq;
    if !counted || same {
        return Vec::new();
    }
    let mut samples = vec![after.identity.sample_no.clone()];
    if before.identity.sample_no != after.identity.sample_no {
        samples.push(before.identity.sample_no.clone());
    }
    samples.retain(|sample| !sample.is_empty());
    samples
}
