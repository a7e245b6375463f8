//! `well_review`: what people decide about a run. Events are only appended; what holds now follows from all of them.

use crate::{
    Error, FinalResults, Reading, Result, Writing,
    audit::NewAudit,
    ids::{EventId, RunId, UserId},
    run::{Identity, RunStatus},
    seal::Sealed,
    stamp::Now,
    words::words,
};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wellread_plate::{
    class::{Call, WellClass},
    format::WellId,
};

words! {
    /// What kind of event.
    pub enum ReviewKind("kind of review") {
        /// Another call for a well.
        Override = "override",
        /// Another grid; the new reading is a run of its own that supersedes this one.
        Grid = "grid",
        /// Another sample, submission or plate number.
        Sample = "sample",
        /// The plate counts.
        Accept = "accept",
        /// The plate does not count.
        Reject = "reject",
        /// An earlier event does not hold.
        Undo = "undo",
    }
}

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Decision {
    /// Another call for a well.
    Override {
        /// The well.
        well: WellId,
        /// What it shows, where that was said too.
        class: Option<WellClass>,
        /// What it is.
        label: Call,
    },
    /// Another grid.
    Grid {
        /// The grid drawn.
        grid: Value,
    },
    /// Whose plate it is.
    Sample(Identity),
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

/// An event to append.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReview {
    /// Its id.
    pub id: EventId,
    /// The run.
    pub run: RunId,
    /// What is decided.
    pub decision: Decision,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
    /// The run's newest event that its author had seen; 0 for none.
    pub based_on_seq: i64,
    /// What the plate says after it, for an event that changes calls: computed in the same [`crate::Database::write`],
    /// from [`Reading::overrides`] and this event, so that what somebody else changed meanwhile is in it.
    pub results: Option<FinalResults>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ReviewEvent {
    /// Its place in the order of all events.
    pub seq: i64,
    /// Its id.
    pub id: EventId,
    /// What was decided.
    pub decision: Decision,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
    /// Who decided, by name.
    pub actor: String,
    /// Whose account that is.
    pub user: Option<UserId>,
    /// When.
    pub at: Now,
    /// The newest event its author had seen.
    pub based_on_seq: i64,
    /// Whether it and another were made without knowing of each other.
    pub conflict: bool,
    /// Whether a later event undid it.
    pub undone: bool,
    /// Whether it came after one that its author had not seen.
    #[serde(skip)]
    pub(crate) late: bool,
    /// The distribution after it, where it changed calls.
    #[serde(skip)]
    pub(crate) distribution: Option<String>,
}

/// A call that holds instead of the assay's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Override {
    /// What the well shows, where that was said too.
    pub class: Option<WellClass>,
    /// What it is.
    pub label: Call,
    /// The event that says so.
    pub event: i64,
    /// Who said so.
    pub actor: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
}

impl Decision {
    /// What kind of event it is.
    pub const fn kind(&self) -> ReviewKind {
        match self {
            Self::Override { .. } => ReviewKind::Override,
            Self::Grid { .. } => ReviewKind::Grid,
            Self::Sample(_) => ReviewKind::Sample,
            Self::Accept => ReviewKind::Accept,
            Self::Reject => ReviewKind::Reject,
            Self::Undo { .. } => ReviewKind::Undo,
        }
    }

    /// What the columns of their own do not hold.
    fn payload(&self) -> Value {
        match self {
            Self::Grid { grid } => json!({ "grid": grid }),
            Self::Sample(identity) => json!(identity),
            Self::Undo { event } => json!({ "event": event }),
            Self::Override { .. } | Self::Accept | Self::Reject => json!({}),
        }
    }
}

/// Marks what is undone: from the newest event back, one that an undo names that is not itself undone.
pub(crate) fn mark_undone(events: &mut [ReviewEvent]) {
    let mut undone = BTreeSet::new();
    for event in events.iter_mut().rev() {
        event.undone = undone.contains(&event.seq);
        if let Decision::Undo { event: target } = event.decision
            && !event.undone
        {
            undone.insert(target);
        }
    }
}

