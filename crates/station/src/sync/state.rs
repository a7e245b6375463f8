//! How the way to headquarters is, as people see it.

use crate::{
    Station,
    clock::readable,
    people::{Permission, Session},
};
use serde::Serialize;
use wellread_store::{Connection, Direction, Now, OfferState, Reading, SyncState as Row};

/// How the way to headquarters is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SyncState {
    /// With whom this station is enrolled; `None` while it belongs to nobody.
    pub enrolled: Option<Headquarters>,
    /// This station's id.
    pub station_id: String,
    /// Its name.
    pub station_name: String,
    /// What is going on.
    pub state: SyncPhase,
    /// The same in words, and what to do about it.
    pub in_words: String,
    /// Records that headquarters must still learn.
    pub pending: u64,
    /// Since when the oldest waits, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
    /// Pictures that headquarters have not verified.
    pub blobs_pending: u64,
    /// Pictures that they cannot get, because they are missing or damaged here.
    pub blobs_missing: u64,
    /// Records that headquarters put aside.
    pub rejected_total: u64,
    /// The first of them.
    pub rejected: Vec<RejectedLine>,
    /// What headquarters sent and could not be applied here, each with its reason.
    pub left: Vec<String>,
    /// When headquarters were last heard, in milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// When it was last tried, in milliseconds since 1970.
    pub last_attempt_ms: Option<i64>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it is tried again, in milliseconds since 1970; `None` where nothing failed.
    pub next_attempt_ms: Option<i64>,
    /// Why somebody paused it.
    pub paused: Option<String>,
    /// Why headquarters take no records of this copy of the station's data.
    pub fenced: Option<String>,
    /// Whether this copy is to go on as a writer of its own at the next contact.
    pub take_over_wanted: bool,
    /// Records of earlier copies that only headquarters have.
    pub hub_only: u64,
}

/// With whom a station is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Headquarters {
    /// The hub's address.
    pub hub_url: String,
    /// What it calls itself.
    pub hub_name: String,
    /// The organization.
    pub org_name: String,
    /// Since when, in milliseconds since 1970.
    pub enrolled_ms: i64,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum SyncPhase {
    /// The station belongs to nobody.
    NotEnrolled,
    /// All is told.
    Idle,
    /// It is being told.
    Syncing,
    /// Something waits: for the next round, or for headquarters to be reached.
    Waiting,
    /// Somebody paused it.
    Paused,
    /// Headquarters take no records of this copy of the data.
    Fenced,
    /// Headquarters no longer know this station.
    Revoked,
}

/// A record that headquarters put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RejectedLine {
    /// Its place in the log.
    pub seq: i64,
    /// What it tells of.
    pub kind: String,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub at_ms: i64,
    /// What somebody can do about it.
    pub what_to_do: String,
}

impl Station {
    /// How the way to headquarters is.
    pub fn sync_state(&self, session: &Session) -> anyhow::Result<SyncState> {
        self.ask(session, Permission::RunRead, |_| Ok(()))?;
        self.sync_status()
    }

    /// The same for whoever may see the station's status.
    pub(crate) fn sync_status(&self) -> anyhow::Result<SyncState> {
        let busy = self.folder().is_syncing();
        let now = self.clock().now();
        self.read(|reading| state_of(self, reading, busy, now))
    }
}

