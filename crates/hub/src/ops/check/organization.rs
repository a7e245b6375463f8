//! Whether the rows of an organization agree with each other.

use super::Found;
use crate::db::{Db, Tx, p};
use uuid::Uuid;

pub(super) async fn look(db: &Db, org: Uuid, found: &mut Found) -> anyhow::Result<()> {
    let tx = db.org(org).await?;
    // All of it as of one moment: stations go on bringing while this looks. The transaction has asked something already,
    // and is begun anew for that.
    let anew = format!(
        "ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT set_config('app.org_id', '{org}', true)"
    );
    tx.batch(&anew).await?;
    logs(&tx, org, found).await?;
    feed(&tx, org, found).await?;
    quarantine(&tx, org, found).await?;
    runs(&tx, org, found).await?;
    Ok(tx.commit().await?)
}

/// A log is dense from its base to its head, and ends in the hash that the head says.
async fn logs(tx: &Tx, org: Uuid, found: &mut Found) -> anyhow::Result<()> {
    let sql = "SELECT i.station_id, i.incarnation, i.base_seq, i.head_seq, count(l.seq), coalesce(min(l.seq), i.base_seq + 1),
         coalesce(max(l.seq), i.base_seq),
         coalesce(max(l.hash) FILTER (WHERE l.seq = i.head_seq), i.base_hash) = i.head_hash
       FROM microplates.station_incarnation i
       LEFT JOIN microplates.station_log l ON l.org_id = i.org_id AND l.station_id = i.station_id
         AND l.incarnation = i.incarnation
       WHERE i.org_id = $1 GROUP BY i.org_id, i.station_id, i.incarnation ORDER BY 1, 2";
    for row in tx.query(sql, &[p(&org)]).await? {
        let (station, incarnation): (Uuid, i32) = (row.try_get(0)?, row.try_get(1)?);
        let (base, head, count): (i64, i64, i64) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let (first, last, ends): (i64, i64, bool) = (row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
        found.records += u64::try_from(count).unwrap_or(0);
        if first != base + 1 || last != head || count != head - base {
            let told = format!(
                "the log of station {station} (incarnation {incarnation}) should have the {} records from {} to {head} and \
                 has {count} from {first} to {last}: restore from a backup that is whole",
                head - base,
                base + 1
            );
            found.fault(org, "log-holes", told);
        } else if !ends {
            let told = format!(
                "the log of station {station} (incarnation {incarnation}) does not end in the hash of its head: rows were \
                 changed behind the hub's back; restore from a backup"
            );
            found.fault(org, "log-hash", told);
        }
    }
    let stations = tx.query_one("SELECT count(*) FROM microplates.station WHERE org_id = $1", &[p(&org)]).await?;
    found.stations += u64::try_from(stations.try_get::<_, i64>(0)?).unwrap_or(0);
    Ok(())
}

/// The feed is dense from its horizon on.
async fn feed(tx: &Tx, org: Uuid, found: &mut Found) -> anyhow::Result<()> {
    let sql = "SELECT c.feed_horizon, c.feed_seq, count(f.seq) FILTER (WHERE f.seq >= c.feed_horizon),
         coalesce(max(f.seq), 0), count(f.seq)
       FROM microplates.org_counter c LEFT JOIN microplates.org_feed f ON f.org_id = c.org_id
       WHERE c.org_id = $1 GROUP BY c.org_id";
    let Some(row) = tx.query_opt(sql, &[p(&org)]).await? else {
        found.fault(org, "counter", "the organization has no row in org_counter: nothing can be written to its feed");
        return Ok(());
    };
    let (horizon, head, dense): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (last, all): (i64, i64) = (row.try_get(3)?, row.try_get(4)?);
    found.feed += u64::try_from(all).unwrap_or(0);
    if dense != head - horizon + 1 || last > head {
        let told = format!(
            "the feed should have the {} entries from {horizon} to {head} and has {dense} (the last is {last}): stations \
             would miss some; restore from a backup, or publish again and take a new epoch (`wellread-hub epoch new`)",
            head - horizon + 1
        );
        found.fault(org, "feed-holes", told);
    }
    Ok(())
}

/// What a log calls quarantined is in the quarantine, and stations are told the right number.
async fn quarantine(tx: &Tx, org: Uuid, found: &mut Found) -> anyhow::Result<()> {
    let sql = "SELECT count(*) FROM microplates.station_log l WHERE l.org_id = $1 AND l.outcome = 'quarantined'
       AND NOT EXISTS (SELECT FROM microplates.sync_quarantine q WHERE q.org_id = l.org_id
         AND q.station_id = l.station_id AND q.incarnation = l.incarnation AND q.seq = l.seq)";
    let lost: i64 = tx.query_one(sql, &[p(&org)]).await?.try_get(0)?;
    if lost > 0 {
        found.fault(org, "quarantine-lost", format!("{lost} quarantined records have no row in sync_quarantine"));
    }
    let sql = "SELECT s.id, s.rejected, count(q.seq) FROM microplates.station s
       LEFT JOIN microplates.sync_quarantine q ON q.org_id = s.org_id AND q.station_id = s.id AND q.state = 'open'
       WHERE s.org_id = $1 GROUP BY s.org_id, s.id HAVING s.rejected <> count(q.seq)";
    for row in tx.query(sql, &[p(&org)]).await? {
        let (station, said, open): (Uuid, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let told = format!("station {station} is said to have {said} records in quarantine and has {open}");
        found.fault(org, "quarantine-count", told);
    }
    Ok(())
}

/// A run has what belongs to it, and a record that told of it.
async fn runs(tx: &Tx, org: Uuid, found: &mut Found) -> anyhow::Result<()> {
    let sql = "SELECT count(*),
         count(*) FILTER (WHERE s.run_id IS NULL),
         count(*) FILTER (WHERE r.status = 'completed' AND i.run_id IS NULL),
         count(*) FILTER (WHERE l.seq IS NULL),
         count(*) FILTER (WHERE r.tableoid = 'microplates.prediction_run_default'::regclass)
       FROM microplates.prediction_run r
       LEFT JOIN microplates.run_state s ON s.org_id = r.org_id AND s.run_id = r.id
       LEFT JOIN microplates.interface_results i ON i.org_id = r.org_id AND i.run_id = r.id
       LEFT JOIN microplates.station_log l ON l.org_id = r.org_id AND l.station_id = r.station_id
         AND l.incarnation = r.incarnation AND l.seq = r.log_seq
       WHERE r.org_id = $1";
    let row = tx.query_one(sql, &[p(&org)]).await?;
    let counts: Vec<i64> = (0..5).map(|column| row.try_get(column)).collect::<Result<_, _>>()?;
    let [all, no_state, no_results, no_record, elsewhere] = counts.as_slice() else { return Ok(()) };
    found.runs += u64::try_from(*all).unwrap_or(0);
    for (count, code, what) in [
        (no_state, "run-state", "no row in run_state"),
        (no_results, "run-results", "no row in interface_results"),
        (no_record, "run-record", "no record in station_log that told of them"),
    ] {
        if *count > 0 {
            found.fault(org, code, format!("{count} runs have {what}: restore from a backup that is whole"));
        }
    }
    if *elsewhere > 0 {
        let told = format!(
            "organization {org}: {elsewhere} runs are in the default partition, because their stations' clocks are off or \
             their month is not made"
        );
        found.notes.push(told);
    }
    Ok(())
}
