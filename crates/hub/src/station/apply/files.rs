//! `interface_file` and `intake_rejection`: files on their way out, and files that were not let in.

use super::{Refused, Work, newest, rows};
use crate::{
    db::{DbError, Tx, p},
    station::who::column,
};
use serde::Serialize;
use std::collections::HashSet;
use uuid::Uuid;
use wellread_wire::event::{Event, InterfaceFileNow, Rejection};

#[derive(Serialize)]
struct FileRow<'a> {
    #[serde(flatten)]
    file: &'a InterfaceFileNow,
    created_by: Option<Uuid>,
    log_seq: i64,
}

/// Keeps interface files as they are now.
pub(super) async fn upsert_interface_files(tx: &Tx, work: &mut Work<'_>) -> Result<(), DbError> {
    let told = work.of(|event| if let Event::InterfaceFile(told) = event { Some(&told.file) } else { None });
    if told.is_empty() {
        return Ok(());
    }
    let files = newest(
        told.iter()
            .map(|(_, record, file)| (file.id, FileRow { file, created_by: record.account(), log_seq: record.seq })),
    );
    let ids: Vec<Uuid> = files.iter().map(|row| row.file.id).collect();
    let found = tx
        .query(
            "SELECT id FROM microplates.interface_file WHERE org_id = $1 AND id = ANY ($2) AND station_id <> $3",
            &[p(&work.source.org), p(&ids), p(&work.source.station)],
        )
        .await?;
    let foreign: HashSet<Uuid> = found.iter().map(|row| column(row, 0)).collect::<Result<_, _>>()?;
    for (at, _, file) in told.iter().filter(|(_, _, file)| foreign.contains(&file.id)) {
        let why = format!("interface file {} is another station's, and only that one tells about it", file.id);
        work.set(*at, Refused::new("file-foreign", why).outcome());
    }
    let files: Vec<_> = files.into_iter().filter(|row| !foreign.contains(&row.file.id)).collect();
    tx.execute(
        "INSERT INTO microplates.interface_file AS f (org_id, id, station_id, seq, sample_no, file_name, file_path,
           file_size, status, generated_at, delivered_at, error_msg, created_by, created_at, offset_min, template,
           revision, test_no, target, sha256, attempts, next_try_at, log_seq)
         SELECT $1, t.id, $2, t.seq, t.sample_no, t.file_name, t.file_path, t.size, t.status,
           timestamptz 'epoch' + t.generated_at_ms * interval '1 millisecond',
           timestamptz 'epoch' + t.delivered_at_ms * interval '1 millisecond', t.error_msg, t.created_by,
           timestamptz 'epoch' + (t.created ->> 'utc_ms')::bigint * interval '1 millisecond',
           (t.created ->> 'offset_min')::integer, t.template, t.revision, t.test_no, t.target, t.sha256, t.attempts,
           timestamptz 'epoch' + t.next_try_ms * interval '1 millisecond', t.log_seq
         FROM jsonb_to_recordset($3::text::jsonb) AS t (id uuid, seq bigint, sample_no text, file_name text,
           file_path text, size bigint, status text, generated_at_ms bigint, delivered_at_ms bigint, error_msg text,
           created_by uuid, created jsonb, template text, revision integer, test_no text, target text, sha256 text,
           attempts bigint, next_try_ms bigint, log_seq bigint)
         ON CONFLICT (org_id, id) DO UPDATE SET seq = EXCLUDED.seq, sample_no = EXCLUDED.sample_no,
           file_name = EXCLUDED.file_name, file_path = EXCLUDED.file_path, file_size = EXCLUDED.file_size,
           status = EXCLUDED.status, generated_at = EXCLUDED.generated_at, delivered_at = EXCLUDED.delivered_at,
           error_msg = EXCLUDED.error_msg, template = EXCLUDED.template, revision = EXCLUDED.revision,
           test_no = EXCLUDED.test_no, target = EXCLUDED.target, sha256 = EXCLUDED.sha256,
           attempts = EXCLUDED.attempts, next_try_at = EXCLUDED.next_try_at, log_seq = EXCLUDED.log_seq,
           updated_at = now()
         WHERE f.station_id = EXCLUDED.station_id AND f.log_seq < $4",
        &[p(&work.source.org), p(&work.source.station), p(&rows(&files)?), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}

#[derive(Serialize)]
struct RejectionRow<'a> {
    #[serde(flatten)]
    rejection: &'a Rejection,
    at_ms: i64,
    offset_min: i32,
    log_seq: i64,
}

/// Keeps files that are no pictures, or were there before.
pub(super) async fn upsert_rejections(tx: &Tx, work: &Work<'_>) -> Result<(), DbError> {
    let told = work.of(|event| if let Event::Rejection(rejection) = event { Some(rejection) } else { None });
    let told = newest(told.into_iter().map(|(_, told, rejection)| {
        let (at_ms, offset_min) = (told.record.at_ms, told.record.offset_min);
        (rejection.file_id, RejectionRow { rejection, at_ms, offset_min, log_seq: told.seq })
    }));
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.intake_rejection AS r (org_id, station_id, file_id, path, revision, size, sha256, state,
           reason_code, reason, duplicate_of, at, offset_min, log_seq)
         SELECT $1, $2, t.file_id, t.path, t.revision, t.size, t.sha256, t.state, t.reason_code, t.reason,
           t.duplicate_of, timestamptz 'epoch' + t.at_ms * interval '1 millisecond', t.offset_min, t.log_seq
         FROM jsonb_to_recordset($3::text::jsonb) AS t (file_id uuid, path text, revision bigint, size bigint,
           sha256 text, state text, reason_code text, reason text, duplicate_of uuid, at_ms bigint,
           offset_min integer, log_seq bigint)
         ON CONFLICT (org_id, station_id, file_id) DO UPDATE SET path = EXCLUDED.path, revision = EXCLUDED.revision,
           size = EXCLUDED.size, sha256 = EXCLUDED.sha256, state = EXCLUDED.state, reason_code = EXCLUDED.reason_code,
           reason = EXCLUDED.reason, duplicate_of = EXCLUDED.duplicate_of, at = EXCLUDED.at,
           offset_min = EXCLUDED.offset_min, log_seq = EXCLUDED.log_seq
         WHERE r.log_seq < $4",
        &[p(&work.source.org), p(&work.source.station), p(&rows(&told)?), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}
