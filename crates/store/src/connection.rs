//! `sync_connection` and `sync_rejected`: whom the station is enrolled with, what keeps them apart, and what the hub put
//! aside, as it last said.

use crate::{Reading, Result, Writing, audit::NewAudit, ids::RunId, run::RunStatus, seal::Sealed};
use rusqlite::params;
use serde::Serialize;
use serde_json::{Value, json};

/// Whom the station is enrolled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enrolment {
    /// The hub's address.
    pub hub_url: String,
    /// What the hub calls itself.
    pub hub_name: String,
    /// The organization's id.
    pub org_id: String,
    /// Its name.
    pub org_name: String,
}

/// How station and hub are connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// With whom; `None` while the station belongs to nobody.
    pub enrolled: Option<Enrolment>,
    /// Since when.
    pub enrolled_ms: Option<i64>,
    /// Why a person paused it; empty while it is not.
    pub paused: String,
    /// Why the hub takes no records of this copy of the log.
    pub fenced: String,
    /// Why the hub no longer knows the station.
    pub revoked: String,
    /// Why this copy of the log is to go on at the next contact.
    pub take_over: String,
    /// Records of earlier writers that only the hub has.
    pub hub_only: u64,
    /// How many records the hub put aside.
    pub rejected_total: u64,
    /// Whether the hub's snapshot is to be taken.
    pub snapshot_wanted: bool,
    /// Where its next page begins.
    pub snapshot_cursor: Option<String>,
    /// Counts the times that somebody asked for a sync at once.
    pub asked: i64,
    /// Whether something made before the station told everything is still to be told.
    pub untold: bool,
}

/// A record that the hub put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RejectedRecord {
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
}

/// Runs whose states are looked at in one transaction, of those made before states were told.
const UNTOLD_AT_ONCE: i64 = 500;

