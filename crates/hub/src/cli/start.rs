//! `serve`, `migrate`, and what every verb begins with.

use super::{
    args::{DatabaseArgs, MigrateArgs, ServeArgs, StoreArgs, secret},
    print,
};
use anyhow::Context as _;
use serde_json::json;
use std::path::PathBuf;
use wellread_hub::{
    Hub, Problem,
    config::{Config, ObjectsAt},
    db::{Db, Server},
    objects::Objects,
    schema, serve, tls,
};

/// For a verb, which does one thing after the other.
const CONNECTIONS: usize = 2;

pub(super) async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    serve::serve(args.config()?).await
}

pub(super) async fn migrate(args: &MigrateArgs, json: bool) -> anyhow::Result<()> {
    let server = args.owner.server()?;
    let done = schema::migrate(&server).await?;
    if let Some(password) = secret(args.app_password.as_deref(), "WELLREAD_HUB_APP_PASSWORD")? {
        set_app_password(&server, &password).await?;
    }
    print::either(json, &json!({ "applied": done.applied, "version": done.version }), || {
        let mut lines: Vec<String> = done.applied.iter().map(|name| format!("applied {name}")).collect();
        lines.push(format!("the database has schema {}", done.version));
        lines.join("\n")
    })
}

async fn set_app_password(server: &Server, password: &str) -> anyhow::Result<()> {
    let (client, connection) = server.connect().await?;
    let connection = tokio::spawn(connection);
    let quoted = client.query_one("SELECT quote_literal($1)", &[&password]).await?;
    let quoted: String = quoted.try_get(0)?;
    // The statement itself is not told: it has the password in it.
    client
        .batch_execute(&format!("ALTER ROLE wellread_app LOGIN PASSWORD {quoted}"))
        .await
        .map_err(|why| {
            why.as_db_error().map_or_else(|| anyhow::anyhow!("no answer"), |told| anyhow::anyhow!("{}", told.message()))
        })
        .context("the password of wellread_app could not be set: only its creator or a superuser may")?;
    drop(client);
    Ok(connection.await??)
}

/// The database alone, for verbs that need no blobs.
pub(super) async fn hub(database: &DatabaseArgs) -> anyhow::Result<Hub> {
    tls::provide();
    serve::bare(config(database, ObjectsAt::Memory)?).await
}

/// Everything, for verbs that work as requests do.
pub(super) async fn whole_hub(store: &StoreArgs) -> anyhow::Result<Hub> {
    tls::provide();
    serve::bare(config(&store.database, store.objects.at()?)?).await
}

fn config(database: &DatabaseArgs, objects: ObjectsAt) -> anyhow::Result<Config> {
    let database_ca = database.ca().map(PathBuf::from);
    Ok(Config { database_ca, connections: CONNECTIONS, ..Config::plain(database.url()?, objects) })
}

/// Database and object store, as they are.
pub(super) fn store(store: &StoreArgs) -> anyhow::Result<(Db, Objects)> {
    tls::provide();
    let at = store.objects.at()?;
    if let ObjectsAt::Folder(folder) = &at {
        anyhow::ensure!(folder.is_dir(), "there is no folder {}: set WELLREAD_HUB_OBJECTS", folder.display());
    }
    let config = config(&store.database, at)?;
    let server = Server::new(&config.database_url, config.database_ca.as_deref())?;
    Ok((Db::new(&server, config.connections)?, Objects::open(&config)?))
}

/// A problem in the words of the command line.
#[allow(clippy::needless_pass_by_value, reason = "it goes into map_err")]
pub(super) fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.detail)
}
