//! Months of runs: made ahead, filled from the default partitions, dropped when their time is over.

use crate::place::{A, B, Place, as_org, attempt, begin, connect, denied, refusal, texts};
use chrono::{DateTime, Utc};
use std::{collections::BTreeMap, fmt::Write as _};
use uuid::Uuid;
use wellread_hub::{
    db::Db,
    schema::{drop_before, ensure_months},
};

const TABLES: [&str; 8] = [
    "prediction_run",
    "row_counts",
    "interface_results",
    "well_prediction",
    "image_file",
    "run_state",
    "well_review",
    "signature",
];

fn at(text: &str) -> anyhow::Result<DateTime<Utc>> {
    Ok(text.parse()?)
}

/// Copies an organization's only run, with all that hangs on it, to an id of this moment.
async fn run_at(place: &Place, org: Uuid, when: &str, sample: &str) -> anyhow::Result<Uuid> {
    let millis = at(when)?.timestamp_millis() as u128;
    let id = Uuid::from_u128(millis << 80 | 0x7 << 76 | 0x8 << 60 | org.as_u128() & 0xff);
    let mut sql = String::new();
    for table in TABLES {
        let key = if table == "prediction_run" { "id" } else { "run_id" };
        let columns = texts(
            &place.superuser,
            &format!(
                "SELECT attname::text FROM pg_attribute WHERE attrelid = 'microplates.{table}'::regclass AND attnum > 0
                 AND NOT attisdropped AND (attidentity = '' OR attname = '{key}')"
            ),
        )
        .await?;
        let values: Vec<String> = columns
            .iter()
            .map(|column| match column.as_str() {
                column if column == key => format!("'{id}'"),
                "sample_no" => format!("'{sample}'"),
                column => column.to_owned(),
            })
            .collect();
        write!(
            sql,
            "INSERT INTO microplates.{table} ({}) SELECT {} FROM microplates.{table} WHERE org_id = '{org}' AND {key} = '{org}';",
            columns.join(", "),
            values.join(", ")
        )?;
    }
    as_org(&place.app, org, &sql).await?;
    Ok(id)
}

/// In which partitions a run and its rows are.
async fn partitions_of(place: &Place, id: Uuid) -> anyhow::Result<Vec<String>> {
    let each = TABLES.map(|table| {
        let key = if table == "prediction_run" { "id" } else { "run_id" };
        format!("SELECT tableoid::regclass::text AS at FROM microplates.{table} WHERE {key} = '{id}'")
    });
    texts(&place.superuser, &format!("SELECT at FROM ({}) t ORDER BY at", each.join(" UNION ALL "))).await
}

fn in_month(suffix: &str) -> Vec<String> {
    let mut all = TABLES.map(|table| format!("microplates.{table}_{suffix}")).to_vec();
    all.sort();
    all
}

/// Every row of everybody, without where it lies.
async fn rows(place: &Place) -> anyhow::Result<BTreeMap<&'static str, Vec<String>>> {
    let mut all = BTreeMap::new();
    for table in TABLES.into_iter().chain(["sample_summary"]) {
        let sql = format!("SELECT to_jsonb(t)::text FROM microplates.{table} t ORDER BY 1");
        all.insert(table, texts(&place.superuser, &sql).await?);
    }
    Ok(all)
}

#[tokio::test]
async fn months_are_made_ahead_and_only_once() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let db = Db::new(&place.database.app_url().parse()?, 2)?;
    let now = at("2040-05-17T12:00:00Z")?;
    assert_eq!(ensure_months(&db, now, 3).await?, 5, "the last one, this one and three ahead");
    assert_eq!(ensure_months(&db, now, 3).await?, 0, "they are there");
    assert_eq!(ensure_months(&db, now, 4).await?, 1, "one more");
    let sql = "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '_2040_0[4-9]$'";
    assert_eq!(place.count(sql).await?, 48, "of eight tables, April to September");
    let (one, other) = tokio::join!(
        ensure_months(&db, at("2050-01-01T00:00:00Z")?, 3),
        ensure_months(&db, at("2050-01-01T00:00:00Z")?, 3)
    );
    assert_eq!(one? + other?, 5, "two nodes at once make each month once");
    let made_at_first =
        "SELECT count(*) FROM pg_class WHERE relispartition AND relname ~ '^prediction_run_20[23]\\d_\\d\\d$'";
    assert_eq!(place.count(made_at_first).await?, 5, "a new database has the last month, this one and three ahead");
    Ok(())
}

#[tokio::test]
async fn a_run_lies_in_the_month_of_its_id_to_the_last_millisecond() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let db = Db::new(&place.database.app_url().parse()?, 1)?;
    ensure_months(&db, at("2040-05-17T12:00:00Z")?, 1).await?;
    for (when, month) in [
        ("2040-04-30T23:59:59.999Z", "2040_04"),
        ("2040-05-01T00:00:00.000Z", "2040_05"),
        ("2040-05-31T23:59:59.999Z", "2040_05"),
        ("2040-06-01T00:00:00.000Z", "2040_06"),
    ] {
        let id = run_at(&place, A, when, "S-2").await?;
        assert_eq!(partitions_of(&place, id).await?, in_month(month), "a run of {when} with all that hangs on it");
    }
    Ok(())
}

