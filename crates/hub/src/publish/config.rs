//! Settings of all stations that headquarters set. Whatever only somebody at the station can judge (folders, addresses
//! of the laboratory's own machines, which models read) is not set from here.

use crate::{
    Answer, Hub, Problem,
    auth::{
        body::Said,
        caller::Caller,
        permission::{CONFIG_WRITE, RUN_READ},
    },
    db::{DbError, Tx, p},
    read::{
        ask::{Asked, Named, written},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wellread_wire::downlink::{self, Item};

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Takes {
    Flag,
    Text,
    Texts,
    Number(u64, u64),
    Region,
}

/// The settings that headquarters may set, and what each takes. The ranges are the stations' own.
const SETTINGS: [(&str, Takes); 16] = [
    ("assay", Takes::Text),
    ("intake.name_pattern", Takes::Text),
    ("intake.barcode_symbologies", Takes::Texts),
    ("intake.barcode_region", Takes::Region),
    ("intake.barcode_pattern", Takes::Text),
    ("deliver.automatic", Takes::Flag),
    ("deliver.templates", Takes::Texts),
    ("deliver.wait_for_ack", Takes::Flag),
    ("deliver.ack_within_s", Takes::Number(1, 31_536_000)),
    ("deliver.mllp_within_s", Takes::Number(1, 600)),
    ("people.lock_after", Takes::Number(1, 100)),
    ("people.lock_min", Takes::Number(1, 1_440)),
    ("people.password_expires_days", Takes::Number(0, 36_500)),
    ("people.password_min_chars", Takes::Number(8, 128)),
    ("people.idle_lock_min", Takes::Number(0, 1_440)),
    ("people.login_to_read", Takes::Flag),
];

impl Takes {
    fn check(self, value: &Value) -> Result<(), String> {
        let fits = match self {
            Self::Flag => value.is_boolean(),
            Self::Text => value.as_str().is_some_and(|text| !text.is_empty() && text.len() <= 1_000),
            Self::Texts => value.as_array().is_some_and(|all| all.len() <= 50 && all.iter().all(Value::is_string)),
            Self::Number(least, most) => value.as_u64().is_some_and(|number| (least..=most).contains(&number)),
            Self::Region => value.as_array().is_some_and(|all| {
                all.len() == 4 && all.iter().all(|one| one.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)))
            }),
        };
        match self {
            _ if fits => Ok(()),
            Self::Flag => Err("is true or false".to_owned()),
            Self::Text => Err("is a text".to_owned()),
            Self::Texts => Err("is a list of texts".to_owned()),
            Self::Number(least, most) => Err(format!("is a whole number from {least} to {most}")),
            Self::Region => Err("is a list of four shares from 0 to 1: left, top, right, bottom".to_owned()),
        }
    }
}

fn takes(key: &str) -> Answer<Takes> {
    let found = SETTINGS.iter().find(|(name, _)| *name == key).map(|(_, takes)| *takes);
    found.ok_or_else(|| {
        let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
        let told = format!("`{key}` is no setting that headquarters set: use one of {}", names.join(", "));
        Problem::new(axum::http::StatusCode::NOT_FOUND, "not-found", told)
    })
}

/// Which settings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigAsked {
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A setting that headquarters have set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConfigItem {
    /// Its dotted name.
    pub key: String,
    /// Its value; null where the stations decide.
    #[schema(value_type = Object)]
    pub value: Value,
    /// Whose account set it.
    pub updated_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// What a setting shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewValue {
    /// The value; null takes it back, and each station's own holds again.
    #[schema(value_type = Object)]
    pub value: Value,
    /// Why, for the trail.
    #[serde(default)]
    pub why: String,
}

const SELECT: &str = "SELECT c.key, c.value, c.updated_by, c.updated_at FROM microplates.system_config c WHERE ";

fn item(row: &Row) -> Result<ConfigItem, DbError> {
    Ok(ConfigItem {
        key: get(row, "key")?,
        value: get(row, "value")?,
        updated_by: get(row, "updated_by")?,
        updated_at: written(get::<DateTime<Utc>>(row, "updated_at")?),
    })
}

async fn one(tx: &Tx, org: Uuid, key: &str) -> Answer<Option<ConfigItem>> {
    let rows = Sql::new(SELECT).with("c.org_id = ?", org).with(" AND c.key = ?", key.to_owned()).query(tx).await?;
    Ok(rows.first().map(item).transpose()?)
}

