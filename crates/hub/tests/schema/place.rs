//! A migrated database, connections to it as different roles, and short ways to ask.

use anyhow::Context as _;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{AsyncMessage, Client, NoTls, Row, error::SqlState};
use uuid::Uuid;
use wellread_testdb::{Database, Postgres};

/// Two organizations with a row in every table.
pub(crate) const A: Uuid = Uuid::from_u128(0x0aaa_aaaa_0000_7000_8000_0000_0000_00aa);
pub(crate) const B: Uuid = Uuid::from_u128(0x0bbb_bbbb_0000_7000_8000_0000_0000_00bb);

pub(crate) struct Place {
    // Before the database, which is dropped with connections cut.
    pub(crate) superuser: Client,
    pub(crate) owner: Client,
    pub(crate) app: Client,
    pub(crate) database: Database,
}

impl Place {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        let database = Postgres::shared()?.database()?;
        Ok(Self {
            superuser: connect(&database.superuser_url()).await?,
            owner: connect(&database.owner_url()).await?,
            app: connect(&database.app_url()).await?,
            database,
        })
    }

    /// One with a row of A and of B in every table.
    pub(crate) async fn filled() -> anyhow::Result<Self> {
        let place = Self::new().await?;
        for org in [A, B] {
            crate::filled::fill(&place.app, org).await?;
        }
        Ok(place)
    }

    /// What everybody's rows come to: the superuser sees all.
    pub(crate) async fn count(&self, sql: &str) -> anyhow::Result<i64> {
        number(&self.superuser, sql).await
    }
}

pub(crate) async fn connect(url: &str) -> anyhow::Result<Client> {
    Ok(listen(url).await?.0)
}

/// A connection and what it is notified of: channel and text.
pub(crate) async fn listen(url: &str) -> anyhow::Result<(Client, UnboundedReceiver<(String, String)>)> {
    let (client, mut connection) = tokio_postgres::connect(url, NoTls).await?;
    let (told, hears) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(note) = message {
                drop(told.send((note.channel().to_owned(), note.payload().to_owned())));
            }
        }
    });
    Ok((client, hears))
}

/// Begins a transaction of an organization.
pub(crate) async fn begin(client: &Client, org: Uuid) -> anyhow::Result<()> {
    Ok(client.batch_execute(&format!("BEGIN; SET LOCAL app.org_id = '{org}'")).await?)
}

/// Does something as an organization and keeps it.
pub(crate) async fn as_org(client: &Client, org: Uuid, sql: &str) -> anyhow::Result<()> {
    client
        .batch_execute(&format!("BEGIN; SET LOCAL app.org_id = '{org}'; {sql}; COMMIT"))
        .await
        .with_context(|| sql.to_owned())
}

/// Tries something inside a transaction and takes it back: the SQLSTATE and message, or how many rows it touched.
pub(crate) async fn attempt(client: &Client, sql: &str) -> anyhow::Result<Result<u64, (String, String)>> {
    client.batch_execute("SAVEPOINT attempt").await?;
    let told = client.execute(sql, &[]).await;
    client.batch_execute("ROLLBACK TO SAVEPOINT attempt").await?;
    refusal(told)
}

pub(crate) fn refusal<T>(told: Result<T, tokio_postgres::Error>) -> anyhow::Result<Result<T, (String, String)>> {
    match told {
        Ok(rows) => Ok(Ok(rows)),
        Err(error) => match error.as_db_error() {
            Some(told) => Ok(Err((told.code().code().to_owned(), told.message().to_owned()))),
            None => Err(error.into()),
        },
    }
}

/// Whether the database refused for want of rights.
pub(crate) fn denied<T>(told: &Result<T, (String, String)>) -> bool {
    matches!(told, Err((code, _)) if code == SqlState::INSUFFICIENT_PRIVILEGE.code())
}

/// The number that a query returns.
pub(crate) async fn number(client: &Client, sql: &str) -> anyhow::Result<i64> {
    let row = client.query_one(sql, &[]).await.with_context(|| sql.to_owned())?;
    Ok(row.try_get(0)?)
}

/// The texts that a query returns.
pub(crate) async fn texts(client: &Client, sql: &str) -> anyhow::Result<Vec<String>> {
    let rows = client.query(sql, &[]).await.with_context(|| sql.to_owned())?;
    rows.iter().map(|row: &Row| Ok(row.try_get(0)?)).collect()
}

/// The tables with `org_id`, without partitions.
pub(crate) async fn tenant_tables(client: &Client) -> anyhow::Result<Vec<String>> {
    texts(
        client,
        "SELECT c.oid::regclass::text FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
         JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('auth', 'microplates', 'public')
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1",
    )
    .await
}

/// The partitions.
pub(crate) async fn partitions(client: &Client) -> anyhow::Result<Vec<String>> {
    texts(client, "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1").await
}
