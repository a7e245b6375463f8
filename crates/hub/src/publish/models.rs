//! Sets of models that headquarters offer. Their files are uploaded first; a station fetches and checks them, and a
//! person there switches to them.

use crate::{
    Answer, Hub, Problem,
    auth::{
        body::Said,
        caller::{Caller, get as column},
        permission::{MODEL_PUBLISH, RUN_READ},
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
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wellread_wire::{
    chain::Sha256,
    downlink::{Item, ModelFile, ModelSet},
};

/// The file that a set is named by.
const MANIFEST: &str = "manifest.toml";
/// The most files of a set.
const MOST_FILES: usize = 100;

/// Which sets.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsAsked {
    /// Whether withdrawn ones are listed too.
    pub withdrawn: bool,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The hash of its bytes.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A set of models.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelItem {
    /// The hash of its manifest, which is what names it.
    pub sha256: String,
    /// Its name, for people.
    pub name: String,
    /// Its files, the manifest among them.
    pub files: BTreeMap<String, File>,
    /// What headquarters say about it.
    pub note: String,
    /// Whose account published it.
    pub created_by: Option<Uuid>,
    /// When it was published.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Since when it is no longer offered.
    #[schema(format = DateTime)]
    pub withdrawn_at: Option<String>,
}

/// A set to publish.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewModel {
    /// Its name, for people.
    pub name: String,
    /// Its files by name, `manifest.toml` among them. Each was uploaded with PUT /v1/models/blobs/{sha256}.
    pub files: BTreeMap<String, File>,
    /// What headquarters say about it.
    #[serde(default)]
    pub note: String,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

/// What is to be different about a set; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangedModel {
    /// Whether it is no longer offered. Stations that read with it go on until a person switches.
    pub withdrawn: Option<bool>,
    /// What headquarters say about it.
    pub note: Option<String>,
    /// Why, for the trail.
    pub why: String,
}

const SELECT: &str = "SELECT m.sha256, m.name, m.files, m.note, m.created_by, m.created_at, m.withdrawn_at
     FROM microplates.model_set m WHERE ";

fn item(row: &Row) -> Result<ModelItem, DbError> {
    let files: Value = get(row, "files")?;
    Ok(ModelItem {
        sha256: get(row, "sha256")?,
        name: get(row, "name")?,
        files: serde_json::from_value(files).map_err(|why| DbError::Passing(format!("a set is unreadable: {why}")))?,
        note: get(row, "note")?,
        created_by: get(row, "created_by")?,
        created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
        withdrawn_at: get::<Option<DateTime<Utc>>>(row, "withdrawn_at")?.map(written),
    })
}

async fn one(tx: &Tx, org: Uuid, sha256: &str) -> Answer<Option<ModelItem>> {
    let sql = Sql::new(SELECT).with("m.org_id = ?", org).with(" AND m.sha256 = ?", sha256.to_owned());
    Ok(sql.query(tx).await?.first().map(item).transpose()?)
}

impl List for ModelsAsked {
    type Item = ModelItem;
    type Key = String;

    fn name(&self) -> &'static str {
        "models"
    }

    fn permission(&self) -> &'static str {
        RUN_READ
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<String>, rows: u32) -> Answer<Sql> {
        let mut sql = Sql::new(SELECT).with("m.org_id = ?", org).with_some(" AND m.sha256 > ?", after);
        if !self.withdrawn {
            sql = sql.then(" AND m.withdrawn_at IS NULL");
        }
        Ok(sql.then(" ORDER BY m.sha256").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<ModelItem, DbError> {
        item(row)
    }

    fn key(&self, item: &ModelItem) -> String {
        item.sha256.clone()
    }
}

impl SheetRow for ModelItem {
    const COLUMNS: &'static [&'static str] =
        &["sha256", "name", "files", "bytes", "note", "created_by", "created_at", "withdrawn_at"];

    fn cells(&self) -> Vec<Cell> {
        let files: Vec<&str> = self.files.keys().map(String::as_str).collect();
        vec![
            (&self.sha256).into(),
            (&self.name).into(),
            files.join(" ").as_str().into(),
            Cell::number(self.files.values().map(|file| file.size).sum::<u64>()),
            (&self.note).into(),
            Cell::or_empty(self.created_by, Cell::number),
            (&self.created_at).into(),
            (&self.withdrawn_at).into(),
        ]
    }
}

