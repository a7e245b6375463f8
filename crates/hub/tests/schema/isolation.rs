//! What `wellread_app` can do to another organization's rows with raw SQL: nothing.

use crate::place::{
    A, B, Place, as_org, attempt, begin, connect, denied, number, partitions, refusal, tenant_tables, texts,
};
use futures_util::TryStreamExt as _;
use tokio_postgres::Client;

/// A column of the table that the role may change, if there is one.
async fn changeable(app: &Client, table: &str) -> anyhow::Result<Option<String>> {
    let sql = format!(
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0
         AND NOT attisdropped AND attidentity <> 'a' AND has_column_privilege(attrelid, attnum, 'UPDATE')
         ORDER BY attname = 'org_id', attnum DESC LIMIT 1"
    );
    Ok(texts(app, &sql).await?.pop())
}

#[tokio::test]
async fn every_table_with_an_organization_has_a_row_to_try_with() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let tables = tenant_tables(&place.superuser).await?;
    assert!(tables.len() >= 38, "the catalog knows the tables: {tables:?}");
    for table in tables {
        let rows = place.count(&format!("SELECT count(*) FROM {table} WHERE org_id = '{B}'")).await?;
        assert!(rows > 0, "{table} is new: give it a row in filled.rs, or nothing here proves anything about it");
    }
    Ok(())
}

