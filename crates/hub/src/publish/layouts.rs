//! Layouts of plates: versions that headquarters publish. A version is never changed; it may be retired.

use crate::{
    Answer, Hub, Problem,
    auth::{
        body::Said,
        caller::{Caller, get as column},
        permission::{ASSAY_PUBLISH, RUN_READ},
    },
    db::{DbError, Tx, p},
    people::user::Why,
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
use wellread_plate::{
    assay::Role,
    format::{PlateFormat, WellId},
};
use wellread_wire::downlink::{self, Item};

/// Which versions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutsAsked {
    /// Of this layout.
    pub id: Option<String>,
    /// Whether retired ones are listed too.
    pub retired: bool,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A version of a layout.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LayoutItem {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// The plate, as `96` or `8x12`.
    pub plate_format: String,
    /// The role of every well, by its id.
    pub wells: BTreeMap<String, String>,
    /// Whose account published it.
    pub created_by: Option<Uuid>,
    /// When it was published.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Since when it is not offered for new plates.
    #[schema(format = DateTime)]
    pub retired_at: Option<String>,
}

/// A version to publish.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLayout {
    /// Its id.
    pub id: String,
    /// Its version, higher than any published.
    pub version: i32,
    /// Its name.
    pub name: String,
    /// The plate, as `96` or `8x12`.
    pub plate_format: String,
    /// The role of every well, by its id: `sample`, `blank`, `positive-control`, …
    pub wells: BTreeMap<String, String>,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

const SELECT: &str = "SELECT l.id, l.version, l.name, l.plate_format, l.definition -> 'wells' AS wells, l.created_by,
       l.created_at, l.retired_at FROM microplates.plate_layout l WHERE ";

fn item(row: &Row) -> Result<LayoutItem, DbError> {
    let wells: Value = get(row, "wells")?;
    Ok(LayoutItem {
        id: get(row, "id")?,
        version: get(row, "version")?,
        name: get(row, "name")?,
        plate_format: get(row, "plate_format")?,
        wells: serde_json::from_value(wells)
            .map_err(|why| DbError::Passing(format!("a layout is unreadable: {why}")))?,
        created_by: get(row, "created_by")?,
        created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
        retired_at: get::<Option<DateTime<Utc>>>(row, "retired_at")?.map(written),
    })
}

async fn one(tx: &Tx, org: Uuid, id: &str, version: i32) -> Answer<Option<LayoutItem>> {
    let sql = Sql::new(SELECT).with("l.org_id = ?", org).with(" AND l.id = ?", id.to_owned());
    let rows = sql.with(" AND l.version = ?", version).query(tx).await?;
    Ok(rows.first().map(item).transpose()?)
}

impl List for LayoutsAsked {
    type Item = LayoutItem;
    type Key = (String, i32);

    fn name(&self) -> &'static str {
        "layouts"
    }

    fn permission(&self) -> &'static str {
        RUN_READ
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<(String, i32)>, rows: u32) -> Answer<Sql> {
        let mut sql = Sql::new(SELECT).with("l.org_id = ?", org).with_some(" AND l.id = ?", self.id.clone());
        if !self.retired {
            sql = sql.then(" AND l.retired_at IS NULL");
        }
        if let Some((id, version)) = after {
            sql = sql.with(" AND (l.id, l.version) > (?", id).with(", ?)", version);
        }
        Ok(sql.then(" ORDER BY l.id, l.version").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<LayoutItem, DbError> {
        item(row)
    }

    fn key(&self, item: &LayoutItem) -> (String, i32) {
        (item.id.clone(), item.version)
    }
}

impl SheetRow for LayoutItem {
    const COLUMNS: &'static [&'static str] =
        &["id", "version", "name", "plate_format", "wells", "created_by", "created_at", "retired_at"];

    fn cells(&self) -> Vec<Cell> {
        let wells: Vec<String> = self.wells.iter().map(|(well, role)| format!("{well}={role}")).collect();
        vec![
            (&self.id).into(),
            Cell::number(self.version),
            (&self.name).into(),
            (&self.plate_format).into(),
            wells.join(" ").as_str().into(),
            Cell::or_empty(self.created_by, Cell::number),
            (&self.created_at).into(),
            (&self.retired_at).into(),
        ]
    }
}

/// Lists the versions of all layouts.
#[utoipa::path(get, path = "/v1/layouts", tag = "publish", params(LayoutsAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<LayoutItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_layouts(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<LayoutsAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Publishes a version of a layout. The same again changes nothing.
#[utoipa::path(post, path = "/v1/layouts", tag = "publish", request_body = NewLayout, security(("person" = [])),
    responses(
    (status = 201, description = "Published; stations learn it at their next contact", body = LayoutItem),
    (status = 200, description = "It was published before, just so", body = LayoutItem),
    (status = 409, description = "This version is known otherwise, or a later one is", body = Object,
        content_type = "application/problem+json")))]
