//! Statements from code that may or may not be inside a runtime.

use anyhow::Context as _;
use std::{future::Future, thread};
use tokio_postgres::{Client, NoTls};

/// Does something with a connection, on a thread and a runtime of its own.
pub(crate) fn on<T, F>(url: String, work: impl FnOnce(Client) -> F + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>>,
{
    let told = thread::spawn(move || -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls)
                .await
                .with_context(|| format!("no PostgreSQL answers at {url}"))?;
            let connection = tokio::spawn(connection);
            let done = work(client).await;
            // The server must have let go of the database before somebody copies or drops it.
            drop(connection.await);
            done
        })
    });
    told.join().map_err(|_| anyhow::anyhow!("the work on a test database panicked"))?
}

/// Statements without rows, each by itself.
pub(crate) fn execute(url: String, statements: Vec<String>) -> anyhow::Result<()> {
    on(url, |client| async move {
        for statement in statements {
            client.batch_execute(&statement).await.with_context(|| statement.clone())?;
        }
        Ok(())
    })
}
