//! Whether the object store has what the database says.

use super::Found;
use crate::{
    db::{Db, p},
    objects::{Objects, ObjectsError},
};
use uuid::Uuid;
use wellread_wire::chain::Sha256;

/// Rows at once.
const PAGE: i64 = 1_000;

pub(super) async fn look(
    db: &Db,
    objects: &Objects,
    org: Uuid,
    hashed: Option<u32>,
    found: &mut Found,
) -> anyhow::Result<()> {
    let sample = match hashed {
        Some(count) => Some(sample(db, org, count).await?),
        None => None,
    };
    let mut after = String::new();
    loop {
        let page = page(db, org, &after).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = last.clone();
        for (name, size) in &page {
            found.blobs += 1;
            let deep = sample.as_ref().is_none_or(|sample| sample.contains(name));
            one(objects, org, name, *size, deep, found).await?;
        }
    }
}

async fn one(objects: &Objects, org: Uuid, name: &str, size: i64, deep: bool, found: &mut Found) -> anyhow::Result<()> {
    let sha256: Sha256 = name.parse()?;
    let wrong = match objects.size(org, &sha256).await {
        Ok(there) if i64::try_from(there) == Ok(size) => {
            if !deep {
                return Ok(());
            }
            found.hashed += 1;
            if objects.verify(org, &sha256).await? {
                return Ok(());
            }
            ("blob-hash", "has other bytes than its name says".to_owned())
        }
        Ok(there) => ("blob-size", format!("has {there} bytes in the object store and should have {size}")),
        Err(ObjectsError::Missing(_)) => {
            ("blob-missing", "is verified in the database and not in the object store".to_owned())
        }
        Err(other) => return Err(other.into()),
    };
    let told = format!(
        "blob {name} {}: restore the object store, or set the row's state to 'absent' so that a station that still has it \
         brings it again",
        wrong.1
    );
    found.fault(org, wrong.0, told);
    Ok(())
}

async fn page(db: &Db, org: Uuid, after: &str) -> anyhow::Result<Vec<(String, i64)>> {
    let tx = db.org(org).await?;
    let sql = "SELECT sha256, size FROM microplates.blob WHERE org_id = $1 AND state = 'verified' AND sha256 > $2
       ORDER BY sha256 LIMIT $3";
    let rows = tx.query(sql, &[p(&org), p(&after), p(&PAGE)]).await?;
    tx.commit().await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Other ones every time: names are hashes, so that those from a random place on are as good as any.
async fn sample(db: &Db, org: Uuid, count: u32) -> anyhow::Result<Vec<String>> {
    let tx = db.org(org).await?;
    let sql = "WITH start AS (SELECT encode(sha256(gen_random_uuid()::text::bytea), 'hex') AS name),
         later AS (SELECT sha256, 1 AS turn FROM microplates.blob, start
           WHERE org_id = $1 AND state = 'verified' AND sha256 >= start.name ORDER BY sha256 LIMIT $2),
         earlier AS (SELECT sha256, 2 AS turn FROM microplates.blob, start
           WHERE org_id = $1 AND state = 'verified' AND sha256 < start.name ORDER BY sha256 LIMIT $2)
       SELECT sha256 FROM (SELECT * FROM later UNION ALL SELECT * FROM earlier) found ORDER BY turn, sha256 LIMIT $2";
    let rows = tx.query(sql, &[p(&org), p(&i64::from(count))]).await?;
    tx.commit().await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
