//! `interface_file`: what the LIMS receives for a sample, from wanted to delivered.
//!
//! `pending` -> `generated` -> `delivered`; `failed` is where it stays until somebody tries again.

use crate::{
    Error, Listed, Page, Reading, Result, Sha256, Writing, audit::NewAudit, ids::InterfaceFileId, seal::Sealed,
    stamp::Now, words::words,
};
use rusqlite::{OptionalExtension as _, Row, ToSql, params};
use serde::Serialize;
use serde_json::json;

words! {
    /// How far an interface file is.
    pub enum InterfaceStatus("interface file status") {
        /// It is wanted.
        Pending = "pending",
        /// Its bytes are made.
        Generated = "generated",
        /// It is where it belongs, as far as anybody can tell.
        Delivered = "delivered",
        /// It was refused, or cannot be made.
        Failed = "failed",
    }
}

/// An interface file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInterfaceFile {
    /// Its id.
    pub id: InterfaceFileId,
    /// The sample.
    pub sample_no: String,
    /// The format's template.
    pub template: String,
    /// Where it goes, as the settings name it.
    pub target: String,
    /// Its name.
    pub file_name: String,
    /// The number the LIMS knows the request by, or empty.
    pub test_no: String,
}

/// An interface file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InterfaceFile {
    /// Its place in the order of interface files.
    pub seq: i64,
    /// Its id.
    pub id: InterfaceFileId,
    /// The sample.
    pub sample_no: String,
    /// The format's template.
    pub template: String,
    /// Which turn of this template, for this sample and target.
    pub revision: u32,
    /// Where it goes.
    pub target: String,
    /// The number the LIMS knows the request by.
    pub test_no: String,
    /// Its name.
    pub file_name: String,
    /// Where its bytes are kept.
    pub file_path: String,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its content.
    pub sha256: Option<Sha256>,
    /// How far it is.
    pub status: InterfaceStatus,
    /// When it was asked for.
    pub created: Now,
    /// When it was made, in milliseconds since 1970.
    pub generated_at_ms: Option<i64>,
    /// When it was delivered, in milliseconds since 1970.
    pub delivered_at_ms: Option<i64>,
    /// What went wrong last.
    pub error_msg: Option<String>,
    /// How often delivery was tried.
    pub attempts: u32,
    /// When it is tried again, in milliseconds since 1970.
    pub next_try_ms: Option<i64>,
}

const FILE: &str = "SELECT seq, id, sample_no, template, revision, target, test_no, file_name, file_path, file_size,
    sha256, status, created_at, offset_min, generated_at, delivered_at, error_msg, attempts, next_try_ms
    FROM interface_file";

fn file(row: &Row<'_>) -> rusqlite::Result<InterfaceFile> {
    Ok(InterfaceFile {
        seq: row.get(0)?,
        id: row.get(1)?,
        sample_no: row.get(2)?,
        template: row.get(3)?,
        revision: row.get(4)?,
        target: row.get(5)?,
        test_no: row.get(6)?,
        file_name: row.get(7)?,
        file_path: row.get(8)?,
        size: row.get(9)?,
        sha256: row.get(10)?,
        status: row.get(11)?,
        created: Now { utc_ms: row.get(12)?, offset_min: row.get(13)? },
        generated_at_ms: row.get(14)?,
        delivered_at_ms: row.get(15)?,
        error_msg: row.get(16)?,
        attempts: row.get(17)?,
        next_try_ms: row.get(18)?,
    })
}

