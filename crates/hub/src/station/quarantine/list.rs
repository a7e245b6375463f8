//! The list of records kept aside.

use crate::{
    Answer, Problem,
    auth::permission::SYNC_ADMIN,
    db::{DbError, Tx},
    read::{
        ask,
        list::{List, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A record in quarantine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuarantineItem {
    /// Whose log.
    pub station: Uuid,
    /// The station's name.
    pub station_name: String,
    /// Which writer's.
    pub incarnation: i32,
    /// Where in it.
    pub seq: i64,
    /// What it tells of.
    pub kind: String,
    /// The version of its payload.
    pub schema_version: i64,
    /// Why the hub could not take it, for programs.
    pub code: String,
    /// And for people.
    pub reason: String,
    /// `open`, `applied` or `dropped`.
    pub state: String,
    /// How often it was tried again.
    pub tries: i32,
    /// Since when.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was settled.
    #[schema(format = DateTime)]
    pub resolved_at: Option<String>,
    /// By whom.
    pub resolved_by: Option<String>,
    /// Why.
    pub why: String,
    /// To the letter.
    pub payload: String,
}

/// Which records.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct QuarantineAsked {
    /// Of one station.
    pub station: Option<Uuid>,
    /// `open` where nothing is said, `applied`, `dropped` or `all`.
    pub state: Option<String>,
    /// With this code.
    pub code: Option<String>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`.
    pub format: Option<String>,
}

impl List for QuarantineAsked {
    type Item = QuarantineItem;
    type Key = (Uuid, i32, i64);

    fn name(&self) -> &'static str {
        "quarantine"
    }

    fn permission(&self) -> &'static str {
        SYNC_ADMIN
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<(Uuid, i32, i64)>, rows: u32) -> Answer<Sql> {
        let state = match self.state.as_deref() {
            None => Some("open"),
            Some("all") => None,
            Some(state @ ("open" | "applied" | "dropped")) => Some(state),
            Some(other) => {
                return Err(Problem::invalid(format!("'{other}' is no state: ask for open, applied, dropped or all")));
            }
        };
        let mut sql = Sql::new(
            "SELECT q.*, s.name AS station_name FROM microplates.sync_quarantine q
             JOIN microplates.station s ON s.org_id = q.org_id AND s.id = q.station_id WHERE ",
        )
        .with("q.org_id = ?", org)
        .with_some(" AND q.station_id = ?", self.station)
        .with_some(" AND q.state = ?", state.map(str::to_owned))
        .with_some(" AND q.code = ?", self.code.clone());
        if let Some((station, incarnation, seq)) = after {
            sql = sql
                .with(" AND (q.station_id, q.incarnation, q.seq) > (?", station)
                .with(", ?", incarnation)
                .with(", ?)", seq);
        }
        Ok(sql.then(" ORDER BY q.station_id, q.incarnation, q.seq").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<QuarantineItem, DbError> {
        Ok(QuarantineItem {
            station: get(row, "station_id")?,
            station_name: get(row, "station_name")?,
            incarnation: get(row, "incarnation")?,
            seq: get(row, "seq")?,
            kind: get(row, "kind")?,
            schema_version: get(row, "schema_version")?,
            code: get(row, "code")?,
            reason: get(row, "reason")?,
            state: get(row, "state")?,
            tries: get(row, "tries")?,
            created_at: ask::written(get(row, "created_at")?),
            resolved_at: get::<Option<DateTime<Utc>>>(row, "resolved_at")?.map(ask::written),
            resolved_by: get(row, "resolved_by")?,
            why: get(row, "why")?,
            payload: get(row, "payload")?,
        })
    }

    fn key(&self, item: &QuarantineItem) -> (Uuid, i32, i64) {
        (item.station, item.incarnation, item.seq)
    }
}

impl SheetRow for QuarantineItem {
    const COLUMNS: &'static [&'static str] = &[
        "station",
        "station_name",
        "incarnation",
        "seq",
        "kind",
        "schema_version",
        "code",
        "reason",
        "state",
        "tries",
        "created_at",
        "resolved_at",
        "resolved_by",
        "why",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Text(self.station.to_string()),
            Cell::Text(self.station_name.clone()),
            Cell::number(self.incarnation),
            Cell::number(self.seq),
            Cell::Text(self.kind.clone()),
            Cell::number(self.schema_version),
            Cell::Text(self.code.clone()),
            Cell::Text(self.reason.clone()),
            Cell::Text(self.state.clone()),
            Cell::number(self.tries),
            Cell::Text(self.created_at.clone()),
            Cell::or_empty(self.resolved_at.clone(), Cell::Text),
            Cell::or_empty(self.resolved_by.clone(), Cell::Text),
            Cell::Text(self.why.clone()),
        ]
    }
}

/// Records that wait for somebody, at most so many; for the command line.
pub async fn list(tx: &Tx, org: Uuid, asked: &QuarantineAsked, most: u32) -> Answer<Vec<QuarantineItem>> {
    let rows = asked.sql(org, None, most)?.query(tx).await?;
    Ok(rows.iter().map(|row| asked.item(row)).collect::<Result<_, _>>()?)
}
