//! Every statement is one that an index answers.

use crate::house::House;
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;
use wellread_hub::read::{
    events,
    interface_files::InterfaceFilesAsked,
    list::List,
    rejections::RejectionsAsked,
    runs::RunsAsked,
    samples::{Order, SamplesAsked},
    sql::Sql,
    stations::StationsAsked,
    words::{Disposition, FileStatus, RejectionState, Signed, Status},
};

/// A table of fewer pages is read whole quicker than by an index.
const BIG_PAGES: i32 = 16;

#[expect(clippy::unnecessary_wraps, reason = "what is asked for is optional in every list")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn runs(org: Uuid, station: Uuid) -> Vec<(&'static str, Sql)> {
    let plain = RunsAsked::default;
    let asked = [
        ("all", plain(), None),
        ("the last page", plain(), Some(150)),
        ("a sample", RunsAsked { sample: some("S001234"), ..plain() }, None),
        ("a submission", RunsAsked { submission: some("SUB12"), ..plain() }, None),
        ("a text that few begin with", RunsAsked { text: some("s00123"), ..plain() }, None),
        ("a text that all begin with", RunsAsked { text: some("S"), ..plain() }, None),
        ("a text that none begins with", RunsAsked { text: some("x"), ..plain() }, None),
        ("a station", RunsAsked { station: Some(station), ..plain() }, None),
        ("no such station", RunsAsked { station: Some(org), ..plain() }, None),
        ("a rare assay", RunsAsked { assay: some("rare"), ..plain() }, None),
        ("the usual assay", RunsAsked { assay: some("hi"), ..plain() }, None),
        ("failed ones", RunsAsked { status: Some(Status::Failed), ..plain() }, None),
        ("pending ones", RunsAsked { status: Some(Status::Pending), ..plain() }, None),
        ("completed ones", RunsAsked { status: Some(Status::Completed), ..plain() }, None),
        ("ones to review", RunsAsked { disposition: Some(Disposition::ToReview), ..plain() }, None),
        ("accepted ones", RunsAsked { disposition: Some(Disposition::Accepted), ..plain() }, Some(20_000)),
        ("superseded ones", RunsAsked { disposition: Some(Disposition::Superseded), ..plain() }, None),
        ("ones in conflict", RunsAsked { conflict: Some(true), ..plain() }, None),
        ("approved ones", RunsAsked { signed: Some(Signed::Approved), ..plain() }, None),
        ("void ones", RunsAsked { signed: Some(Signed::Void), ..plain() }, None),
        ("ones that need review", RunsAsked { needs_review: Some(true), ..plain() }, None),
        ("old ones", RunsAsked { to: some("2020-01-01"), ..plain() }, None),
        ("new ones", RunsAsked { from: some("2020-01-01"), ..plain() }, None),
        (
            "many filters",
            RunsAsked {
                text: some("S0012"),
                disposition: Some(Disposition::ToReview),
                station: Some(station),
                ..plain()
            },
            None,
        ),
    ];
    asked.into_iter().map(|(what, asked, after)| (what, asked.sql(org, after, 101).unwrap())).collect()
}

fn samples(org: Uuid) -> Vec<(&'static str, Sql)> {
    let (newest, by_number) =
        (SamplesAsked::default, || SamplesAsked { order: Some(Order::Sample), ..Default::default() });
    let asked = [
        ("the newest samples", newest()),
        ("samples by number", by_number()),
        ("samples that begin so", SamplesAsked { text: some("s0012"), ..newest() }),
        ("samples that begin so, by number", SamplesAsked { text: some("s0012"), ..by_number() }),
        ("samples of a submission", SamplesAsked { submission: some("SUB12"), ..newest() }),
        ("old samples", SamplesAsked { to: some("2020-01-01"), ..newest() }),
        ("new samples", SamplesAsked { from: some("2020-01-01"), ..by_number() }),
    ];
    asked.into_iter().map(|(what, asked)| (what, asked.sql(org, None, 101).unwrap())).collect()
}

