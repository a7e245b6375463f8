//! What follows from rows by itself: summaries, notifications, and rows that are refused.

use crate::{
    model::{Run, alike, expected},
    place::{A, B, Place, as_org, attempt, begin, connect, denied, listen, number, refusal},
    until::until,
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};
use tokio_postgres::Client;
use uuid::Uuid;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of.get(self.of(of.len())).copied().expect("a die has sides")
    }
}

fn station(n: usize) -> Uuid {
    Uuid::from_u128(0x57a7_0000 + n as u128)
}

fn run_id(n: usize) -> Uuid {
    Uuid::from_u128((1_767_225_600_000u128 + n as u128) << 80 | 0x7 << 76 | n as u128)
}

async fn stations(app: &Client) -> anyhow::Result<()> {
    let mut sql = format!("SELECT auth.fn_add_organization('{A}', 'lab', 'A laboratory');");
    for n in 0..3 {
        write!(
            sql,
            "INSERT INTO microplates.station (org_id, id, name, public_key)
             VALUES ('{A}', '{}', 'S', decode(repeat('00', 32), 'hex'));",
            station(n)
        )?;
    }
    as_org(app, A, &sql).await
}

fn insert(run: &Run) -> String {
    let scale = run.scale_json().map_or_else(|| "NULL".to_owned(), |scale| format!("'{scale}'"));
    format!(
        "INSERT INTO microplates.prediction_run (org_id, id, station_id, station_seq, log_seq, sample_no, predict_at, status,
           error_code, error_msg, image_sha256, assay_id, assay_version, app_version, titre_scale)
         VALUES ('{A}', '{id}', '{station}', {seq}, {n}, '', to_timestamp({n}), '{status}', 'x', 'x', repeat('a', 64), 'hi', 1,
           '1', {scale});",
        id = run_id(run.number),
        station = station(run.station),
        seq = run.station_seq,
        n = run.number,
        status = run.status,
    )
}

fn results(run: &Run) -> String {
    format!(
        "INSERT INTO microplates.interface_results (org_id, run_id, results)
         VALUES ('{A}', '{}', '{{\"distribution\": {}}}');",
        run_id(run.number),
        run.distribution_json()
    )
}

fn states<'a>(runs: impl IntoIterator<Item = &'a Run>) -> String {
    let rows: Vec<String> = runs
        .into_iter()
        .map(|run| {
            format!(
                "('{A}', '{}', '{}', '{}', '{}', '{}', '', '{}', 'hi', to_timestamp({n}), false, '{}', {n})",
                run_id(run.number),
                station(run.station),
                run.status,
                run.disposition,
                run.sample,
                run.plate,
                run.distribution_json(),
                n = run.number
            )
        })
        .collect();
    format!(
        "INSERT INTO microplates.run_state AS s (org_id, run_id, station_id, status, disposition, sample_no, submission_no,
           plate_no, assay_id, predict_at, needs_review, distribution, log_seq) VALUES {}
         ON CONFLICT (org_id, run_id) DO UPDATE SET disposition = EXCLUDED.disposition, sample_no = EXCLUDED.sample_no,
           plate_no = EXCLUDED.plate_no, distribution = EXCLUDED.distribution;",
        rows.join(", ")
    )
}

fn drawn(dice: &mut Dice, number: usize, seqs: &mut BTreeMap<usize, i64>) -> Run {
    let station = dice.of(3);
    let seq = seqs.entry(station).or_default();
    *seq += 1;
    let status = if dice.of(6) == 0 { "failed" } else { "completed" };
    Run {
        number,
        station,
        // Records of a station may come in another order than its runs: a quarantined one comes last.
        station_seq: if dice.of(5) == 0 { *seq + 100 } else { *seq },
        sample: dice.pick(&["S-1", "S-2", "S-3", ""]).to_owned(),
        plate: dice.pick(&["", "1", "2"]).to_owned(),
        status,
        disposition: if status == "failed" {
            "none"
        } else {
            dice.pick(&["accepted", "accepted", "to-review", "rejected"])
        },
        distribution: (0..dice.of(4)).map(|_| (dice.of(13) as u8, dice.of(9) as u64)).collect(),
        scale: dice.pick(&[Some(0), Some(0), Some(0), Some(1), None]),
        deleted: false,
    }
}