pub async fn publish_layout(
    State(hub): State<Hub>,
    caller: Caller,
    Said(new): Said<NewLayout>,
) -> Answer<(StatusCode, Json<LayoutItem>)> {
    let tx = caller.begin(&hub, ASSAY_PUBLISH).await?;
    let org = caller.org;
    let (format, wells) = checked(&new)?;
    super::in_turn(&tx, org, "layout").await?;
    if let Some(known) = one(&tx, org, &new.id, new.version).await? {
        tx.commit().await?;
        let same = known.name == new.name && known.plate_format == format && known.wells == wells;
        return if same { Ok((StatusCode::OK, Json(known))) } else { Err(known_otherwise(&new)) };
    }
    let sql = "SELECT max(version) FROM microplates.plate_layout WHERE org_id = $1 AND id = $2";
    let newest: Option<i32> = column(&tx.query_one(sql, &[p(&org), p(&new.id)]).await?, 0)?;
    if let Some(newest) = newest.filter(|newest| *newest > new.version) {
        let told = format!("version {newest} of '{}' is published already: give this one a higher version", new.id);
        return Err(Problem::conflict("version-old", told));
    }
    tx.execute(
        "INSERT INTO microplates.plate_layout (org_id, id, version, name, plate_format, definition, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            p(&org),
            p(&new.id),
            p(&new.version),
            p(&new.name),
            p(&format),
            p(&json!({ "wells": wells })),
            p(&caller.user),
            p(&hub.clock.now()),
        ],
    )
    .await?;
    let made = tell(&hub, tx, &caller, (&new.id, new.version), ("CREATE", &new.why)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Takes a version of a layout from those offered for new plates.
#[utoipa::path(post, path = "/v1/layouts/{id}/{version}/retire", tag = "publish", request_body = Why,
    security(("person" = [])), params(
    ("id" = String, Path, description = "The layout"), ("version" = i32, Path, description = "The version")),
    responses((status = 200, description = "Retired; stations learn it at their next contact", body = LayoutItem)))]
pub async fn retire_layout(
    State(hub): State<Hub>,
    caller: Caller,
    Named(which): Named<(String, i32)>,
    Said(said): Said<Why>,
) -> Answer<Json<LayoutItem>> {
    let (id, version) = which;
    let tx = caller.begin(&hub, ASSAY_PUBLISH).await?;
    let org = caller.org;
    super::in_turn(&tx, org, "layout").await?;
    let known = one(&tx, org, &id, version).await?;
    let known = known.ok_or_else(|| Problem::not_found("layout", format!("{id} {version}")))?;
    if known.retired_at.is_some() {
        tx.commit().await?;
        return Ok(Json(known));
    }
    tx.execute(
        "UPDATE microplates.plate_layout SET retired_at = $4 WHERE org_id = $1 AND id = $2 AND version = $3",
        &[p(&org), p(&id), p(&version), p(&hub.clock.now())],
    )
    .await?;
    let retired = tell(&hub, tx, &caller, (&id, version), ("RETIRE", &said.why)).await?;
    Ok(Json(retired))
}

/// Publishes a layout as it is now.
async fn tell(
    hub: &Hub,
    tx: Tx,
    caller: &Caller,
    (id, version): (&str, i32),
    (action, why): (&'static str, &str),
) -> Answer<LayoutItem> {
    let now = one(&tx, caller.org, id, version).await?.ok_or_else(|| Problem::not_found("layout", id))?;
    let new = json!({ "name": now.name, "plate_format": now.plate_format, "retired_at": now.retired_at });
    let entry = caller.entry(action, "plate_layout", format!("{id} {version}")).changed(None, Some(new)).because(why);
    let told = downlink::Layout {
        id: id.to_owned(),
        version: u32::try_from(version).unwrap_or(0),
        name: now.name.clone(),
        plate_format: now.plate_format.clone(),
        wells: now.wells.clone(),
        retired: now.retired_at.is_some(),
    };
    super::publish(hub, tx, &entry, caller.org, &format!("layout:{id}:{version}"), &Item::Layout(told)).await?;
    Ok(now)
}

/// The plate and its wells as they are kept: every well by its one name.
fn checked(new: &NewLayout) -> Answer<(String, BTreeMap<String, String>)> {
    let named = |text: &str| !text.is_empty() && text.trim() == text && text.chars().count() <= 100;
    if !named(&new.id) || !named(&new.name) || new.version < 1 {
        return Err(Problem::invalid("a layout has an id, a name that people know it by, and a version from 1 on"));
    }
    let format = plate_format(&new.plate_format)?;
    let mut wells: BTreeMap<WellId, String> = BTreeMap::new();
    for (well, role) in &new.wells {
        let id: WellId = well.parse().map_err(|why| Problem::invalid(format!("{why}")))?;
        serde_json::from_value::<Role>(json!(role)).map_err(|_| {
            Problem::invalid(format!(
                "'{role}' is no role of a well: use sample, blank, positive-control, negative-control, growth-control, \
                 sterility-control or unused"
            ))
        })?;
        wells.insert(id, role.clone());
    }
    let missing = format.iter().find(|well| !wells.contains_key(well));
    if let Some(missing) = missing {
        let told = format!("a layout says of every well of a {format}-well plate what it is; {missing} is missing");
        return Err(Problem::invalid(told));
    }
    if wells.len() != format.wells() {
        return Err(Problem::invalid(format!("there are more wells than a {format}-well plate has")));
    }
    Ok((format.to_string(), wells.into_iter().map(|(well, role)| (well.to_string(), role)).collect()))
}

fn plate_format(text: &str) -> Answer<PlateFormat> {
    let of_wells = || PlateFormat::with_wells(text.parse().ok()?);
    let of_sides = || {
        let (rows, cols) = text.split_once('x')?;
        PlateFormat::new(rows.parse().ok()?, cols.parse().ok()?).ok()
    };
    of_wells().or_else(of_sides).ok_or_else(|| {
        Problem::invalid(format!("'{text}' is no plate: write 6, 12, 24, 48, 96, 384, 1536, or rows x columns as 8x12"))
    })
}

fn known_otherwise(new: &NewLayout) -> Problem {
    let told = format!("layout '{}' version {} is known otherwise: raise its version", new.id, new.version);
    Problem::conflict("version-known", told)
}
