//! Seals: a SHA-256 over a row and what belongs to it, kept in the audit entry that tells of it.
//!
//! The chain proves that the entries are as they were written; the seals extend that to the rows, so that an edit
//! behind the program's back is found wherever it was made. What changes by itself (counters, retries) stays outside.

use crate::{
    Result,
    digest::{Fields, Sha256},
};
use rusqlite::{Connection, params};

/// Finds a row by its id and its version, written after each other: taken apart, because joining the columns would look
/// at every row.
macro_rules! id_and_version {
    () => {
        "id = substr(?1, 1, length(rtrim(?1, '0123456789')) - 1)
         AND version = CAST(substr(?1, length(rtrim(?1, '0123456789')) + 1) AS INTEGER)"
    };
}

/// A kind of row that is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed {
    Station,
    Run,
    Review,
    Signature,
    Intake,
    Interface,
    User,
    Role,
    Config,
    Assay,
    Model,
    Layout,
    OutboxMark,
    Connection,
}

impl Sealed {
    pub(crate) const ALL: [Self; 14] = [
        Self::Station,
        Self::Run,
        Self::Review,
        Self::Signature,
        Self::Intake,
        Self::Interface,
        Self::User,
        Self::Role,
        Self::Config,
        Self::Assay,
        Self::Model,
        Self::Layout,
        Self::OutboxMark,
        Self::Connection,
    ];

