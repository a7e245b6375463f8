//! `org`: organizations, as operators see them.

use super::{
    args::{DatabaseArgs, OrgCreateArgs, OrgNameArgs, secret},
    print, start,
};
use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;
use wellread_hub::{
    Hub,
    auth::audit::{self, Entry},
    db::{Db, Tx, p},
    housekeeping,
    people::organization::{self, NewOrganization},
};

/// Who acts, in the trail.
pub(super) const ACTOR: &str = "command line";

/// An organization in a list.
#[derive(Debug, Serialize)]
struct Item {
    slug: String,
    name: String,
    status: String,
    org_id: Uuid,
    people: i64,
    stations: i64,
    runs_about: i64,
}

pub(super) async fn create(args: OrgCreateArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(&args.database).await?;
    let said = secret(args.password.as_deref(), "WELLREAD_HUB_ADMIN_PASSWORD")?;
    let (password, made) = if let Some(password) = said {
        (password, None)
    } else {
        let password = random()?;
        (password.clone(), Some(password))
    };
    let new = NewOrganization {
        name: args.name.unwrap_or_else(|| args.slug.clone()),
        slug: args.slug,
        username: args.admin,
        email: args.email,
        password: password.into(),
        by: ACTOR.to_owned(),
    };
    let ids = organization::create(&hub.db, &hub.config, hub.clock.now(), &new).await.map_err(start::told)?;
    let told = json!({
        "org_id": ids.org, "slug": new.slug, "name": new.name, "admin_id": ids.admin, "admin": new.username,
        "password": made,
    });
    print::either(json, &told, || {
        let password = made.map_or_else(String::new, |password| {
            format!("\npassword: {password}\nIt is shown this once: sign in and choose another.")
        });
        format!("organization {} with the administrator '{}'{password}", new.slug, new.username)
    })
}

/// Long enough for nobody to guess, and to be chosen anew.
fn random() -> anyhow::Result<String> {
    let mut bytes = [0; 15];
    getrandom::fill(&mut bytes).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) async fn list(args: &DatabaseArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(args).await?;
    let mut items = Vec::new();
    for org in housekeeping::organizations(&hub).await? {
        items.push(item(&hub, org).await?);
    }
    items.sort_by(|one, other| one.slug.cmp(&other.slug));
    print::either(json, &items, || {
        let rows: Vec<_> = items
            .iter()
            .map(|item| {
                [
                    item.slug.clone(),
                    item.name.clone(),
                    item.status.clone(),
                    item.people.to_string(),
                    item.stations.to_string(),
                    item.runs_about.to_string(),
                ]
            })
            .collect();
        print::table(["slug", "name", "status", "people", "stations", "runs"], &rows)
    })
}

async fn item(hub: &Hub, org: Uuid) -> anyhow::Result<Item> {
    let tx = hub.db.org(org).await?;
    let row = tx
        .query_one(
            "SELECT o.slug, o.name, o.status,
               (SELECT count(*) FROM auth.users u WHERE u.org_id = $1 AND u.is_active AND u.deleted_at IS NULL),
               (SELECT count(*) FROM microplates.station s WHERE s.org_id = $1 AND s.revoked_at IS NULL),
               (SELECT coalesce(sum(s.total_runs), 0)::int8 FROM microplates.sample_summary s WHERE s.org_id = $1)
             FROM auth.organizations o WHERE o.org_id = $1",
            &[p(&org)],
        )
        .await?;
    tx.commit().await?;
    Ok(Item {
        slug: row.try_get(0)?,
        name: row.try_get(1)?,
        status: row.try_get(2)?,
        org_id: org,
        people: row.try_get(3)?,
        stations: row.try_get(4)?,
        runs_about: row.try_get(5)?,
    })
}

pub(super) async fn set_status(args: &OrgNameArgs, status: &str, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(&args.database).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let sql = "UPDATE auth.organizations SET status = $2, updated_at = $3 WHERE org_id = $1 AND status <> $2";
    let changed = tx.execute(sql, &[p(&org), p(&status), p(&hub.clock.now())]).await?;
    if changed > 0 {
        let entry = Entry {
            action: "UPDATE",
            resource: "organizations",
            resource_id: org.to_string(),
            actor: ACTOR.to_owned(),
            ..Entry::default()
        };
        audit::note(&hub, &tx, org, &entry.changed(None, Some(json!({ "status": status })))).await?;
    }
    tx.commit().await?;
    let told = json!({ "slug": args.slug, "org_id": org, "status": status, "changed": changed > 0 });
    print::either(json, &told, || format!("organization {} is {status}", args.slug))
}

/// The transaction of an organization, whatever its status.
pub(super) async fn enter(db: &Db, slug: &str) -> anyhow::Result<(Uuid, Tx)> {
    let tx = db.by_slug(slug).await?;
    let found = tx.query_opt("SELECT org_id FROM auth.organizations WHERE slug = $1", &[p(&slug)]).await?;
    tx.commit().await?;
    let row =
        found.with_context(|| format!("there is no organization '{slug}': `wellread-hub org list` lists them"))?;
    let org: Uuid = row.try_get(0)?;
    Ok((org, db.org(org).await?))
}