/// Marks both sides of every conflict: an event that came late, and those its author had not seen.
fn mark_conflicts(events: &mut [ReviewEvent]) {
    let late: Vec<(i64, i64)> = events.iter().filter(|e| e.late).map(|e| (e.based_on_seq, e.seq)).collect();
    for event in events {
        event.conflict = event.late || late.iter().any(|(seen, seq)| *seen < event.seq && event.seq < *seq);
    }
}

/// Whether calls are different with the event and without it.
fn changes_calls(event: &Decision, events: &[ReviewEvent]) -> bool {
    match event {
        Decision::Override { .. } => true,
        Decision::Undo { event: target } => {
            events.iter().find(|e| e.seq == *target).is_some_and(|e| changes_calls(&e.decision, events))
        }
        _ => false,
    }
}

impl Writing<'_> {
    /// Appends an event about a run, and brings everything that follows from it up to date.
    pub fn review(&self, new: &NewReview) -> Result<ReviewEvent> {
        let events = self.events(new.run)?;
        let before = self.check_review(new, &events)?;
        let newest = events.last().map_or(0, |event| event.seq);
        if new.based_on_seq > newest {
            return Err(Error::refused(format!("run {} has no event {} yet", new.run, new.based_on_seq)));
        }
        self.insert_event(new, new.based_on_seq < newest)?;
        let entry = NewAudit {
            action: "REVIEW",
            resource: Sealed::Review.resource(),
            resource_id: new.id.to_string(),
            details: Some(json!({ "run_id": new.run, "reason_code": new.reason_code })),
            old: before,
            new: Some(json!(new.decision)),
            why: new.reason_text.clone(),
        };
        self.audit_sealed(&entry, Sealed::Review)?;
        let event = self.events(new.run)?.into_iter().find(|event| event.id == new.id);
        let event = event.ok_or_else(|| Error::not_found("event", &new.id))?;
        let payload = json!({ "run_id": new.run, "event": event, "results": new.results });
        self.tell_hub("review", &payload)?;
        self.derive_run(new.run)?;
        Ok(event)
    }

    /// What the event replaces; an error when it breaks a rule.
    fn check_review(&self, new: &NewReview, events: &[ReviewEvent]) -> Result<Option<Value>> {
        if self.stamp().by.user().is_none() {
            return Err(Error::refused("a review is a person's: sign in first"));
        }
        if new.reason_code.is_empty() {
            return Err(Error::refused("a review says why: choose a reason"));
        }
        if self.run(new.run)?.status != RunStatus::Completed {
            return Err(Error::refused("only a completed run can be reviewed"));
        }
        if changes_calls(&new.decision, events) != new.results.is_some() {
            return Err(Error::refused("an event that changes calls brings the results after it, and no other does"));
        }
        let state = self.run_state(new.run)?;
        match &new.decision {
            Decision::Override { well, .. } => self.before_override(new.run, *well).map(Some),
            Decision::Sample(identity) => {
                identity.check()?;
                Ok(Some(json!(state.identity)))
            }
            Decision::Accept if state.identity.sample_no.is_empty() => {
                Err(Error::refused("say whose plate it is before accepting it"))
            }
            Decision::Undo { event: target } => match events.iter().find(|event| event.seq == *target) {
                None => Err(Error::refused(format!("run {} has no event {target}", new.run))),
                Some(event) if event.undone => Err(Error::refused(format!("event {target} is undone already"))),
                Some(event) => Ok(Some(json!(event.decision))),
            },
            Decision::Accept | Decision::Reject => Ok(Some(json!({ "disposition": state.disposition }))),
            Decision::Grid { .. } => Ok(None),
        }
    }

    fn before_override(&self, run: RunId, well: WellId) -> Result<Value> {
        if let Some(known) = self.overrides(run)?.get(&well) {
            return Ok(json!({ "class": known.class, "label": known.label }));
        }
        let seen = self.wells(run)?.into_iter().find(|seen| seen.well == well);
        let seen = seen.ok_or_else(|| Error::not_found("well", &well))?;
        Ok(json!({ "class": seen.class, "label": seen.label }))
    }

    fn insert_event(&self, new: &NewReview, late: bool) -> Result<()> {
        let (well, class, label) = match &new.decision {
            Decision::Override { well, class, label } => {
                (Some(well.to_string()), class.as_ref().map(WellClass::as_str), Some(label.as_str()))
            }
            _ => (None, None, None),
        };
        let stamp = self.stamp();
        let results = new.results.as_ref().map(serde_json::to_string).transpose()?;
        self.execute(
            "INSERT INTO well_review (id, run_id, kind, well, class, label, payload, reason_code, reason_text, actor,
               user_id, at_ms, offset_min, based_on_seq, conflict, final)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            params![
                new.id,
                new.run,
                new.decision.kind(),
                well,
                class,
                label,
                new.decision.payload().to_string(),
                new.reason_code,
                new.reason_text,
                stamp.by.name(),
                stamp.by.user(),
                stamp.at.utc_ms,
                stamp.at.offset_min,
                new.based_on_seq,
                late,
                results
            ],
        )?;
        Ok(())
    }
}