impl Writing<'_> {
    /// Enters whom the station belongs to from now on. Everything of headquarters is to come anew.
    pub fn enrol(&self, with: &Enrolment) -> Result<()> {
        let old = self.sync_connection()?.enrolled;
        self.execute(
            "UPDATE sync_connection SET hub_url = ?1, hub_name = ?2, org_id = ?3, org_name = ?4, enrolled_ms = ?5,
               paused = '', fenced = '', revoked = '', rejected_total = 0, snapshot_wanted = 1, snapshot_cursor = NULL,
               snapshot_no = snapshot_no + 1, asked = asked + 1",
            params![with.hub_url, with.hub_name, with.org_id, with.org_name, self.utc_ms()],
        )?;
        self.execute("DELETE FROM sync_rejected", [])?;
        self.execute("UPDATE sync_state SET last_error = NULL, attempts = 0, next_attempt_ms = NULL", [])?;
        if old.as_ref().is_some_and(|old| old.org_id != with.org_id) {
            // Another hub: what the old one said of its records, its feed and its pictures says nothing of this one's.
            self.execute("UPDATE sync_state SET epoch = '', feed_seq = 0, acked_seq = 0", [])?;
            self.doubt_blobs()?;
        }
        self.connection_changed("ENROL", old.map(|old| json!(old)), json!(with), "")
    }

    /// Pauses the sync, or with an empty reason lets it go on.
    pub fn pause_sync(&self, why: &str) -> Result<()> {
        let old = self.sync_connection()?.paused;
        self.execute("UPDATE sync_connection SET paused = ?1, asked = asked + 1", params![why])?;
        self.connection_changed(if why.is_empty() { "RESUME" } else { "PAUSE" }, Some(json!(old)), json!(why), why)
    }

    /// Wants this copy of the log to go on as a writer of its own at the next contact.
    pub fn want_take_over(&self, why: &str) -> Result<()> {
        self.execute("UPDATE sync_connection SET take_over = ?1, asked = asked + 1", params![why])?;
        self.connection_changed("WANT_TAKE_OVER", None, json!(why), why)
    }

    /// Notes that the hub has given this copy of the log an incarnation of its own.
    pub fn took_over(&self, incarnation: u32, hub_only: u64) -> Result<()> {
        let why = self.sync_connection()?.take_over;
        self.execute("UPDATE sync_state SET incarnation = ?1", params![incarnation])?;
        self.execute(
            "UPDATE sync_connection SET take_over = '', fenced = '', hub_only = hub_only + ?1",
            params![hub_only],
        )?;
        let new = json!({ "incarnation": incarnation, "hub_only": hub_only });
        self.connection_changed("TAKE_OVER", None, new, &why)
    }

    /// Notes why the hub takes no records of this copy of the log; empty when it does.
    pub fn note_fenced(&self, why: &str) -> Result<()> {
        self.note_apart("fenced", why)
    }

    /// Notes why the hub no longer knows the station; empty when it does.
    pub fn note_revoked(&self, why: &str) -> Result<()> {
        self.note_apart("revoked", why)
    }

    fn note_apart(&self, column: &'static str, why: &str) -> Result<()> {
        let changed =
            self.execute(&format!("UPDATE sync_connection SET {column} = ?1 WHERE {column} <> ?1"), params![why])?;
        if changed == 0 {
            return Ok(());
        }
        let action = if why.is_empty() { "ADMITTED" } else { "SHUT_OUT" };
        self.connection_changed(action, None, json!({ column: why }), why)
    }

    /// Asks whoever syncs to do so at once.
    pub fn ask_for_sync(&self) -> Result<()> {
        self.execute("UPDATE sync_connection SET asked = asked + 1", [])?;
        Ok(())
    }

    /// Keeps what the hub said of records that it put aside.
    pub fn note_rejected(&self, first: &[RejectedRecord], total: u64) -> Result<()> {
        let unchanged = self.rejected_records()? == first && self.sync_connection()?.rejected_total == total;
        if unchanged {
            return Ok(());
        }
        self.execute("DELETE FROM sync_rejected", [])?;
        for one in first {
            self.execute(
                "INSERT OR REPLACE INTO sync_rejected (seq, kind, code, reason, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![one.seq, one.kind, one.code, one.reason, one.at_ms],
            )?;
        }
        self.execute("UPDATE sync_connection SET rejected_total = ?1", params![total])?;
        Ok(())
    }

    /// Wants the hub's snapshot, from its beginning.
    pub fn want_snapshot(&self) -> Result<()> {
        self.execute(
            "UPDATE sync_connection SET snapshot_wanted = 1, snapshot_cursor = NULL, snapshot_no = snapshot_no + 1",
            [],
        )?;
        Ok(())
    }

    /// Notes that a page of the snapshot was applied, in the transaction that applied it: where the next begins, or after
    /// the last where the feed goes on.
    pub fn note_snapshot(&self, next: Option<&str>, as_of: i64) -> Result<()> {
        if let Some(cursor) = next {
            self.execute("UPDATE sync_connection SET snapshot_cursor = ?1", params![cursor])?;
            return Ok(());
        }
        self.execute("UPDATE sync_connection SET snapshot_wanted = 0, snapshot_cursor = NULL", [])?;
        self.close_unseen_hub_users()?;
        self.note_feed(as_of)
    }

    /// Tells the hub some of what was made before this schema and was never told: the assays for which `is_own` says so,
    /// and the states of runs that people or later runs changed. Call it until it answers false.
    pub fn tell_untold(&self, is_own: &dyn Fn(&str) -> bool) -> Result<bool> {
        let untold: (bool, i64) =
            self.connection().query_row("SELECT untold_assays, untold_runs FROM sync_connection", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        match untold {
            (true, _) => {
                for assay in self.station_assays()?.iter().filter(|assay| is_own(&assay.id)) {
                    self.tell_assay(assay)?;
                }
                self.execute("UPDATE sync_connection SET untold_assays = 0", [])?;
                Ok(true)
            }
            (false, 0) => Ok(false),
            (false, until) => {
                let from = (until - UNTOLD_AT_ONCE).max(0);
                let mut statement = self
                    .connection()
                    .prepare_cached("SELECT run_id FROM run_state WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")?;
                let ids = statement.query_map(params![from, until], |row| row.get(0))?;
                for id in ids.collect::<rusqlite::Result<Vec<RunId>>>()? {
                    let (run, state) = (self.run(id)?, self.run_state(id)?);
                    if matches!(run.status, RunStatus::Completed | RunStatus::Failed) && !state.is_plain(&run) {
                        self.tell_state(id, &state)?;
                    }
                }
                self.execute("UPDATE sync_connection SET untold_runs = ?1", params![from])?;
                Ok(true)
            }
        }
    }

    fn connection_changed(&self, action: &'static str, old: Option<Value>, new: Value, why: &str) -> Result<()> {
        let entry = NewAudit {
            action,
            resource: Sealed::Connection.resource(),
            resource_id: "1".to_owned(),
            old,
            new: Some(new),
            why: why.to_owned(),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Connection)
    }
}

impl Reading<'_> {
    /// How station and hub are connected.
    pub fn sync_connection(&self) -> Result<Connection> {
        let mut statement = self.connection().prepare_cached(
            "SELECT hub_url, hub_name, org_id, org_name, enrolled_ms, paused, fenced, revoked, take_over, hub_only,
               rejected_total, snapshot_wanted, snapshot_cursor, asked, untold_assays OR untold_runs > 0
             FROM sync_connection",
        )?;
        Ok(statement.query_row([], |row| {
            let enrolment =
                Enrolment { hub_url: row.get(0)?, hub_name: row.get(1)?, org_id: row.get(2)?, org_name: row.get(3)? };
            Ok(Connection {
                enrolled: Some(enrolment).filter(|with| !with.hub_url.is_empty()),
                enrolled_ms: row.get(4)?,
                paused: row.get(5)?,
                fenced: row.get(6)?,
                revoked: row.get(7)?,
                take_over: row.get(8)?,
                hub_only: row.get(9)?,
                rejected_total: row.get(10)?,
                snapshot_wanted: row.get(11)?,
                snapshot_cursor: row.get(12)?,
                asked: row.get(13)?,
                untold: row.get(14)?,
            })
        })?)
    }

    /// The first of the records that the hub put aside, in the log's order.
    pub fn rejected_records(&self) -> Result<Vec<RejectedRecord>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT seq, kind, code, reason, at_ms FROM sync_rejected ORDER BY seq")?;
        let rows = statement.query_map([], |row| {
            Ok(RejectedRecord {
                seq: row.get(0)?,
                kind: row.get(1)?,
                code: row.get(2)?,
                reason: row.get(3)?,
                at_ms: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