#[tokio::test]
async fn another_organizations_rows_are_not_read() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let app = &place.app;
    begin(app, A).await?;
    for table in tenant_tables(&place.superuser).await? {
        let own = place.count(&format!("SELECT count(*) FROM {table} WHERE org_id = '{A}'")).await?;
        for (sql, expected) in [
            (format!("SELECT count(*) FROM {table}"), own),
            (format!("SELECT count(*) FROM {table} WHERE org_id = '{B}'"), 0),
            (format!("SELECT count(*) FROM {table} WHERE org_id IS DISTINCT FROM '{A}'"), 0),
            (
                format!(
                    "SELECT count(*) FROM {table} x JOIN {table} y ON true WHERE y.org_id = '{B}' OR x.org_id = '{B}'"
                ),
                0,
            ),
            (format!("SELECT count(*) FROM {table} x RIGHT JOIN {table} y ON false WHERE y.org_id <> '{A}'"), 0),
            (
                format!(
                    "SELECT count(*) FROM auth.organizations o, LATERAL (SELECT * FROM {table} t WHERE t.org_id <> o.org_id) t"
                ),
                0,
            ),
            (format!("WITH t AS MATERIALIZED (SELECT * FROM {table}) SELECT count(*) FROM t WHERE org_id = '{B}'"), 0),
            (format!("SELECT count(*) FROM (TABLE {table} UNION ALL TABLE {table}) t WHERE org_id = '{B}'"), 0),
        ] {
            assert_eq!(number(app, &sql).await?, expected, "{sql}");
        }
        let copied = app.copy_out(&format!("COPY (SELECT org_id FROM {table}) TO STDOUT")).await?;
        let bytes: Vec<_> = copied.try_collect().await?;
        let text = String::from_utf8(bytes.concat())?;
        assert_eq!(text.lines().count() as i64, own, "COPY of a query gives own rows of {table} only");
        let told = attempt(app, &format!("SELECT FROM {table} WHERE org_id = '{B}' FOR KEY SHARE")).await?;
        assert!(denied(&told) || told == Ok(0), "a row of {table} that cannot be seen cannot be locked: {told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_table_copied_whole_gives_own_rows_only() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    begin(&place.app, A).await?;
    for table in tenant_tables(&place.superuser).await? {
        place.app.batch_execute("SAVEPOINT copy").await?;
        let told = refusal(place.app.copy_out(&format!("COPY {table} TO STDOUT")).await)?;
        // A partitioned table cannot be copied whole at all.
        if let Ok(copied) = told {
            let bytes: Vec<_> = copied.try_collect().await?;
            let text = String::from_utf8(bytes.concat())?;
            assert!(!text.contains(&B.to_string()), "COPY {table} shows a row of another organization");
        }
        place.app.batch_execute("ROLLBACK TO SAVEPOINT copy").await?;
    }
    Ok(())
}

#[tokio::test]
async fn another_organizations_rows_are_not_changed_or_removed() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let app = &place.app;
    begin(app, A).await?;
    for table in tenant_tables(&place.superuser).await? {
        let column = changeable(app, &table).await?;
        let set = column.clone().unwrap_or_else(|| "org_id".to_owned());
        for sql in [
            format!("UPDATE {table} SET {set} = {set} WHERE org_id = '{B}'"),
            format!("UPDATE {table} SET {set} = {set} WHERE org_id <> '{A}'"),
            format!("UPDATE {table} t SET {set} = t.{set} FROM auth.organizations o WHERE t.org_id <> o.org_id"),
            format!("DELETE FROM {table} WHERE org_id = '{B}'"),
            format!("DELETE FROM {table} t USING auth.organizations o WHERE t.org_id <> o.org_id"),
            format!(
                "MERGE INTO {table} t USING (VALUES ('{B}'::uuid)) s (org) ON t.org_id = s.org WHEN MATCHED THEN DELETE"
            ),
            format!(
                "MERGE INTO {table} t USING (VALUES ('{B}'::uuid)) s (org) ON t.org_id = s.org WHEN MATCHED THEN UPDATE SET {set} = t.{set}"
            ),
        ] {
            let told = attempt(app, &sql).await?;
            assert!(denied(&told) || told == Ok(0), "{sql}: {told:?}");
        }
        let own = attempt(app, &format!("UPDATE {table} SET {set} = {set}")).await?;
        assert_eq!(column.is_none(), denied(&own), "own rows of {table} change where a column is granted: {own:?}");
        for sql in [format!("TRUNCATE {table}"), format!("TRUNCATE {table} CASCADE")] {
            let told = attempt(app, &sql).await?;
            assert!(denied(&told), "{sql}: {told:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_row_is_put_into_or_moved_to_another_organization() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let app = &place.app;
    begin(app, A).await?;
    for table in tenant_tables(&place.superuser).await? {
        let row =
            texts(&place.superuser, &format!("SELECT to_jsonb(t)::text FROM {table} t WHERE org_id = '{B}' LIMIT 1"))
                .await?;
        let row = row.concat().replace('\'', "''");
        for conflict in ["", "ON CONFLICT DO NOTHING"] {
            let sql = format!(
                "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(NULL::{table}, '{row}')).* {conflict}"
            );
            let told = attempt(app, &sql).await?;
            assert!(
                denied(&told) && matches!(&told, Err((_, message)) if message.contains("row-level security")),
                "a row of another organization goes into {table} {conflict}: {told:?}"
            );
        }
        let moved = attempt(app, &format!("UPDATE {table} SET org_id = '{B}'")).await?;
        assert!(denied(&moved), "own rows of {table} cannot be given to another organization: {moved:?}");
        let copied = attempt(app, &format!("COPY {table} FROM STDIN")).await?;
        assert!(copied.is_err(), "COPY goes around no policy of {table}: {copied:?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_an_organization_nothing_is_there() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    for (whose, why) in [
        ("RESET app.org_id", "never set"),
        ("SET app.org_id = ''", "empty, as it reads after a transaction that set it"),
        ("SET app.org_id = '00000000-0000-0000-0000-000000000000'", "nobody's"),
        ("SET app.upkeep = 'on'", "the owner's upkeep is the owner's"),
    ] {
        let app = connect(&place.database.app_url()).await?;
        app.batch_execute(whose).await?;
        for table in tenant_tables(&place.superuser).await? {
            assert_eq!(number(&app, &format!("SELECT count(*) FROM {table}")).await?, 0, "{table}, {why}");
        }
    }
    as_org(&place.app, A, "SELECT 1").await?;
    assert_eq!(number(&place.app, "SELECT count(*) FROM auth.users").await?, 0, "it ends with its transaction");
    place.app.batch_execute("SET app.org_id = 'everything'").await?;
    let told = refusal(place.app.query("SELECT FROM auth.users", &[]).await)?;
    assert!(told.is_err(), "what is no organization is an error and not all of them");
    Ok(())
}

#[tokio::test]
async fn the_role_cannot_step_out_of_itself() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let app = &place.app;
    begin(app, A).await?;
    for sql in [
        "SET LOCAL ROLE wellread_owner",
        "SET LOCAL ROLE postgres",
        "SET LOCAL SESSION AUTHORIZATION postgres",
        "ALTER ROLE wellread_app BYPASSRLS",
        "ALTER TABLE auth.users DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE auth.users NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenancy ON auth.users",
        "CREATE POLICY mine ON auth.users USING (true)",
        "ALTER TABLE auth.users OWNER TO wellread_app",
        "ALTER TABLE microplates.org_change DISABLE TRIGGER ALL",
        "CREATE TABLE microplates.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE FUNCTION auth.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE pg_temp.mine () INHERITS (auth.users)",
        "CREATE TABLE pg_temp.mine (org_id uuid, id uuid, FOREIGN KEY (org_id, id) REFERENCES auth.users (org_id, id))",
        "SET LOCAL session_replication_role = replica",
        "SELECT microplates.fn_drop_partitions_before(now())",
        "SELECT microplates.fn_isolate('auth.users')",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY auth.users TO PROGRAM 'cat'",
    ] {
        let told = attempt(app, sql).await?;
        assert!(told.is_err(), "{sql}: {told:?}");
    }
    // Not a right but a question: whether the policies may be left out is answered by an error, not by the rows.
    app.batch_execute("SET LOCAL row_security = off").await?;
    for table in tenant_tables(&place.superuser).await? {
        let told = attempt(app, &format!("SELECT FROM {table}")).await?;
        assert!(denied(&told), "{table} without its policies: {told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn partitions_are_not_reached_by_their_names() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    begin(&place.app, B).await?;
    let partitions = partitions(&place.superuser).await?;
    assert!(partitions.len() > 40, "five months and the default of eight tables: {}", partitions.len());
    for partition in partitions {
        for sql in [
            format!("SELECT FROM {partition}"),
            format!("SELECT FROM ONLY {partition}"),
            format!("INSERT INTO {partition} DEFAULT VALUES"),
            format!("UPDATE {partition} SET org_id = org_id"),
            format!("DELETE FROM {partition}"),
        ] {
            let told = attempt(&place.app, &sql).await?;
            assert!(denied(&told), "{sql}: {told:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_function_in_a_condition_sees_no_row_before_the_policy_has() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    place
        .app
        .batch_execute(&format!(
            "CREATE FUNCTION pg_temp.leak(seen text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
             BEGIN IF seen LIKE '%{B}%' THEN RAISE EXCEPTION 'seen: %', seen; END IF; RETURN true; END $$"
        ))
        .await?;
    begin(&place.app, A).await?;
    for table in tenant_tables(&place.superuser).await? {
        let told = attempt(&place.app, &format!("SELECT FROM {table} t WHERE pg_temp.leak(t::text)")).await?;
        assert!(told.is_ok(), "{table}: {told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_planners_statistics_tell_nothing() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    place.superuser.batch_execute("ANALYZE").await?;
    let sql =
        "SELECT count(*) FROM pg_stats WHERE schemaname IN ('auth', 'microplates') AND tablename <> 'signing_key'";
    assert!(place.count(sql).await? > 100, "there are statistics of every column");
    begin(&place.app, A).await?;
    assert_eq!(number(&place.app, sql).await?, 0, "common values of columns are rows of everybody");
    Ok(())
}

#[tokio::test]
async fn views_show_each_organization_its_own() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let views = texts(
        &place.superuser,
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('v', 'm')
         AND relnamespace IN ('auth'::regnamespace, 'microplates'::regnamespace, 'public'::regnamespace)",
    )
    .await?;
    assert!(views.len() >= 2, "the two of the seed: {views:?}");
    for view in views {
        assert_eq!(
            place.count(&format!("SELECT count(DISTINCT org_id) FROM {view}")).await?,
            2,
            "{view} has rows of both"
        );
        begin(&place.app, A).await?;
        assert_eq!(
            number(&place.app, &format!("SELECT count(*) FROM {view} WHERE org_id = '{A}'")).await?,
            1,
            "{view}"
        );
        assert_eq!(
            number(&place.app, &format!("SELECT count(*) FROM {view} WHERE org_id <> '{A}'")).await?,
            0,
            "{view}"
        );
        let told = attempt(&place.app, &format!("DELETE FROM {view}")).await?;
        assert!(told.is_err(), "{view} is for reading: {told:?}");
        place.app.batch_execute("ROLLBACK").await?;
        assert_eq!(
            number(&place.app, &format!("SELECT count(*) FROM {view}")).await?,
            0,
            "{view} without an organization"
        );
    }
    Ok(())
}

#[tokio::test]
async fn functions_work_with_the_callers_rights() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let app = &place.app;
    let mine = texts(
        app,
        "SELECT oid::regproc::text FROM pg_proc WHERE has_function_privilege(oid, 'EXECUTE')
         AND pronamespace IN ('auth'::regnamespace, 'microplates'::regnamespace) ORDER BY 1",
    )
    .await?;
    let expected = [
        "auth.fn_add_organization",
        "auth.fn_organization_ids",
        "microplates.fn_ensure_partitions",
        "microplates.fn_fleet",
        "microplates.fn_is_sha256",
        "microplates.fn_summarise_samples",
        "microplates.fn_take_turns",
        "microplates.fn_titre_statistics",
        "microplates.fn_uuid7_floor",
    ];
    assert_eq!(mine, expected, "a function that is new to the role is tried here for what it does to others' rows");
    let definers = "SELECT oid::regproc::text FROM pg_proc WHERE prosecdef
        AND pronamespace IN ('auth'::regnamespace, 'microplates'::regnamespace, 'public'::regnamespace)";
    let lent = ["auth.fn_organization_ids", "microplates.fn_ensure_partitions", "microplates.fn_fleet"];
    assert_eq!(
        texts(app, &format!("{definers} ORDER BY 1")).await?,
        lent,
        "the owner's rights are lent for ids and sums, never for a row"
    );
    let returned = "SELECT DISTINCT coalesce(format_type(a.typ, NULL), p.prorettype::regtype::text) FROM pg_proc p
        LEFT JOIN LATERAL unnest(p.proallargtypes) WITH ORDINALITY a (typ, n) ON p.proargmodes[a.n] IN ('o', 't')
        WHERE p.prosecdef AND p.pronamespace IN ('auth'::regnamespace, 'microplates'::regnamespace)
          AND (a.typ IS NOT NULL OR p.prorettype <> 'record'::regtype) ORDER BY 1";
    let types = texts(app, returned).await?;
    assert_eq!(types, ["bigint", "double precision", "integer", "uuid"], "no text, no time and no JSON comes out");

    place.superuser.batch_execute("UPDATE microplates.sample_summary SET total_runs = 77").await?;
    as_org(app, A, &format!("SELECT microplates.fn_summarise_samples(ARRAY['{B}'::uuid], ARRAY['S-1'])")).await?;
    let theirs =
        place.count(&format!("SELECT total_runs FROM microplates.sample_summary WHERE org_id = '{B}'")).await?;
    assert_eq!(theirs, 77, "A cannot have B's samples summed up anew");
    let turns = "SELECT microplates.fn_take_turns(o.org, '{}', ARRAY[o.run]) FROM (VALUES ($)) AS o (org, run)";
    let held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    for (org, locks, why) in [(A, 1, "its own run's sample"), (B, 0, "A cannot find out what B's run is of")] {
        let run = "SELECT run_id::text FROM microplates.run_state WHERE org_id = ";
        let run = texts(&place.superuser, &format!("{run}'{org}'")).await?.remove(0);
        begin(app, A).await?;
        app.batch_execute(&turns.replace('$', &format!("'{org}'::uuid, '{run}'::uuid"))).await?;
        assert_eq!(number(app, held).await?, locks, "{why}");
        app.batch_execute("ROLLBACK").await?;
    }
    begin(app, A).await?;
    let other = uuid::Uuid::from_u128(0xc);
    let told = attempt(app, &format!("SELECT auth.fn_add_organization('{other}', 'lab-c', 'C')")).await?;
    assert!(denied(&told), "an organization is made by who works as it: {told:?}");
    Ok(())
}

#[tokio::test]
async fn the_short_name_shows_its_organization_and_nothing_of_it() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    let app = &place.app;
    app.batch_execute("BEGIN; SET LOCAL app.org_slug = 'lab-0bbb'").await?;
    for table in tenant_tables(&place.superuser).await? {
        let seen = number(app, &format!("SELECT count(*) FROM {table}")).await?;
        assert_eq!(seen, i64::from(table == "auth.organizations"), "{table}");
    }
    let told = attempt(app, "UPDATE auth.organizations SET name = 'ours'").await?;
    assert_eq!(told, Ok(0), "the name is for looking only");
    Ok(())
}

#[tokio::test]
async fn a_reference_to_a_row_of_another_organization_is_none() -> anyhow::Result<()> {
    let place = Place::filled().await?;
    begin(&place.app, A).await?;
    for sql in [
        format!("INSERT INTO auth.memberships (org_id, user_id) VALUES ('{A}', '{B}')"),
        format!("INSERT INTO auth.user_roles (org_id, user_id, role_id) SELECT '{A}', '{B}', min(id) FROM auth.roles"),
        format!("INSERT INTO microplates.row_counts (org_id, run_id, counts) VALUES ('{A}', '{B}', '{{}}')"),
        format!(
            "INSERT INTO microplates.well_prediction (org_id, run_id, well_id, label, class, confidence, bbox)
                 VALUES ('{A}', '{B}', 'A1', 'positive', 'x', 1, '{{}}')"
        ),
        format!(
            "INSERT INTO microplates.org_feed (org_id, seq, kind, key, body, station_id) VALUES ('{A}', 2, 'user', 'x', '{{}}', '{B}')"
        ),
    ] {
        let told = attempt(&place.app, &sql).await?;
        assert!(matches!(&told, Err((code, _)) if code == "23503"), "{sql}: {told:?}");
    }
    Ok(())
}
