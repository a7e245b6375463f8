//! What a plate says, as it was read.

use crate::{
    db::{DbError, Tx},
    read::sql::{Sql, get},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a plate says.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PlateResults {
    /// Wells by call.
    #[schema(value_type = Object)]
    pub counts: Value,
    /// End points of the sample series.
    #[schema(value_type = Object)]
    pub distribution: Value,
    /// Everything else: series, statistics, validity.
    #[schema(value_type = Object)]
    pub results: Value,
}

pub(super) async fn results(tx: &Tx, org: Uuid, run: Uuid) -> Result<Option<PlateResults>, DbError> {
    let text = "SELECT c.counts, i.results FROM microplates.row_counts c
        JOIN microplates.interface_results i ON i.org_id = c.org_id AND i.run_id = c.run_id WHERE";
    let sql = Sql::new(text).with(" c.org_id = ?", org).with(" AND c.run_id = ?", run);
    let rows = sql.query(tx).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut results: Value = get(row, "results")?;
    let distribution = results.as_object_mut().and_then(|object| object.remove("distribution"));
    Ok(Some(PlateResults {
        counts: get(row, "counts")?,
        distribution: distribution.unwrap_or_else(|| json!({})),
        results,
    }))
}
