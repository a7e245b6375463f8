//! Assays: versions that headquarters publish. A version is never changed; a changed one is the next version.

use crate::{
    Answer, Hub, Problem,
    auth::{
        body::Said,
        caller::{Caller, get as column},
        permission::{ASSAY_PUBLISH, RUN_READ},
    },
    db::{DbError, Tx, p},
    read::{
        ask::{Asked, Named, written},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wellread_plate::assay::Assay;
use wellread_wire::{
    chain::Sha256,
    downlink::{self, Item},
};

/// Which versions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct AssaysAsked {
    /// Of this assay.
    pub id: Option<String>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A version of an assay, in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssayItem {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// Whether it comes with the program.
    pub shipped: bool,
    /// The hash of its text.
    pub sha256: String,
    /// Whose account published it; none for one that comes with the program.
    pub created_by: Option<Uuid>,
    /// When it was published.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// A version of an assay, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssayText {
    /// Which.
    #[serde(flatten)]
    pub item: AssayItem,
    /// The definition as it was written.
    pub toml: String,
}

/// A version to publish.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssay {
    /// The definition; its `id` and `version` say which it is.
    pub toml: String,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

const SELECT: &str = "SELECT a.id, a.version, a.name, a.sha256, a.created_by, a.created_at, a.toml
     FROM microplates.assay a WHERE ";

fn item(row: &Row) -> Result<AssayItem, DbError> {
    let id: String = get(row, "id")?;
    Ok(AssayItem {
        version: get(row, "version")?,
        name: get(row, "name")?,
        shipped: Assay::shipped_ids().any(|shipped| shipped == id),
        sha256: get(row, "sha256")?,
        created_by: get(row, "created_by")?,
        created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
        id,
    })
}

async fn one(tx: &Tx, org: Uuid, id: &str, version: i32) -> Answer<Option<AssayText>> {
    let sql = Sql::new(SELECT).with("a.org_id = ?", org).with(" AND a.id = ?", id.to_owned());
    let rows = sql.with(" AND a.version = ?", version).query(tx).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(AssayText { item: item(row)?, toml: get(row, "toml")? }))
}

impl List for AssaysAsked {
    type Item = AssayItem;
    type Key = (String, i32);

    fn name(&self) -> &'static str {
        "assays"
    }

    fn permission(&self) -> &'static str {
        RUN_READ
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<(String, i32)>, rows: u32) -> Answer<Sql> {
        let mut sql = Sql::new(SELECT).with("a.org_id = ?", org).with_some(" AND a.id = ?", self.id.clone());
        if let Some((id, version)) = after {
            sql = sql.with(" AND (a.id, a.version) > (?", id).with(", ?)", version);
        }
        Ok(sql.then(" ORDER BY a.id, a.version").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<AssayItem, DbError> {
        item(row)
    }

    fn key(&self, item: &AssayItem) -> (String, i32) {
        (item.id.clone(), item.version)
    }
}

impl SheetRow for AssayItem {
    const COLUMNS: &'static [&'static str] =
        &["id", "version", "name", "shipped", "sha256", "created_by", "created_at"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            (&self.id).into(),
            Cell::number(self.version),
            (&self.name).into(),
            self.shipped.into(),
            (&self.sha256).into(),
            Cell::or_empty(self.created_by, Cell::number),
            (&self.created_at).into(),
        ]
    }
}

/// Lists the versions of all assays.
#[utoipa::path(get, path = "/v1/assays", tag = "publish", params(AssaysAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<AssayItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_assays(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<AssaysAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Shows a version of an assay, with its text.
#[utoipa::path(get, path = "/v1/assays/{id}/{version}", tag = "publish", security(("person" = [])), params(
    ("id" = String, Path, description = "The assay"), ("version" = i32, Path, description = "The version")),
    responses((status = 200, description = "The version", body = AssayText)))]
pub async fn show_assay(
    State(hub): State<Hub>,
    caller: Caller,
    Named(which): Named<(String, i32)>,
) -> Answer<Json<AssayText>> {
    let (id, version) = which;
    let tx = caller.begin(&hub, RUN_READ).await?;
    let found = one(&tx, caller.org, &id, version).await?;
    tx.commit().await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("assay", format!("{id} {version}")))?))
}

/// Publishes a version of an assay. The same text again changes nothing.
#[utoipa::path(post, path = "/v1/assays", tag = "publish", request_body = NewAssay, security(("person" = [])), responses(
    (status = 201, description = "Published; stations learn it at their next contact", body = AssayText),
    (status = 200, description = "It was published before, to the letter", body = AssayText),
    (status = 400, description = "It is no assay, or has the id of one that comes with the program", body = Object,
        content_type = "application/problem+json"),
    (status = 409, description = "This version or a later one has another text", body = Object,
        content_type = "application/problem+json")))]