/// Lists the sets of models.
#[utoipa::path(get, path = "/v1/models", tag = "publish", params(ModelsAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<ModelItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_models(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<ModelsAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Offers a set of models to all stations. The same set again changes nothing.
#[utoipa::path(post, path = "/v1/models", tag = "publish", request_body = NewModel, security(("person" = [])), responses(
    (status = 201, description = "Offered; stations learn it at their next contact", body = ModelItem),
    (status = 200, description = "It is offered already", body = ModelItem),
    (status = 409, description = "A file was not uploaded, or the set is known otherwise", body = Object,
        content_type = "application/problem+json")))]
pub async fn publish_model(
    State(hub): State<Hub>,
    caller: Caller,
    Said(new): Said<NewModel>,
) -> Answer<(StatusCode, Json<ModelItem>)> {
    let tx = caller.begin(&hub, MODEL_PUBLISH).await?;
    let org = caller.org;
    let sha256 = checked(&new)?;
    super::in_turn(&tx, org, "model").await?;
    if let Some(known) = one(&tx, org, &sha256).await? {
        tx.commit().await?;
        return if known.files == new.files && known.withdrawn_at.is_none() {
            Ok((StatusCode::OK, Json(known)))
        } else {
            let told = "this manifest is known: change the set with PATCH /v1/models/{sha256}, or give another its own";
            Err(Problem::conflict("model-known", told))
        };
    }
    refuse_missing(&tx, org, &new.files).await?;
    tx.execute(
        "INSERT INTO microplates.model_set (org_id, sha256, name, files, note, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[p(&org), p(&sha256), p(&new.name), p(&json!(new.files)), p(&new.note), p(&caller.user), p(&hub.clock.now())],
    )
    .await?;
    let made = tell(&hub, tx, &caller, &sha256, ("CREATE", None, &new.why)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Withdraws a set, offers it again, or says something else about it.
#[utoipa::path(patch, path = "/v1/models/{sha256}", tag = "publish", request_body = ChangedModel,
    security(("person" = [])), params(("sha256" = String, Path, description = "The hash of its manifest")), responses(
    (status = 200, description = "As it is now; stations learn it at their next contact", body = ModelItem)))]
pub async fn change_model(
    State(hub): State<Hub>,
    caller: Caller,
    Named(sha256): Named<String>,
    Said(wanted): Said<ChangedModel>,
) -> Answer<Json<ModelItem>> {
    let tx = caller.begin(&hub, MODEL_PUBLISH).await?;
    let org = caller.org;
    super::in_turn(&tx, org, "model").await?;
    let old = one(&tx, org, &sha256).await?.ok_or_else(|| Problem::not_found("set of models", &sha256))?;
    let withdrawn = wanted.withdrawn.unwrap_or(old.withdrawn_at.is_some());
    let note = wanted.note.clone().unwrap_or_else(|| old.note.clone());
    if withdrawn == old.withdrawn_at.is_some() && note == old.note {
        tx.commit().await?;
        return Ok(Json(old));
    }
    tx.execute(
        "UPDATE microplates.model_set SET note = $3,
           withdrawn_at = CASE WHEN $4 THEN coalesce(withdrawn_at, $5) END
         WHERE org_id = $1 AND sha256 = $2",
        &[p(&org), p(&sha256), p(&note), p(&withdrawn), p(&hub.clock.now())],
    )
    .await?;
    let now = tell(&hub, tx, &caller, &sha256, ("UPDATE", Some(said(&old)), &wanted.why)).await?;
    Ok(Json(now))
}

