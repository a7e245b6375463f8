//! The same rows straight into PostgreSQL, as fast as it can fairly be done: same tables, indexes, checks, triggers and
//! row-level security, four connections, fifty runs a transaction.
//!
//! The rows lie ready in memory; making them from a station's log is what the sync does beside. Once as the hub's own
//! role with `INSERT … SELECT FROM unnest(…)`, once as a superuser with COPY, whom row-level security does not hold.

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::{SinkExt as _, TryStreamExt as _};
use std::time::Instant;
use tokio_postgres::{Client, NoTls};
use wellread_testdb::{Database, Postgres};

/// Connections at once.
const CONNECTIONS: usize = 4;
/// Runs of a transaction.
const TOGETHER: usize = 50;

/// How long each way took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Straight {
    pub(super) insert_s: f64,
    pub(super) copy_s: f64,
}

/// The tables that a run's rows are in, parents first, and the column that names the run.
const TABLES: [(&str, &str); 7] = [
    ("prediction_run", "id"),
    ("row_counts", "run_id"),
    ("interface_results", "run_id"),
    ("well_prediction", "run_id"),
    ("image_file", "run_id"),
    ("run_state", "run_id"),
    ("station_log", ""),
];

/// What is loaded before, because rows refer to it.
const BEFORE: [&str; 4] =
    ["auth.organizations", "microplates.org_counter", "microplates.station", "microplates.station_incarnation"];

/// A transaction's rows of a table, as COPY takes them.
#[derive(Clone)]
struct Part {
    table: &'static str,
    columns: String,
    types: Vec<String>,
    text: Bytes,
}

/// Loads what `from` holds into two new databases.
pub(super) fn load(server: &Postgres, from: &Database) -> anyhow::Result<Straight> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let parts = runtime.block_on(parts(&from.superuser_url()))?;
    let run = |is_copy: bool| -> anyhow::Result<f64> {
        let database = server.database()?;
        runtime.block_on(prepare(&from.superuser_url(), &database.superuser_url()))?;
        let url = if is_copy { database.superuser_url() } else { database.app_url() };
        let org = runtime.block_on(org(&database.superuser_url()))?;
        let began = Instant::now();
        runtime.block_on(load_all(&url, &org, &parts, is_copy))?;
        Ok(began.elapsed().as_secs_f64())
    };
    Ok(Straight { insert_s: run(false)?, copy_s: run(true)? })
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context(url.to_owned())?;
    tokio::spawn(connection);
    Ok(client)
}

async fn org(url: &str) -> anyhow::Result<String> {
    let client = connect(url).await?;
    let row = client.query_one("SELECT org_id::text FROM auth.organizations LIMIT 1", &[]).await?;
    Ok(row.try_get(0)?)
}

/// Columns that are not generated, and their types.
async fn columns(client: &Client, table: &str) -> anyhow::Result<(String, Vec<String>)> {
    let sql = "SELECT quote_ident(attname), format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' ORDER BY attnum";
    let rows = client.query(sql, &[&table]).await?;
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    Ok((names.join(", "), rows.iter().map(|row| row.get(1)).collect()))
}

/// Everything that was synced, cut into transactions.
async fn parts(url: &str) -> anyhow::Result<Vec<Vec<Part>>> {
    let client = connect(url).await?;
    let runs = client.query("SELECT id::text FROM microplates.prediction_run ORDER BY run_number", &[]).await?;
    let runs: Vec<String> = runs.iter().map(|row| row.get(0)).collect();
    let mut all = Vec::new();
    for (nth, chunk) in runs.chunks(TOGETHER).enumerate() {
        let ids = chunk.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",");
        let mut transaction = Vec::new();
        for (table, key) in TABLES {
            let (columns, types) = columns(&client, &format!("microplates.{table}")).await?;
            let wanted = if key.is_empty() {
                let (low, high) = (nth * TOGETHER + 1, (nth + 1) * TOGETHER);
                format!("seq BETWEEN {low} AND {high}")
            } else {
                format!("{key} IN ({ids})")
            };
            let sql = format!("COPY (SELECT {columns} FROM microplates.{table} WHERE {wanted}) TO STDOUT");
            let text: Vec<Bytes> = client.copy_out(&sql).await?.try_collect().await?;
            transaction.push(Part { table, columns, types, text: text.concat().into() });
        }
        all.push(transaction);
    }
    Ok(all)
}