pub async fn publish_assay(
    State(hub): State<Hub>,
    caller: Caller,
    Said(new): Said<NewAssay>,
) -> Answer<(StatusCode, Json<AssayText>)> {
    let tx = caller.begin(&hub, ASSAY_PUBLISH).await?;
    let org = caller.org;
    let assay = Assay::from_toml("assay", &new.toml).map_err(|why| Problem::invalid(why.to_string()))?;
    if Assay::shipped(&assay.id).is_some() {
        let told = format!("the id '{}' belongs to a shipped assay: give yours another `id`", assay.id);
        return Err(Problem::invalid(told));
    }
    let version = i32::try_from(assay.version).map_err(|_| Problem::invalid("that `version` is too high"))?;
    super::in_turn(&tx, org, "assay").await?;
    if let Some(known) = one(&tx, org, &assay.id, version).await? {
        tx.commit().await?;
        return if known.toml == new.toml { Ok((StatusCode::OK, Json(known))) } else { Err(known_otherwise(&assay)) };
    }
    refuse_older(&tx, org, &assay.id, version).await?;
    refuse_other_text(&tx, org, &assay, version, &new.toml).await?;
    insert(&tx, org, &assay, &new.toml, Some(caller.user), hub.clock.now()).await?;
    let made = one(&tx, org, &assay.id, version).await?;
    let made = made.ok_or_else(|| Problem::not_found("assay", &assay.id))?;
    let entry = caller.entry("CREATE", "assay", format!("{} {version}", assay.id)).because(&new.why);
    let entry = entry.changed(None, Some(json!({ "name": assay.name, "sha256": made.item.sha256 })));
    let key = format!("assay:{}:{version}", assay.id);
    let told = downlink::Assay { id: assay.id, version: assay.version, name: assay.name, toml: new.toml };
    super::publish(&hub, tx, &entry, org, &key, &Item::Assay(told)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

fn known_otherwise(assay: &Assay) -> Problem {
    let told = format!(
        "assay '{}' version {} is known with another text: raise `version` in the changed one",
        assay.id, assay.version
    );
    Problem::conflict("version-known", told)
}

async fn refuse_older(tx: &Tx, org: Uuid, id: &str, version: i32) -> Answer<()> {
    let sql = "SELECT max(version) FROM microplates.assay WHERE org_id = $1 AND id = $2";
    let newest: Option<i32> = column(&tx.query_one(sql, &[p(&org), p(&id)]).await?, 0)?;
    match newest.filter(|newest| *newest > version) {
        None => Ok(()),
        Some(newest) => {
            let told = format!("version {newest} of '{id}' is published already: give this one a higher `version`");
            Err(Problem::conflict("version-old", told))
        }
    }
}

/// A station that calls another text by this version could not take it.
async fn refuse_other_text(tx: &Tx, org: Uuid, assay: &Assay, version: i32, toml: &str) -> Answer<()> {
    let row = tx
        .query_opt(
            "SELECT s.name FROM microplates.station_assay a
             JOIN microplates.station s ON s.org_id = a.org_id AND s.id = a.station_id
             WHERE a.org_id = $1 AND a.id = $2 AND a.version = $3 AND a.toml <> $4 AND s.revoked_at IS NULL LIMIT 1",
            &[p(&org), p(&assay.id), p(&version), p(&toml)],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let station: String = column(&row, 0)?;
    let told = format!(
        "the station '{station}' has a version {version} of '{}' of its own with another text: raise `version`",
        assay.id
    );
    Err(Problem::conflict("version-known", told))
}

async fn insert(tx: &Tx, org: Uuid, assay: &Assay, toml: &str, by: Option<Uuid>, now: DateTime<Utc>) -> Answer<()> {
    let version = i32::try_from(assay.version).map_err(|_| Problem::invalid("that `version` is too high"))?;
    tx.execute(
        "INSERT INTO microplates.assay (org_id, id, version, name, toml, sha256, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        &[
            p(&org),
            p(&assay.id),
            p(&version),
            p(&assay.name),
            p(&toml),
            p(&Sha256::of(toml.as_bytes()).to_string()),
            p(&by),
            p(&now),
        ],
    )
    .await?;
    Ok(())
}

/// Makes the assays known that come with the program. They are in no feed: every station has those of its release.
pub(crate) async fn add_shipped(tx: &Tx, org: Uuid, now: DateTime<Utc>) -> Answer<()> {
    for (id, text) in Assay::shipped_texts() {
        let assay =
            Assay::from_toml(id, text).map_err(|why| anyhow::anyhow!("a shipped assay cannot be read: {why}"))?;
        insert(tx, org, &assay, text, None, now).await?;
    }
    Ok(())
}
