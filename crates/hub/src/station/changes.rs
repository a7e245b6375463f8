//! `org_change`: what came in, in the order it may be seen, for those who watch.

use crate::db::{DbError, Tx, p};
use uuid::Uuid;

/// The most changes that somebody who watches can have missed and still go on; after that he reads anew.
const KEPT: i64 = 100_000;

/// Notes a change: among the last statements before the commit, because every other writer of the organization waits
/// from here on. `kinds` are the tables or things (`run`, `run-state`, `review`, `signature`, `interface-file`,
/// `rejection`, `station`, `station-reference`, `quarantine`); `runs` those it is about.
pub async fn note(tx: &Tx, org: Uuid, station: Option<Uuid>, kinds: &[&str], runs: &[Uuid]) -> Result<i64, DbError> {
    let row = tx
        .query_one(
            "WITH n AS (UPDATE microplates.org_counter SET change_seq = change_seq + 1 WHERE org_id = $1
               RETURNING change_seq)
             INSERT INTO microplates.org_change (org_id, seq, station_id, kinds, run_ids)
             SELECT $1, n.change_seq, $2, $3, $4 FROM n RETURNING seq",
            &[p(&org), p(&station), p(&kinds.to_vec()), p(&runs.to_vec())],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// Takes away changes that nobody goes on from any more. Returns how many, at most 10 000 at once.
pub async fn trim(tx: &Tx, org: Uuid) -> Result<u64, DbError> {
    tx.execute(
        "DELETE FROM microplates.org_change c USING microplates.org_counter n
         WHERE c.org_id = $1 AND n.org_id = $1 AND c.seq <= n.change_seq - $2
           AND c.seq < (SELECT min(seq) FROM microplates.org_change WHERE org_id = $1) + 10000",
        &[p(&org), p(&KEPT)],
    )
    .await
}
