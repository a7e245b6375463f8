//! What a station has of its own: accounts, settings, layouts, assays. Two stations may call different things by one
//! name, so these are kept by station, beside what headquarters publish.

use super::{Work, newest, rows};
use crate::db::{DbError, Tx, p};
use serde::Serialize;
use serde_json::json;
use wellread_wire::event::{Event, StationAssay, StationConfig, StationUserNow};

#[derive(Serialize)]
struct Placed<T> {
    #[serde(flatten)]
    row: T,
    log_seq: i64,
}

/// Keeps accounts as they are now.
pub(super) async fn upsert_accounts(tx: &Tx, work: &Work<'_>) -> Result<(), DbError> {
    let told = work.of(|event| if let Event::User(told) = event { Some(&told.user) } else { None });
    let told: Vec<Placed<&StationUserNow>> =
        newest(told.into_iter().map(|(_, told, row)| (row.id, Placed { row, log_seq: told.seq })));
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.station_account AS a
           (org_id, station_id, id, username, email, first_name, last_name, is_active, roles, log_seq)
         SELECT $1, $2, t.id, t.username, t.email, t.first_name, t.last_name, t.is_active, t.roles, t.log_seq
         FROM jsonb_to_recordset($3::text::jsonb) AS t (id uuid, username text, email text, first_name text,
           last_name text, is_active boolean, roles text[], log_seq bigint)
         ON CONFLICT (org_id, station_id, id) DO UPDATE SET username = EXCLUDED.username, email = EXCLUDED.email,
           first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name, is_active = EXCLUDED.is_active,
           roles = EXCLUDED.roles, log_seq = EXCLUDED.log_seq, updated_at = now()
         WHERE a.log_seq < $4",
        &[p(&work.source.org), p(&work.source.station), p(&rows(&told)?), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}

/// Keeps settings as they are now.
pub(super) async fn upsert_config(tx: &Tx, work: &Work<'_>) -> Result<(), DbError> {
    let told = work.of(|event| if let Event::Config(told) = event { Some(told) } else { None });
    let told: Vec<Placed<&StationConfig>> =
        newest(told.into_iter().map(|(_, told, row)| (row.key.as_str(), Placed { row, log_seq: told.seq })));
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.station_config AS c (org_id, station_id, key, value, log_seq)
         SELECT $1, $2, t.key, coalesce(t.value, 'null'), t.log_seq
         FROM jsonb_to_recordset($3::text::jsonb) AS t (key text, value jsonb, log_seq bigint)
         ON CONFLICT (org_id, station_id, key) DO UPDATE SET value = EXCLUDED.value, log_seq = EXCLUDED.log_seq,
           updated_at = now()
         WHERE c.log_seq < $4",
        &[p(&work.source.org), p(&work.source.station), p(&rows(&told)?), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}

/// Keeps layouts as they are now.
pub(super) async fn upsert_layouts(tx: &Tx, work: &Work<'_>) -> Result<(), DbError> {
    let told = work.of(|event| if let Event::Layout(told) = event { Some(&told.layout) } else { None });
    let told = newest(told.into_iter().map(|(_, told, layout)| {
        let row = json!({
            "id": layout.id, "version": layout.version, "name": layout.name,
            "plate_format": layout.format.to_string(), "definition": { "wells": layout.wells },
            "retired_at_ms": layout.retired_at_ms,
        });
        ((layout.id.as_str(), layout.version), Placed { row, log_seq: told.seq })
    }));
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.station_layout AS l
           (org_id, station_id, id, version, name, plate_format, definition, retired_at, log_seq)
         SELECT $1, $2, t.id, t.version, t.name, t.plate_format, t.definition,
           timestamptz 'epoch' + t.retired_at_ms * interval '1 millisecond', t.log_seq
         FROM jsonb_to_recordset($3::text::jsonb) AS t (id text, version integer, name text, plate_format text,
           definition jsonb, retired_at_ms bigint, log_seq bigint)
         ON CONFLICT (org_id, station_id, id, version) DO UPDATE SET name = EXCLUDED.name,
           plate_format = EXCLUDED.plate_format, definition = EXCLUDED.definition, retired_at = EXCLUDED.retired_at,
           log_seq = EXCLUDED.log_seq, updated_at = now()
         WHERE l.log_seq < $4",
        &[p(&work.source.org), p(&work.source.station), p(&rows(&told)?), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}

/// Keeps versions of assays.
pub(super) async fn upsert_assays(tx: &Tx, work: &Work<'_>) -> Result<(), DbError> {
    let told = work.of(|event| if let Event::Assay(told) = event { Some(told) } else { None });
    let told: Vec<Placed<&StationAssay>> = newest(
        told.into_iter().map(|(_, told, row)| ((row.id.as_str(), row.version), Placed { row, log_seq: told.seq })),
    );
    if told.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.station_assay AS a (org_id, station_id, id, version, name, toml, log_seq)
         SELECT $1, $2, t.id, t.version, t.name, t.toml, t.log_seq
         FROM jsonb_to_recordset($3::text::jsonb) AS t (id text, version integer, name text, toml text, log_seq bigint)
         ON CONFLICT (org_id, station_id, id, version) DO UPDATE SET name = EXCLUDED.name, toml = EXCLUDED.toml,
           log_seq = EXCLUDED.log_seq
         WHERE a.log_seq < $4",
        &[p(&work.source.org), p(&work.source.station), p(&rows(&told)?), p(&work.source.beats)],
    )
    .await?;
    Ok(())
}
