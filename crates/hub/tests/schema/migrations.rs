//! Migrations as `wellread-hub migrate` runs them, and the look at them before a hub serves.

use crate::place::{Place, connect, texts};
use wellread_hub::{
    db::Db,
    schema::{SchemaError, check, migrate, newest},
};
use wellread_testdb::{Durability, Postgres};

/// How many migrations there are: none was left out when the program was built.
fn files() -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres"))?.count())
}

#[tokio::test]
async fn migrations_applied_twice_change_nothing() -> anyhow::Result<()> {
    let database = Postgres::shared()?.empty_database()?;
    let first = migrate(&database.owner_url().parse()?).await?;
    assert_eq!(first.applied.len(), files()?, "all of them, in an empty database");
    assert_eq!(first.version, newest(), "and it says how far it came");
    let catalog = "SELECT oid::text || relname || relfilenode FROM pg_class ORDER BY oid";
    let superuser = connect(&database.superuser_url()).await?;
    let before = texts(&superuser, catalog).await?;
    let second = migrate(&database.owner_url().parse()?).await?;
    assert_eq!(second.applied, Vec::<String>::new(), "nothing is left to apply");
    assert_eq!(texts(&superuser, catalog).await?, before, "and no table is another");
    check(&Db::new(&database.app_url().parse()?, 1)?).await?;
    Ok(())
}

#[tokio::test]
async fn two_nodes_that_migrate_at_once_take_turns() -> anyhow::Result<()> {
    let database = Postgres::shared()?.empty_database()?;
    let server = database.owner_url().parse()?;
    let (one, other) = tokio::join!(migrate(&server), migrate(&server));
    let applied = one?.applied.len() + other?.applied.len();
    assert_eq!(applied, files()?, "each migration was applied by one of them");
    Ok(())
}

#[tokio::test]
async fn a_hub_does_not_serve_from_a_database_of_another_release() -> anyhow::Result<()> {
    let empty = Postgres::shared()?.empty_database()?;
    let told = check(&Db::new(&empty.superuser_url().replace("postgres@", "wellread_app@").parse()?, 1)?).await;
    assert!(matches!(told, Err(SchemaError::Older { found: 0, .. })), "an empty one must be migrated: {told:?}");

    let place = Place::new().await?;
    let db = Db::new(&place.database.app_url().parse()?, 1)?;
    check(&db).await?;
    let told = check(&Db::new(&place.database.superuser_url().parse()?, 1)?).await;
    assert!(matches!(told, Err(SchemaError::Role(_))), "a superuser would see all organizations: {told:?}");

    place.superuser.batch_execute("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2").await?;
    let told = check(&db).await;
    assert!(matches!(told, Err(SchemaError::Differs(2))), "an edited migration is found: {told:?}");
    place.superuser.batch_execute("DELETE FROM refinery_schema_history WHERE version > 2").await?;
    let told = check(&db).await;
    assert!(
        matches!(told, Err(SchemaError::Differs(2) | SchemaError::Older { found: 2, .. })),
        "one is missing: {told:?}"
    );
    let sql = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'x', '', '1')";
    place.superuser.batch_execute(sql).await?;
    let told = check(&db).await;
    assert!(matches!(told, Err(SchemaError::Newer { found: 9999, .. })), "a later release was here: {told:?}");
    Ok(())
}

#[tokio::test]
async fn a_role_that_sees_past_the_policies_is_refused() -> anyhow::Result<()> {
    // Roles are the cluster's: one of its own.
    let cluster = Postgres::private(Durability::Fast)?;
    let database = cluster.empty_database()?;
    let superuser = connect(&database.superuser_url()).await?;
    superuser.batch_execute("CREATE ROLE wellread_app LOGIN BYPASSRLS").await?;
    let told = migrate(&database.owner_url().parse()?).await;
    let told = format!("{:?}", told.err());
    assert!(told.contains("must not be superuser, BYPASSRLS"), "it says what is wrong with the role: {told}");
    superuser.batch_execute("ALTER ROLE wellread_app NOBYPASSRLS").await?;
    migrate(&database.owner_url().parse()?).await?;
    Ok(())
}

#[tokio::test]
async fn a_cluster_that_was_killed_has_what_was_committed() -> anyhow::Result<()> {
    let cluster = Postgres::private(Durability::Durable)?;
    let database = cluster.database()?;
    let app = connect(&database.app_url()).await?;
    crate::filled::fill(&app, crate::place::A).await?;
    cluster.kill()?;
    assert!(app.query("SELECT 1", &[]).await.is_err(), "it is gone");
    cluster.start()?;
    let superuser = connect(&database.superuser_url()).await?;
    let row = superuser.query_one("SELECT count(*) FROM microplates.signature", &[]).await?;
    assert_eq!(row.get::<_, i64>(0), 1, "the last row that was committed");
    Ok(())
}
