//! `intake_file`: every file seen in the inbox and what became of it.
//!
//! `seen` -> `settling` -> `admitted` -> `done`, or an end with its reason: `duplicate`, `rejected`, `ignored`.

use crate::{
    Error, Listed, Page, Reading, Result, Sha256, Writing,
    audit::NewAudit,
    ids::{FileId, RunId},
    seal::Sealed,
    stamp::Now,
    words::words,
};
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;
use serde_json::json;

words! {
    /// What became of a file.
    pub enum IntakeState("intake state") {
        /// It was there when the station looked.
        Seen = "seen",
        /// It still grows, or has not rested long enough.
        Settling = "settling",
        /// It is whole and new: it will be one run.
        Admitted = "admitted",
        /// Its run is recorded.
        Done = "done",
        /// Its content was there already.
        Duplicate = "duplicate",
        /// It is no picture that can be read.
        Rejected = "rejected",
        /// It is not to be imported.
        Ignored = "ignored",
    }
}

/// What was seen of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// The id, should it be new.
    pub id: FileId,
    /// Its name relative to the inbox, as bytes.
    pub path: Vec<u8>,
    /// The name for people.
    pub path_text: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub mtime_ns: i64,
}

/// A file in the inbox, one revision of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct IntakeFile {
    /// Its place in the order of files seen.
    pub seq: i64,
    /// Its id.
    pub id: FileId,
    /// Its name relative to the inbox, as bytes.
    #[serde(skip)]
    pub path: Vec<u8>,
    /// The name for people.
    pub path_text: String,
    /// Counts up when new content comes under the same name.
    pub revision: u32,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Its content, once read.
    pub sha256: Option<Sha256>,
    /// What became of it.
    pub state: IntakeState,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason: String,
    /// The file whose content it repeats.
    pub duplicate_of: Option<FileId>,
    /// Its run.
    pub run: Option<RunId>,
    /// When it was first seen.
    pub first_seen: Now,
    /// When this row last changed, in milliseconds since 1970: since then an open file has rested.
    pub changed_ms: i64,
}

/// What [`Writing::admit`] decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is new: make a run of it.
    Admitted,
    /// The file with this id had the same content.
    Duplicate(FileId),
}

const FILE: &str = "SELECT seq, id, path, path_text, revision, size, mtime_ns, sha256, state, reason_code, reason,
    duplicate_of, run_id, first_seen_ms, offset_min, updated_ms FROM intake_file";

fn file(row: &Row<'_>) -> rusqlite::Result<IntakeFile> {
    Ok(IntakeFile {
        seq: row.get(0)?,
        id: row.get(1)?,
        path: row.get(2)?,
        path_text: row.get(3)?,
        revision: row.get(4)?,
        size: row.get(5)?,
        mtime_ns: row.get(6)?,
        sha256: row.get(7)?,
        state: row.get(8)?,
        reason_code: row.get(9)?,
        reason: row.get(10)?,
        duplicate_of: row.get(11)?,
        run: row.get(12)?,
        first_seen: Now { utc_ms: row.get(13)?, offset_min: row.get(14)? },
        changed_ms: row.get(15)?,
    })
}

impl IntakeState {
    const fn is_open(self) -> bool {
        matches!(self, Self::Seen | Self::Settling)
    }
}

