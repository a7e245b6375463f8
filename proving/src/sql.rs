//! Statements at the hub's database, past the hub.

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// A connection, from code that is in no runtime.
pub struct Sql {
    runtime: Runtime,
    client: Client,
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sql").finish_non_exhaustive()
    }
}

impl Sql {
    /// Connects.
    pub fn connect(url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).context(url.to_owned())?;
        runtime.spawn(connection);
        Ok(Self { runtime, client })
    }

    /// Statements without rows.
    pub fn batch(&self, sql: &str) -> anyhow::Result<()> {
        self.runtime.block_on(self.client.batch_execute(sql)).with_context(|| sql.to_owned())
    }

    /// The rows of a question.
    pub fn rows(
        &self,
        sql: &str,
        params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> anyhow::Result<Vec<tokio_postgres::Row>> {
        self.runtime.block_on(self.client.query(sql, params)).with_context(|| sql.to_owned())
    }

    /// One number.
    pub fn number(&self, sql: &str) -> anyhow::Result<i64> {
        Ok(self.rows(sql, &[])?.first().context("no row came")?.try_get(0)?)
    }

    /// One text.
    pub fn text(&self, sql: &str) -> anyhow::Result<String> {
        Ok(self.rows(sql, &[])?.first().context("no row came")?.try_get(0)?)
    }
}
