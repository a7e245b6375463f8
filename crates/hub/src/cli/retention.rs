//! `retention`: the end of what is older than a month.

use super::{args::RetentionArgs, print};
use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use tokio_postgres::Client;
use wellread_hub::{db::Server, schema};

/// A month that goes.
#[derive(Debug, Serialize)]
struct Month {
    #[serde(rename = "month")]
    name: String,
    /// As PostgreSQL guesses: counting would read all of it.
    runs_about: i64,
    wells_about: i64,
    bytes: i64,
}

/// What goes.
#[derive(Debug, Serialize)]
struct Told {
    before: String,
    done: bool,
    months: Vec<Month>,
    dropped: Option<i32>,
}

pub(super) async fn end(args: &RetentionArgs, json: bool) -> anyhow::Result<()> {
    let before = month(&args.before)?;
    let server = args.owner.server()?;
    let months = going(&server, before).await?;
    let dropped = if args.yes { Some(schema::drop_before(&server, before).await?) } else { None };
    let told = Told { before: args.before.clone(), done: args.yes, months, dropped };
    print::either(json, &told, || words(&told))
}

fn words(told: &Told) -> String {
    let rows: Vec<_> = told
        .months
        .iter()
        .map(|month| {
            let mib = month.bytes / (1024 * 1024);
            [month.name.clone(), month.runs_about.to_string(), month.wells_about.to_string(), format!("{mib} MiB")]
        })
        .collect();
    let table = print::table(["month", "runs (about)", "wells (about)", "size"], &rows);
    match told.dropped {
        Some(count) => format!("{table}\n{count} months before {} were dropped, for all organizations", told.before),
        None if told.months.is_empty() => format!("there is no month before {}", told.before),
        None => format!(
            "{table}\nThese months would go, with every run in them, for all organizations, and with them what the default \
             partitions got before {}. Make a backup, then say it again with --yes.",
            told.before
        ),
    }
}

fn month(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d");
    let first = first.ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    Ok(first.with_context(|| format!("'{text}' is no month: it is written as 2026-01"))?.and_utc())
}

async fn going(server: &Server, before: DateTime<Utc>) -> anyhow::Result<Vec<Month>> {
    let (client, connection) = server.connect().await?;
    let connection = tokio::spawn(connection);
    let months = look(&client, before).await;
    drop(client);
    connection.await??;
    months
}

async fn look(client: &Client, before: DateTime<Utc>) -> anyhow::Result<Vec<Month>> {
    let rows = client
        .query(
            "SELECT right(c.relname, 7), greatest(c.reltuples, 0)::int8,
               (SELECT greatest(w.reltuples, 0)::int8 FROM pg_class w WHERE w.relnamespace = c.relnamespace
                 AND w.relname = 'well_prediction' || right(c.relname, 8)),
               (SELECT coalesce(sum(pg_total_relation_size(a.oid)), 0)::int8 FROM pg_class a
                 WHERE a.relnamespace = c.relnamespace AND a.relkind = 'r' AND right(a.relname, 8) = right(c.relname, 8))
             FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'microplates.prediction_run'::regclass AND c.relname ~ '_\\d{4}_\\d{2}$'
               AND right(c.relname, 7) < to_char($1::timestamptz AT TIME ZONE 'UTC', 'YYYY_MM')
             ORDER BY 1",
            &[&before],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let month: String = row.try_get(0)?;
            Ok(Month {
                name: month.replace('_', "-"),
                runs_about: row.try_get(1)?,
                wells_about: row.try_get::<_, Option<i64>>(2)?.unwrap_or(0),
                bytes: row.try_get(3)?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_written_in_one_way() {
        assert_eq!(month("2026-01").unwrap().to_rfc3339(), "2026-01-01T00:00:00+00:00", "from its first moment");
        for wrong in ["2026", "2026-13", "2026-01-15", "january", ""] {
            assert!(month(wrong).is_err(), "'{wrong}' is none");
        }
    }
}