impl Writing<'_> {
    /// Asks for an interface file; gives it the next revision of its template for this sample and target.
    pub fn enqueue_interface_file(&self, new: &NewInterfaceFile) -> Result<InterfaceFile> {
        if self.sample(&new.sample_no)?.is_none() {
            return Err(Error::not_found("sample", &new.sample_no));
        }
        self.check_name(new.id, &new.target, &new.file_name)?;
        let at = self.stamp().at;
        self.execute(
            "INSERT INTO interface_file (id, sample_no, template, target, file_name, test_no, revision, created_by,
               created_at, offset_min, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT coalesce(max(revision), 0) + 1 FROM interface_file
               WHERE sample_no = ?2 AND template = ?3 AND target = ?4), ?7, ?8, ?9, ?8)",
            params![
                new.id,
                new.sample_no,
                new.template,
                new.target,
                new.file_name,
                new.test_no,
                self.stamp().by.user(),
                at.utc_ms,
                at.offset_min
            ],
        )?;
        self.interface_changed(new.id, "CREATE", None)
    }

    /// Notes that the bytes are made, and where they are kept; the name may carry the moment of making.
    pub fn mark_generated(
        &self,
        id: InterfaceFileId,
        file_name: &str,
        file_path: &str,
        content: (&Sha256, u64),
        generated_at_ms: i64,
    ) -> Result<InterfaceFile> {
        let (sha256, size) = content;
        self.check_name(id, &self.interface_file(id)?.target, file_name)?;
        self.step(
            id,
            &[InterfaceStatus::Pending, InterfaceStatus::Failed],
            "status = 'generated', file_name = ?2, file_path = ?3, sha256 = ?4, file_size = ?5, generated_at = ?6,
             error_msg = NULL, next_try_ms = NULL, updated_at = ?7",
            &[&file_name, &file_path, sha256, &size, &generated_at_ms, &self.utc_ms()],
        )?;
        self.interface_changed(id, "GENERATE", Some(InterfaceStatus::Pending))
    }

    /// Notes that it is where it belongs.
    pub fn mark_delivered(&self, id: InterfaceFileId) -> Result<InterfaceFile> {
        self.step(
            id,
            &[InterfaceStatus::Generated],
            "status = 'delivered', delivered_at = ?2, attempts = attempts + 1, error_msg = NULL, next_try_ms = NULL,
             updated_at = ?2",
            &[&self.utc_ms()],
        )?;
        self.interface_changed(id, "DELIVER", Some(InterfaceStatus::Generated))
    }

    /// Notes that a try did not reach the place, and when to try again. Not an entry of the audit trail: a share that
    /// is away for a week would fill it.
    pub fn note_attempt(&self, id: InterfaceFileId, error: &str, next_try_ms: i64) -> Result<InterfaceFile> {
        self.step(
            id,
            &[InterfaceStatus::Pending, InterfaceStatus::Generated],
            "attempts = attempts + 1, error_msg = ?2, next_try_ms = ?3, updated_at = ?4",
            &[&error, &next_try_ms, &self.utc_ms()],
        )?;
        self.interface_file(id)
    }

    /// Notes that it was refused or cannot be made, and that trying again by itself is of no use.
    pub fn mark_failed(&self, id: InterfaceFileId, error: &str) -> Result<InterfaceFile> {
        let before = self.interface_file(id)?.status;
        self.step(
            id,
            &[InterfaceStatus::Pending, InterfaceStatus::Generated],
            "status = 'failed', attempts = attempts + 1, error_msg = ?2, next_try_ms = NULL, updated_at = ?3",
            &[&error, &self.utc_ms()],
        )?;
        self.interface_changed(id, "FAIL", Some(before))
    }

    /// Has a failed one tried again, from its bytes if they were made.
    pub fn retry_interface_file(&self, id: InterfaceFileId) -> Result<InterfaceFile> {
        self.step(
            id,
            &[InterfaceStatus::Failed],
            "status = CASE WHEN sha256 IS NULL THEN 'pending' ELSE 'generated' END, next_try_ms = NULL,
             updated_at = ?2",
            &[&self.utc_ms()],
        )?;
        self.interface_changed(id, "RETRY", Some(InterfaceStatus::Failed))
    }

    /// Where it goes, nothing is overwritten.
    fn check_name(&self, id: InterfaceFileId, target: &str, file_name: &str) -> Result<()> {
        let mut statement = self.connection().prepare_cached(
            "SELECT count(*) FROM interface_file WHERE target = ?1 AND file_name = ?2 AND file_name <> '' AND id <> ?3",
        )?;
        match statement.query_row(params![target, file_name, id], |row| row.get::<_, i64>(0))? {
            0 => Ok(()),
            _ => {
                Err(Error::refused(format!("'{target}' has a file '{file_name}' already: give this one another name")))
            }
        }
    }

    fn step(&self, id: InterfaceFileId, from: &[InterfaceStatus], set: &str, values: &[&dyn ToSql]) -> Result<()> {
        let status = self.interface_file(id)?.status;
        if !from.contains(&status) {
            return Err(Error::refused(format!("interface file {id} is '{status}', so this cannot be noted of it")));
        }
        let mut all: Vec<&dyn ToSql> = vec![&id];
        all.extend_from_slice(values);
        self.execute(&format!("UPDATE interface_file SET {set} WHERE id = ?1"), all.as_slice())?;
        Ok(())
    }

    fn interface_changed(
        &self,
        id: InterfaceFileId,
        action: &'static str,
        before: Option<InterfaceStatus>,
    ) -> Result<InterfaceFile> {
        let file = self.interface_file(id)?;
        let entry = NewAudit {
            action,
            resource: Sealed::Interface.resource(),
            resource_id: id.to_string(),
            old: before.map(|status| json!({ "status": status })),
            new: Some(json!(file)),
            ..NewAudit::default()
        };
        self.audit_sealed(&entry, Sealed::Interface)?;
        self.tell_hub("interface-file", &json!({ "action": action, "file": file }))?;
        Ok(file)
    }
}

impl Reading<'_> {
    /// An interface file.
    pub fn interface_file(&self, id: InterfaceFileId) -> Result<InterfaceFile> {
        let mut statement = self.connection().prepare_cached(&format!("{FILE} WHERE id = ?1"))?;
        statement.query_row(params![id], file).optional()?.ok_or_else(|| Error::not_found("interface file", &id))
    }

    /// What is to be made or delivered now, oldest first. A try that was planned by a clock which has been set back
    /// since is due as well, or it would wait until the clock is there again.
    pub fn due_interface_files(&self, now_ms: i64, limit: u32) -> Result<Vec<InterfaceFile>> {
        let mut statement = self.connection().prepare_cached(&format!(
            "{FILE} WHERE status IN ('pending', 'generated')
               AND (next_try_ms IS NULL OR next_try_ms <= ?1 OR updated_at > ?1) ORDER BY seq LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![now_ms, limit], file)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Interface files, newest first, of one sample or all, in one status or any.
    pub fn interface_files(
        &self,
        sample_no: Option<&str>,
        status: Option<InterfaceStatus>,
        page: Page,
    ) -> Result<Listed<InterfaceFile>> {
        // Named only where it is asked for, so that its index finds the page; a sample narrows more than a status.
        let of_sample = if sample_no.is_some() { "sample_no = ?3" } else { "?3 IS NULL" };
        let of_status = match (status, sample_no) {
            (Some(_), Some(_)) => "+status = ?4",
            (Some(_), None) => "status = ?4",
            (None, _) => "?4 IS NULL",
        };
        let mut statement = self.connection().prepare_cached(&format!(
            "{FILE} WHERE {of_sample} AND {of_status} AND seq < ?1 ORDER BY seq DESC LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![page.before(), page.rows(), sample_no, status], file)?;
        Ok(Listed::new(rows.collect::<rusqlite::Result<_>>()?, page, |file: &InterfaceFile| file.seq))
    }
}
