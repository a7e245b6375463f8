//! What a person entered or scanned for the plates that come next: it goes before everything else that names them.

use crate::problem::Problem;
use wellread_store::{Identity, Reading, Writing};

/// Where the queue is kept, so that a restart does not lose it and the audit trail shows it.
const KEY: &str = "intake.next_plates";
/// More is a slip of the hand: a person enters plates of one sitting.
const MOST: usize = 500;

/// The plates entered and not yet come, in order.
pub fn waiting(reading: &Reading<'_>) -> anyhow::Result<Vec<Identity>> {
    Ok(reading.config(KEY)?.map(serde_json::from_value).transpose()?.unwrap_or_default())
}

/// What a scanner read or a person typed: sample, submission and plate number, with `,` or `|` between them; only the
/// first is needed.
pub fn parse(text: &str) -> Result<Identity, Problem> {
    let text = text.trim();
    let between = if text.contains('|') { '|' } else { ',' };
    let mut parts = text.split(between).map(|part| part.trim().to_owned());
    let mut next = || parts.next().unwrap_or_default();
    let found = Identity { sample_no: next(), submission_no: next(), plate_no: next() };
    if parts.next().is_some() {
        return Err(Problem::invalid(format!("'{text}' has more than a sample, a submission and a plate number")));
    }
    if found.sample_no.is_empty() {
        return Err(Problem::invalid("a plate is entered with its sample number first: sample,submission,plate"));
    }
    Ok(found)
}

/// Adds the plate that comes after those entered already.
pub fn enter(writing: &Writing<'_>, next: Identity) -> anyhow::Result<()> {
    if next.sample_no.trim().is_empty() {
        return Err(Problem::invalid("a plate is entered with its sample number").into());
    }
    let mut queue = waiting(writing)?;
    if queue.len() >= MOST {
        return Err(Problem::refused(format!("{MOST} plates are entered already: let them come first")).into());
    }
    queue.push(next);
    put(writing, &queue, "entered for the next plate")
}

/// Forgets what was entered.
pub fn clear(writing: &Writing<'_>, why: &str) -> anyhow::Result<()> {
    if waiting(writing)?.is_empty() { Ok(()) } else { put(writing, &[], why) }
}

/// What was entered for the plate that has just come.
pub(crate) fn take(writing: &Writing<'_>) -> anyhow::Result<Option<Identity>> {
    let mut queue = waiting(writing)?;
    if queue.is_empty() {
        return Ok(None);
    }
    let next = queue.remove(0);
    put(writing, &queue, "its plate has come")?;
    Ok(Some(next))
}

fn put(writing: &Writing<'_>, queue: &[Identity], why: &str) -> anyhow::Result<()> {
    Ok(writing.set_config(KEY, &serde_json::to_value(queue)?, why)?)
}
