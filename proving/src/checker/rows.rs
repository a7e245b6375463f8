//! Rows of SQLite and PostgreSQL in one form: a key, and columns as JSON values.

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Number, Value};
use std::path::Path;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, types::Type};
use uuid::Uuid;

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) key: String,
    columns: Vec<(String, Value)>,
}

/// What differs between two rows of one key.
pub(super) fn differs(told: &Row, had: &Row, tolerance: f64) -> Option<String> {
    if told.columns.len() != had.columns.len() {
        return Some(format!("{} columns here, {} there", told.columns.len(), had.columns.len()));
    }
    let pairs = told.columns.iter().zip(&had.columns);
    pairs.into_iter().find(|((_, told), (_, had))| !same(told, had, tolerance)).map(|((name, told), (_, had))| {
        let short = |value: &Value| value.to_string().chars().take(160).collect::<String>();
        format!("{name} is {} at the station and {} at the hub", short(told), short(had))
    })
}

/// Whether two values are the same; numbers by their value, so that 1 and 1.0 are.
fn same(one: &Value, other: &Value, tolerance: f64) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other, tolerance),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other, tolerance))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other, tolerance)))
        }
        _ => one == other,
    }
}

fn same_number(one: &Number, other: &Number, tolerance: f64) -> bool {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return one == other;
    }
    let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) else { return false };
    (one - other).abs() <= tolerance * one.abs().max(other.abs()) || one.to_bits() == other.to_bits()
}

/// A station's database, to look at.
pub(super) fn open(path: &Path) -> anyhow::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("cannot look into {}", path.display()))
}

/// The rows of a question to a station: its first column is the key.
pub(super) fn of_station(file: &Connection, sql: &str, low: Uuid, high: Uuid) -> anyhow::Result<Vec<Row>> {
    let mut statement = file.prepare(sql).with_context(|| format!("the station's side: {sql}"))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let takes = statement.parameter_count();
    let (low, high) = (low.to_string(), high.to_string());
    let params: &[&dyn rusqlite::ToSql] = &[&low, &high];
    let mut rows = statement.query(params.get(..takes).unwrap_or_default())?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate().skip(1) {
            let value = value_of(row.get_ref(at)?, name.ends_with("_json"))?;
            columns.push((name.clone(), value));
        }
        all.push(Row { key: row.get(0)?, columns });
    }
    Ok(all)
}

/// The runs of a station that are over.
pub(super) fn run_ids(file: &Connection) -> anyhow::Result<Vec<Uuid>> {
    let mut statement = file.prepare("SELECT id FROM prediction_run WHERE status IN ('completed', 'failed')")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    rows.map(|id| Ok(id?.parse()?)).collect()
}

fn value_of(value: ValueRef<'_>, is_json: bool) -> anyhow::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) if is_json => serde_json::from_slice(text)?,
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(_) => anyhow::bail!("a BLOB has no place in a comparison"),
    })
}

/// The hub's rows, asked for as the owner of the cluster: nothing is hidden.
pub(super) struct HubRows {
    runtime: Runtime,
    client: Client,
    stations: Vec<Uuid>,
}

impl HubRows {
    pub(super) fn connect(url: &str, stations: Vec<Uuid>) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        runtime.spawn(connection);
        Ok(Self { runtime, client, stations })
    }

    /// The rows of a question whose first parameter is the stations, and the two others a part of the runs.
    pub(super) fn of(&mut self, sql: &str, part: Option<(Uuid, Uuid)>) -> anyhow::Result<Vec<Row>> {
        let asked = async {
            match part {
                None => self.client.query(sql, &[&self.stations]).await,
                Some((low, high)) => self.client.query(sql, &[&self.stations, &low, &high]).await,
            }
        };
        let rows = self.runtime.block_on(asked).with_context(|| format!("the hub's side: {sql}"))?;
        rows.iter().map(row_of).collect()
    }

    pub(super) fn run_ids(&mut self) -> anyhow::Result<Vec<Uuid>> {
        let sql = "SELECT id::text FROM microplates.prediction_run WHERE station_id = ANY ($1)";
        self.of(sql, None)?.iter().map(|row| Ok(row.key.parse()?)).collect()
    }

    /// Verified blobs, and where their bytes are.
    pub(super) fn contents(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        let sql = "SELECT sha256, object_key FROM microplates.blob
            WHERE state = 'verified' AND station_id = ANY ($1)";
        let rows = self.of(sql, None)?;
        let key = |row: &Row| row.columns.first().and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned();
        Ok(rows.iter().map(|row| (row.key.clone(), key(row))).collect())
    }
}

fn row_of(row: &tokio_postgres::Row) -> anyhow::Result<Row> {
    let mut columns = Vec::with_capacity(row.len());
    for (at, column) in row.columns().iter().enumerate().skip(1) {
        let value = match *column.type_() {
            Type::TEXT => row.try_get::<_, Option<String>>(at)?.map(Value::from),
            Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(Value::from),
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Value::from),
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(at)?.map(Value::from),
            Type::UUID => row.try_get::<_, Option<Uuid>>(at)?.map(|id| Value::from(id.to_string())),
            Type::JSONB => row.try_get::<_, Option<Value>>(at)?,
            Type::TEXT_ARRAY => row.try_get::<_, Option<Vec<String>>>(at)?.map(Value::from),
            ref other => anyhow::bail!("column {} has the type {other}, which is not compared", column.name()),
        };
        columns.push((column.name().to_owned(), value.unwrap_or(Value::Null)));
    }
    Ok(Row { key: row.try_get(0)?, columns })
}
