//! Databases: copied from a template that is migrated once a cluster.

use crate::{APP, OWNER, Postgres, sql};
use anyhow::Context as _;
use refinery_core::{Migration, Runner, load_sql_migrations};
use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    path::Path,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// What is held while a template is looked for or made; any number that nobody else takes.
const LOCK: i64 = 0x7765_6c6c_7465_7374;
const PREFIX: &str = "wellread_test_";

/// A database of a test's own, dropped with this value.
#[derive(Debug)]
pub struct Database {
    cluster: Postgres,
    name: String,
}

impl Database {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its cluster.
    pub fn cluster(&self) -> &Postgres {
        &self.cluster
    }

    /// Its URL as the owner, who migrates.
    pub fn owner_url(&self) -> String {
        self.cluster.url(OWNER, &self.name)
    }

    /// Its URL as the role that the hub works as.
    pub fn app_url(&self) -> String {
        self.cluster.url(APP, &self.name)
    }

    /// Its URL as a superuser, whom row-level security does not hold: for looking at everything.
    pub fn superuser_url(&self) -> String {
        self.cluster.superuser_url(&self.name)
    }

    /// A copy of it as it is now: the backup that a test goes back to. All its connections are cut.
    pub fn copy(&self) -> anyhow::Result<Self> {
        create(&self.cluster, Some(&self.name))
    }

    /// Makes this database what `other` is, under its own name: as restoring a backup does. All connections are cut.
    pub fn restore(&self, other: &Self) -> anyhow::Result<()> {
        let name = &self.name;
        sql::execute(
            self.cluster.superuser_url("postgres"),
            vec![
                format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                cut(&other.name),
                format!("CREATE DATABASE {name} TEMPLATE {} OWNER {OWNER}", other.name),
            ],
        )
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A cluster that a test has stopped goes with its folder.
        let url = self.cluster.superuser_url("postgres");
        drop(sql::execute(url, vec![format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)]));
    }
}

pub(crate) fn empty(cluster: &Postgres) -> anyhow::Result<Database> {
    sql::on(cluster.superuser_url("postgres"), |client| async move {
        client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
        Ok(client.batch_execute(&make_owner()).await?)
    })?;
    create(cluster, None)
}

pub(crate) fn copy(cluster: &Postgres) -> anyhow::Result<Database> {
    let template = template(cluster)?;
    create(cluster, Some(&template))
}

fn create(cluster: &Postgres, template: Option<&str>) -> anyhow::Result<Database> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("{PREFIX}{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // A process of the same number may have left one behind.
    let mut statements = vec![format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")];
    statements.extend(template.map(cut));
    statements.push(format!("CREATE DATABASE {name} TEMPLATE {} OWNER {OWNER}", template.unwrap_or("template0")));
    sql::execute(cluster.superuser_url("postgres"), statements)?;
    Ok(Database { cluster: cluster.clone(), name })
}

fn cut(database: &str) -> String {
    format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")
}

fn make_owner() -> String {
    format!(
        "DO $$ BEGIN CREATE ROLE {OWNER} LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
}

/// The name of the migrated template, made where it is missing. It bears its name only once it is whole.
fn template(cluster: &Postgres) -> anyhow::Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let migrations = load_sql_migrations(&folder).with_context(|| folder.display().to_string())?;
    let mut hasher = DefaultHasher::new();
    for migration in &migrations {
        migration.checksum().hash(&mut hasher);
    }
    let name = format!("{PREFIX}template_{:016x}", hasher.finish());
    let making = format!("{name}_making");
    let (found, url) = (name.clone(), cluster.url(OWNER, &making));
    sql::on(cluster.superuser_url("postgres"), move |client| async move {
        // Held until the connection ends.
        client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
        let there = client.simple_query(&format!("SELECT FROM pg_database WHERE datname = '{found}'")).await?;
        if there.iter().any(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(_))) {
            return Ok(());
        }
        client.batch_execute(&make_owner()).await?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)")).await?;
        client.batch_execute(&format!("CREATE DATABASE {making} TEMPLATE template0 OWNER {OWNER}")).await?;
        migrate(url, migrations)?;
        Ok(client.batch_execute(&format!("ALTER DATABASE {making} RENAME TO {found}")).await?)
    })?;
    Ok(name)
}

fn migrate(url: String, migrations: Vec<Migration>) -> anyhow::Result<()> {
    sql::on(url, |mut client| async move {
        Runner::new(&migrations).set_grouped(true).run_async(&mut client).await?;
        Ok(())
    })
}
