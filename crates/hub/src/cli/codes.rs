//! `enrol-code`: codes for stations.

use super::{
    args::{CodeCreateArgs, CodeListArgs, CodeRevokeArgs},
    organizations::{ACTOR, enter},
    print, start,
};
use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;
use wellread_hub::{
    auth::audit::{self, Entry},
    db::p,
    station::enrol_code::{self, CodeWanted},
};

pub(super) async fn create(args: &CodeCreateArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(&args.database).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let wanted = CodeWanted { note: args.note.clone(), station: args.station, good_hours: Some(args.hours) };
    let made = enrol_code::create(&hub, &tx, org, None, &wanted).await.map_err(start::told)?;
    tx.commit().await?;
    let whom = args.station.map_or_else(|| "one new station".to_owned(), |station| format!("station {station} alone"));
    print::either(json, &made, || {
        format!(
            "{}\ngood for {whom}, until {}: at the station, `wellread enrol URL {}`\nIt is shown this once.",
            made.code, made.expires_at, made.code
        )
    })
}

/// A code in a list.
#[derive(Debug, Serialize)]
struct Item {
    id: Uuid,
    note: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    state: String,
    station: Option<String>,
}

pub(super) async fn list(args: &CodeListArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(&args.database).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let rows = tx
        .query(
            "SELECT c.id, c.note, c.created_at, c.expires_at, CASE WHEN c.used_at IS NOT NULL THEN 'used'
               WHEN c.revoked_at IS NOT NULL THEN 'revoked' WHEN c.expires_at <= $2 THEN 'expired' ELSE 'open' END, s.name
             FROM microplates.enrol_code c
             LEFT JOIN microplates.station s ON s.org_id = c.org_id AND s.id = coalesce(c.used_by, c.station_id)
             WHERE c.org_id = $1 ORDER BY c.created_at DESC, c.id LIMIT 1000",
            &[p(&org), p(&hub.clock.now())],
        )
        .await?;
    tx.commit().await?;
    let mut items = Vec::new();
    for row in &rows {
        items.push(Item {
            id: row.try_get(0)?,
            note: row.try_get(1)?,
            created_at: row.try_get(2)?,
            expires_at: row.try_get(3)?,
            state: row.try_get(4)?,
            station: row.try_get(5)?,
        });
    }
    print::either(json, &items, || {
        let rows: Vec<_> = items
            .iter()
            .map(|item| {
                let station = item.station.clone().unwrap_or_default();
                let until = item.expires_at.format("%Y-%m-%d %H:%M").to_string();
                [item.id.to_string(), item.state.clone(), until, station, item.note.clone()]
            })
            .collect();
        print::table(["id", "state", "good until (UTC)", "station", "note"], &rows)
    })
}

pub(super) async fn revoke(args: &CodeRevokeArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(&args.database).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let sql = "SELECT used_at IS NOT NULL FROM microplates.enrol_code WHERE org_id = $1 AND id = $2 FOR UPDATE";
    let row = tx.query_opt(sql, &[p(&org), p(&args.id)]).await?;
    let row = row.with_context(|| format!("{} has no code {}: `enrol-code list` lists them", args.slug, args.id))?;
    let used: bool = row.try_get(0)?;
    ensure!(!used, "the code was used already: take the station off the list at headquarters instead");
    let sql = "UPDATE microplates.enrol_code SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL";
    if tx.execute(sql, &[p(&org), p(&args.id), p(&hub.clock.now())]).await? > 0 {
        let entry = Entry {
            action: "REVOKE",
            resource: "enrol_code",
            resource_id: args.id.to_string(),
            actor: ACTOR.to_owned(),
            ..Entry::default()
        };
        audit::note(&hub, &tx, org, &entry).await?;
    }
    tx.commit().await?;
    print::either(json, &json!({ "id": args.id, "state": "revoked" }), || {
        format!("code {} lets no station in any more", args.id)
    })
}