fn others(org: Uuid, station: Uuid) -> Vec<(&'static str, Sql)> {
    let file = InterfaceFilesAsked::default;
    let files = [
        ("interface files", file()),
        ("files of a sample", InterfaceFilesAsked { sample: some("S001234"), ..file() }),
        ("files of a station", InterfaceFilesAsked { station: Some(station), ..file() }),
        ("failed files", InterfaceFilesAsked { status: Some(FileStatus::Failed), ..file() }),
        ("pending files", InterfaceFilesAsked { status: Some(FileStatus::Pending), ..file() }),
        ("old files", InterfaceFilesAsked { to: some("2020-01-01"), ..file() }),
    ];
    let rejection = RejectionsAsked::default;
    let rejections = [
        ("rejections", rejection()),
        ("rejections of a station", RejectionsAsked { station: Some(station), ..rejection() }),
        ("rejected files", RejectionsAsked { state: Some(RejectionState::Rejected), ..rejection() }),
        ("ignored files", RejectionsAsked { state: Some(RejectionState::Ignored), ..rejection() }),
        ("old rejections", RejectionsAsked { to: some("2020-01-01"), ..rejection() }),
    ];
    let mut all = vec![
        ("stations", StationsAsked::default().sql(org, None, 101).unwrap()),
        ("changes", events::changes(org, 19_990)),
        ("changes from the first", events::changes(org, 0)),
    ];
    all.extend(files.into_iter().map(|(what, asked)| (what, asked.sql(org, None, 101).unwrap())));
    let end = Some((Uuid::max(), station));
    all.extend(rejections.into_iter().map(|(what, asked)| (what, asked.sql(org, end, 101).unwrap())));
    all
}

/// The tables that a plan reads whole.
fn read_whole(plan: &Value, found: &mut BTreeSet<String>) {
    match plan {
        Value::Array(parts) => parts.iter().for_each(|part| read_whole(part, found)),
        Value::Object(node) => {
            if node.get("Node Type").is_some_and(|of| of == "Seq Scan") {
                found.extend(node.get("Relation Name").and_then(Value::as_str).map(str::to_owned));
            }
            node.values().for_each(|part| read_whole(part, found));
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_reads_a_big_table_whole() {
    let house = House::open().await;
    let org = house.org("lab").await;
    house.sql("SELECT microplates.fn_ensure_partitions(now() - interval '5 months', 5)").await;
    house.plates(org.id, 1, 50_000).await;
    house
        .sql(&format!(
            "INSERT INTO microplates.org_change (org_id, seq, kinds)
               SELECT '{}', n, ARRAY['run'] FROM generate_series(1, 20000) n;
             ANALYZE",
            org.id
        ))
        .await;
    let tx = house.hub.db.org(org.id).await.unwrap();
    let big =
        tx.query(&format!("SELECT relname::text FROM pg_class WHERE relpages >= {BIG_PAGES}"), &[]).await.unwrap();
    let big: BTreeSet<String> = big.iter().map(|row| row.get(0)).collect();
    assert!(big.iter().filter(|name| name.starts_with("run_state_20")).count() >= 3, "several months are big: {big:?}");
    let station = tx.query_one("SELECT min(id::text)::uuid FROM microplates.station", &[]).await.unwrap().get(0);
    let mut statements = runs(org.id, station);
    statements.extend(samples(org.id));
    statements.extend(others(org.id, station));
    let mut wrong = Vec::new();
    for (what, sql) in &statements {
        let plan = sql.explain(&tx).await.unwrap();
        let mut whole = BTreeSet::new();
        read_whole(&plan, &mut whole);
        let bad: Vec<&String> = whole.intersection(&big).collect();
        if !bad.is_empty() {
            wrong.push(format!("{what}: {bad:?}\n{plan:#}"));
        }
    }
    tx.commit().await.unwrap();
    assert!(statements.len() >= 45, "every list with every filter: {}", statements.len());
    assert!(wrong.is_empty(), "{} of {} read big tables whole\n{}", wrong.len(), statements.len(), wrong.join("\n"));
}