fn state_of(station: &Station, reading: &Reading<'_>, busy: bool, now: Now) -> anyhow::Result<SyncState> {
    let connection = reading.sync_connection()?;
    let pending = reading.pending()?;
    let (blobs_pending, blobs_missing) = match connection.enrolled {
        Some(_) => reading.blobs_pending()?,
        None => (0, 0),
    };
    let mut row = reading.sync_state(Direction::Uplink)?;
    for other in [Direction::Downlink, Direction::Blobs] {
        let other = reading.sync_state(other)?;
        if row.last_error.is_none() {
            (row.last_error, row.next_attempt_ms) = (other.last_error, other.next_attempt_ms);
        }
    }
    let rejected = reading.rejected_records()?;
    let left = reading.left_items(LEFT_SHOWN)?;
    let phase = phase(&connection, &row, busy, pending.records + blobs_pending);
    let in_words = words(&connection, &row, phase, (pending.records, blobs_pending), now);
    let said = |why: &String| Some(why.clone()).filter(|why| !why.is_empty());
    Ok(SyncState {
        enrolled: connection.enrolled.as_ref().map(|with| Headquarters {
            hub_url: with.hub_url.clone(),
            hub_name: with.hub_name.clone(),
            org_name: with.org_name.clone(),
            enrolled_ms: connection.enrolled_ms.unwrap_or_default(),
        }),
        station_id: station.identity().id.to_string(),
        station_name: station.identity().name.clone(),
        state: phase,
        in_words,
        pending: pending.records,
        oldest_ms: pending.oldest_ms,
        blobs_pending,
        blobs_missing,
        rejected_total: connection.rejected_total,
        rejected: rejected
            .into_iter()
            .map(|one| RejectedLine {
                what_to_do: what_to_do(&one.code).to_owned(),
                seq: one.seq,
                kind: one.kind,
                code: one.code,
                reason: one.reason,
                at_ms: one.at_ms,
            })
            .collect(),
        left: left
            .into_iter()
            .map(|item| format!("{} {}: {}", item.kind, item.key, item.reason))
            .chain(reading.model_offers()?.into_iter().filter(|offer| offer.state == OfferState::Failed).map(|offer| {
                format!("model '{}': its files are here and cannot be used: {}", offer.name, offer.reason)
            }))
            .collect(),
        last_success_ms: row.last_success_ms,
        last_attempt_ms: row.last_attempt_ms,
        last_error: row.last_error,
        next_attempt_ms: row.next_attempt_ms,
        paused: said(&connection.paused),
        fenced: said(&connection.fenced),
        take_over_wanted: !connection.take_over.is_empty(),
        hub_only: connection.hub_only,
    })
}

/// The most words of headquarters shown that could not be applied.
const LEFT_SHOWN: u32 = 50;

fn phase(connection: &Connection, row: &Row, busy: bool, waiting: u64) -> SyncPhase {
    if connection.enrolled.is_none() {
        SyncPhase::NotEnrolled
    } else if !connection.revoked.is_empty() {
        SyncPhase::Revoked
    } else if !connection.paused.is_empty() {
        SyncPhase::Paused
    } else if !connection.fenced.is_empty() && connection.take_over.is_empty() {
        SyncPhase::Fenced
    } else if busy {
        SyncPhase::Syncing
    } else if waiting > 0 || row.last_error.is_some() || row.last_success_ms.is_none() {
        SyncPhase::Waiting
    } else {
        SyncPhase::Idle
    }
}

fn words(connection: &Connection, row: &Row, phase: SyncPhase, (records, pictures): (u64, u64), now: Now) -> String {
    let waiting = match (records, pictures) {
        (0, 0) => "nothing waits".to_owned(),
        (1, 0) => "1 record waits".to_owned(),
        (0, 1) => "1 picture waits".to_owned(),
        (records, 0) => format!("{records} records wait"),
        (0, pictures) => format!("{pictures} pictures wait"),
        (records, pictures) => {
            format!("{} and {} wait", counted(records, "record"), counted(pictures, "picture"))
        }
    };
    let heard = row.last_success_ms.map_or_else(
        || "headquarters were never heard".to_owned(),
        |at| format!("headquarters were last heard {}", readable(Now { utc_ms: at, offset_min: now.offset_min })),
    );
    match phase {
        SyncPhase::NotEnrolled => {
            "this station works by itself: `wellread enrol URL CODE` joins it to headquarters".to_owned()
        }
        SyncPhase::Idle => format!("all is told; {heard}"),
        SyncPhase::Syncing => format!("telling headquarters now; {waiting}"),
        SyncPhase::Waiting => match &row.last_error {
            Some(why) => format!("{waiting}; {why}; {heard}"),
            None => format!("{waiting}; {heard}"),
        },
        SyncPhase::Paused => format!("paused ({}); {waiting}; {heard}", connection.paused),
        SyncPhase::Fenced => format!(
            "headquarters take no records of this copy of the data ({}): if this copy is the one that works here, take \
             over with `wellread sync --take-over WHY`; {waiting}",
            connection.fenced
        ),
        SyncPhase::Revoked => format!(
            "headquarters no longer know this station ({}): the work here goes on; ask them for a new enrol code and use \
             `wellread enrol`; {waiting}",
            connection.revoked
        ),
    }
}

fn counted(many: u64, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// What somebody can do about a record that was put aside.
fn what_to_do(code: &str) -> &'static str {
    match code {
        "schema-newer" | "kind-unknown" => {
            "headquarters update their hub and retry the record; nothing is to be done here"
        }
        "schema-too-old" => "headquarters must look at it: the record was written by a release that is too old",
        "run-differs" => {
            "two copies of this station made different runs under one id: tell headquarters which one holds"
        }
        _ => "headquarters see it in their quarantine: have them retry or drop it; the station's own data are whole",
    }
}