impl Writing<'_> {
    /// Notes a file. While nothing was decided about it, its size and time are brought up to date, and it is
    /// `settling` when they changed; once something was, changed ones make a new revision.
    pub fn see_file(&self, seen: &SeenFile) -> Result<IntakeFile> {
        let latest = self.latest_file(&seen.path)?;
        let revision = match &latest {
            Some(known) if known.size == seen.size && known.mtime_ns == seen.mtime_ns => return Ok(known.clone()),
            Some(known) if known.state.is_open() => {
                self.execute(
                    "UPDATE intake_file SET size = ?2, mtime_ns = ?3, state = 'settling', updated_ms = ?4
                     WHERE id = ?1",
                    params![known.id, seen.size, seen.mtime_ns, self.utc_ms()],
                )?;
                return self.intake_file(known.id);
            }
            Some(known) => known.revision + 1,
            None => 1,
        };
        let at = self.stamp().at;
        self.execute(
            "INSERT INTO intake_file
               (id, path, path_text, revision, size, mtime_ns, state, first_seen_ms, offset_min, updated_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'seen', ?7, ?8, ?7)",
            params![seen.id, seen.path, seen.path_text, revision, seen.size, seen.mtime_ns, at.utc_ms, at.offset_min],
        )?;
        self.intake_file(seen.id)
    }

    /// Admits a file by its content, or notes it as a duplicate of the one that had this content before.
    pub fn admit(&self, id: FileId, sha256: &Sha256) -> Result<Admission> {
        let known = self.intake_file(id)?;
        if !known.state.is_open() {
            return Err(Error::refused(format!("file {id} is '{}' already", known.state)));
        }
        let Some(first) = self.file_with_content(sha256)? else {
            self.execute(
                "UPDATE intake_file SET state = 'admitted', sha256 = ?2, updated_ms = ?3 WHERE id = ?1",
                params![id, sha256, self.utc_ms()],
            )?;
            return Ok(Admission::Admitted);
        };
        self.execute(
            "UPDATE intake_file SET state = 'duplicate', sha256 = ?2, duplicate_of = ?3, reason_code = 'same-content',
               reason = ?4, run_id = ?5, updated_ms = ?6 WHERE id = ?1",
            params![id, sha256, first.id, format!("the same picture as {}", first.path_text), first.run, self.utc_ms()],
        )?;
        self.ended(id, "DUPLICATE", None)?;
        Ok(Admission::Duplicate(first.id))
    }

    /// Records that a file is no picture that can be read, and why.
    pub fn record_rejection(&self, id: FileId, sha256: Option<&Sha256>, code: &str, reason: &str) -> Result<()> {
        self.end(id, IntakeState::Rejected, sha256, code, reason)?;
        self.ended(id, "REJECT", Some("rejection"))
    }

    /// Records that a file is not to be imported, such as one that lay in the folder before the station did.
    pub fn ignore_file(&self, id: FileId, code: &str, reason: &str) -> Result<()> {
        self.end(id, IntakeState::Ignored, None, code, reason)?;
        self.ended(id, "IGNORE", None)
    }

    fn end(&self, id: FileId, state: IntakeState, sha256: Option<&Sha256>, code: &str, reason: &str) -> Result<()> {
        let known = self.intake_file(id)?;
        if !(known.state.is_open() || known.state == IntakeState::Admitted) {
            return Err(Error::refused(format!("file {id} is '{}' already", known.state)));
        }
        if code.is_empty() {
            return Err(Error::refused("a file is not refused without a reason"));
        }
        self.execute(
            "UPDATE intake_file SET state = ?2, sha256 = coalesce(?3, sha256), reason_code = ?4, reason = ?5,
               updated_ms = ?6 WHERE id = ?1",
            params![id, state, sha256, code, reason, self.utc_ms()],
        )?;
        Ok(())
    }

    fn ended(&self, id: FileId, action: &'static str, kind: Option<&str>) -> Result<()> {
        let file = self.intake_file(id)?;
        let told = json!({
            "file_id": id, "path": file.path_text, "revision": file.revision, "size": file.size,
            "sha256": file.sha256, "state": file.state, "reason_code": file.reason_code, "reason": file.reason,
            "duplicate_of": file.duplicate_of,
        });
        let entry = NewAudit {
            action,
            resource: Sealed::Intake.resource(),
            resource_id: id.to_string(),
            new: Some(told.clone()),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Intake)?;
        kind.map_or(Ok(()), |kind| self.tell_hub(kind, &told))
    }

    /// Ties a file to its run.
    pub(crate) fn file_done(&self, id: FileId, run: RunId) -> Result<()> {
        let changed = self.execute(
            "UPDATE intake_file SET state = 'done', run_id = ?2, updated_ms = ?3
             WHERE id = ?1 AND state IN ('admitted', 'done')",
            params![id, run, self.utc_ms()],
        )?;
        if changed == 1 { Ok(()) } else { Err(Error::refused(format!("file {id} was not admitted"))) }
    }
}

impl Reading<'_> {
    /// A file.
    pub fn intake_file(&self, id: FileId) -> Result<IntakeFile> {
        let mut statement = self.connection().prepare_cached(&format!("{FILE} WHERE id = ?1"))?;
        statement.query_row(params![id], file).optional()?.ok_or_else(|| Error::not_found("file", &id))
    }

    /// The latest revision of a name.
    pub fn latest_file(&self, path: &[u8]) -> Result<Option<IntakeFile>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{FILE} WHERE path = ?1 ORDER BY revision DESC LIMIT 1"))?;
        Ok(statement.query_row(params![path], file).optional()?)
    }

    /// The file that was admitted with a content.
    pub fn file_with_content(&self, sha256: &Sha256) -> Result<Option<IntakeFile>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{FILE} WHERE sha256 = ?1 AND state IN ('admitted', 'done')"))?;
        Ok(statement.query_row(params![sha256], file).optional()?)
    }

    /// Files in a state, oldest first: what is to be taken up again after a restart.
    pub fn files_in(&self, state: IntakeState, limit: u32) -> Result<Vec<IntakeFile>> {
        let mut statement =
            self.connection().prepare_cached(&format!("{FILE} WHERE state = ?1 ORDER BY seq LIMIT ?2"))?;
        let rows = statement.query_map(params![state, limit], file)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Files, newest first.
    pub fn files(&self, state: Option<IntakeState>, page: Page) -> Result<Listed<IntakeFile>> {
        // Named only where it is asked for, so that its index finds the page.
        let of_state = if state.is_some() { "state = ?3 AND" } else { "?3 IS NULL AND" };
        let mut statement = self
            .connection()
            .prepare_cached(&format!("{FILE} WHERE {of_state} seq < ?1 ORDER BY seq DESC LIMIT ?2"))?;
        let rows = statement.query_map(params![page.before(), page.rows(), state], file)?;
        Ok(Listed::new(rows.collect::<rusqlite::Result<_>>()?, page, |file: &IntakeFile| file.seq))
    }

    /// How many files are in each state.
    pub fn file_counts(&self) -> Result<Vec<(IntakeState, u64)>> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT state, count(*) FROM intake_file GROUP BY state ORDER BY state")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
