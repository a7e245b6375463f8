//! Makes rows of what a station tells.
//!
//! All records of a push are applied at once, a statement for each kind of row; where PostgreSQL refuses one of them,
//! each is tried by itself, so that the others are not held up by it. What can never be rows is refused with a reason;
//! what may pass by itself is an error, and then nothing of the push is kept.

mod files;
mod reference;
mod reviews;
mod runs;
mod states;
mod told;
mod turns;
mod wells;

pub(super) use told::{RUN_MISSING, Refused, Told};
pub(super) use turns::Turns;

use crate::{
    Answer,
    db::{DbError, Tx},
    failpoint::hit,
};
use serde::Serialize;
use uuid::Uuid;
use wellread_wire::{batch::Outcome, event::Event};

/// Whose records they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub(super) org: Uuid,
    pub(super) station: Uuid,
    pub(super) incarnation: i32,
    /// What is kept of a later record than this is not replaced.
    beats: i64,
}

impl Source {
    /// Records that come in order: each is newer than all before it.
    pub(super) const fn live(org: Uuid, station: Uuid, incarnation: i32) -> Self {
        Self { org, station, incarnation, beats: i64::MAX }
    }

    /// A record that was kept aside while later ones came: it replaces nothing that came after it. One of an earlier
    /// writer replaces nothing at all.
    pub(super) const fn late(org: Uuid, station: Uuid, incarnation: i32, seq: i64, current: i32) -> Self {
        let beats = if incarnation == current { seq } else { 0 };
        Self { org, station, incarnation, beats }
    }
}

/// Applies records, in order. Returns what became of each. The turns at their samples have been taken ([`Turns`]).
pub(super) async fn all(tx: &Tx, source: Source, told: &[Told]) -> Answer<Vec<Outcome>> {
    let readable: Vec<&Told> = told.iter().filter(|told| told.event.is_ok()).collect();
    let mut outcomes = at_once_or_each(tx, source, &readable).await?.into_iter();
    let outcomes = told.iter().map(|told| match &told.event {
        Ok(_) => outcomes.next().unwrap_or(Outcome::Applied),
        Err(refused) => refused.outcome(),
    });
    Ok(outcomes.collect())
}

async fn at_once_or_each(tx: &Tx, source: Source, told: &[&Told]) -> Result<Vec<Outcome>, DbError> {
    match tried(tx, source, told).await? {
        Ok(outcomes) => Ok(outcomes),
        Err(refused) if told.len() == 1 => Ok(vec![refused.outcome()]),
        Err(_) => {
            let mut outcomes = Vec::with_capacity(told.len());
            for one in told {
                match tried(tx, source, std::slice::from_ref(one)).await? {
                    Ok(of_one) => outcomes.extend(of_one),
                    Err(refused) => outcomes.push(refused.outcome()),
                }
            }
            Ok(outcomes)
        }
    }
}

/// Applies records, or leaves nothing of them.
async fn tried(tx: &Tx, source: Source, told: &[&Told]) -> Result<Result<Vec<Outcome>, Refused>, DbError> {
    tx.batch("SAVEPOINT told").await?;
    match at_once(tx, source, told).await {
        Ok(outcomes) => {
            tx.batch("RELEASE SAVEPOINT told").await?;
            Ok(Ok(outcomes))
        }
        Err(DbError::Rows { code, message, constraint }) => {
            tx.batch("ROLLBACK TO SAVEPOINT told; RELEASE SAVEPOINT told").await?;
            Ok(Err(Refused::rows(&code, &message, &constraint)))
        }
        Err(passing) => Err(passing),
    }
}

/// Applies records, a statement for each kind of row.
async fn at_once(tx: &Tx, source: Source, told: &[&Told]) -> Result<Vec<Outcome>, DbError> {
    let mut work = Work { source, told, outcomes: vec![Outcome::Applied; told.len()] };
    let known = runs::known(tx, &work).await?;
    let new = runs::insert(tx, &mut work, &known).await?;
    hit("apply-after-runs");
    wells::insert(tx, source, &new).await?;
    hit("apply-after-wells");
    let present = runs::present(source, &known, &new);
    states::update(tx, &mut work, &present).await?;
    reviews::insert(tx, &mut work, &present).await?;
    reviews::insert_signatures(tx, &mut work, &present).await?;
    files::upsert_interface_files(tx, &mut work).await?;
    files::upsert_rejections(tx, &work).await?;
    reference::upsert_accounts(tx, &work).await?;
    reference::upsert_config(tx, &work).await?;
    reference::upsert_layouts(tx, &work).await?;
    reference::upsert_assays(tx, &work).await?;
    hit("apply-after-events");
    Ok(work.outcomes)
}

/// Records that are being applied, and what becomes of each.
struct Work<'a> {
    source: Source,
    told: &'a [&'a Told],
    outcomes: Vec<Outcome>,
}

impl<'a> Work<'a> {
    /// Those of one kind, with their places in the list.
    fn of<T>(&self, kind: impl Fn(&'a Event) -> Option<T>) -> Vec<(usize, &'a Told, T)> {
        let readable = self.told.iter().enumerate();
        readable.filter_map(|(at, told)| Some((at, *told, kind(told.event.as_ref().ok()?)?))).collect()
    }

    fn set(&mut self, at: usize, outcome: Outcome) {
        if let Some(kept) = self.outcomes.get_mut(at) {
            *kept = outcome;
        }
    }
}

/// Rows as one parameter: JSON, for `jsonb_to_recordset($n::text::jsonb)`.
fn rows<T: Serialize>(rows: &[T]) -> Result<String, DbError> {
    serde_json::to_string(rows).map_err(|why| DbError::Passing(format!("rows cannot be written: {why}")))
}

/// The newest of each key, in the order of the log: one statement changes no row twice.
fn newest<K: PartialEq, R>(rows: impl IntoIterator<Item = (K, R)>) -> Vec<R> {
    let mut kept: Vec<(K, R)> = Vec::new();
    for (key, row) in rows {
        kept.retain(|(other, _)| *other != key);
        kept.push((key, row));
    }
    kept.into_iter().map(|(_, row)| row).collect()
}