async fn prepare(from: &str, to: &str) -> anyhow::Result<()> {
    let (from, to) = (connect(from).await?, connect(to).await?);
    // The months that the hub has made, so that both load into the same partitions.
    to.batch_execute("SELECT microplates.fn_ensure_partitions(now() - interval '1 month', 12)").await?;
    for table in BEFORE {
        let (columns, _) = columns(&from, table).await?;
        let text: Vec<Bytes> =
            from.copy_out(&format!("COPY (SELECT {columns} FROM {table}) TO STDOUT")).await?.try_collect().await?;
        let sink = to.copy_in::<_, Bytes>(&format!("COPY {table} ({columns}) FROM STDIN")).await?;
        let mut sink = Box::pin(sink);
        sink.send(text.concat().into()).await?;
        sink.as_mut().finish().await?;
    }
    Ok(())
}

async fn load_all(url: &str, org: &str, parts: &[Vec<Part>], is_copy: bool) -> anyhow::Result<()> {
    let mut workers = Vec::new();
    for worker in 0..CONNECTIONS {
        let own: Vec<Vec<Part>> = parts.iter().skip(worker).step_by(CONNECTIONS).cloned().collect();
        let (url, org) = (url.to_owned(), org.to_owned());
        workers.push(tokio::spawn(async move {
            let client = connect(&url).await?;
            // Made before the clock would show it: arrays for unnest, from the text that COPY takes.
            for transaction in own {
                client.batch_execute(&format!("BEGIN; SELECT set_config('app.org_id', '{org}', true)")).await?;
                for part in &transaction {
                    if is_copy { copy(&client, part).await? } else { insert(&client, part).await? }
                }
                client.batch_execute("COMMIT").await?;
            }
            anyhow::Ok(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(())
}

async fn copy(client: &Client, part: &Part) -> anyhow::Result<()> {
    let sql = format!("COPY microplates.{} ({}) FROM STDIN", part.table, part.columns);
    let sink = client.copy_in::<_, Bytes>(&sql).await?;
    let mut sink = Box::pin(sink);
    sink.send(part.text.clone()).await?;
    sink.as_mut().finish().await?;
    Ok(())
}

/// `INSERT … SELECT FROM unnest(…)`: a column an array of texts, which PostgreSQL makes into the column's type.
async fn insert(client: &Client, part: &Part) -> anyhow::Result<()> {
    let count = part.types.len();
    let mut arrays: Vec<Vec<Option<String>>> = vec![Vec::new(); count];
    for line in part.text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        for (array, field) in arrays.iter_mut().zip(line.split('\t')) {
            array.push((field != "\\N").then(|| unescaped(field)));
        }
    }
    if arrays.first().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    let casts = part.types.iter().enumerate().map(|(at, kind)| format!("c{at}::{kind}")).collect::<Vec<_>>().join(", ");
    let names = (0..count).map(|at| format!("c{at}")).collect::<Vec<_>>().join(", ");
    let sources = (1..=count).map(|at| format!("${at}::text[]")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "INSERT INTO microplates.{} ({}) SELECT {casts} FROM unnest({sources}) AS t ({names})",
        part.table, part.columns
    );
    let params: Vec<_> = arrays
        .iter()
        .map(|array| (array as &(dyn tokio_postgres::types::ToSql + Sync), tokio_postgres::types::Type::TEXT_ARRAY))
        .collect();
    client.execute_typed(&sql, &params).await.with_context(|| sql.clone())?;
    Ok(())
}

/// The text of a field of COPY's.
fn unescaped(field: &str) -> String {
    let mut out = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            _ => match chars.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('b') => out.push('\u{8}'),
                Some('f') => out.push('\u{c}'),
                Some('v') => out.push('\u{b}'),
                Some(other) => out.push(other),
                None => {}
            },
        }
    }
    out
}