    /// The name in the audit trail: the table's.
    pub(crate) const fn resource(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::Run => "prediction_run",
            Self::Review => "well_review",
            Self::Signature => "signature",
            Self::Intake => "intake_file",
            Self::Interface => "interface_file",
            Self::User => "users",
            Self::Role => "roles",
            Self::Config => "system_config",
            Self::Assay => "assay",
            Self::Model => "model",
            Self::Layout => "plate_layout",
            Self::OutboxMark => "outbox_mark",
            Self::Connection => "sync_connection",
        }
    }

    /// The ids of every row that must have a sealed entry.
    pub(crate) const fn ids(self) -> &'static str {
        match self {
            Self::Station => "SELECT id FROM station",
            Self::Run => "SELECT id FROM prediction_run WHERE status IN ('completed', 'failed')",
            Self::Review => "SELECT id FROM well_review",
            Self::Signature => "SELECT id FROM signature",
            Self::Intake => "SELECT id FROM intake_file WHERE state IN ('rejected', 'duplicate', 'ignored')",
            Self::Interface => "SELECT id FROM interface_file",
            Self::User => "SELECT id FROM users",
            Self::Role => "SELECT name FROM roles",
            Self::Config => "SELECT key FROM system_config",
            Self::Assay => "SELECT id || ' ' || version FROM assay",
            Self::Model => "SELECT sha256 FROM model",
            Self::Layout => "SELECT id || ' ' || version FROM plate_layout",
            Self::OutboxMark => "SELECT CAST(only AS TEXT) FROM outbox_mark",
            Self::Connection => "SELECT CAST(only AS TEXT) FROM sync_connection WHERE hub_url <> ''",
        }
    }

    /// What is sealed: the first statement finds the row, the others what belongs to it.
    const fn statements(self) -> &'static [&'static str] {
        match self {
            Self::Station => &["SELECT id, name, created_at, offset_min FROM station WHERE id = ?1"],
            Self::Run => &["SELECT status, content_sha256, error_code, error_msg FROM prediction_run WHERE id = ?1"],
            Self::Review => &["SELECT seq, id, run_id, kind, well, class, label, payload, reason_code, reason_text,
                  actor, user_id, at_ms, offset_min, based_on_seq, conflict, final FROM well_review WHERE id = ?1"],
            Self::Signature => {
                &["SELECT seq, id, run_id, user_id, meaning, at_ms, offset_min, covers_seq, content_hash
                  FROM signature WHERE id = ?1"]
            }
            Self::Intake => &["SELECT id, path, path_text, revision, size, mtime_ns, sha256, state, reason_code,
                  reason, duplicate_of, run_id, first_seen_ms, offset_min FROM intake_file WHERE id = ?1"],
            Self::Interface => &["SELECT id, sample_no, file_name, file_path, file_size, status, generated_at,
                  delivered_at, created_by, created_at, offset_min, template, revision, test_no, target, sha256
                  FROM interface_file WHERE id = ?1"],
            Self::User => &[
                "SELECT id, email, username, password, first_name, last_name, is_active, email_verified, created_at,
                   verifier_expires_ms FROM users WHERE id = ?1",
                "SELECT role_id, assigned_at, assigned_by FROM user_roles WHERE user_id = ?1 ORDER BY role_id",
            ],
            Self::Role => &["SELECT id, name, description, permissions, is_active FROM roles WHERE name = ?1"],
            Self::Config => &["SELECT id, key, value, description, is_active FROM system_config WHERE key = ?1"],
            Self::Assay => {
                &[concat!("SELECT id, version, name, toml, sha256, created_at FROM assay WHERE ", id_and_version!())]
            }
            Self::Model => &["SELECT sha256, name, version, kind, created_at FROM model WHERE sha256 = ?1"],
            Self::Layout => &[concat!(
                "SELECT id, version, name, plate_format, definition, sha256, created_by, created_at, offset_min,
                   retired_at FROM plate_layout WHERE ",
                id_and_version!()
            )],
            Self::OutboxMark => &["SELECT seq, hash FROM outbox_mark WHERE only = ?1"],
            Self::Connection => &["SELECT hub_url, hub_name, org_id, org_name, enrolled_ms FROM sync_connection
                  WHERE only = ?1 AND hub_url <> ''"],
        }
    }

    /// What later schemas added to a row, where it differs from what every older row has: so the seals of older rows
    /// still hold.
    const fn added(self) -> Option<&'static str> {
        match self {
            Self::User => Some("SELECT origin, offline_days FROM users WHERE id = ?1 AND origin <> 'station'"),
            Self::Role => Some("SELECT origin FROM roles WHERE name = ?1 AND origin <> 'station'"),
            Self::Assay => {
                Some(concat!("SELECT origin FROM assay WHERE ", id_and_version!(), " AND origin <> 'station'"))
            }
            Self::Layout => {
                Some(concat!("SELECT origin FROM plate_layout WHERE ", id_and_version!(), " AND origin <> 'station'"))
            }
            _ => None,
        }
    }

    /// The seal of the row as it is now; `None` when it is not there.
    pub(crate) fn of(self, connection: &Connection, id: &str) -> Result<Option<Sha256>> {
        let mut fields = Fields::new(self.resource());
        for (nth, statement) in self.statements().iter().enumerate() {
            let rows = add_rows(&mut fields, connection, statement, id)?;
            if nth == 0 && rows == 0 {
                return Ok(None);
            }
        }
        if let Some(statement) = self.added()
            && connection.prepare_cached(statement)?.exists(params![id])?
        {
            add_rows(&mut fields, connection, statement, id)?;
        }
        Ok(Some(fields.finish()))
    }
}

/// What a run holds, apart from its status: the row and all its children. Made once, when the run is completed.
const RUN_CONTENT: [&str; 5] = [
    "SELECT seq, id, sample_no, submission_no, description, predict_at, annotated_image_path, raw_image_path,
       model_version, processing_time_ms, confidence_threshold, created_by, created_at, offset_min, plate_no, intake_id,
       image_sha256, assay_id, assay_version, model_name, model_sha256, models, app_version, plate_format, grid,
       titre_scale, needs_review, review_reasons, supersedes, reading_key FROM prediction_run WHERE id = ?1",
    "SELECT well_id, label, class, confidence, bbox, created_at, role, center_x_px, center_y_px, probabilities, flags
     FROM well_prediction WHERE run_id = ?1 ORDER BY id",
    "SELECT counts, created_at FROM row_counts WHERE run_id = ?1 ORDER BY id",
    "SELECT results, created_at FROM interface_results WHERE run_id = ?1 ORDER BY id",
    "SELECT sample_no, file_type, file_name, file_path, file_size, mime_type, width, height, created_at, sha256
     FROM image_file WHERE run_id = ?1 ORDER BY id",
];

/// The hash of everything that a run holds.
pub(crate) fn run_content(connection: &Connection, id: &str) -> Result<Sha256> {
    let mut fields = Fields::new("run content");
    for statement in RUN_CONTENT {
        add_rows(&mut fields, connection, statement, id)?;
    }
    Ok(fields.finish())
}

fn add_rows(fields: &mut Fields, connection: &Connection, statement: &str, id: &str) -> Result<i64> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params![id])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        for column in 0..columns {
            fields.value(row.get_ref(column)?);
        }
    }
    // The number of rows closes the list: a row more cannot pass for the next statement's first.
    fields.int(count);
    Ok(count)
}