#[tokio::test]
async fn runs_of_a_wrong_clock_wait_in_the_default_and_move_when_their_month_is_made() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let mut waiting = Vec::new();
    for org in [A, B] {
        waiting.push(run_at(&place, org, "2071-03-14T00:00:00Z", "S-9").await?);
    }
    let stays = run_at(&place, A, "2071-04-01T00:00:00Z", "S-9").await?;
    for id in &waiting {
        assert_eq!(partitions_of(&place, *id).await?, in_month("default"), "there is no March 2071 yet");
    }
    let before = rows(&place).await?;
    let made = place.app.query_one("SELECT microplates.fn_ensure_partitions('2071-03-20', 1)", &[]).await?;
    assert_eq!(made.get::<_, i32>(0), 1, "the hub's own role makes it, and may not look into it");
    for id in &waiting {
        assert_eq!(partitions_of(&place, *id).await?, in_month("2071_03"), "of every organization");
    }
    assert_eq!(partitions_of(&place, stays).await?, in_month("default"), "April is not March");
    assert_eq!(rows(&place).await?, before, "no row and no summary is another");
    begin(&place.app, A).await?;
    let told = attempt(&place.app, "SELECT FROM microplates.prediction_run_2071_03").await?;
    assert!(denied(&told), "a month made later is as closed as the others: {told:?}");
    let hidden = "SELECT count(*) FROM microplates.prediction_run";
    assert_eq!(crate::place::number(&place.app, hidden).await?, 3, "and through its parent shows A its own runs");
    Ok(())
}

#[tokio::test]
async fn retention_drops_months_and_sums_up_what_is_left() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let db = Db::new(&place.database.app_url().parse()?, 1)?;
    ensure_months(&db, at("2020-03-01T00:00:00Z")?, 1).await?;
    let old = run_at(&place, A, "2020-02-10T00:00:00Z", "S-1").await?;
    let gone = run_at(&place, B, "2020-02-11T00:00:00Z", "S-7").await?;
    let kept = run_at(&place, A, "2020-04-10T00:00:00Z", "S-2").await?;
    let total = |org: Uuid, sample: &str| {
        format!(
            "SELECT coalesce(sum(total_runs), -1)::int8 FROM microplates.sample_summary WHERE org_id = '{org}' AND sample_no = '{sample}'"
        )
    };
    assert_eq!(place.count(&total(A, "S-1")).await?, 2, "the one of filled.rs and the old one");

    let dropped = drop_before(&place.database.owner_url().parse()?, at("2020-04-01T00:00:00Z")?).await?;
    assert_eq!(dropped, 2, "February and March");
    for id in [old, gone] {
        assert_eq!(partitions_of(&place, id).await?, Vec::<String>::new(), "nothing of the run is left");
    }
    assert_eq!(partitions_of(&place, kept).await?, in_month("2020_04"), "April has not ended before April");
    assert_eq!(place.count(&total(A, "S-1")).await?, 1, "what is left counts");
    assert_eq!(place.count(&total(B, "S-7")).await?, -1, "a sample without runs has no summary");
    assert_eq!(place.count(&total(A, "S-2")).await?, 1, "another sample is as it was");
    assert_eq!(drop_before(&place.database.owner_url().parse()?, at("2020-04-01T00:00:00Z")?).await?, 0, "once");
    Ok(())
}

#[tokio::test]
async fn the_default_partition_ends_by_the_hubs_clock() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    // The runs of filled.rs have ids of 1972; the hub has got them just now.
    drop_before(&place.database.owner_url().parse()?, at("2020-01-01T00:00:00Z")?).await?;
    assert_eq!(partitions_of(&place, A).await?, in_month("default"), "a clock that shows 1972 does not make a run old");
    let future = run_at(&place, B, "2090-01-01T00:00:00Z", "S-3").await?;
    let sql = format!("UPDATE microplates.prediction_run SET created_at = '2019-06-01' WHERE id = '{future}'");
    place.superuser.batch_execute(&sql).await?;
    drop_before(&place.database.owner_url().parse()?, at("2020-01-01T00:00:00Z")?).await?;
    assert_eq!(partitions_of(&place, future).await?, Vec::<String>::new(), "and one that shows 2090 does not keep it");
    assert_eq!(partitions_of(&place, B).await?, in_month("default"), "the others are as they were");
    let left = place.count("SELECT count(*) FROM microplates.sample_summary WHERE sample_no = 'S-3'").await?;
    assert_eq!(left, 0, "its sample went with it");
    Ok(())
}

#[tokio::test]
async fn what_months_cannot_be_is_refused() -> anyhow::Result<()> {
    let place = Place::new().await?;
    for call in [
        "fn_ensure_partitions(now(), 0)",
        "fn_ensure_partitions(now(), 121)",
        "fn_ensure_partitions(NULL, 1)",
        "fn_ensure_partitions('1970-01-01', 1)",
    ] {
        let told = refusal(place.app.query(&format!("SELECT microplates.{call}"), &[]).await)?;
        assert!(matches!(&told, Err((code, _)) if code == "22023"), "{call}: {told:?}");
    }
    let told = refusal(place.app.query("SELECT microplates.fn_drop_partitions_before('2001-01-01')", &[]).await)?;
    assert!(denied(&told), "the hub's role cannot remove a run: {told:?}");
    let owner = connect(&place.database.owner_url()).await?;
    let told =
        refusal(owner.query("SELECT microplates.fn_drop_partitions_before(now() + interval '1 day')", &[]).await)?;
    assert!(matches!(&told, Err((code, _)) if code == "22023"), "retention does not reach what is to come: {told:?}");
    Ok(())
}