impl Identity {
    /// Refuses what cannot be printed on a label.
    pub(crate) fn check(&self) -> Result<()> {
        for text in [&self.sample_no, &self.submission_no, &self.plate_no] {
            if text.chars().any(char::is_control) || text.trim() != text || text.chars().count() > 200 {
                return Err(Error::refused(
                    "sample, submission and plate numbers have at most 200 characters, none of them control \
                     characters, and no blanks around them",
                ));
            }
        }
        Ok(())
    }
}

fn event(row: &Row<'_>) -> Result<ReviewEvent> {
    let payload: Value = serde_json::from_str(&row.get::<_, String>(5)?)?;
    let decision = match row.get(1)? {
        ReviewKind::Override => {
            let (well, class, label): (String, Option<String>, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Decision::Override {
                well: well.parse().map_err(|_| Error::Unreadable(format!("well '{well}' of a review")))?,
                class: class.as_deref().and_then(WellClass::new),
                label: serde_json::from_value(label.into())?,
            }
        }
        ReviewKind::Grid => Decision::Grid { grid: payload.get("grid").cloned().unwrap_or_default() },
        ReviewKind::Sample => Decision::Sample(serde_json::from_value(payload)?),
        ReviewKind::Accept => Decision::Accept,
        ReviewKind::Reject => Decision::Reject,
        ReviewKind::Undo => Decision::Undo { event: payload.get("event").and_then(Value::as_i64).unwrap_or_default() },
    };
    Ok(ReviewEvent {
        seq: row.get(0)?,
        decision,
        id: row.get(6)?,
        reason_code: row.get(7)?,
        reason_text: row.get(8)?,
        actor: row.get(9)?,
        user: row.get(10)?,
        at: Now { utc_ms: row.get(11)?, offset_min: row.get(12)? },
        based_on_seq: row.get(13)?,
        late: row.get(14)?,
        distribution: row.get(15)?,
        conflict: false,
        undone: false,
    })
}

impl Reading<'_> {
    /// The events about a run, oldest first.
    pub fn events(&self, run: RunId) -> Result<Vec<ReviewEvent>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT seq, kind, well, class, label, payload, id, reason_code, reason_text, actor, user_id, at_ms,
               offset_min, based_on_seq, conflict, json_extract(final, '$.distribution')
             FROM well_review WHERE run_id = ?1 ORDER BY seq",
        )?;
        let mut rows = statement.query(params![run])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(event(row)?);
        }
        mark_undone(&mut events);
        mark_conflicts(&mut events);
        Ok(events)
    }

    /// The calls that hold instead of the assay's, by well.
    pub fn overrides(&self, run: RunId) -> Result<BTreeMap<WellId, Override>> {
        let mut overrides = BTreeMap::new();
        for event in self.events(run)?.into_iter().filter(|event| !event.undone) {
            let ReviewEvent { seq, decision, actor, reason_code, reason_text, .. } = event;
            if let Decision::Override { well, class, label } = decision {
                overrides.insert(well, Override { class, label, event: seq, actor, reason_code, reason_text });
            }
        }
        Ok(overrides)
    }
}