/// The hash that names the set, if it can be one.
fn checked(new: &NewModel) -> Answer<String> {
    if new.name.trim().is_empty() || new.name.chars().count() > 100 {
        return Err(Problem::invalid("a set of models has a name of at most 100 characters"));
    }
    if new.files.len() > MOST_FILES {
        return Err(Problem::invalid(format!("a set has at most {MOST_FILES} files")));
    }
    for (name, file) in &new.files {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', ':', '\0']) {
            return Err(Problem::invalid(format!("'{name}' is no plain file name")));
        }
        hash(&file.sha256)?;
    }
    let manifest = new.files.get(MANIFEST);
    Ok(manifest.ok_or_else(|| Problem::invalid(format!("a set has a {MANIFEST}")))?.sha256.clone())
}

fn hash(text: &str) -> Answer<Sha256> {
    text.parse().map_err(|why| Problem::invalid(format!("{why}")))
}

/// Offering what is not here would make every station ask for it in vain.
async fn refuse_missing(tx: &Tx, org: Uuid, files: &BTreeMap<String, File>) -> Answer<()> {
    for (name, file) in files {
        let row = tx
            .query_opt(
                "SELECT size FROM microplates.blob WHERE org_id = $1 AND sha256 = $2 AND state = 'verified'",
                &[p(&org), p(&file.sha256)],
            )
            .await?;
        let size: Option<i64> = row.map(|row| column(&row, 0)).transpose()?;
        if size.and_then(|size| u64::try_from(size).ok()) == Some(file.size) {
            continue;
        }
        let told = match size {
            None => format!("{name} is not here: upload it with PUT /v1/models/blobs/{} first", file.sha256),
            Some(size) => format!("{name} has {size} bytes and not {}", file.size),
        };
        return Err(Problem::conflict("blob-missing", told).with(json!({ "file": name, "sha256": file.sha256 })));
    }
    Ok(())
}

/// Publishes a set as it is now.
async fn tell(
    hub: &Hub,
    tx: Tx,
    caller: &Caller,
    sha256: &str,
    (action, old, why): (&'static str, Option<Value>, &str),
) -> Answer<ModelItem> {
    let now = one(&tx, caller.org, sha256).await?.ok_or_else(|| Problem::not_found("set of models", sha256))?;
    let entry = caller.entry(action, "model_set", sha256).changed(old, Some(said(&now))).because(why);
    let mut files = BTreeMap::new();
    for (name, file) in &now.files {
        files.insert(name.clone(), ModelFile { sha256: hash(&file.sha256)?, size: file.size });
    }
    let told = ModelSet {
        sha256: hash(sha256)?,
        name: now.name.clone(),
        files,
        note: now.note.clone(),
        withdrawn: now.withdrawn_at.is_some(),
    };
    super::publish(hub, tx, &entry, caller.org, &format!("model:{sha256}"), &Item::Model(told)).await?;
    Ok(now)
}

/// A set as the trail tells of it.
fn said(set: &ModelItem) -> Value {
    json!({ "name": set.name, "note": set.note, "files": set.files, "withdrawn_at": set.withdrawn_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> NewModel {
        let file = File { sha256: Sha256::of(b"x").to_string(), size: 1 };
        let files = names.iter().map(|name| ((*name).to_owned(), file.clone())).collect();
        NewModel { name: "Eyes".to_owned(), files, note: String::new(), why: String::new() }
    }

    #[test]
    fn a_set_is_named_by_its_manifest_and_keeps_to_its_folder() {
        assert_eq!(checked(&set(&[MANIFEST, "a.onnx"])).unwrap(), Sha256::of(b"x").to_string(), "the manifest's hash");
        assert!(checked(&set(&["a.onnx"])).is_err(), "without a manifest it has no name");
        for name in ["../a", "a/b", "c:\\x", "", "..", "a\0"] {
            assert!(checked(&set(&[MANIFEST, name])).is_err(), "'{name}' lies elsewhere");
        }
    }
}
