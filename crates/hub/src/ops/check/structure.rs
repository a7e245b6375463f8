//! Whether the database is made as this program expects it, and is no older than the object store.

use super::Found;
use crate::{
    db::{Db, Tx, p},
    objects::Objects,
    ops::migrations,
    schema::SchemaError,
};
use chrono::{DateTime, Datelike as _, Months, Utc};
use uuid::Uuid;

pub(super) async fn look(db: &Db, objects: &Objects, now: DateTime<Utc>, found: &mut Found) -> anyhow::Result<()> {
    match migrations::current(db).await {
        Ok(None) => {}
        Ok(Some(newer)) => found.notes.push(newer),
        Err(why @ SchemaError::Role(_)) => found.fault(None, "role", why.to_string()),
        Err(why) => found.fault(None, "migrations", why.to_string()),
    }
    let tx = db.nobody().await?;
    isolation(&tx, found).await?;
    months(&tx, now, found).await?;
    marker(&tx, objects, found).await?;
    Ok(tx.commit().await?)
}

/// Every table with rows of organizations, the partitions among them.
async fn isolation(tx: &Tx, found: &mut Found) -> anyhow::Result<()> {
    let sql = "SELECT c.oid::regclass::text FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('auth', 'microplates', 'public')
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity
         AND EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = c.oid AND o.polname = 'tenancy'))
       ORDER BY 1";
    for row in tx.query(sql, &[]).await? {
        let table: String = row.try_get(0)?;
        let told =
            format!("{table} does not keep organizations apart: run, as the owner, microplates.fn_isolate('{table}')");
        found.fault(None, "isolation", told);
    }
    Ok(())
}

async fn months(tx: &Tx, now: DateTime<Utc>, found: &mut Found) -> anyhow::Result<()> {
    for ahead in 0..=1 {
        let month = now.checked_add_months(Months::new(ahead)).unwrap_or(now);
        let suffix = format!("_{:04}_{:02}", month.year(), month.month());
        let sql = "SELECT t FROM unnest(ARRAY['prediction_run', 'row_counts', 'interface_results', 'well_prediction',
             'image_file', 'run_state', 'well_review', 'signature']) t
           WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             JOIN pg_class whole ON whole.oid = i.inhparent AND whole.relname = t
             JOIN pg_namespace n ON n.oid = whole.relnamespace AND n.nspname = 'microplates'
             WHERE c.relname = t || $1)";
        for row in tx.query(sql, &[p(&suffix)]).await? {
            let table: String = row.try_get(0)?;
            let told = format!("{table} has no partition {table}{suffix}: is housekeeping running? See the hub's log");
            found.fault(None, "partitions", told);
        }
    }
    Ok(())
}

async fn marker(tx: &Tx, objects: &Objects, found: &mut Found) -> anyhow::Result<()> {
    let row = tx.query_one("SELECT epoch, generation FROM public.hub_state", &[]).await?;
    let (epoch, generation): (Uuid, i64) = (row.try_get(0)?, row.try_get(1)?);
    match objects.marker().await {
        Ok(None) => found.notes.push("the object store has no marker yet: no hub has been started on it".to_owned()),
        Ok(Some(marker)) if marker.epoch == epoch && marker.generation <= generation => {}
        Ok(Some(marker)) => found.notes.push(format!(
            "this database is older than the object store, or of another history (generation {generation} of epoch \
             {epoch}; the store has seen {} of {}): it was restored, and the next `serve` takes a new epoch",
            marker.generation, marker.epoch
        )),
        Err(why) => found.fault(None, "object-store", format!("{why}")),
    }
    Ok(())
}