async fn compare(place: &Place, runs: &[Run], when: &str) -> anyhow::Result<()> {
    let sql = "SELECT s.sample_no, s.summary, s.total_runs, s.counted_runs, s.last_run_id, s.last_run_at, r.run_number = s.last_run_number
        FROM microplates.sample_summary s JOIN microplates.prediction_run r ON r.id = s.last_run_id";
    let rows = place.superuser.query(sql, &[]).await?;
    let mut found: BTreeMap<String, _> = rows.iter().map(|row| (row.get::<_, String>(0), row)).collect();
    for sample in ["S-1", "S-2", "S-3"] {
        let Some(expected) = expected(runs, sample) else {
            assert!(!found.contains_key(sample), "{sample} has no completed run {when}");
            continue;
        };
        let row = found.remove(sample).ok_or_else(|| anyhow::anyhow!("{sample} is missing {when}"))?;
        let summary: Value = row.get(1);
        assert!(
            alike(summary.get("distribution").unwrap_or(&Value::Null), &expected.distribution),
            "distribution of {sample} {when}: {summary} {expected:?}"
        );
        assert!(
            alike(summary.get("statistics").unwrap_or(&Value::Null), &expected.statistics),
            "statistics of {sample} {when}: {summary} {expected:?}"
        );
        assert_eq!(row.get::<_, i64>(2) as usize, expected.total, "completed runs of {sample} {when}");
        assert_eq!(row.get::<_, i64>(3) as usize, expected.counted, "counted runs of {sample} {when}");
        assert_eq!(row.get::<_, Uuid>(4), run_id(expected.last), "last run of {sample} {when}");
        assert!(row.get::<_, bool>(6), "and its number");
    }
    assert_eq!(found.len(), 0, "no other samples {when}: {:?}", found.keys());
    Ok(())
}

#[tokio::test]
async fn a_summary_is_what_stations_make_of_the_same_runs() -> anyhow::Result<()> {
    let place = Place::new().await?;
    stations(&place.app).await?;
    let mut dice = Dice(5);
    let (mut runs, mut seqs): (Vec<Run>, _) = (Vec::new(), BTreeMap::new());
    for step in 0..60 {
        let mut sql = String::new();
        match dice.of(4) {
            0 if !runs.is_empty() => {
                let at = dice.of(runs.len());
                let run = &mut runs[at];
                run.deleted = !run.deleted;
                let deleted = if run.deleted { "now()" } else { "NULL" };
                write!(
                    sql,
                    "UPDATE microplates.prediction_run SET deleted_at = {deleted} WHERE id = '{}'",
                    run_id(run.number)
                )?;
            }
            1 if !runs.is_empty() => {
                for _ in 0..3 {
                    let at = dice.of(runs.len());
                    let run = &mut runs[at];
                    run.sample = dice.pick(&["S-1", "S-2", "S-3", ""]).to_owned();
                    run.plate = dice.pick(&["", "1", "2"]).to_owned();
                    run.distribution = (0..3).map(|_| (dice.of(13) as u8, dice.of(9) as u64)).collect();
                    if run.status == "completed" {
                        run.disposition =
                            dice.pick(&["accepted", "accepted", "superseded", "rejected", "waiting-sample"]);
                    }
                }
                sql += &states(&runs);
            }
            _ => {
                let new: Vec<Run> = (0..=dice.of(5)).map(|n| drawn(&mut dice, runs.len() + n + 1, &mut seqs)).collect();
                let completed = new.iter().filter(|run| run.status == "completed");
                sql += &new.iter().map(insert).collect::<String>();
                // Whichever of the two comes last sums up.
                let results: String = completed.map(results).collect();
                sql += &if dice.of(2) == 0 { results + &states(&new) } else { states(&new) + &results };
                runs.extend(new);
            }
        }
        as_org(&place.app, A, &sql).await?;
        compare(&place, &runs, &format!("after step {step}")).await?;
    }
    assert!(runs.len() > 80, "the dice made enough of them: {}", runs.len());
    Ok(())
}

fn scan(number: usize, plate: &str, disposition: &'static str) -> Run {
    Run {
        number,
        station: 0,
        station_seq: number as i64,
        sample: "S-1".to_owned(),
        plate: plate.to_owned(),
        status: "completed",
        disposition,
        distribution: [(5, number as u64)].into(),
        scale: Some(0),
        deleted: false,
    }
}

#[tokio::test]
async fn a_plate_scanned_again_replaces_itself_and_counts_only_once_accepted() -> anyhow::Result<()> {
    let place = Place::new().await?;
    stations(&place.app).await?;
    let shown = "SELECT (distribution ->> '5')::int8 FROM microplates.interface_data WHERE sample_no = 'S-1'";
    let mut runs = vec![scan(1, "1", "accepted"), scan(2, "2", "accepted")];
    let all: String = runs.iter().map(insert).chain(runs.iter().map(results)).collect();
    as_org(&place.app, A, &(all + &states(&runs))).await?;
    assert_eq!(place.count(shown).await?, 3, "two plates add up");
    runs.push(scan(4, "1", "to-review"));
    as_org(&place.app, A, &(insert(&runs[2]) + &results(&runs[2]) + &states(&runs[2..]))).await?;
    assert_eq!(place.count(shown).await?, 3, "a scan that waits for review does not count");
    runs[2].disposition = "accepted";
    as_org(&place.app, A, &states(&runs[2..])).await?;
    assert_eq!(place.count(shown).await?, 6, "accepted, it takes the place of the first scan of plate 1");
    let touched = "SELECT (extract(epoch FROM updated_at) * 1000000)::int8 FROM microplates.sample_summary";
    let before = place.count(touched).await?;
    as_org(&place.app, A, &states(&runs)).await?;
    assert_eq!(place.count(touched).await?, before, "told again, nothing changes");
    Ok(())
}

