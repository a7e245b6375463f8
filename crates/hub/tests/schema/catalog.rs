//! What the catalog says about every table, so that a new one cannot be forgotten.

use crate::place::{Place, tenant_tables, texts};

const OURS: &str = "('auth'::regnamespace, 'microplates'::regnamespace, 'public'::regnamespace)";

#[tokio::test]
async fn row_level_security_is_forced_on_every_table_of_an_organization() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let open = texts(
        &place.superuser,
        &format!(
            "SELECT c.oid::regclass::text FROM pg_class c
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN {OURS}
               AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'org_id')
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        ),
    )
    .await?;
    assert_eq!(open, Vec::<String>::new(), "SELECT microplates.fn_isolate(…) at the end of the migration");
    let unpolicied = texts(
        &place.superuser,
        &format!(
            "SELECT c.oid::regclass::text FROM pg_class c
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN {OURS} AND c.relrowsecurity AND NOT EXISTS (
               SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenancy' AND p.polcmd = '*'
                 AND pg_get_expr(p.polqual, c.oid) = pg_get_expr(p.polwithcheck, c.oid)
                 AND pg_get_expr(p.polqual, c.oid) =
                   '(org_id = (NULLIF(current_setting(''app.org_id''::text, true), ''''::text))::uuid)')"
        ),
    )
    .await?;
    assert_eq!(unpolicied, Vec::<String>::new(), "one policy for reading and writing, the same everywhere");
    let others = texts(
        &place.superuser,
        "SELECT polrelid::regclass || ' ' || polname FROM pg_policy
         WHERE polname <> 'tenancy' AND NOT (polname = 'upkeep' AND polroles = ARRAY['wellread_owner'::regrole::oid])",
    )
    .await?;
    assert_eq!(others, ["auth.organizations by_slug"], "any other policy lets more through, so it is looked at here");
    Ok(())
}

#[tokio::test]
async fn tables_of_no_organization_are_these() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let global = texts(
        &place.superuser,
        &format!(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN {OURS}
               AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'org_id') ORDER BY 1"
        ),
    )
    .await?;
    let expected = ["auth.signing_key", "health_checks", "hub_state", "refinery_schema_history"];
    assert_eq!(global, expected, "everything else is somebody's and has org_id");
    Ok(())
}

#[tokio::test]
async fn every_key_begins_with_the_organization() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let column = "(SELECT attname FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = i.indkey[0])";
    let unique = texts(
        &place.superuser,
        &format!(
            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
             WHERE i.indisunique AND c.relnamespace IN {OURS} AND {column} IS DISTINCT FROM 'org_id'
               AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'org_id')"
        ),
    )
    .await?;
    assert_eq!(unique, ["auth.organizations_slug"], "the short name finds org_id; nothing else is unique across");
    let foreign = texts(
        &place.superuser,
        &format!(
            "SELECT f.conname || ' of ' || f.conrelid::regclass FROM pg_constraint f
             JOIN pg_attribute mine ON mine.attrelid = f.conrelid AND mine.attnum = f.conkey[1]
             JOIN pg_attribute theirs ON theirs.attrelid = f.confrelid AND theirs.attnum = f.confkey[1]
             WHERE f.contype = 'f' AND f.connamespace IN {OURS}
               AND (mine.attname <> 'org_id' OR theirs.attname <> 'org_id')"
        ),
    )
    .await?;
    assert_eq!(foreign, Vec::<String>::new(), "a reference never leaves its organization");
    let tables = tenant_tables(&place.superuser).await?;
    let keyed = place
        .count(
            "SELECT count(DISTINCT conrelid) FROM pg_constraint WHERE contype = 'p'
        AND conrelid::regclass::text = ANY (ARRAY(SELECT c.oid::regclass::text FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
          WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relnamespace IN ('auth'::regnamespace, 'microplates'::regnamespace)))",
        )
        .await?;
    assert_eq!(keyed, tables.len() as i64, "every table has a primary key");
    Ok(())
}

#[tokio::test]
async fn the_hubs_role_owns_nothing_and_has_no_more_than_it_needs() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let row = place
        .superuser
        .query_one("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = 'wellread_app'", &[])
        .await?;
    for (column, right) in ["superuser", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION"].iter().enumerate() {
        assert!(!row.get::<_, bool>(column), "wellread_app is not {right}");
    }
    let owned = texts(
        &place.superuser,
        "SELECT 'relation ' || relname FROM pg_class WHERE relowner = 'wellread_app'::regrole
         UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE proowner = 'wellread_app'::regrole
         UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspowner = 'wellread_app'::regrole
         UNION ALL SELECT 'database ' || datname FROM pg_database WHERE datdba = 'wellread_app'::regrole
         UNION ALL SELECT 'member of ' || roleid::regrole FROM pg_auth_members WHERE member = 'wellread_app'::regrole",
    )
    .await?;
    assert_eq!(owned, Vec::<String>::new(), "an owner may lift the policies");
    let extra = texts(
        &place.superuser,
        &format!(
            "SELECT c.oid::regclass || ' ' || a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
             WHERE c.relnamespace IN {OURS} AND a.grantee IN ('wellread_app'::regrole, 0)
               AND (c.relispartition OR a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') OR a.is_grantable)"
        ),
    )
    .await?;
    assert_eq!(extra, Vec::<String>::new(), "rights on parents only, and only to rows");
    let removable = texts(
        &place.superuser,
        &format!(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace IN {OURS} AND c.relkind IN ('r', 'p')
               AND has_table_privilege('wellread_app', c.oid, 'DELETE') ORDER BY 1"
        ),
    )
    .await?;
    let expected = [
        "auth.email_verification_tokens",
        "auth.password_reset_tokens",
        "auth.refresh_tokens",
        "auth.signing_key",
        "auth.user_roles",
        "health_checks",
        "microplates.blob",
        "microplates.blob_part",
        "microplates.org_change",
        "microplates.org_feed",
        "microplates.sample_summary",
    ];
    assert_eq!(removable, expected, "no run, no result, no log and no audit entry is among them");
    Ok(())
}

#[tokio::test]
async fn functions_and_views_take_nobody_elses_rights() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let public = texts(
        &place.superuser,
        &format!(
            "SELECT p.oid::regproc::text FROM pg_proc p
             WHERE p.pronamespace IN {OURS} AND (p.proacl IS NULL OR EXISTS (
               SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0))"
        ),
    )
    .await?;
    assert_eq!(public, Vec::<String>::new(), "what a function may be used for is said by name");
    let views = texts(
        &place.superuser,
        &format!(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.relnamespace IN {OURS}
               AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)"
        ),
    )
    .await?;
    assert_eq!(views, Vec::<String>::new(), "a view without security_invoker shows what its owner sees");
    let definers = texts(
        &place.superuser,
        &format!(
            "SELECT p.oid::regproc::text FROM pg_proc p WHERE p.prosecdef AND p.pronamespace IN {OURS}
               AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%pg_temp%')"
        ),
    )
    .await?;
    assert_eq!(
        definers,
        Vec::<String>::new(),
        "the owner's rights are lent with a search path that nobody else writes to"
    );
    let custom = texts(
        &place.superuser,
        &format!("SELECT typname::text FROM pg_type WHERE typnamespace IN {OURS} AND typtype IN ('e', 'd', 'r')"),
    )
    .await?;
    assert_eq!(custom, Vec::<String>::new(), "a pooler in transaction mode cannot carry types of our own");
    Ok(())
}