impl List for ConfigAsked {
    type Item = ConfigItem;
    type Key = String;

    fn name(&self) -> &'static str {
        "config"
    }

    fn permission(&self) -> &'static str {
        RUN_READ
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<String>, rows: u32) -> Answer<Sql> {
        let sql = Sql::new(SELECT).with("c.org_id = ?", org).with_some(" AND c.key > ?", after);
        Ok(sql.then(" AND c.is_active ORDER BY c.key").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<ConfigItem, DbError> {
        item(row)
    }

    fn key(&self, item: &ConfigItem) -> String {
        item.key.clone()
    }
}

impl SheetRow for ConfigItem {
    const COLUMNS: &'static [&'static str] = &["key", "value", "updated_by", "updated_at"];

    fn cells(&self) -> Vec<Cell> {
        vec![
            (&self.key).into(),
            Cell::from(&self.value.to_string()),
            Cell::or_empty(self.updated_by, Cell::number),
            (&self.updated_at).into(),
        ]
    }
}

/// Lists the settings that headquarters have set.
#[utoipa::path(get, path = "/v1/config", tag = "publish", params(ConfigAsked), security(("person" = [])), responses(
    (status = 200, description = "A page, or a sheet", content(
        (Page<ConfigItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_config(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<ConfigAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Sets a setting of all stations, or takes it back.
#[utoipa::path(put, path = "/v1/config/{key}", tag = "publish", request_body = NewValue, security(("person" = [])),
    params(("key" = String, Path, description = "Its dotted name")), responses(
    (status = 200, description = "Set; stations learn it at their next contact", body = ConfigItem),
    (status = 400, description = "It cannot be that", body = Object, content_type = "application/problem+json"),
    (status = 404, description = "Headquarters set no such setting", body = Object,
        content_type = "application/problem+json")))]
pub async fn set_config(
    State(hub): State<Hub>,
    caller: Caller,
    Named(key): Named<String>,
    Said(new): Said<NewValue>,
) -> Answer<Json<ConfigItem>> {
    let tx = caller.begin(&hub, CONFIG_WRITE).await?;
    let org = caller.org;
    let takes = takes(&key)?;
    if !new.value.is_null() {
        takes.check(&new.value).map_err(|what| Problem::invalid(format!("`{key}` {what}")))?;
    }
    super::in_turn(&tx, org, "config").await?;
    let old = one(&tx, org, &key).await?;
    tx.execute(
        "INSERT INTO microplates.system_config (org_id, id, key, value, is_active, updated_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (org_id, key) DO UPDATE SET value = EXCLUDED.value, is_active = EXCLUDED.is_active,
           updated_by = EXCLUDED.updated_by, updated_at = EXCLUDED.updated_at",
        &[
            p(&org),
            p(&hub.id()?),
            p(&key),
            p(&new.value),
            p(&!new.value.is_null()),
            p(&caller.user),
            p(&hub.clock.now()),
        ],
    )
    .await?;
    let now = one(&tx, org, &key).await?.ok_or_else(|| Problem::not_found("setting", &key))?;
    let was = old.map(|old| old.value);
    if was.as_ref().unwrap_or(&Value::Null) == &now.value {
        tx.commit().await?;
    } else {
        let entry = caller.entry("UPDATE", "system_config", &key).changed(was, Some(now.value.clone()));
        let told = downlink::Config { key: key.clone(), value: now.value.clone() };
        let entry = entry.because(&new.why);
        super::publish(&hub, tx, &entry, org, &format!("config:{key}"), &Item::Config(told)).await?;
    }
    Ok(Json(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_setting_takes_what_stations_take() {
        let check = |key: &str, value: Value| takes(key).unwrap().check(&value).is_ok();
        assert!(check("people.lock_after", json!(5)) && !check("people.lock_after", json!(0)), "the stations' range");
        assert!(!check("people.lock_after", json!("5")) && !check("people.lock_after", json!(1.5)), "a whole number");
        assert!(
            check("deliver.templates", json!(["labware"])) && !check("deliver.templates", json!("labware")),
            "a list"
        );
        assert!(check("intake.barcode_region", json!([0, 0, 1, 0.5])), "shares");
        assert!(!check("intake.barcode_region", json!([0, 0, 2, 1])), "no share");
        assert!(takes("models").is_err() && takes("intake.inbox").is_err(), "not from headquarters");
    }
}