#[tokio::test]
async fn two_stations_with_plates_of_one_sample_lose_nothing() -> anyhow::Result<()> {
    let place = Place::new().await?;
    stations(&place.app).await?;
    let runs = [scan(1, "1", "accepted"), scan(2, "2", "accepted")];
    let all = |run: &Run| insert(run) + &results(run) + &states([run]);
    let other = connect(&place.database.app_url()).await?;
    begin(&place.app, A).await?;
    place.app.batch_execute(&all(&runs[0])).await?;
    let second = all(&runs[1]);
    let second = tokio::spawn(async move { as_org(&other, A, &second).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("the second one waits", async || (place.count(waits).await.unwrap() > 0).then_some(())).await;
    place.app.batch_execute("COMMIT").await?;
    second.await??;
    let counted = place.count("SELECT counted_runs FROM microplates.sample_summary").await?;
    assert_eq!(counted, 2, "the second one has seen what the first one committed while it waited");
    Ok(())
}

#[tokio::test]
async fn a_listener_hears_of_results_and_changes_once_they_are_there() -> anyhow::Result<()> {
    let place = Place::new().await?;
    stations(&place.app).await?;
    let (listener, mut hears) = listen(&place.database.app_url()).await?;
    listener.batch_execute("LISTEN interface_results_new; LISTEN org_change").await?;
    let run = scan(1, "1", "accepted");
    begin(&place.app, A).await?;
    place.app.batch_execute(&(insert(&run) + &results(&run) + &states([&run]))).await?;
    place.app.batch_execute("COMMIT").await?;
    let patience = Duration::from_secs(30);
    let told = tokio::time::timeout(patience, hears.recv()).await?;
    assert_eq!(
        told,
        Some(("interface_results_new".to_owned(), run_id(1).to_string())),
        "the run's id, on the seed's channel"
    );
    as_org(
        &place.app,
        A,
        &format!("INSERT INTO microplates.org_change (org_id, seq, kinds) VALUES ('{A}', 7, '{{run}}')"),
    )
    .await?;
    let told = tokio::time::timeout(patience, hears.recv()).await?;
    assert_eq!(told, Some(("org_change".to_owned(), format!("{A}/7"))), "whose change, and its number");
    Ok(())
}

#[tokio::test]
async fn rows_of_a_run_that_is_not_there_are_refused() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    begin(&place.app, A).await?;
    for table in
        ["row_counts", "interface_results", "well_prediction", "image_file", "run_state", "well_review", "signature"]
    {
        let lost = "00000000-0000-7000-8000-000000000001";
        let sql = format!(
            "INSERT INTO microplates.{table} SELECT (jsonb_populate_record(t, jsonb_build_object('run_id', '{lost}'))).*
             FROM microplates.{table} t"
        );
        let told = attempt(&place.app, &sql).await?;
        assert!(matches!(&told, Err((code, _)) if code == "23503"), "{table}: {told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn trails_are_append_only_also_for_their_owner() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    for table in ["auth.audit_logs", "microplates.audit_anchor"] {
        begin(&place.app, A).await?;
        for sql in
            [format!("UPDATE {table} SET org_id = org_id"), format!("DELETE FROM {table}"), format!("TRUNCATE {table}")]
        {
            let told = attempt(&place.app, &sql).await?;
            assert!(denied(&told), "{sql} as the hub: {told:?}");
        }
        place.app.batch_execute("ROLLBACK").await?;
        for org in [A, B] {
            begin(&place.owner, org).await?;
            let own = number(&place.owner, &format!("SELECT count(*) FROM {table}")).await?;
            assert_eq!(own, 1, "the owner sees one organization at a time too");
            for sql in [format!("UPDATE {table} SET org_id = org_id"), format!("DELETE FROM {table}")] {
                let told = attempt(&place.owner, &sql).await?;
                assert!(denied(&told), "{sql} as the owner: {told:?}");
            }
            place.owner.batch_execute("ROLLBACK").await?;
        }
    }
    let told = refusal(place.owner.batch_execute("TRUNCATE auth.audit_logs").await)?;
    assert!(denied(&told), "not all at once either: {told:?}");
    Ok(())
}
